//! The server: hyper or axum, each with a graceful shutdown on SIGTERM.

use std::{future::IntoFuture, time::Duration};

use axum::Router;
use mcp_sse_server::{Handler, Message, Session, SseServerTransport};
use mcp_sse_testkit::server::{routes, serve_until};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    time::{sleep, timeout},
};

/// Set to `axum` to serve with axum instead of hyper.
pub(crate) const STACK: &str = "FAULTS_STACK";
/// The stall timeout in milliseconds.
pub(crate) const STALL: &str = "FAULTS_STALL";
/// The largest number of sessions.
pub(crate) const SESSIONS: &str = "FAULTS_SESSIONS";
/// The time over which the drains are spread.
pub(crate) const WINDOW: Duration = Duration::from_secs(2);
/// The time for connections to end when all streams are gone, also that of `serve_until`.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The bytes of a large answer.
pub(crate) const LARGE: usize = 8_000_000;

pub(crate) fn answer(id: impl std::fmt::Display, pad: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"pad":"{pad}"}}}}"#)
}

async fn handle(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let Some(id) = message.id() else { continue };
        match message.method() {
            // Never receives another message.
            Some("deaf") => std::future::pending().await,
            Some("flood") => loop {
                let text = answer(id, &"y".repeat(60_000));
                if session.send(Message::parse(text).unwrap()).await.is_err() {
                    return;
                }
            },
            Some("large") => {
                let text = answer(id, &"y".repeat(LARGE));
                if session.send(Message::parse(text).unwrap()).await.is_err() {
                    return;
                }
                continue;
            }
            Some("slow") => sleep(Duration::from_millis(300)).await,
            _ => {}
        }
        let answer = Message::parse(answer(id, "")).unwrap();
        if session.send(answer).await.is_err() {
            return;
        }
    }
}

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let transport = SseServerTransport::new("/messages/", handle).unwrap();
        // A short wait, so that refusals come soon.
        let mut transport = transport.delivery_timeout(Duration::from_millis(500));
        if let Ok(millis) = std::env::var(STALL) {
            transport = transport.stall_timeout(Duration::from_millis(millis.parse().unwrap()));
        }
        if let Ok(sessions) = std::env::var(SESSIONS) {
            transport = transport.max_sessions(sessions.parse().unwrap());
        }
        let term = signal(SignalKind::terminate()).unwrap();
        let listener = listen().unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        match std::env::var(STACK).as_deref() {
            Ok("axum") => axum(listener, &transport, term).await,
            _ => hyper(listener, &transport, term).await,
        }
    });
}

/// The kernel lets the server write again when a third of the send buffer is free. By default that is nearly 1 MB on
/// loopback, for which a slow client on a busy machine needs longer than the stall timeout of the tests.
fn listen() -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(128 * 1024)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(1024)
}

async fn axum<H>(listener: TcpListener, transport: &SseServerTransport<H>, mut term: Signal)
where
    H: Handler + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    let (sse, post) = transport.services();
    let sessions = transport.sessions();
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post);
    let (stop, stopped) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(served.into_future());
    term.recv().await;
    // Without this, open streams would delay the shutdown without end.
    sessions.shutdown().spread_over(WINDOW).await;
    drop(stop);
    // And without this, a client that does not read, or half a request, would do so.
    let ended = timeout(GRACE, server).await;
    report(ended.is_ok());
}

async fn hyper<H>(listener: TcpListener, transport: &SseServerTransport<H>, mut term: Signal)
where
    H: Handler + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    let sessions = transport.sessions();
    let stop = async {
        term.recv().await;
        // The server still accepts connections meanwhile, and answers a GET with 503.
        sessions.shutdown().spread_over(WINDOW).await
    };
    // Without streams, the connections end after the answers that are being written.
    let (_cut, ended) = serve_until(listener, routes(transport), stop).await;
    report(ended.is_ok());
}

/// Prints whether the connections ended before they were cut.
fn report(ended: bool) {
    println!("connections {}", if ended { "ended" } else { "are cut" });
}
