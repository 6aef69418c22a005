//! A complete MCP server on hyper, with three tools. A real server uses an SDK for the tools; here they
//! show what a session carries.
//!
//! ```sh
//! cargo run --example quickstart                      # http://127.0.0.1:8000/sse
//! cargo run --example quickstart -- 127.0.0.1:9000    # another address
//! cargo run --example quickstart -- 0.0.0.0:8000 mcp.example.com    # for other machines, under this name
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -N --http2-prior-knowledge http://127.0.0.1:8000/sse
//! ```
//!
//! Ctrl-C stops the server and its open streams at once.

use std::{convert::Infallible, error::Error, net::SocketAddr, time::Duration};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use mcp_sse_server::{
    Message, RejectionKind, Session, SseServerTransport, TransportSecurity,
    message::{ErrorCode, Request, RequestFailed},
    security::InvalidPattern,
    session::SessionSender,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, signal, task::JoinSet};
use tower::{Service, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run(std::env::args().skip(1)).await
}

pub(crate) async fn run(mut args: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let address = args.next();
    let address = address.as_deref().unwrap_or("127.0.0.1:8000");
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    let (url, security) = reach(listener.local_addr()?, args)?;
    let transport = SseServerTransport::new("/messages/", serve)?.security(security);
    let (sse, post) = transport.services();

    // One service for both paths. The bodies have different types, so they are boxed. The router of a
    // framework does this for you: see the `axum` example.
    let app = service_fn(move |request: http::Request<Incoming>| {
        let (mut sse, mut post) = (sse.clone(), post.clone());
        async move {
            let host = request.headers().get("host").cloned();
            let response = match request.uri().path() {
                "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                "/messages/" | "/messages" => post.call(request).await?.map(BodyExt::boxed_unsync),
                _ => {
                    let body = Full::new(Bytes::from_static(b"Not Found")).boxed_unsync();
                    let mut response = Response::new(body);
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    response
                }
            };
            // The crate itself logs refusals with the feature `tracing` only.
            if response.extensions().get() == Some(&RejectionKind::HostNotAllowed) {
                let host = host.map_or_else(String::new, |host| format!("{host:?}"));
                eprintln!("refused the host {host}: give it as an argument after the address");
            }
            Ok::<_, Infallible>(response)
        }
    });

    println!("MCP over HTTP+SSE at {url}");
    println!("npx @modelcontextprotocol/inspector@0.21.0 --transport sse --server-url {url}");

    let serve = async {
        loop {
            let (stream, _) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Such as too many open files: this is temporary, so the server must continue.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let service = hyper_util::service::TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http1().timer(TokioTimer::new());
                // A lost connection is normal, do not log it.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    };
    tokio::select! {
        () = serve => {}
        stopped = signal::ctrl_c() => stopped?,
    }
    // When `main` returns, the runtime is dropped with every connection, stream and session.
    Ok(())
}

/// The URL to print, and the security that allows it and `hosts`.
pub(crate) fn reach(
    address: SocketAddr,
    hosts: impl IntoIterator<Item = String>,
) -> Result<(String, TransportSecurity), InvalidPattern> {
    let security = TransportSecurity::default().allow_hosts(hosts)?;
    if address.ip().is_unspecified() {
        // `0.0.0.0` means each address of this machine. It is not an address that clients use.
        let url = format!("http://localhost:{}/sse", address.port());
        return Ok((url, security));
    }
    let security = security.allow_host(address.to_string())?;
    Ok((format!("http://{address}/sse"), security))
}

const PROTOCOL_VERSION: &str = "2024-11-05";

/// Serves one client. Each request runs in a task of its own; when the session is closed, the set of
/// tasks is dropped, which aborts those that still run.
async fn serve(session: Session) {
    let (sender, mut receiver) = session.split();
    let mut tasks = JoinSet::new();
    while let Some(incoming) = receiver.recv().await {
        let sender = sender.clone();
        tasks.spawn(async move {
            // Notifications and responses need no answer.
            if let Some(request) = incoming.message.as_request() {
                let answer = respond(request, &sender).await;
                // An error means that the session is closed: no client waits for the answer.
                let _ = sender.send(answer.unwrap_or_else(Message::from)).await;
            }
        });
        while tasks.try_join_next().is_some() {}
    }
}

async fn respond(request: Request<'_>, sender: &SessionSender) -> Result<Message, RequestFailed> {
    match request.method() {
        "initialize" => request.response(&json!({
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "quickstart", "version": env!("CARGO_PKG_VERSION") },
        })),
        "ping" => request.response(&json!({})),
        "tools/list" => request.response(&json!({ "tools": tools() })),
        "tools/call" => call(request, sender).await,
        _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
    }
}

fn tools() -> Value {
    let number = json!({ "type": "number" });
    let to = json!({ "type": "integer", "minimum": 1, "maximum": 100 });
    json!([
        {
            "name": "echo",
            "description": "Gives a text back",
            "inputSchema": { "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] },
        },
        {
            "name": "add",
            "description": "Adds two numbers",
            "inputSchema": { "type": "object", "properties": { "a": number, "b": number }, "required": ["a", "b"] },
        },
        {
            "name": "count",
            "description": "Counts to a number, a tenth of a second each, and reports its progress",
            "inputSchema": { "type": "object", "properties": { "to": to }, "required": ["to"] },
        },
    ])
}

/// The params of `tools/call`.
#[derive(Deserialize)]
struct Call {
    #[serde(flatten)]
    tool: Tool,
    #[serde(default, rename = "_meta")]
    meta: Meta,
}

#[derive(Deserialize)]
#[serde(tag = "name", content = "arguments", rename_all = "snake_case")]
enum Tool {
    Echo { text: String },
    Add { a: f64, b: f64 },
    Count { to: u64 },
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    progress_token: Option<Value>,
}

async fn call(request: Request<'_>, sender: &SessionSender) -> Result<Message, RequestFailed> {
    // An unknown tool or a wrong argument is answered with `INVALID_PARAMS`.
    let Call { tool, meta } = request.params()?;
    let text = match tool {
        Tool::Echo { text } => text,
        Tool::Add { a, b } => (a + b).to_string(),
        Tool::Count { to: to @ 1..=100 } => count(to, meta.progress_token, sender).await,
        Tool::Count { .. } => {
            let words = "Invalid params: `to` must be an integer from 1 to 100";
            return Ok(request.error(ErrorCode::INVALID_PARAMS, words));
        }
    };
    request.response(&json!({ "content": [{ "type": "text", "text": text }] }))
}

/// Counts, a tenth of a second each, and reports the progress if the client asked for it.
async fn count(to: u64, token: Option<Value>, sender: &SessionSender) -> String {
    for progress in 1..=to {
        if let Some(token) = &token {
            let params = json!({ "progressToken": token, "progress": progress, "total": to });
            let report = Message::notification("notifications/progress", &params)
                .expect("an object makes params");
            let _ = sender.send(report).await;
        }
        // Work after the report: the TypeScript SDK drops a report that arrives with the answer.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    format!("counted to {to}")
}
