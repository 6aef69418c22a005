//! The stream: `GET`, answered with server-sent events.

mod body;
mod driver;
mod future;
mod keep_alive;
mod service;

pub(crate) use self::service::StreamOptions;
pub use self::{body::SseBody, future::ResponseFuture, service::SseService};
