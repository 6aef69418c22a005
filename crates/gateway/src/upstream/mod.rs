//! Streamable HTTP servers: one session of the server for each session of a client.
//!
//! rmcp's client transport speaks the protocol. `tap` takes messages to the client out of it as the server wrote
//! them, and `outgoing` puts messages of the client in.

mod bridge;
mod events;
mod failure;
mod handshake;
mod held;
mod inbound;
mod link;
mod outgoing;
mod shared;
mod tap;

use std::{sync::Arc, time::Duration};

use http::HeaderName;
use mcp_sse_server::Session;
use reqwest::{Certificate, redirect::Policy};
use tokio::sync::RwLock;

use crate::config::{Limits, UpstreamServer};

pub(crate) use self::held::{Held, hold};
use self::{bridge::Bridge, shared::Shared};

const CONNECT: Duration = Duration::from_secs(10);

/// All upstreams. A clone is another handle.
#[derive(Clone)]
pub(crate) struct Upstreams {
    shared: Shared,
    /// Each running session holds it for reading.
    running: Arc<RwLock<()>>,
}

impl Upstreams {
    /// `authorities` are trusted beside those of the system.
    pub(crate) fn new(
        forward: Vec<HeaderName>,
        authorities: Vec<Certificate>,
        limits: Limits,
    ) -> reqwest::Result<Self> {
        // A machine may have no authorities, as in a small container. Its stdio servers need none.
        let http = client(authorities.clone(), false).or_else(|error| {
            tracing::debug!("upstreams cannot use the authorities of the system: {error}");
            client(authorities, true)
        })?;
        let shared = Shared {
            http,
            forward: forward.into(),
            limits,
            held: Held::default(),
        };
        Ok(Self {
            shared,
            running: Arc::default(),
        })
    }

    pub(crate) fn held(&self) -> Held {
        self.shared.held.clone()
    }

    /// Runs a session with a session of `server`. It ends within a bounded time after the session.
    ///
    /// The session's `POST`s are held before the future is polled: the client may post before that.
    pub(crate) fn run(
        self,
        server: UpstreamServer,
        session: Session,
    ) -> impl Future<Output = ()> + Send + 'static {
        let hold = self.shared.held.hold(session.id());
        async move {
            let _running = self.running.read().await;
            Bridge::new(&self.shared, &server, session, hold)
                .run()
                .await;
        }
    }

    /// Waits until no session is left.
    pub(crate) async fn all_left(&self) {
        drop(self.running.write().await);
    }
}

/// `only` leaves the authorities of the system out.
fn client(authorities: Vec<Certificate>, only: bool) -> reqwest::Result<reqwest::Client> {
    let same_origin = Policy::custom(|attempt| {
        let keeps_body = matches!(attempt.status().as_u16(), 307 | 308);
        let first = attempt.previous().first();
        let same = first.is_some_and(|first| first.origin() == attempt.url().origin());
        match keeps_body && same && attempt.previous().len() < 10 {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    });
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(same_origin)
        .tcp_keepalive(Duration::from_secs(30))
        .user_agent(concat!("mcp-sse-gateway/", env!("CARGO_PKG_VERSION")));
    match only {
        true => builder.tls_certs_only(authorities).build(),
        false => builder.tls_certs_merge(authorities).build(),
    }
}
