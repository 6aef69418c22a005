//! Which server serves a session.

use std::{collections::HashMap, io, sync::Arc};

use mcp_sse_server::Session;
use tracing::Instrument;

use crate::{
    child::Children,
    config::{Config, Server, Target},
    upstream::{Held, Upstreams},
};

/// All servers behind the gateway. A clone is another handle to the same servers.
#[derive(Clone)]
pub(crate) struct Backends {
    children: Children,
    upstreams: Upstreams,
    /// By the path of the stream, percent-encoded.
    servers: Arc<HashMap<String, Server>>,
    /// Whether servers are initialized for clients that come back.
    initialize: bool,
}

impl Backends {
    /// `servers` are keyed by their paths, as clients write them.
    pub(crate) fn new(config: &Config, servers: HashMap<String, Server>) -> io::Result<Self> {
        Ok(Self {
            children: Children::new(
                config.env.clone(),
                config.limits.line,
                config.limits.children,
            )?,
            upstreams: Upstreams::new(config.forward.clone(), config.limits)
                .map_err(io::Error::other)?,
            servers: Arc::new(servers),
            initialize: config.initialize,
        })
    }

    /// The sessions whose `POST`s wait for the upstream's verdict.
    pub(crate) fn held(&self) -> Held {
        self.upstreams.held()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = (&String, &Server)> {
        self.servers.iter()
    }

    /// Handles a session.
    ///
    /// The stream does not poll this future while its client does not read, and drops it when the client
    /// disconnects. Neither may affect the server: its stderr must be logged in the meantime, and it has some
    /// time to end after its session. So a detached task does the work. `Spawned` would abort its task with the
    /// stream. The task ends within a bounded time after the session.
    pub(crate) async fn handle(self, mut session: Session) {
        if self.initialize {
            session.initialize_returning_clients();
        }
        let task = async move {
            let path = session.parts().uri.path();
            let Some(server) = self.servers.get(path) else {
                // The layers pass only these paths.
                return tracing::error!("no server has the path of this session");
            };
            let name = server.name.as_deref().unwrap_or_default();
            match &server.target {
                Target::Child(command) => self.children.run(name, command, session).await,
                Target::Upstream(upstream) => self.upstreams.run(upstream, session).await,
            }
        };
        // The panic hook reports a panic, which also kills the child.
        let _ = tokio::spawn(task.in_current_span()).await;
    }

    /// Waits until no child and no session of an upstream is left.
    pub(crate) async fn all_left(&self) {
        self.children.all_left().await;
        self.upstreams.all_left().await;
    }
}
