//! rmcp services over the transport: all that MCP does in a session, and how sessions end.

mod client;
mod counted;
#[path = "../../examples/everything/mod.rs"]
mod everything;
mod features;
mod leaks;
mod lifecycle;
mod odd;
mod one_url;
mod pressure;
mod questions;
#[expect(
    dead_code,
    unused_imports,
    reason = "the support of the other tests, of which these need a part"
)]
#[path = "../it/support/mod.rs"]
mod support;
mod transport;

use std::sync::Arc;

use mcp_sse_server::SseServerTransport;

use self::{
    everything::{Everything, Notes},
    support::Server,
};

/// The example's service on a free port.
async fn everything() -> Server {
    let notes = Arc::new(Notes::default());
    let factory = move || Ok(Everything::new(Arc::clone(&notes)));
    Server::spawn(&SseServerTransport::rmcp("/messages/", factory).unwrap()).await
}
