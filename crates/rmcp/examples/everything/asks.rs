use rmcp::{
    ErrorData, Peer, RoleServer, elicit_safe,
    handler::server::wrapper::Parameters,
    model::{CreateMessageRequestParams, SamplingMessage},
    schemars, tool, tool_router,
};
use serde::Deserialize;

use super::Everything;

#[derive(Deserialize, schemars::JsonSchema)]
struct Question {
    question: String,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

elicit_safe!(Name);

/// Tools that send a request to the client while the client waits for their result.
#[tool_router(router = asks, vis = "pub(super)")]
impl Everything {
    #[tool(description = "Asks the client's model.")]
    async fn ask_model(
        &self,
        Parameters(Question { question }): Parameters<Question>,
        peer: Peer<RoleServer>,
    ) -> Result<String, ErrorData> {
        let messages = vec![SamplingMessage::user_text(question)];
        let request = CreateMessageRequestParams::new(messages, 100);
        let answer = peer.create_message(request).await.map_err(failed)?;
        let text = answer
            .message
            .content
            .first()
            .and_then(|content| content.as_text());
        Ok(text.map_or_else(String::new, |text| text.text.clone()))
    }

    #[tool(description = "Asks the client's user for a name.")]
    async fn ask_name(&self, peer: Peer<RoleServer>) -> Result<String, ErrorData> {
        let answer = peer.elicit::<Name>("Who are you?").await;
        Ok(match answer {
            Ok(Some(Name { name })) => format!("Hello, {name}"),
            Ok(None) => "Hello, stranger".to_owned(),
            Err(error) => return Err(failed(error)),
        })
    }

    #[tool(description = "Asks the client for its roots.")]
    async fn ask_roots(&self, peer: Peer<RoleServer>) -> Result<String, ErrorData> {
        let roots = peer.list_roots().await.map_err(failed)?.roots;
        let roots: Vec<_> = roots.into_iter().map(|root| root.uri).collect();
        Ok(roots.join(" "))
    }
}

fn failed(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(format!("the client did not answer: {error}"), None)
}
