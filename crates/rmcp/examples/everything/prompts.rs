use rmcp::{
    ErrorData,
    handler::server::wrapper::Parameters,
    model::{
        CompleteRequestParams, CompleteResult, CompletionInfo, PromptMessage, Reference, Role,
    },
    prompt, prompt_router, schemars,
};
use serde::{Deserialize, Serialize};

use super::Everything;

const LANGUAGES: [&str; 4] = ["English", "Esperanto", "French", "Frisian"];

#[derive(Deserialize, Serialize, schemars::JsonSchema)]
struct Greeting {
    name: String,
    language: String,
}

#[prompt_router(router = "prompts", vis = "pub(super)")]
impl Everything {
    #[prompt(description = "Asks for a greeting.")]
    async fn greet(
        &self,
        Parameters(Greeting { name, language }): Parameters<Greeting>,
    ) -> Vec<PromptMessage> {
        let text = format!("Please greet {name} in {language}.");
        vec![PromptMessage::new_text(Role::User, text)]
    }
}

/// Returns the languages that begin with the argument's value.
pub(super) fn complete(request: &CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let is_language = matches!(&request.r#ref, Reference::Prompt(prompt) if prompt.name == "greet")
        && request.argument.name == "language";
    let values = LANGUAGES
        .iter()
        .filter(|language| is_language && language.starts_with(&request.argument.value))
        .map(|language| (*language).to_owned())
        .collect();
    let values = CompletionInfo::with_all_values(values);
    let values = values.map_err(|error| ErrorData::internal_error(error, None))?;
    Ok(CompleteResult::new(values))
}
