//! Which server serves a session.

use std::{collections::HashMap, future::ready, io, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
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
            upstreams: Upstreams::new(
                config.forward.clone(),
                config.upstream_ca.clone(),
                config.limits,
            )
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
    pub(crate) fn handle(&self, mut session: Session) -> BoxFuture<'static, ()> {
        if self.initialize {
            session.initialize_returning_clients();
        }
        let Some(server) = self.servers.get(session.parts().uri.path()) else {
            // The layers pass only these paths.
            tracing::error!("no server has the path of this session");
            return Box::pin(ready(()));
        };
        let work = match server.target.clone() {
            Target::Child(command) => {
                let (children, name) = (self.children.clone(), server.name.clone());
                let name = name.unwrap_or_default();
                async move { children.run(&name, &command, session).await }.boxed()
            }
            Target::Upstream(upstream) => self.upstreams.clone().run(upstream, session).boxed(),
        };
        let work = work.in_current_span();
        Box::pin(async {
            // The panic hook reports a panic, which also kills the child.
            let _ = tokio::spawn(work).await;
        })
    }

    /// Waits until no child and no session of an upstream is left.
    pub(crate) async fn all_left(&self) {
        self.children.all_left().await;
        self.upstreams.all_left().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use http::Request;

    use crate::cli::Flags;

    use super::*;

    #[tokio::test]
    async fn the_posts_of_an_upstreams_session_wait_before_the_handler_is_polled() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let flags = ["gateway", "--upstream", "http://127.0.0.1:1/mcp"];
        let mut config = Config::new(Flags::parse_from(flags), None).unwrap();
        let server = config.servers.remove(0);
        let get = Request::get(&*server.path).body(()).unwrap();
        let (session, _peer) = Session::pair_of(get.into_parts().0);
        let id = session.id().expose_secret().to_string();
        let servers = HashMap::from([(server.path.clone(), server)]);
        let backends = Backends::new(&config, servers).unwrap();
        let handler = backends.handle(session);
        assert!(backends.held().has(&id));
        drop(handler);
        assert!(!backends.held().has(&id));
    }
}
