//! Which idle connections hyper ends by itself, as the guide's pages `hyper` and `connections` say.

use std::{net::SocketAddr, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::{client::Client, handlers::silent, server::routes, wire::Wire, within};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

const OTHER: &str = "GET /other HTTP/1.1\r\nhost: localhost\r\n\r\n";
const HALF_A_HEAD: &str = "GET /sse HTTP/1.1\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    /// Completes when all connections have ended, after `stop`.
    ended: JoinHandle<()>,
}

/// The server of the guide's page `hyper`.
async fn spawn(header_read_timeout: Duration) -> Server {
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let app = routes(&transport);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, mut stopped) = oneshot::channel();
    let ended = tokio::spawn(async move {
        let mut server = auto::Builder::new(TokioExecutor::new());
        let mut http1 = server.http1();
        http1.timer(TokioTimer::new());
        http1.header_read_timeout(header_read_timeout);
        let connections = GracefulShutdown::new();
        loop {
            let (stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.unwrap(),
                _ = &mut stopped => break,
            };
            let service = TowerToHyperService::new(app.clone());
            let connection = server.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connections.watch(connection.into_owned()));
        }
        transport.sessions().shutdown().await;
        connections.shutdown().await;
    });
    Server {
        address,
        stop,
        ended,
    }
}

#[tokio::test]
async fn hyper_with_a_timer_ends_connections_that_wait_for_a_head() {
    let server = spawn(Duration::from_millis(200)).await;
    let name = server.address.to_string();
    let mut silent = Wire::connect(server.address).await;
    let mut http2 = Client::http2(&name).await;
    assert_eq!(http2.get(&name, "/other").await.0, 418);

    let mut half = Wire::connect(server.address).await;
    half.send(HALF_A_HEAD).await;
    let mut idle = Wire::connect(server.address).await;
    idle.send(OTHER).await;
    assert_eq!(idle.answer().await.status(), 418);
    assert_eq!(within("half a head", half.rest()).await, "");
    assert_eq!(within("an idle connection", idle.rest()).await, "");

    // These two were there before, and longer.
    silent.send(OTHER).await;
    assert_eq!(silent.answer().await.status(), 418);
    assert_eq!(http2.get(&name, "/other").await.0, 418);
}

#[tokio::test]
async fn hyper_with_a_timer_ends_a_shutdown_that_waits_for_half_a_head() {
    let server = spawn(Duration::from_millis(200)).await;
    let mut half = Wire::connect(server.address).await;
    half.send(HALF_A_HEAD).await;
    // The server has read the half when it answers this.
    let mut whole = Wire::connect(server.address).await;
    whole.send(OTHER).await;
    assert_eq!(whole.answer().await.status(), 418);
    server.stop.send(()).unwrap();
    within("the shutdown", server.ended).await.unwrap();
    assert_eq!(half.rest().await, "");
}

#[tokio::test]
async fn a_shutdown_of_hyper_ends_what_is_idle_at_once() {
    // Longer than `within` waits.
    let server = spawn(Duration::from_secs(600)).await;
    let mut second = Wire::connect(server.address).await;
    second.send(OTHER).await;
    assert_eq!(second.answer().await.status(), 418);
    second.send(HALF_A_HEAD).await;
    let silent = Wire::connect(server.address).await;
    let name = server.address.to_string();
    let mut http2 = Client::http2(&name).await;
    assert_eq!(http2.get(&name, "/other").await.0, 418);
    server.stop.send(()).unwrap();
    within("the shutdown", server.ended).await.unwrap();
    assert_eq!(second.rest().await, "");
    assert_eq!(silent.rest().await, "");
}
