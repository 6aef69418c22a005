//! The same session on each server: hyper over HTTP/1.1 and HTTP/2, and axum.

use axum::{Router, routing::get};
use http::Request;
use mcp_sse_server::{MountPath, SseServerTransport};
use mcp_sse_testkit::{
    client::{Body, Client},
    events::{Event, Events},
    handlers::{echo, echoed},
    messages::ping,
    server::Server,
    within,
};
use tokio::net::TcpListener;

/// Opens a session at `target`, which announces a path under `prefix`, uses it and closes it.
async fn roundtrip(mut client: Client, address: &str, target: &str, prefix: &str) {
    let get = Request::get(target).header("accept", "text/event-stream");
    let stream = client
        .send(address, get.body(Body::default()).unwrap())
        .await;
    assert_eq!(stream.status(), 200);
    assert_eq!(
        stream.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert_eq!(stream.headers()["cache-control"], "no-store, no-transform");
    assert!(!stream.headers().contains_key("connection"));
    let mut events = Events::new(stream.into_body());
    let uri = events.endpoint().await;
    assert!(
        uri.starts_with(&format!("{prefix}/messages/?session_id=")),
        "{uri}"
    );

    let mut poster = client.another(address).await;
    for id in 0..50 {
        let accepted = poster.post(address, &uri, &ping(id)).await;
        assert_eq!(accepted, (202, "Accepted".to_owned()), "{id}");
        assert_eq!(events.echoed().await, ping(id));
    }
    let spelled = uri.replace("/?", "?");
    assert_eq!(poster.post(address, &spelled, &ping(50)).await.0, 202);
    assert_eq!(events.echoed().await, ping(50));

    let large = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":"{}"}}}}"#,
        "ü".repeat(1_000_000)
    );
    assert_eq!(poster.post(address, &uri, &large).await.0, 202);
    assert!(events.echoed().await == large);

    let refused = poster.post(address, &uri, "[]").await;
    let text = &refused.1;
    assert_eq!(refused.0, 400);
    assert!(text.starts_with("Could not parse message: "), "{text}");
    let unknown = uri.split_once('=').unwrap().0;
    let unknown = format!("{unknown}=0123456789abcdef0123456789abcdef");
    let refused = poster.post(address, &unknown, &ping(1)).await;
    assert_eq!(refused, (404, "Could not find session".to_owned()));
    assert_eq!(poster.post(address, &uri, &ping(60)).await.0, 202);
    let event: Option<Event> = events.next().await;
    assert_eq!(event.map(|event| echoed(&event.data)), Some(ping(60)));
}

/// Concurrent sessions: each gets its own answers.
async fn side_by_side(client: Client, address: &str, target: &str) {
    let mut sessions = Vec::new();
    for _ in 0..10 {
        let mut client = client.another(address).await;
        let get = Request::get(target).body(Body::default()).unwrap();
        let stream = client.send(address, get).await;
        let mut events = Events::new(stream.into_body());
        sessions.push((events.endpoint().await, events, client));
    }
    let mut poster = client.another(address).await;
    for round in 0..5 {
        for (at, (uri, ..)) in sessions.iter().enumerate() {
            let text = ping(100 * round + at);
            assert_eq!(poster.post(address, uri, &text).await.0, 202, "{at}");
        }
    }
    for (at, (_, events, _client)) in sessions.iter_mut().enumerate() {
        for round in 0..5 {
            assert_eq!(events.echoed().await, ping(100 * round + at), "{at}");
        }
    }
}

async fn hyper() -> (Server, String) {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let server = Server::spawn(&transport).await;
    let address = server.address.to_string();
    (server, address)
}

/// axum's own server, with the services at the root and nested under `/api/v1`.
async fn axum() -> String {
    let router = |prefix| {
        let transport = SseServerTransport::new("/messages/", echo).unwrap();
        let transport = transport.mount_path(MountPath::new(prefix).unwrap());
        let (sse, post) = transport.services();
        Router::new()
            .route_service("/sse", sse)
            .route_service("/messages/", post.clone())
            .route_service("/messages", post)
    };
    let app = Router::new()
        .nest("/api/v1", router("/api/v1"))
        .merge(router(""))
        .route("/", get(|| async { "hello" }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn a_session_works_on_hyper_over_http_1_1() {
    let (server, address) = hyper().await;
    roundtrip(Client::http1(&address).await, &address, "/sse", "").await;
    side_by_side(Client::http1(&address).await, &address, "/sse").await;
    drop(server);
}

#[tokio::test]
async fn a_session_works_on_hyper_over_one_http_2_connection() {
    let (server, address) = hyper().await;
    roundtrip(Client::http2(&address).await, &address, "/sse", "").await;
    side_by_side(Client::http2(&address).await, &address, "/sse").await;
    drop(server);
}

#[tokio::test]
async fn a_session_works_on_axum_at_the_root_and_nested() {
    let address = axum().await;
    for (target, prefix) in [("/sse", ""), ("/api/v1/sse", "/api/v1")] {
        let client = Client::http1(&address).await;
        roundtrip(client, &address, target, prefix).await;
        side_by_side(Client::http1(&address).await, &address, target).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_work_on_several_threads() {
    let (server, address) = hyper().await;
    let clients = (0..8).map(|at| {
        let address = address.clone();
        tokio::spawn(async move {
            let client = match at % 2 {
                0 => Client::http1(&address).await,
                _ => Client::http2(&address).await,
            };
            side_by_side(client, &address, "/sse").await;
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    drop(server);
}

#[tokio::test]
async fn a_reset_http_2_stream_closes_only_its_own_session() {
    let (server, address) = hyper().await;
    let mut client = Client::http2(&address).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let get = Request::get("/sse").body(Body::default()).unwrap();
        let mut events = Events::new(client.send(&address, get).await.into_body());
        open.push((events.endpoint().await, events));
    }
    let (kept, mut kept_events) = open.pop().unwrap();
    let (gone, gone_events) = open.pop().unwrap();
    let id = gone.split_once('=').unwrap().1.parse().unwrap();
    let session = server.sessions.get(&id).expect("it is open");
    drop(gone_events);
    within("the close of the session", session.closed()).await;
    assert_eq!(client.post(&address, &gone, &ping(1)).await.0, 404);
    assert_eq!(client.post(&address, &kept, &ping(2)).await.0, 202);
    assert_eq!(kept_events.echoed().await, ping(2));
    assert_eq!(server.sessions.len(), 1);
}
