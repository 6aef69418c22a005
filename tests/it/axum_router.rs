//! The ways to use the transport in an axum router.

use std::future::IntoFuture;

use axum::{
    Router,
    extract::{NestedPath, Path, Request},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use mcp_sse_server::{MountPath, SessionRegistry, SseServerTransport};
use mcp_sse_testkit::{
    client::{Client, a_session_to_its_end},
    handlers::echo,
    messages::ping,
    within,
};
use tokio::{net::TcpListener, sync::oneshot};
use tower::Layer;

type Transport = SseServerTransport<fn(mcp_sse_server::Session) -> Echo>;
type Echo = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn transport() -> Transport {
    let handler: fn(mcp_sse_server::Session) -> Echo = |session| Box::pin(echo(session));
    SseServerTransport::new("/messages/", handler).unwrap()
}

fn routes<S: Clone + Send + Sync + 'static>(transport: &Transport) -> Router<S> {
    let (sse, post) = transport.services();
    Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
}

async fn spawn(app: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

async fn session(sessions: &SessionRegistry, address: &str, target: &str, announced: &str) {
    let opener = Client::http1(address).await;
    let poster = opener.another(address).await;
    a_session_to_its_end(sessions, (opener, poster), address, target, announced).await;
}

#[tokio::test]
async fn the_services_work_as_routes() {
    let transport = transport();
    let app = routes(&transport).route("/", get(|| async { "hello" }));
    let address = spawn(app).await;
    session(&transport.sessions(), &address, "/sse", "/messages/").await;
    let mut client = Client::http1(&address).await;
    assert_eq!(client.get(&address, "/").await, (200, "hello".to_owned()));
}

#[tokio::test]
async fn a_nested_router_works_with_a_configured_prefix() {
    let transport = transport().mount_path(MountPath::new("/api/v1").unwrap());
    let address = spawn(Router::new().nest("/api/v1", routes(&transport))).await;
    let sessions = transport.sessions();
    session(&sessions, &address, "/api/v1/sse", "/api/v1/messages/").await;
}

#[tokio::test]
async fn a_router_nested_as_a_service_works_with_a_configured_prefix() {
    let transport = transport().mount_path(MountPath::new("/mcp").unwrap());
    let inner = Router::new().route("/", get(|| async { "hello" }));
    let service = transport.layer("/sse").unwrap().layer(inner);
    let address = spawn(Router::new().nest_service("/mcp", service)).await;
    let sessions = transport.sessions();
    session(&sessions, &address, "/mcp/sse", "/mcp/messages/").await;
    let mut client = Client::http1(&address).await;
    assert_eq!(
        client.get(&address, "/mcp/").await,
        (200, "hello".to_owned())
    );
}

/// Announces the prefix under which axum has nested the router.
async fn announce_nested(nested: NestedPath, mut request: Request, next: Next) -> Response {
    if let Ok(prefix) = MountPath::new(nested.as_str()) {
        request.extensions_mut().insert(prefix);
    }
    next.run(request).await
}

#[tokio::test]
async fn a_middleware_can_find_the_prefix_of_a_nested_router() {
    let transport = transport();
    let api = routes(&transport).layer(middleware::from_fn(announce_nested));
    let app = Router::new()
        .nest("/one", api.clone())
        .nest("/two/deep", Router::new().nest("/er", api));
    let address = spawn(app).await;
    let sessions = transport.sessions();
    session(&sessions, &address, "/one/sse", "/one/messages/").await;
    let (target, announced) = ("/two/deep/er/sse", "/two/deep/er/messages/");
    session(&sessions, &address, target, announced).await;
}

/// Announces a prefix that differs between requests.
async fn announce_tenant(
    Path(tenant): Path<String>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let prefix = MountPath::new(format!("/tenants/{tenant}")).map_err(|_| StatusCode::NOT_FOUND)?;
    request.extensions_mut().insert(prefix);
    Ok(next.run(request).await)
}

#[tokio::test]
async fn a_prefix_can_differ_between_requests() {
    let transport = transport();
    let api = routes(&transport).layer(middleware::from_fn(announce_tenant));
    let app = Router::new().nest("/tenants/{tenant}", api);
    let address = spawn(app).await;
    let sessions = transport.sessions();
    for tenant in ["seven", "a%20b", "gr%C3%BCn", "100%25"] {
        let prefix = format!("/tenants/{tenant}");
        let (target, announced) = (format!("{prefix}/sse"), format!("{prefix}/messages/"));
        session(&sessions, &address, &target, &announced).await;
    }
    let mut client = Client::http1(&address).await;
    for tenant in ["%2e%2e", "a%3Fb", "a%0Ab", "%68ttp:%2f%2fhost"] {
        let answer = client
            .get(&address, &format!("/tenants/{tenant}/sse"))
            .await;
        assert_eq!(answer.0, 404, "{tenant}");
    }
}

#[tokio::test]
async fn the_layer_works_on_a_router_and_around_a_router() {
    let inner = || Router::new().route("/", get(|| async { "hello" }));
    let over = transport();
    let around = transport();
    let layered = inner().layer(over.layer("/sse").unwrap());
    let wrapped = around.layer("/sse").unwrap().layer(inner());
    let wrapped = Router::new().fallback_service(wrapped);
    for (app, sessions) in [(layered, over.sessions()), (wrapped, around.sessions())] {
        let address = spawn(app).await;
        session(&sessions, &address, "/sse", "/messages/").await;
        let mut client = Client::http1(&address).await;
        assert_eq!(client.get(&address, "/").await, (200, "hello".to_owned()));
        assert_eq!(client.get(&address, "/sse/x").await.0, 404);
    }
}

#[tokio::test]
async fn a_layered_router_can_be_nested_as_a_service() {
    let transport = transport().mount_path(MountPath::new("/mcp").unwrap());
    let inner = Router::new()
        .route("/", get(|| async { "hello" }))
        .layer(transport.layer("/sse").unwrap());
    let app = Router::new()
        .nest("/nest", inner.clone())
        .nest_service("/mcp", inner);
    let address = spawn(app).await;
    let sessions = transport.sessions();
    session(&sessions, &address, "/mcp/sse", "/mcp/messages/").await;
    // A nested router does not run its layers for a path without a route.
    let mut client = Client::http1(&address).await;
    assert_eq!(client.get(&address, "/nest/sse").await.0, 404);
}

#[tokio::test]
async fn a_graceful_shutdown_ends_open_streams_and_then_the_server() {
    let transport = transport();
    let sessions = transport.sessions();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, routes(&transport)).with_graceful_shutdown({
        let sessions = sessions.clone();
        async move {
            let _ = stopped.await;
            sessions.shutdown().await;
        }
    });
    let server = tokio::spawn(server.into_future());

    let mut opener = Client::http1(&address).await;
    let mut poster = opener.another(&address).await;
    let (uri, mut events) = opener.open(&address, "/sse").await;
    assert_eq!(poster.post(&address, &uri, &ping(1)).await.0, 202);
    assert_eq!(events.echoed().await, ping(1));

    stop.send(()).unwrap();
    assert_eq!(
        events.next().await,
        None,
        "the stream ends without an error"
    );
    let ended = within("the server's end", server).await;
    ended.unwrap().unwrap();
    assert!(sessions.is_empty());
}
