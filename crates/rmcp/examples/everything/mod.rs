//! An MCP server on rmcp that does all that a session can do, as the `rmcp` example serves it: tools,
//! prompts, resources with subscriptions, completion, logging, progress, and tools that ask the client.
//!
//! Sampling, roots and logging are deprecated in rmcp, as they are in MCP 2026-07-28. Clients that speak
//! HTTP+SSE have them.
#![allow(deprecated)]

mod asks;
mod notes;
mod prompts;
mod tools;

use std::sync::{Arc, Mutex};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
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

/// One for each session, over notes that all sessions share.
pub(crate) struct Everything {
    notes: Arc<Notes>,
    /// The session's number, which tells it apart among those who watch.
    session: u64,
    /// The least severe level that the client wants to be told of.
    level: Mutex<LoggingLevel>,
}

impl Everything {
    pub(crate) fn new(notes: Arc<Notes>) -> Self {
        Self {
            session: notes.next_session(),
            level: Mutex::new(LoggingLevel::Debug),
            notes,
        }
    }
}

impl Drop for Everything {
    fn drop(&mut self) {
        self.notes.unwatch(self.session);
    }
}

#[tool_handler(router = (Self::tools() + Self::asks()))]
#[prompt_handler(router = Self::prompts())]
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
