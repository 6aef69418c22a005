//! The server under test: plain hyper on one port, drained and started anew from time to time.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use mcp_sse_server::{
    Message, Session, SessionRegistry, SseServerTransport, response::RejectionKind,
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{sleep, timeout},
};
use tower::{Service, service_fn};

use crate::stats::Stats;

/// A client that does not read for so long is given up.
pub(crate) const STALL: Duration = Duration::from_secs(2);
const WINDOW: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(15);

pub(crate) struct Server {
    pub(crate) stats: Stats,
    pub(crate) address: SocketAddr,
    sessions: Mutex<SessionRegistry>,
}

impl Server {
    /// The sessions of the transport that serves now.
    pub(crate) fn sessions(&self) -> SessionRegistry {
        self.sessions.lock().unwrap().clone()
    }
}

/// Counts a session's life, however it ends.
struct Life(Arc<Server>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.stats.closed.fetch_add(1, Relaxed);
    }
}

/// Answers each request with its id, and does what the method says.
async fn handle(mut session: Session, _life: Life) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let Some(id) = message.id() else { continue };
        let pad = match message.method() {
            Some("large") => message.as_bytes().len(),
            Some("exit") => return,
            Some("panic") => std::panic::panic_any(PANIC),
            _ => 0,
        };
        let pad = "y".repeat(pad);
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"pad":"{pad}"}}}}"#);
        let answer = Message::parse(answer).expect("an answer is a message");
        if session.send(answer).await.is_err() {
            return;
        }
    }
}

/// The panic that handlers are asked for.
pub(crate) const PANIC: &str = "a panic, as asked for";

/// Serves for `period`, drains, and begins again on the same port, until `stop` comes.
pub(crate) async fn run(
    ready: oneshot::Sender<Arc<Server>>,
    period: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let server = Arc::new_cyclic(|_| Server {
        stats: Stats::default(),
        address,
        sessions: Mutex::new(
            SseServerTransport::new("/m/", |_: Session| async {})
                .unwrap()
                .sessions(),
        ),
    });
    let _ = ready.send(Arc::clone(&server));
    loop {
        let stopped = serve(&server, &listener, period, &mut stop).await;
        drop(listener);
        if stopped {
            return;
        }
        listener = TcpListener::bind(address).await.expect("the port again");
        server.stats.epoch.fetch_add(1, Relaxed);
    }
}

/// One transport, from its start to the end of its last connection.
async fn serve(
    server: &Arc<Server>,
    listener: &TcpListener,
    period: Duration,
    stop: &mut oneshot::Receiver<()>,
) -> bool {
    let lives = Arc::clone(server);
    let transport = SseServerTransport::new("/messages/", move |session: Session| {
        lives.stats.opened.fetch_add(1, Relaxed);
        handle(session, Life(Arc::clone(&lives)))
    })
    .expect("a plain path")
    .stall_timeout(STALL)
    .idle_timeout(Duration::from_secs(30))
    .keep_alive(Duration::from_millis(500))
    .body_limit(BODY_LIMIT)
    .answer_panics(true)
    .delivery_timeout(Duration::from_millis(500));
    let sessions = transport.sessions();
    *server.sessions.lock().unwrap() = sessions.clone();
    let (sse, post) = transport.services();
    let count = Arc::clone(server);
    let app = service_fn(move |request: Request<Incoming>| {
        let (mut sse, mut post, count) = (sse.clone(), post.clone(), Arc::clone(&count));
        async move {
            let response = match request.uri().path() {
                "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                "/messages/" => post.call(request).await?.map(BodyExt::boxed_unsync),
                _ => {
                    let mut response = Response::new(Empty::<Bytes>::new().boxed_unsync());
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    response
                }
            };
            if let Some(kind) = response.extensions().get::<RejectionKind>() {
                count.stats.refused(*kind);
            }
            Ok::<_, Infallible>(response)
        }
    });

    let connections = GracefulShutdown::new();
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let mut http = auto::Builder::new(TokioExecutor::new());
            http.http1().timer(TokioTimer::new());
            let service = TowerToHyperService::new(app.clone());
            let connection = http
                .serve_connection(TokioIo::new(stream), service)
                .into_owned();
            tokio::spawn(connections.watch(connection));
        }
    };
    let drain = async {
        let stopped = tokio::select! {
            () = sleep(period) => false,
            _ = stop => true,
        };
        server.stats.epoch.fetch_add(1, Relaxed);
        // Those who connect meanwhile get 503.
        sessions
            .shutdown()
            .spread_over(WINDOW)
            .deadline(DEADLINE)
            .await;
        stopped
    };
    let stopped = tokio::select! {
        () = accept => unreachable!("it accepts for ever"),
        stopped = drain => stopped,
    };
    // Clients that do not read hold their connections beyond all deadlines.
    let _ = timeout(Duration::from_secs(5), connections.shutdown()).await;
    if !sessions.is_empty() {
        server
            .stats
            .fault(format!("{} sessions after a drain", sessions.len()));
    }
    server.stats.drains.fetch_add(1, Relaxed);
    stopped
}

pub(crate) const BODY_LIMIT: usize = 256 * 1024;
