use std::time::Duration;

use rmcp::{
    ErrorData, Peer, RoleServer,
    handler::server::{tool::Extension, wrapper::Parameters},
    model::{
        LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, RequestMetaObject,
    },
    schemars,
    service::RequestContext,
    tool, tool_router,
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::Everything;

const LEVELS: [LoggingLevel; 4] = [
    LoggingLevel::Debug,
    LoggingLevel::Info,
    LoggingLevel::Warning,
    LoggingLevel::Error,
];

#[derive(Deserialize, schemars::JsonSchema)]
struct Sum {
    a: f64,
    b: f64,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Text {
    text: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Count {
    to: u32,
}

#[tool_router(router = tools, vis = "pub(super)")]
impl Everything {
    #[tool(description = "Adds two numbers.")]
    fn add(Parameters(Sum { a, b }): Parameters<Sum>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Returns the text.")]
    fn echo(Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }

    #[tool(description = "Returns the user agent of the POST that called the tool.")]
    fn user_agent(Extension(parts): Extension<http::request::Parts>) -> String {
        let agent = parts.headers.get("user-agent");
        let agent = agent.and_then(|agent| agent.to_str().ok());
        agent.unwrap_or("none").to_owned()
    }

    #[tool(description = "Counts to a number and reports progress.")]
    async fn count(
        &self,
        Parameters(Count { to }): Parameters<Count>,
        meta: RequestMetaObject,
        peer: Peer<RoleServer>,
    ) -> Result<String, ErrorData> {
        for number in 1..=to {
            if let Some(token) = meta.get_progress_token() {
                let progress = ProgressNotificationParam::new(token, number.into());
                // The client may have disconnected by now.
                let _ = peer.notify_progress(progress.with_total(to.into())).await;
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(format!("counted to {to}"))
    }

    #[tool(description = "Sends a log message at each level that the client asked for.")]
    async fn log(
        &self,
        Parameters(Text { text }): Parameters<Text>,
        peer: Peer<RoleServer>,
    ) -> String {
        let least = *self.level.lock().unwrap();
        let first = LEVELS.iter().position(|level| *level == least);
        for level in &LEVELS[first.unwrap_or(0)..] {
            let line = LoggingMessageNotificationParam::new(*level, json!(text));
            let _ = peer.notify_logging_message(line).await;
        }
        "logged".to_owned()
    }

    #[tool(description = "Works for a minute, or until it is cancelled.")]
    async fn work(&self, context: RequestContext<RoleServer>) -> String {
        self.notes.note("work began").await;
        tokio::select! {
            () = context.ct.cancelled() => {
                self.notes.note("work was cancelled").await;
                "cancelled".to_owned()
            }
            () = sleep(Duration::from_secs(60)) => "done".to_owned(),
        }
    }

    #[tool(description = "Adds a note, which is a resource.")]
    async fn note(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        self.notes.note(&text).await
    }

    #[tool(description = "Panics.")]
    fn fail() -> String {
        panic!("a tool that fails");
    }
}
