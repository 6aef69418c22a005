//! The example whose servers come and go.

use std::future::IntoFuture;

use http::{Method, Request};
use mcp_sse_testkit::{
    client::{Body, Client},
    messages::ping,
};
use tokio::net::TcpListener;

#[path = "../../examples/endpoints.rs"]
#[allow(dead_code, reason = "only a part of the example runs here")]
mod example;

async fn spawn() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = example::router(example::Servers::default());
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

async fn status(address: &str, method: Method, id: &str) -> u16 {
    let mut client = Client::http1(address).await;
    let request = Request::builder()
        .method(method)
        .uri(format!("/servers/{id}"));
    let request = request.body(Body::default()).unwrap();
    client.send(address, request).await.status().as_u16()
}

#[tokio::test]
async fn a_server_is_added_serves_and_is_removed() {
    let address = spawn().await;
    let mut poster = Client::http1(&address).await;
    let sse = |id: &str| format!("/servers/{id}/sse");
    // Ids that a URL must escape.
    for id in ["weather", "a%20b", "gr%C3%BCn", "100%25", "a%3Fb", "{id}"] {
        // `MountPath` escapes braces, too.
        let announced = id.replace('{', "%7B").replace('}', "%7D");
        let valid = !id.contains("%3F");
        let target = match id {
            "{id}" => "%7Bid%7D",
            id => id,
        };
        assert_eq!(poster.get(&address, &sse(target)).await.0, 404, "{id}");
        let added = status(&address, Method::PUT, target).await;
        if !valid {
            assert_eq!(added, 400, "a path has no query");
            continue;
        }
        assert_eq!(added, 201, "{id}");
        assert_eq!(status(&address, Method::PUT, target).await, 409, "{id}");

        let mut opener = Client::http1(&address).await;
        let (uri, mut events) = opener.open(&address, &sse(target)).await;
        let prefix = format!("/servers/{announced}/messages/?session_id=");
        assert!(uri.starts_with(&prefix), "{uri}");
        for uri in [&uri, &uri.replace("/?", "?")] {
            assert_eq!(poster.post(&address, uri, &ping(1)).await.0, 202, "{uri}");
            let answer = events.next().await.unwrap().data;
            assert!(answer.contains(r#""id":1"#), "{answer}");
        }

        let delete = || status(&address, Method::DELETE, target);
        // Only one of two removes it: the other could remove a server that is added after it.
        let (one, two) = tokio::join!(delete(), delete());
        assert_eq!([one.min(two), one.max(two)], [204, 404], "{id}");
        assert_eq!(events.next().await, None, "the stream ends properly");
        assert_eq!(poster.post(&address, &uri, &ping(2)).await.0, 404);
        assert_eq!(poster.get(&address, &sse(target)).await.0, 404);
        assert_eq!(status(&address, Method::DELETE, target).await, 404);
    }
    for id in ["a%2Fb", "%2e%2e", "a%0Ab"] {
        assert_eq!(status(&address, Method::PUT, id).await, 400, "{id}");
    }
}

#[tokio::test]
async fn the_servers_do_not_share_their_sessions() {
    let address = spawn().await;
    let mut poster = Client::http1(&address).await;
    for id in ["a", "b"] {
        assert_eq!(status(&address, Method::PUT, id).await, 201);
    }
    let mut opener = Client::http1(&address).await;
    let (uri, mut events) = opener.open(&address, "/servers/a/sse").await;
    let elsewhere = uri.replace("/a/", "/b/");
    assert_eq!(poster.post(&address, &elsewhere, &ping(1)).await.0, 404);
    // The removal of one does not touch the other.
    assert_eq!(status(&address, Method::DELETE, "b").await, 204);
    assert_eq!(poster.post(&address, &uri, &ping(2)).await.0, 202);
    let answer = events.next().await.unwrap().data;
    assert!(answer.contains(r#""id":2"#), "{answer}");
}
