//! A complete MCP server on plain hyper.
//!
//! ```sh
//! cargo run --example quickstart                      # http://127.0.0.1:8000/sse
//! cargo run --example quickstart -- 127.0.0.1:9000    # another address
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -N --http2-prior-knowledge http://127.0.0.1:8000/sse
//! ```
//!
//! Ctrl-C stops the server and its open streams at once.

mod mcp;

use std::{convert::Infallible, error::Error};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use mcp_sse_server::SseServerTransport;
use tokio::{net::TcpListener, signal};
use tower::{Service, service_fn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let transport = SseServerTransport::new("/messages/", mcp::serve)?;
    let (sse, post) = transport.services();

    // One service for both paths. The bodies have different types, so they are boxed. The router of a
    // framework does this for you: see the `axum` example.
    let app = service_fn(move |request: Request<Incoming>| {
        let (mut sse, mut post) = (sse.clone(), post.clone());
        async move {
            Ok::<_, Infallible>(match request.uri().path() {
                "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                "/messages/" | "/messages" => post.call(request).await?.map(BodyExt::boxed_unsync),
                _ => {
                    let body = Full::new(Bytes::from_static(b"Not Found")).boxed_unsync();
                    let mut response = Response::new(body);
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    response
                }
            })
        }
    });

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let url = format!("http://{}/sse", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {url}");
    println!("npx @modelcontextprotocol/inspector --transport sse --server-url {url}");

    let serve = async {
        loop {
            let (stream, _) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Such as too many open files: this is temporary, so the server must continue.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let service = hyper_util::service::TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http1().timer(TokioTimer::new());
                // A lost connection is normal, do not log it.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    };
    tokio::select! {
        () = serve => {}
        stopped = signal::ctrl_c() => stopped?,
    }
    // When `main` returns, the runtime is dropped with every connection, stream and session.
    Ok(())
}
