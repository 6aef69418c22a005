//! Middleware that handles bodies: compression, limits, traces.

use mcp_sse_testkit::{HOST, events::Events, messages::ping, server::Server};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tower::{ServiceBuilder, service_fn};
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer, trace::TraceLayer};

use super::{a_session, page, transport};

#[tokio::test]
async fn a_stream_is_not_compressed_even_if_the_client_accepts_it() {
    let transport = transport();
    let app = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let server = Server::serve(app, transport.sessions()).await;
    let get = |target| {
        format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\naccept-encoding: gzip, br\r\n\r\n")
    };

    let mut wire = server.connect().await;
    wire.send(get("/page")).await;
    let head = wire.head().await;
    assert_eq!(
        head.headers()["content-encoding"],
        "gzip",
        "the layer compresses other responses"
    );

    let mut wire = server.connect().await;
    wire.send(get("/sse")).await;
    let (head, body) = wire.into_stream().await;
    assert!(!head.headers().contains_key("content-encoding"));
    let mut events = Events::new(body);
    let uri = events.endpoint().await;
    let large = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "x".repeat(100_000));
    for text in [&ping(1), &large, &ping(2)] {
        assert_eq!(server.post(&uri, text).await.status(), 202);
        assert!(events.echoed().await == *text);
    }
}

#[tokio::test]
async fn the_smaller_of_two_body_limits_applies() {
    for (layer, ours) in [(1_000, 100), (100, 1_000)] {
        let transport = transport().body_limit(ours);
        let app = ServiceBuilder::new()
            .layer(RequestBodyLimitLayer::new(layer))
            .layer(transport.layer("/sse").unwrap())
            .service(service_fn(page));
        let server = Server::serve(app, transport.sessions()).await;
        let (uri, mut events) = server.open("/sse").await;

        let large = format!("{:500}", ping(1));
        let answer = server.post(&uri, &large).await;
        assert_eq!(answer.status(), 413);
        match layer < ours {
            true => assert_eq!(answer.body(), "length limit exceeded"),
            false => assert_eq!(answer.body(), "Request body too large"),
        }

        // A body of unknown length: at the layer's limit, the transport sees a body that breaks off.
        let mut wire = server.connect().await;
        wire.send(format!(
            "POST {uri} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n1f4\r\n{large}\r\n0\r\n\r\n"
        ))
        .await;
        let answer = wire.answer().await;
        match layer < ours {
            true => assert_eq!(answer.body(), "Could not read request body: it broke off"),
            false => assert_eq!(answer.body(), "Request body too large"),
        }

        assert_eq!(server.post(&uri, ping(2)).await.status(), 202);
        assert_eq!(
            events.echoed().await,
            ping(2),
            "no other message came before"
        );
    }
}

#[tokio::test]
async fn a_trace_layer_sees_the_head_at_once_and_each_event() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = |seen: &Arc<Mutex<Vec<String>>>| {
        let seen = Arc::clone(seen);
        move |line: String| seen.lock().unwrap().push(line)
    };
    let (request, response, chunk) = (note(&seen), note(&seen), note(&seen));
    let trace = TraceLayer::new_for_http()
        .on_request(move |got: &Request<_>, _: &tracing::Span| {
            request(format!("{} {}", got.method(), got.uri().path()));
        })
        .on_response(move |got: &Response<_>, _: Duration, _: &tracing::Span| {
            response(got.status().as_u16().to_string());
        })
        .on_body_chunk(move |got: &Bytes, _: Duration, _: &tracing::Span| {
            let text = String::from_utf8(got.to_vec()).unwrap();
            chunk(text.lines().next().unwrap().to_owned());
        });
    let transport = transport();
    let app = ServiceBuilder::new()
        .layer(trace)
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let server = Server::serve(app, transport.sessions()).await;

    let (uri, mut events) = server.open("/sse").await;
    let so_far = || std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(so_far(), ["GET /sse", "200", "event: endpoint"]);
    assert_eq!(server.post(&uri, ping(1)).await.status(), 202);
    assert_eq!(events.echoed().await, ping(1));
    let mut lines = so_far();
    // The answer of the POST and the event of the stream may come in any order.
    lines.sort();
    let all = ["202", "Accepted", "POST /messages/", "event: message"];
    assert_eq!(lines, all);
    drop(events);
    a_session(&server).await;
}
