//! Requests to the services.

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::HOST;

/// A valid `GET` of a stream.
pub fn get() -> Request<()> {
    Request::get("/sse").header("host", HOST).body(()).unwrap()
}

/// A valid `POST` with this body.
pub fn post<B>(uri: &str, body: B) -> Request<B> {
    Request::post(uri)
        .header("host", HOST)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

/// A valid `POST` whose body is there as a whole.
pub fn post_text(uri: &str, text: impl AsRef<[u8]>) -> Request<Full<Bytes>> {
    post(uri, Full::new(Bytes::copy_from_slice(text.as_ref())))
}

/// The `GET` of the Python SDK's client, as hyper parses it.
pub fn python_get() -> Request<()> {
    let headers = [
        ("host", "localhost:8000"),
        ("accept", "text/event-stream"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "python-httpx/0.28.1"),
        ("cache-control", "no-store"),
    ];
    parsed(Method::GET, "/sse", &headers, ())
}

/// The `POST` of the Python SDK's client, as hyper parses it.
pub fn python_post(uri: &str, text: Bytes) -> Request<Full<Bytes>> {
    let len = text.len().to_string();
    let headers = [
        ("host", "localhost:8000"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "python-httpx/0.28.1"),
        ("content-length", &len),
        ("content-type", "application/json"),
    ];
    parsed(Method::POST, uri, &headers, Full::new(text))
}

/// The parts are slices of shared bytes, as after hyper's parser. A clone shares them.
fn parsed<B>(method: Method, uri: &str, headers: &[(&'static str, &str)], body: B) -> Request<B> {
    let read = |text: &str| BytesMut::from(text).split().freeze();
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(read(uri)).unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_maybe_shared(read(value)).unwrap();
        request.headers_mut().insert(*name, value);
    }
    request
}
