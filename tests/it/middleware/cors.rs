use http::{HeaderName, Method, Response, header::WWW_AUTHENTICATE};
use mcp_sse_server::TransportSecurity;
use mcp_sse_testkit::{
    HOST,
    events::Events,
    messages::ping,
    server::Server,
    wire::{Wire, WireBody},
};
use tower::{ServiceBuilder, service_fn};
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::{page, transport};

const APP: &str = "https://app.example.com";
/// What the TypeScript SDK's client asks for.
const SENT: &str = "authorization,content-type,mcp-protocol-version";

/// The transport allows pages of `APP`, and the layer adds the CORS headers for them.
async fn server() -> Server {
    let security = TransportSecurity::default().allow_origin(APP).unwrap();
    let transport = transport().security(security);
    let cors = CorsLayer::new()
        .allow_origin([APP.parse().unwrap()])
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([HeaderName::from_static("mcp-session-id"), WWW_AUTHENTICATE]);
    let app = ServiceBuilder::new()
        .layer(cors)
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    Server::serve(app, transport.sessions()).await
}

async fn preflight(wire: &mut Wire, origin: &str, method: &str, target: &str) -> Response<String> {
    wire.send(format!(
        "OPTIONS {target} HTTP/1.1\r\nhost: {HOST}\r\norigin: {origin}\r\n\
         access-control-request-method: {method}\r\n\
         access-control-request-headers: {SENT}\r\n\r\n"
    ))
    .await;
    wire.answer().await
}

async fn stream_for(server: &Server, origin: &str) -> (Response<String>, WireBody) {
    let mut wire = server.connect().await;
    wire.send(format!(
        "GET /sse HTTP/1.1\r\nhost: {HOST}\r\norigin: {origin}\r\n\
         sec-fetch-site: cross-site\r\nsec-fetch-mode: cors\r\n\r\n"
    ))
    .await;
    wire.into_stream().await
}

async fn post_from(wire: &mut Wire, origin: &str, uri: &str, text: &str) -> Response<String> {
    wire.send(format!(
        "POST {uri} HTTP/1.1\r\nhost: {HOST}\r\norigin: {origin}\r\nsec-fetch-site: cross-site\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    ))
    .await;
    wire.answer().await
}

/// The header that a browser compares with the page's origin before the page may read a response.
fn allowed_origin<B>(answer: &Response<B>) -> Option<&str> {
    let value = answer.headers().get("access-control-allow-origin")?;
    Some(value.to_str().unwrap())
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_can_preflight_open_and_post() {
    let server = server().await;
    let mut wire = server.connect().await;
    let (head, body) = stream_for(&server, APP).await;
    assert_eq!(head.status(), 200);
    assert_eq!(allowed_origin(&head), Some(APP));
    assert_eq!(
        head.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert_eq!(head.headers()["cache-control"], "no-store, no-transform");
    let mut events = Events::new(body);
    let uri = events.endpoint().await;

    for (method, target) in [("GET", "/sse"), ("POST", uri.as_str())] {
        let answer = preflight(&mut wire, APP, method, target).await;
        assert_eq!(answer.status(), 200, "{method}");
        assert_eq!(allowed_origin(&answer), Some(APP), "{method}");
        let methods = &answer.headers()["access-control-allow-methods"];
        assert_eq!(methods, "GET,POST,DELETE");
        let headers = &answer.headers()["access-control-allow-headers"];
        assert_eq!(headers, SENT);
    }

    let answer = post_from(&mut wire, APP, &uri, &ping(1)).await;
    assert_eq!(answer.status(), 202);
    assert_eq!(allowed_origin(&answer), Some(APP));
    assert_eq!(events.echoed().await, ping(1));
    // The page can read the text of a refusal.
    let answer = post_from(&mut wire, APP, &uri, "[]").await;
    let text = answer.body();
    assert!(text.starts_with("Could not parse message: "), "{text}");
    assert_eq!(allowed_origin(&answer), Some(APP));
    assert_eq!(server.sessions.len(), 1, "a preflight opens no session");
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_by_the_layer_and_the_transport() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let mut wire = server.connect().await;
    for other in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "null",
    ] {
        for (method, target) in [("GET", "/sse"), ("POST", uri.as_str())] {
            let answer = preflight(&mut wire, other, method, target).await;
            assert_eq!(allowed_origin(&answer), None, "{other} {method}");
        }
        let answer = post_from(&mut wire, other, &uri, &ping(1)).await;
        assert_eq!(answer.status(), 403, "{other}");
        let text = answer.body();
        assert!(text.starts_with("Invalid Origin header: "), "{text}");
        assert_eq!(allowed_origin(&answer), None, "{other}");
        let (head, _) = stream_for(&server, other).await;
        assert_eq!((head.status().as_u16(), allowed_origin(&head)), (403, None));
    }
    assert_eq!(server.sessions.len(), 1);
    assert_eq!(server.post(&uri, ping(2)).await.status(), 202);
    assert_eq!(
        events.echoed().await,
        ping(2),
        "no other message came before"
    );
}

#[tokio::test]
async fn a_preflight_without_a_cors_layer_gets_405() {
    let transport = transport();
    let app = ServiceBuilder::new()
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let server = Server::serve(app, transport.sessions()).await;
    let mut wire = server.connect().await;
    for (target, method, allow) in [("/sse", "GET", "GET, HEAD"), ("/messages/", "POST", "POST")] {
        let answer = preflight(&mut wire, "http://localhost:9000", method, target).await;
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], allow);
        assert_eq!(allowed_origin(&answer), None);
    }
}
