//! An MCP server in an axum router, for two users with a bearer token each.
//!
//! ```sh
//! cargo run --example auth                      # http://127.0.0.1:8000/sse
//! cargo run --example auth -- 127.0.0.1:9000    # another address
//! ```
//!
//! The server prints the tokens of `alice` and `bob`. It takes them from the environment variables
//! `ALICE_TOKEN` and `BOB_TOKEN`, or makes new ones. `ISSUER` is the URL of the authorization server, which
//! clients that speak OAuth ask for a token. In another terminal, send requests without a token,
//! with alice's token and with bob's token. `SESSION_PATH` is the path that alice's stream printed:
//!
//! ```sh
//! curl -i http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/.well-known/oauth-protected-resource
//! curl -N -H "Authorization: Bearer $ALICE_TOKEN" http://127.0.0.1:8000/sse
//! curl -i -H "Authorization: Bearer $BOB_TOKEN" -H 'Content-Type: application/json' \
//!     -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' "http://127.0.0.1:8000$SESSION_PATH"
//! ```
//!
//! The last request gets 404, as if the session did not exist. With alice's token, it is accepted, and
//! the response arrives on her stream. `tests/clients/auth.py` does the same with a real client, and
//! `tests/clients/oauth.mjs` gets the token from an authorization server.
//!
//! Ctrl-C ends the open streams and stops the server.

use std::{
    env,
    error::Error,
    future::{IntoFuture, ready},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
    serve::ListenerExt,
};
use mcp_sse_server::{Session, SseServerTransport, session::Principal};
use mcp_sse_testkit::demo;
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tower_http::{
    auth::AsyncRequireAuthorizationLayer,
    cors::{AllowHeaders, AllowOrigin, CorsLayer},
};

const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {base}/sse");

    // The handler can ask for the owner of the session. All POSTs that reach it are the owner's.
    let transport = SseServerTransport::new("/messages/", |session: Session| async move {
        let user = session.principal().and_then(Principal::subject);
        println!("{:?} belongs to {}", session.id(), user.unwrap_or("nobody"));
        demo::serve(session).await;
    })?
    .max_sessions_per_principal(10);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    let issuer = env::var("ISSUER").unwrap_or_else(|_| "https://auth.example.com".to_owned());
    let gate = Arc::new(Gate::new(&base, &issuer)?);
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        // The layer is async because a real check waits, for example for the keys of the issuer.
        .route_layer(AsyncRequireAuthorizationLayer::new(move |request| {
            ready(gate.let_in(request))
        }))
        // After the layer: a client without a token can read where to get one.
        .route(METADATA_PATH, get(metadata(&base, &issuer)))
        // Outermost: a browser asks without a token whether it may send one.
        .layer(cors());

    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(served.into_future());
    // If the signal handler cannot be installed, the server stops at once.
    let _ = signal::ctrl_c().await;
    // The graceful shutdown would wait for open streams without end.
    sessions.shutdown().await;
    drop(stop);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}

/// Pages of this machine may send tokens and read responses.
fn cors() -> CorsLayer {
    let is_loopback = |origin: &HeaderValue, _: &_| {
        let origin = http::Uri::try_from(origin.as_bytes());
        let host = origin.as_ref().ok().and_then(http::Uri::host);
        matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_loopback))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            HeaderName::from_static("mcp-session-id"),
            header::WWW_AUTHENTICATE,
        ])
}

/// Accepts requests with a known token, and puts the principal into their extensions.
struct Gate {
    users: Vec<(String, Principal)>,
    challenge: HeaderValue,
}

impl Gate {
    fn new(base: &str, issuer: &str) -> Result<Self, Box<dyn Error>> {
        let user = |name: &str, variable: &str| {
            let token = env::var(variable).unwrap_or_else(|_| uuid::Uuid::new_v4().to_string());
            println!("{variable}={token}");
            let principal = Principal::new("auth-example").with_issuer(issuer);
            (token, principal.with_subject(name))
        };
        let challenge = format!(r#"Bearer resource_metadata="{base}{METADATA_PATH}""#);
        Ok(Self {
            users: vec![user("alice", "ALICE_TOKEN"), user("bob", "BOB_TOKEN")],
            challenge: challenge.try_into()?,
        })
    }

    #[expect(
        clippy::result_large_err,
        reason = "the layer takes the answer as it is"
    )]
    fn let_in(&self, mut request: Request<Body>) -> Result<Request<Body>, Response<Body>> {
        let principal = bearer(&request).and_then(|token| self.owner(token));
        let Some(principal) = principal.cloned() else {
            let challenge = [(header::WWW_AUTHENTICATE, self.challenge.clone())];
            return Err((StatusCode::UNAUTHORIZED, challenge, "Unauthorized").into_response());
        };
        request.extensions_mut().insert(principal);
        Ok(request)
    }

    /// A real server checks a signature here, or asks the issuer. It must not compare secrets with
    /// `==`: the time of `==` depends on the first difference.
    fn owner(&self, token: &str) -> Option<&Principal> {
        let is = |known: &str| bool::from(known.as_bytes().ct_eq(token.as_bytes()));
        let (_, principal) = self.users.iter().find(|(known, _)| is(known))?;
        Some(principal)
    }
}

/// The token of a request, if it has one.
fn bearer(request: &Request<Body>) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Tells clients that speak OAuth where to get a token (RFC 9728).
fn metadata(base: &str, issuer: &str) -> impl IntoResponse + Clone + use<> {
    let document = json!({
        "resource": base,
        "resource_name": "The auth example of mcp-sse-server",
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    });
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, document.to_string())
}
