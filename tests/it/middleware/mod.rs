//! The transport under the middleware of tower and tower-http, with open streams.

mod bodies;
mod cors;
mod load;
mod panics;
mod requests;
mod times;

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use mcp_sse_server::{Handler, SseServerTransport};
use mcp_sse_testkit::{client::Body, handlers::echo, messages::ping, server::Server, within};

fn transport() -> SseServerTransport<impl Handler<Future: Send + 'static> + Send + Sync + 'static> {
    SseServerTransport::new("/messages/", echo).unwrap()
}

/// The inner service: a page that contains its path and is long enough to be compressed.
async fn page<B>(request: Request<B>) -> Result<Response<Body>, Infallible> {
    let line = format!("page {}\n", request.uri().path());
    let mut response = Response::new(Full::from(line.repeat(100)));
    let plain = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert("content-type", plain);
    Ok(response)
}

/// Checks that a session opens, answers, and is closed when its client leaves.
async fn a_session(server: &Server) {
    let (uri, mut events) = server.open("/sse").await;
    let id = uri.split_once('=').unwrap().1.parse().unwrap();
    let session = server.sessions.get(&id).expect("it is open");
    for at in 0..3 {
        assert_eq!(server.post(&uri, ping(at)).await.status(), 202);
        assert_eq!(events.echoed().await, ping(at));
    }
    drop(events);
    within("the close of the session", session.closed()).await;
    assert_eq!(server.post(&uri, ping(4)).await.status(), 404);
}
