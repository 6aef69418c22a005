//! The stream: `GET`, answered with server-sent events.

mod body;
mod driver;
mod frames;
mod future;
mod service;
mod silence;
mod stall;

pub(crate) use self::service::{StreamOptions, Timing};
pub use self::{body::SseBody, future::ResponseFuture, service::SseService};
