//! The server of the `rmcp` example: tools, prompts, resources with subscriptions, completion, logging,
//! progress, and tools that send requests to the client.
//!
//! Sampling, roots and logging are deprecated in rmcp, as in MCP 2026-07-28. Clients that speak HTTP+SSE
//! use them.
#![allow(deprecated)]

mod asks;
mod notes;
mod prompts;
mod tools;

use std::sync::{Arc, Mutex};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    handler::server::router::{prompt::PromptRouter, tool::ToolRouter},
    model::{
        CompleteRequestParams, CompleteResult, Implementation, ListResourcesResult, LoggingLevel,
        PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
        ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
        UnsubscribeRequestParams,
    },
    prompt_handler,
    service::RequestContext,
    tool_handler,
};

pub(crate) use self::notes::Notes;

/// The service of one session, over notes that all sessions share.
pub(crate) struct Everything {
    notes: Arc<Notes>,
    /// Identifies the session among the subscribers of the notes.
    session: u64,
    /// The least severe level of log messages that the client asked for.
    level: Mutex<LoggingLevel>,
    // In fields, since rmcp otherwise builds the routers anew for each request.
    tools: ToolRouter<Self>,
    prompts: PromptRouter<Self>,
}

impl Everything {
    pub(crate) fn new(notes: Arc<Notes>) -> Self {
        Self {
            session: notes.next_session(),
            level: Mutex::new(LoggingLevel::Debug),
            notes,
            tools: Self::tools() + Self::asks(),
            prompts: Self::prompts(),
        }
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        self.notes.unwatch(self.session);
    }
}

#[tool_handler(router = self.tools)]
#[prompt_handler(router = self.prompts)]
impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_tools()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("everything", env!("CARGO_PKG_VERSION")))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.notes.list(request.and_then(|request| request.cursor))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(self.notes.read(&request.uri)?.into())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.notes.watch(&request.uri, self.session, context.peer)
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.notes.unwatch(self.session);
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        prompts::complete(&request)
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *self.level.lock().unwrap() = request.level;
        Ok(())
    }
}
