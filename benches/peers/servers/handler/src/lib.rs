//! The rmcp handler of both servers of this crate. `servers/handler-rmcp` has the same for rmcp 0.9.1.

use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::RmcpHandler;
use rmcp::{
    ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    schemars, tool, tool_handler, tool_router,
};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Text {
    text: String,
}

struct Echo {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Echo {
    fn new() -> Self {
        Self {
            tool_router: Self::tool_router(),
        }
    }

    #[tool(description = "Returns the text.")]
    fn echo(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Echo {}

/// A transport with its defaults.
pub fn transport() -> SseServerTransport<RmcpHandler> {
    let handler = RmcpHandler::new(|| Ok(Echo::new()));
    SseServerTransport::new("/messages", handler).expect("a plain path")
}
