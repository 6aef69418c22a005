//! An MCP server for two users, each behind a bearer token, in an axum router.
//!
//! ```sh
//! cargo run --example auth                      # http://127.0.0.1:8000/sse
//! cargo run --example auth -- 127.0.0.1:9000    # another address
//! ```
//!
//! The tokens of `alice` and `bob` are made up anew at each start and printed, or taken from the
//! variables `ALICE_TOKEN` and `BOB_TOKEN`. Then, in another terminal, without a token, with one, and
//! with another's (the path of the session is what alice's stream printed):
//!
//! ```sh
//! curl -i http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/.well-known/oauth-protected-resource
//! curl -N -H "Authorization: Bearer $ALICE_TOKEN" http://127.0.0.1:8000/sse
//! curl -i -H "Authorization: Bearer $BOB_TOKEN" -H 'Content-Type: application/json' \
//!     -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' "http://127.0.0.1:8000$SESSION_PATH"
//! ```
//!
//! The last one is answered with 404, as if the session did not exist; with alice's token it is
//! accepted, and the answer is in her stream. `tests/clients/auth.py` does the same with a real client.
//!
//! Ctrl-C ends the open streams and stops.

use std::{env, error::Error, future::ready, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use mcp_sse_server::{Session, SseServerTransport, session::Principal};
use mcp_sse_testkit::demo;
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::{net::TcpListener, signal};
use tower_http::auth::AsyncRequireAuthorizationLayer;

const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";
/// Who issues the tokens. Nobody does here: a real one is the authorization server's own URL.
const ISSUER: &str = "https://auth.example.com";

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

    // The handler can ask whose session it is. Whose a POST is, it need not ask: nobody else's
    // reaches it.
    let transport = SseServerTransport::new("/messages/", |session: Session| async move {
        let user = session.principal().and_then(Principal::subject);
        println!("{:?} is {}'s", session.id(), user.unwrap_or("nobody"));
        demo::serve(session).await;
    })?
    .max_sessions_per_principal(10);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    let gate = Arc::new(Gate::new(&base)?);
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        // A real check waits for something, such as the keys of the issuer: hence the async layer.
        .route_layer(AsyncRequireAuthorizationLayer::new(move |request| {
            ready(gate.let_in(request))
        }))
        // After the layer, so that whoever has no token yet can read where to get one.
        .route(METADATA_PATH, get(metadata(&base)));

    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // No signal handler, no graceful end: then the server stops at once.
            let _ = signal::ctrl_c().await;
            sessions.shutdown().await;
        })
        .await?;
    Ok(())
}

/// Lets requests with a known token in, and says in their extensions whose they are.
struct Gate {
    users: Vec<(String, Principal)>,
    challenge: HeaderValue,
}

impl Gate {
    fn new(base: &str) -> Result<Self, Box<dyn Error>> {
        let user = |name: &str, variable: &str| {
            let token = env::var(variable).unwrap_or_else(|_| uuid::Uuid::new_v4().to_string());
            println!("{variable}={token}");
            let principal = Principal::new("auth-example").with_issuer(ISSUER);
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

    /// A real server checks a signature here, or asks the issuer. What it must not do is compare
    /// secrets with `==`, which is the faster the earlier they differ.
    fn owner(&self, token: &str) -> Option<&Principal> {
        let is = |known: &str| bool::from(known.as_bytes().ct_eq(token.as_bytes()));
        let (_, principal) = self.users.iter().find(|(known, _)| is(known))?;
        Some(principal)
    }
}

/// The token of a request, if it brings one.
fn bearer(request: &Request<Body>) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Where to get a token, for clients that speak OAuth (RFC 9728).
fn metadata(base: &str) -> impl IntoResponse + Clone + use<> {
    let document = json!({
        "resource": base,
        "resource_name": "The auth example of mcp-sse-server",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    });
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, document.to_string())
}
