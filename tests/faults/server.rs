//! The server: plain hyper, or axum, each stopped in order by SIGTERM.

use std::{convert::Infallible, time::Duration};

use axum::Router;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use mcp_sse_server::{Handler, Message, Session, SseServerTransport};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::{sleep, timeout},
};
use tower::{Service, service_fn};

/// Set to `axum` for another server than plain hyper.
pub(crate) const STACK: &str = "FAULTS_STACK";
/// The stall timeout in milliseconds.
pub(crate) const STALL: &str = "FAULTS_STALL";
/// Over how long a time the ends of the streams are spread.
pub(crate) const WINDOW: Duration = Duration::from_secs(2);

pub(crate) fn answer(id: impl std::fmt::Display, pad: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"pad":"{pad}"}}}}"#)
}

async fn handle(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let Some(id) = message.id() else { continue };
        match message.method() {
            // Never takes another message.
            Some("deaf") => std::future::pending().await,
            Some("flood") => loop {
                let text = answer(id, &"y".repeat(60_000));
                if session.send(Message::parse(text).unwrap()).await.is_err() {
                    return;
                }
            },
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
        // So that the tests need not wait long for what is refused.
        let mut transport = transport.delivery_timeout(Duration::from_millis(500));
        if let Ok(millis) = std::env::var(STALL) {
            transport = transport.stall_timeout(Duration::from_millis(millis.parse().unwrap()));
        }
        let term = signal(SignalKind::terminate()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        match std::env::var(STACK).as_deref() {
            Ok("axum") => axum(listener, &transport, term).await,
            _ => hyper(listener, &transport, term).await,
        }
    });
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
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        term.recv().await;
        // Open streams would hold it up for ever.
        sessions.shutdown().spread_over(WINDOW).await;
    });
    served.await.unwrap();
}

async fn hyper<H>(listener: TcpListener, transport: &SseServerTransport<H>, mut term: Signal)
where
    H: Handler + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    let (sse, post) = transport.services();
    let sessions = transport.sessions();
    let app = service_fn(move |request: Request<Incoming>| {
        let (mut sse, mut post) = (sse.clone(), post.clone());
        async move {
            Ok::<_, Infallible>(match request.uri().path() {
                "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                _ => post.call(request).await?.map(BodyExt::boxed_unsync),
            })
        }
    });
    let connections = GracefulShutdown::new();
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Such as too many open files: it passes.
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let mut http = auto::Builder::new(TokioExecutor::new());
            http.http1().timer(TokioTimer::new());
            let service = TowerToHyperService::new(app.clone());
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connections.watch(connection.into_owned()));
        }
    };
    let stop = async {
        term.recv().await;
        // While connections are still accepted: who asks for a stream now is told to come back.
        sessions.shutdown().spread_over(WINDOW).await
    };
    tokio::select! {
        () = accept => unreachable!("it accepts for ever"),
        _cut = stop => {}
    }
    drop(listener);
    // Now that no stream is left, the connections end as soon as they have answered.
    timeout(Duration::from_secs(5), connections.shutdown())
        .await
        .expect("a connection is held up");
}
