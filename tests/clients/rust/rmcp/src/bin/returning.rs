//! rmcp 0.10's client, whose stream is broken: `returning PROXY CONTROL ECHO`. ECHO is the name of the argument of
//! the tool `echo`. The client opens a new stream by itself; the next call must succeed.

use std::{error::Error, time::Duration};

use rmcp::{ServiceExt, model::CallToolRequestParam, transport::SseClientTransport};
use serde_json::json;
use tokio::time::{sleep, timeout};

type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("returning PROXY CONTROL ECHO");
    let (proxy, control, echo) = (next()?, next()?, next()?);

    let transport = SseClientTransport::start(format!("{proxy}/sse")).await?;
    let client = ().serve(transport).await?;
    let call = async |text: &str| -> Result<(), BoxError> {
        let arguments = json!({ echo.as_str(): text }).as_object().cloned();
        let params = CallToolRequestParam { name: "echo".into(), arguments };
        let result = timeout(Duration::from_secs(30), client.call_tool(params)).await??;
        let found = result.content.first().and_then(|content| content.as_text());
        match found.is_some_and(|found| found.text.contains(text)) {
            true => Ok(()),
            false => Err(format!("{found:?} is not {text}").into()),
        }
    };
    call("before").await?;
    for turn in 0..10 {
        reqwest::get(format!("{control}/cut/stream")).await?;
        // It posts to the old session until it has the new one.
        sleep(Duration::from_secs(3)).await;
        call(&format!("first {turn}")).await?;
        call(&format!("second {turn}")).await?;
    }
    println!("ok");
    std::process::exit(0);
}
