//! The server, from its start to its shutdown.

use std::{
    error::Error,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, middleware::AddExtension};
use axum_server::{
    Handle, Server,
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{child::GRACE, config::Config};

use super::{
    accept::WithOptions,
    routes::{Routes, routes},
    signals::Signals,
};

type Service = AddExtension<Router, ConnectInfo<SocketAddr>>;

/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(30);
/// How long connections have to end after their sessions. A client that does not read ends none.
const CONNECTIONS: Duration = Duration::from_secs(1);

/// Serves until a signal arrives, and ends within the shutdown window and a few seconds more.
pub(crate) async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    // Before the first child, whose exit would be missed.
    let mut signals = Signals::new()?;
    let listener = listen(&config.listen)
        .await
        .map_err(|error| format!("--listen {}: {error}", config.listen))?;
    let address = listener.local_addr()?;
    if let Some(address) = config.metrics {
        metrics(address).map_err(|error| format!("--metrics {address}: {error}"))?;
    }
    let tls = match &config.tls {
        Some((cert, key)) => {
            let read = RustlsConfig::from_pem(cert.clone(), key.clone()).await;
            Some(read.map_err(|error| format!("--tls-cert and --tls-key: {error}"))?)
        }
        None => None,
    };
    if !address.ip().is_loopback() && !config.names_host {
        tracing::warn!("only requests for localhost are allowed, --allow-host HOST allows others");
    }
    if !address.ip().is_loopback() && config.tokens.is_none() {
        tracing::warn!(
            "anyone who can reach this address can start servers, --tokens-file requires tokens"
        );
    }

    let window = config.limits.shutdown;
    let prefix = config.prefix.clone().unwrap_or_default();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let Routes {
        router,
        sessions,
        backends,
    } = routes(config)?;
    let mut urls: Vec<_> = backends
        .paths()
        .map(|(path, _)| format!("{scheme}://{address}{}{path}", prefix.trim_end_matches('/')))
        .collect();
    urls.sort_by_key(|url| (url.matches('/').count(), url.clone()));
    println!(
        "MCP over HTTP+SSE at {}",
        urls.join("\nMCP over HTTP+SSE at ")
    );

    let handle = Handle::new();
    let server = axum_server::from_tcp(listener)?.handle(handle.clone());
    let mut server = match tls {
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls);
            tokio::spawn(run(
                server.map(|plain| WithOptions(acceptor.acceptor(plain))),
                router,
            ))
        }
        None => tokio::spawn(run(server.map(WithOptions), router)),
    };
    tokio::select! {
        ended = &mut server => return Ok(ended??),
        () = signals.next() => {}
    }
    tracing::info!(
        "stopping: open requests have {} s, and servers some seconds more. A second signal stops at once",
        window.as_secs_f64()
    );
    let in_order = async {
        sessions.shutdown().deadline(window).await;
        // Servers whose sessions were cut still have their own time to end.
        let _ = timeout(GRACE * 3, backends.all_left()).await;
        handle.graceful_shutdown(Some(CONNECTIONS));
        let _ = timeout(CONNECTIONS * 2, server).await;
    };
    tokio::select! {
        () = in_order => {}
        () = signals.next() => {}
    }
    Ok(())
}

async fn run<A>(mut server: Server<SocketAddr, A>, router: Router) -> std::io::Result<()>
where
    A: Accept<TcpStream, Service> + Clone + Send + Sync + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    A::Service: axum_server::service::SendService<http::Request<hyper::body::Incoming>> + Send,
    A::Future: Send,
{
    server.http_builder().http1().header_read_timeout(HEAD);
    let server = server.first_request_timeout(HEAD);
    server
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await
}

/// Listens on the first of the addresses that works.
async fn listen(address: &str) -> std::io::Result<TcpListener> {
    let addresses: Vec<_> = lookup_host(address).await?.collect();
    TcpListener::bind(&*addresses)
}

/// Serves metrics for Prometheus.
fn metrics(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    // Fail at the start, not in the exporter's task.
    drop(TcpListener::bind(address)?);
    PrometheusBuilder::new()
        .with_http_listener(address)
        .install()?;
    Ok(())
}
