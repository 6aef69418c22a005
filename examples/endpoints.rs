//! MCP servers that are added and removed while the program runs, each at a URL of its own, in an axum router.
//!
//! ```sh
//! cargo run --example endpoints                      # http://127.0.0.1:8000
//! cargo run --example endpoints -- 127.0.0.1:9000    # another address
//! ```
//!
//! In another terminal, add a server, connect to it, and remove it:
//!
//! ```sh
//! curl -X PUT http://127.0.0.1:8000/servers/weather
//! curl -N http://127.0.0.1:8000/servers/weather/sse
//! curl -X DELETE http://127.0.0.1:8000/servers/weather
//! ```
//!
//! Ctrl-C ends the open streams and stops the program.

use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error,
    pin::Pin,
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, put},
    serve::ListenerExt,
};
use mcp_sse_server::{Handler, MountPath, Session, SseServerTransport};
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal, sync::oneshot, task::JoinSet, time::timeout};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!("MCP servers at http://{}", listener.local_addr()?);
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    let servers = Servers::default();
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let served = axum::serve(listener, router(servers.clone()))
        .with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(served.into_future());
    // If the signal handler cannot be installed, the program stops at once.
    let _ = signal::ctrl_c().await;
    servers.shutdown().await;
    drop(stop);
    // The graceful shutdown would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}

/// A real program serves `PUT` and `DELETE` behind authentication, or at an address of its own.
pub(crate) fn router(servers: Servers) -> Router {
    Router::new()
        .route("/servers/{id}", put(add).delete(remove))
        .route("/servers/{id}/sse", any(stream))
        .route("/servers/{id}/messages/", any(message))
        .route("/servers/{id}/messages", any(message))
        .with_state(servers)
}

/// The code of one server, with state of its own.
pub(crate) struct Tools {
    id: String,
}

impl Handler for Tools {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn handle(&self, session: Session) -> Self::Future {
        println!("{}: {:?}", self.id, session.id());
        Box::pin(demo::serve(session))
    }
}

/// The servers by their ids.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    open: Arc<RwLock<HashMap<String, Server>>>,
}

struct Server {
    transport: SseServerTransport<Tools>,
    /// Another request removes it.
    leaves: bool,
}

impl Servers {
    fn get(&self, id: &str) -> Option<SseServerTransport<Tools>> {
        let open = self.open.read().expect("no panic");
        open.get(id).map(|server| server.transport.clone())
    }

    async fn shutdown(&self) {
        let all: Vec<_> = self
            .open
            .read()
            .expect("no panic")
            .keys()
            .cloned()
            .collect();
        // Side by side: each drain may take 10 s.
        let mut drains = JoinSet::new();
        for id in all {
            let servers = self.clone();
            drains.spawn(async move { servers.remove(&id).await });
        }
        drains.join_all().await;
    }

    /// Ends the sessions of a server. Its id is free when all of its streams have ended.
    async fn remove(&self, id: &str) -> bool {
        let sessions = match self.open.write().expect("no panic").get_mut(id) {
            Some(server) if !server.leaves => {
                server.leaves = true;
                server.transport.sessions()
            }
            _ => return false,
        };
        // It stays in the map meanwhile: open requests are answered, and clients can still post responses.
        sessions.shutdown().deadline(Duration::from_secs(10)).await;
        self.open.write().expect("no panic").remove(id).is_some()
    }
}

async fn add(State(servers): State<Servers>, Path(id): Path<String>) -> Response {
    // axum has decoded the id. A slash in it would be a slash of the announced path.
    let prefix = MountPath::new(format!("/servers/{id}")).ok();
    let Some(prefix) = prefix.filter(|_| !id.contains('/')) else {
        return (StatusCode::BAD_REQUEST, "not an id").into_response();
    };
    let tools = Tools { id: id.clone() };
    let transport = SseServerTransport::new("/messages/", tools).expect("a valid path");
    // Bounds are those of one transport, so they add up: 100 servers may hold 800 MiB of bodies.
    let transport = transport
        .mount_path(prefix)
        .max_sessions(100)
        .in_flight_bytes(8 << 20);
    match servers.open.write().expect("no panic").entry(id) {
        Entry::Occupied(_) => StatusCode::CONFLICT.into_response(),
        Entry::Vacant(place) => {
            place.insert(Server {
                transport,
                leaves: false,
            });
            StatusCode::CREATED.into_response()
        }
    }
}

async fn remove(State(servers): State<Servers>, Path(id): Path<String>) -> StatusCode {
    match servers.remove(&id).await {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}

async fn stream(
    State(servers): State<Servers>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let Some(transport) = servers.get(&id) else {
        return (StatusCode::NOT_FOUND, "No such server\n").into_response();
    };
    let (sse, _) = transport.services();
    let Ok(response) = sse.oneshot(request).await;
    response.into_response()
}

async fn message(
    State(servers): State<Servers>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let Some(transport) = servers.get(&id) else {
        return (StatusCode::NOT_FOUND, "No such server").into_response();
    };
    let (_, post) = transport.services();
    let Ok(response) = post.oneshot(request).await;
    response.into_response()
}
