//! The layer on hyper, over TCP: HTTP/1.1, HTTP/2, and a server that detects the version.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use mcp_sse_server::{SessionRegistry, SseServerTransport};
use mcp_sse_testkit::{
    client::{Body, Client, a_session_to_its_end},
    handlers::echo,
};
use tokio::net::TcpListener;
use tower::{Layer, service_fn};

/// Which of hyper's servers serves the connections.
#[derive(Clone, Copy, Debug)]
enum Conn {
    Http1,
    Http2,
    Auto,
}

async fn hello(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(Response::new(Full::new(Bytes::from(path))))
}

async fn spawn(conn: Conn) -> (String, SessionRegistry) {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let app = transport.layer("/sse").unwrap().layer(service_fn(hello));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(app.clone()));
            tokio::spawn(async move {
                // An error is expected: the test's clients disconnect.
                match conn {
                    Conn::Http1 => {
                        let _ = http1::Builder::new().serve_connection(io, service).await;
                    }
                    Conn::Http2 => {
                        let server = http2::Builder::new(TokioExecutor::new());
                        let _ = server.serve_connection(io, service).await;
                    }
                    Conn::Auto => {
                        let server = auto::Builder::new(TokioExecutor::new());
                        let _ = server.serve_connection(io, service).await;
                    }
                }
            });
        }
    });
    (address, transport.sessions())
}

#[tokio::test]
async fn the_layer_works_on_an_http_1_1_server() {
    over_http1(Conn::Http1).await;
}

#[tokio::test]
async fn the_layer_works_on_an_http_2_server() {
    over_http2(Conn::Http2).await;
}

#[tokio::test]
async fn the_layer_works_on_a_server_of_both_versions() {
    over_http1(Conn::Auto).await;
    over_http2(Conn::Auto).await;
}

async fn over_http1(conn: Conn) {
    let (address, sessions) = spawn(conn).await;
    let opener = Client::http1(&address).await;
    let mut other = opener.another(&address).await;
    let poster = opener.another(&address).await;
    a_session_to_its_end(&sessions, (opener, poster), &address, "/sse", "/messages/").await;
    assert_eq!(other.get(&address, "/x").await, (200, "/x".to_owned()));
}

async fn over_http2(conn: Conn) {
    let (address, sessions) = spawn(conn).await;
    // One connection carries the stream, the messages and all other requests.
    let mut client = Client::http2(&address).await;
    let both = (
        client.another(&address).await,
        client.another(&address).await,
    );
    a_session_to_its_end(&sessions, both, &address, "/sse", "/messages/").await;
    assert_eq!(client.get(&address, "/x").await, (200, "/x".to_owned()));
}
