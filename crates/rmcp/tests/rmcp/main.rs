//! rmcp services over the transport: the features of MCP, and how sessions end.

mod bounds;
mod by_hand;
mod client;
mod counted;
mod ends;
#[path = "../../examples/everything/mod.rs"]
mod everything;
mod features;
mod in_memory;
mod leaks;
mod lifecycle;
mod odd;
mod one_url;
mod order;
mod pressure;
mod questions;
mod readme;
mod returning;
mod transport;

use std::{io, sync::Arc};

use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::RmcpHandler;
use mcp_sse_testkit::server::Server;
use rmcp::{RoleServer, Service};

use self::everything::{Everything, Notes};

/// A transport that runs a service of `factory` for each session.
fn rmcp_transport<S, F>(path: &str, factory: F) -> SseServerTransport<RmcpHandler>
where
    S: Service<RoleServer>,
    F: Fn() -> io::Result<S> + Send + Sync + 'static,
{
    SseServerTransport::new(path, RmcpHandler::new(factory)).unwrap()
}

/// Serves the example's service on a free port.
async fn everything() -> Server {
    let notes = Arc::new(Notes::default());
    let factory = move || Ok(Everything::new(Arc::clone(&notes)));
    Server::spawn(&rmcp_transport("/messages/", factory)).await
}
