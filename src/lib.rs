#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod endpoint;
mod event;
pub mod handler;
pub mod message;
pub mod post;
pub mod rejection;
pub mod security;
pub mod session;
pub mod sse;
mod trace;
mod transport;

#[doc(inline)]
pub use self::{
    endpoint::MountPath,
    handler::Handler,
    message::Message,
    post::PostService,
    security::TransportSecurity,
    session::{Incoming, Session, SessionRegistry},
    sse::SseService,
    transport::SseServerTransport,
};
