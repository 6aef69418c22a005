//! The server that this README and the workspace's show. `.ci/readme` runs it as a newcomer would.

use mcp_sse_testkit::server::Server;
use serde_json::json;

use crate::{client::Mcp, rmcp_transport};

#[allow(
    dead_code,
    clippy::unused_self,
    reason = "only a part of it runs here, and a tool is a method"
)]
mod calculator {
    include!("calculator.rs");

    pub(super) fn service() -> std::io::Result<impl ServerHandler> {
        Ok(Calculator::new())
    }
}

#[test]
fn both_readmes_show_the_server() {
    let code = include_str!("calculator.rs");
    let ours = include_str!("../../../README.md");
    let workspace = include_str!("../../../../../README.md");
    assert!(ours.contains(&format!("```rust,no_run\n{code}```\n")));
    assert!(workspace.contains(&format!("```rust,ignore\n{code}```\n")));
    let (_, dependencies) = ours.split_once("```toml\n").unwrap();
    let (dependencies, _) = dependencies.split_once("```").unwrap();
    assert!(workspace.contains(&format!("```toml\n{dependencies}```\n")));
}

#[tokio::test]
async fn the_server_adds() {
    let transport = rmcp_transport("/messages/", calculator::service);
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::connect(&server).await;
    let sum = client.call("add", json!({ "a": 2, "b": 3 })).await;
    assert_eq!(sum, "5");
}
