//! An rmcp handler over rmcp's own `SseServer`. `servers/handler` has the same over this crate.

use std::time::Duration;

use axum::serve::ListenerExt;
use rmcp::{
    ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    schemars, tool, tool_handler, tool_router,
    transport::sse_server::{SseServer, SseServerConfig},
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

fn main() {
    peer::run(async |listener| {
        let (server, app) = SseServer::new(SseServerConfig {
            bind: listener.local_addr()?,
            sse_path: "/sse".to_owned(),
            post_path: "/messages".to_owned(),
            ct: Default::default(),
            sse_keep_alive: Some(Duration::from_secs(15)),
        });
        let _stop = server.with_service(Echo::new);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}
