//! Middleware that changes requests and responses: paths, ids, and types.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{HeaderValue, Request};
use hyper::body::Incoming;
use mcp_sse_server::{Message, Session, SseServerTransport};
use mcp_sse_testkit::{
    HOST,
    events::Events,
    messages::ping,
    server::Server,
    wire::{self, Wire},
};
use tower::{Layer, ServiceBuilder, service_fn, util::BoxCloneService};
use tower_http::{
    normalize_path::NormalizePathLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
};

use super::{a_session, page, transport};

#[tokio::test]
async fn a_layer_may_add_or_remove_the_last_slash_of_a_path() {
    for (layer, spellings) in [
        (
            NormalizePathLayer::trim_trailing_slash(),
            ["/sse", "/sse/", "/sse//"],
        ),
        (
            NormalizePathLayer::append_trailing_slash(),
            ["/sse", "/sse/", "/sse/?x=1"],
        ),
    ] {
        let transport = transport();
        let inner = transport.layer("/sse").unwrap().layer(service_fn(page));
        let server = Server::serve(layer.layer(inner), transport.sessions()).await;
        for target in spellings {
            let (uri, mut events) = server.open(target).await;
            assert!(uri.starts_with("/messages/?"), "{uri}");
            for (at, uri) in [&uri, &uri.replace("/?", "?"), &uri.replace("/?", "//?")]
                .into_iter()
                .enumerate()
            {
                let answer = server.post(uri, ping(at)).await;
                assert_eq!(answer.status(), 202, "{uri} after {target}");
                assert_eq!(events.echoed().await, ping(at));
            }
        }
    }
}

/// Makes request ids: a counter.
#[derive(Clone, Default)]
struct Number(Arc<AtomicUsize>);

impl MakeRequestId for Number {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Some(RequestId::new(HeaderValue::from(number)))
    }
}

/// Answers each message with the id of its request, from the extension and from the header.
async fn tell(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let extension: &RequestId = incoming.parts.extensions.get().unwrap();
        let extension = extension.header_value().to_str().unwrap();
        let header = incoming.parts.headers["x-request-id"].to_str().unwrap();
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{extension} {header}"}}"#);
        session.send(Message::parse(text).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_id_reaches_the_handler_and_the_client() {
    let transport = SseServerTransport::new("/messages/", tell).unwrap();
    let app = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(Number::default()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let server = Server::serve(app, transport.sessions()).await;
    let mut wire = server.connect().await;
    wire.send(format!("GET /sse HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
        .await;
    let (head, body) = wire.into_stream().await;
    assert_eq!(head.headers()["x-request-id"], "0");
    let mut events = Events::new(body);
    let uri = events.endpoint().await;
    let mut wire: Wire = server.connect().await;
    for number in ["1", "2"] {
        wire.send(wire::post(&uri, ping(1))).await;
        assert_eq!(wire.answer().await.headers()["x-request-id"], number);
        let event = events.next().await.unwrap();
        let told = Message::parse(event.data).unwrap();
        assert_eq!(told.method().unwrap(), format!("{number} {number}"));
    }
}

#[tokio::test]
async fn a_boxed_service_works() {
    let transport = transport();
    let app = transport.layer("/sse").unwrap().layer(service_fn(page));
    let app: BoxCloneService<Request<Incoming>, _, _> = BoxCloneService::new(app);
    let server = Server::serve(app, transport.sessions()).await;
    a_session(&server).await;
}
