//! The HTTP side: routes, checks, connections, and the shutdown.

mod accept;
mod auth;
mod drain;
mod refusals;
mod routes;
mod serve;
mod signals;

pub(crate) use self::serve::serve;
