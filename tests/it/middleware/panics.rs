use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use mcp_sse_server::{Session, SseServerTransport};
use mcp_sse_testkit::{HOST, client::Body, handlers::echo, messages::ping, server::Server};
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

/// Panics if a message asks for it, and echoes other messages.
async fn brittle(mut session: Session) {
    let first = session.recv().await.unwrap().message;
    assert_ne!(first.method(), Some("panic"), "as asked");
    session.send(first).await.unwrap();
    echo(session).await;
}

#[tokio::test]
async fn a_panic_affects_only_its_own_request_or_session() {
    let transport = SseServerTransport::new("/messages/", brittle).unwrap();
    let inner = service_fn(|_: Request<Incoming>| async {
        if true {
            panic!("the inner service");
        }
        Ok::<_, Infallible>(Response::new(Body::default()))
    });
    let app = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .layer(transport.layer("/sse").unwrap())
        .service(inner);
    let server = Server::serve(app, transport.sessions()).await;
    let (kept, mut kept_events) = server.open("/sse").await;
    let (panics, mut events) = server.open("/sse").await;

    let mut wire = server.connect().await;
    wire.send(format!("GET /page HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
        .await;
    assert_eq!(wire.answer().await.status(), 500);

    let text = r#"{"jsonrpc":"2.0","method":"panic"}"#;
    assert_eq!(server.post(&panics, text).await.status(), 202);
    assert_eq!(
        events.next().await,
        None,
        "its stream ends without an error"
    );
    assert_eq!(server.post(&panics, ping(1)).await.status(), 404);

    assert_eq!(server.post(&kept, ping(1)).await.status(), 202);
    assert_eq!(kept_events.next().await.unwrap().data, ping(1));
    assert_eq!(server.post(&kept, ping(2)).await.status(), 202);
    assert_eq!(kept_events.echoed().await, ping(2));
}
