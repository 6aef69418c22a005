//! A complete MCP server over TLS, for HTTP/2 and HTTP/1.1, on hyper and rustls.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin tls
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin tls -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal. The certificate is self-signed, made when the server starts:
//!
//! ```sh
//! curl -N --insecure https://127.0.0.1:8000/sse              # HTTP/2
//! curl -N --insecure --http1.1 https://127.0.0.1:8000/sse
//! ```
//!
//! Ctrl-C stops the server and its open streams at once.

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal, time};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tower::{Layer, service_fn};

/// The server's certificate and its versions of HTTP.
fn config() -> Result<ServerConfig, Box<dyn Error>> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let own = rcgen::generate_simple_self_signed(names)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.into()], own.signing_key.into())?;
    // In order of preference.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn not_found(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("Not Found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let transport = SseServerTransport::new("/messages/", demo::serve)?;
    let app = transport.layer("/sse")?.layer(service_fn(not_found));
    let service = TowerToHyperService::new(app);
    let tls = TlsAcceptor::from(Arc::new(config()?));

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    let url = format!("https://{}/sse", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {url}");

    let serve = async {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Such as too many open files: this is temporary, so the server must continue.
                    eprintln!("accept: {error}");
                    time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let (tls, service) = (tls.clone(), service.clone());
            tokio::spawn(async move {
                // A client that does not finish the handshake must not keep its connection.
                let handshake = time::timeout(Duration::from_secs(10), tls.accept(stream));
                let Ok(Ok(stream)) = handshake.await else {
                    return;
                };
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http1().timer(TokioTimer::new());
                // A lost connection is normal, do not log it.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    };
    tokio::select! {
        // The first poll registers the signal, so do it before the first connection.
        biased;
        stopped = signal::ctrl_c() => stopped?,
        () = serve => {}
    }
    Ok(())
}
