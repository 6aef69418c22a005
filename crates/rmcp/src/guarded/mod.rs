//! The service around the user's service.

mod future;
mod service;

pub use self::service::Guarded;
