//! The server under test: hyper on one port, drained and started again from time to time.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use http::Response;
use mcp_sse_server::{Session, SessionRegistry, SseServerTransport, response::RejectionKind};
use mcp_sse_testkit::server::{routes, serve_until};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::oneshot,
    time::{Instant, sleep},
};
use tower::ServiceExt;

use crate::stats::Stats;

/// The stall timeout.
pub(crate) const STALL: Duration = Duration::from_secs(2);
const WINDOW: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(15);

pub(crate) struct Server {
    pub(crate) stats: Stats,
    pub(crate) address: SocketAddr,
    sessions: Mutex<SessionRegistry>,
}

impl Server {
    /// The sessions of the current transport.
    pub(crate) fn sessions(&self) -> SessionRegistry {
        self.sessions.lock().unwrap().clone()
    }
}

/// Counts a session when it is dropped.
struct Life(Arc<Server>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.stats.closed.fetch_add(1, Relaxed);
    }
}

/// Answers each request, and does what its method says.
async fn handle(mut session: Session, _life: Life) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let Some(request) = message.as_request() else {
            continue;
        };
        let pad = match request.method() {
            "large" => message.as_bytes().len(),
            "huge" => HUGE,
            "exit" => return,
            "panic" => std::panic::panic_any(PANIC),
            _ => 0,
        };
        let answer = request.response(&json!({ "pad": "y".repeat(pad) }));
        let answer = answer.expect("an object makes a response");
        if session.send(answer).await.is_err() {
            return;
        }
    }
}

/// The bytes of a huge answer.
pub(crate) const HUGE: usize = 4_000_000;
/// The largest number of streams.
pub(crate) const SESSIONS: usize = 256;

/// The payload of a panic that a message asks for.
pub(crate) const PANIC: &str = "a panic, as asked for";

/// Serves for `period`, drains, and starts again on the same port, until `stop` is sent.
pub(crate) async fn run(
    ready: oneshot::Sender<Arc<Server>>,
    period: Duration,
    mut stop: oneshot::Receiver<()>,
) {
    let mut listener = listen(([127, 0, 0, 1], 0).into()).expect("a free port");
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
        let stopped = serve(&server, listener, period, &mut stop).await;
        if stopped {
            return;
        }
        listener = listen(address).expect("the port again");
        server.stats.epoch.fetch_add(1, Relaxed);
    }
}

/// The kernel lets the server write again when a third of the send buffer is free. By default that is nearly 1 MB
/// on loopback, for which a slow client may need longer than the stall timeout.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(128 * 1024)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// Serves one transport, from its start to the end of its last connection. Whether `stop` was sent.
async fn serve(
    server: &Arc<Server>,
    listener: TcpListener,
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
    // So small that the bodies that drip fill it.
    .in_flight_bytes(8 * BODY_LIMIT)
    .max_sessions(SESSIONS)
    .delivery_timeout(Duration::from_millis(1_500));
    let sessions = transport.sessions();
    *server.sessions.lock().unwrap() = sessions.clone();
    let count = Arc::clone(server);
    let app = routes(&transport).map_response(move |response: Response<_>| {
        if let Some(kind) = response.extensions().get::<RejectionKind>() {
            count.stats.refused(*kind);
        }
        response
    });
    let drain = async {
        let stopped = tokio::select! {
            () = sleep(period) => false,
            _ = stop => true,
        };
        server.stats.epoch.fetch_add(1, Relaxed);
        let start = Instant::now();
        // New streams get 503 meanwhile.
        sessions
            .shutdown()
            .spread_over(WINDOW)
            .deadline(DEADLINE)
            .await;
        (stopped, start)
    };
    // Clients that do not read, and half requests, hold their connections beyond every deadline.
    let ((stopped, start), _) = serve_until(listener, app, drain).await;
    if start.elapsed() > DEADLINE + Duration::from_secs(10) {
        let late = format!("a shutdown took {:?}", start.elapsed());
        server.stats.fault(late);
    }
    if !sessions.is_empty() {
        server
            .stats
            .fault(format!("{} sessions after a drain", sessions.len()));
    }
    server.stats.drains.fetch_add(1, Relaxed);
    stopped
}

pub(crate) const BODY_LIMIT: usize = 256 * 1024;
