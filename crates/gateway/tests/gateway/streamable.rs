//! A Streamable HTTP server whose faults the tests choose.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use axum_server::tls_rustls::RustlsConfig;
use http::{HeaderMap, Method, StatusCode};
use mcp_sse_testkit::until;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::tls::Authority;

/// How a method is answered, instead of with its parameters.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A stream with this event.
    Event(String),
    /// A stream that stays open without an event.
    Nothing,
}

#[derive(Default)]
struct Faults {
    sessions: HashSet<String>,
    deleted: usize,
    down: bool,
    token: Option<String>,
    redirect: Option<String>,
    replies: HashMap<String, Reply>,
    methods: Vec<String>,
    requests: usize,
}

pub(crate) struct Streamable {
    scheme: &'static str,
    address: SocketAddr,
    faults: Arc<Mutex<Faults>>,
}

impl Streamable {
    pub(crate) async fn start() -> Self {
        let (server, app, listener) = Self::new("http");
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// Starts a server with TLS, for 127.0.0.1.
    pub(crate) async fn start_with_tls(authority: &Authority) -> Self {
        let (server, app, listener) = Self::new("https");
        let config = RustlsConfig::from_pem(authority.chain(), authority.key());
        let config = config.await.unwrap();
        let listening = axum_server::from_tcp_rustls(listener, config).unwrap();
        tokio::spawn(listening.serve(app.into_make_service()));
        server
    }

    fn new(scheme: &'static str) -> (Self, Router, std::net::TcpListener) {
        let faults = Arc::<Mutex<Faults>>::default();
        let app = Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&faults));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self {
            scheme,
            address,
            faults,
        };
        (server, app, listener)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/mcp", self.scheme, self.address)
    }

    pub(crate) fn reply(&self, method: &str, reply: Reply) {
        self.faults().replies.insert(method.to_owned(), reply);
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.faults().down = down;
    }

    pub(crate) fn require(&self, token: &str) {
        self.faults().token = Some(token.to_owned());
    }

    pub(crate) fn redirect(&self, url: &str) {
        self.faults().redirect = Some(url.to_owned());
    }

    pub(crate) fn forget_sessions(&self) {
        self.faults().sessions.clear();
    }

    pub(crate) fn requests(&self) -> usize {
        self.faults().requests
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.faults()
            .methods
            .iter()
            .filter(|one| *one == method)
            .count()
    }

    pub(crate) async fn until_deleted(&self, sessions: usize) {
        until("the deletion", async || self.faults().deleted == sessions).await;
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn json_of(value: &Value) -> Response {
    let content_type = [("content-type", "application/json")];
    (content_type, value.to_string()).into_response()
}

async fn serve(State(faults): State<Arc<Mutex<Faults>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut faults = faults.lock().unwrap();
    faults.requests += 1;
    let session = header(&parts.headers, "mcp-session-id").to_owned();
    if let Some(url) = &faults.redirect {
        return (StatusCode::TEMPORARY_REDIRECT, [("location", url.clone())]).into_response();
    }
    if faults.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if faults
        .token
        .as_deref()
        .is_some_and(|token| token != header(&parts.headers, "authorization"))
    {
        return (
            StatusCode::UNAUTHORIZED,
            [("www-authenticate", "Bearer realm=\"up\"")],
        )
            .into_response();
    }
    match parts.method {
        Method::POST => {}
        Method::DELETE => {
            faults.deleted += usize::from(faults.sessions.remove(&session));
            return StatusCode::OK.into_response();
        }
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
    let message: Value = serde_json::from_slice(&body).unwrap();
    let method = message["method"].as_str().unwrap_or_default().to_owned();
    faults.methods.push(method.clone());
    if method == "initialize" {
        let session = format!("session-{}", faults.methods.len());
        faults.sessions.insert(session.clone());
        let info = json!({"name": "streamable", "version": "0"});
        let result =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": info});
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        return ([("mcp-session-id", session)], json_of(&answer)).into_response();
    }
    if !faults.sessions.contains(&session) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if message["id"].is_null() {
        return StatusCode::ACCEPTED.into_response();
    }
    let stream = [("content-type", "text/event-stream")];
    match faults.replies.get(&method) {
        Some(Reply::Event(text)) => (stream, format!("data: {text}\n\n")).into_response(),
        Some(Reply::Nothing) => {
            let pending = futures_util::stream::pending::<Result<String, std::io::Error>>();
            (stream, axum::body::Body::from_stream(pending)).into_response()
        }
        None => {
            let tenants: Vec<_> = parts.headers.get_all("x-tenant").iter().collect();
            let tenants: Vec<_> = tenants.iter().map(|one| one.to_str().unwrap()).collect();
            let authorization = header(&parts.headers, "authorization");
            let headers = json!({"x-tenant": tenants, "authorization": authorization});
            let result = json!({"params": message["params"], "headers": headers});
            json_of(&json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
        }
    }
}
