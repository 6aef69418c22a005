use std::{any::type_name, fmt, sync::Arc, time::Duration};

use http::Extensions;

use crate::{
    endpoint::{Endpoint, InvalidEndpoint, InvalidNodeName, MountPath, NodeName},
    handler::Handler,
    layer::{McpSseLayer, Paths},
    options::{Bodies, Identify, Options},
    post::PostService,
    relay::{Inbound, Relay},
    security::TransportSecurity,
    session::{Principal, SessionRegistry},
    sse::SseService,
    timer,
};

/// MCP's HTTP+SSE transport: set the options, then take the services.
///
/// See the [crate docs](crate) for an example. Each option is a method that takes and returns the
/// transport. [`services`](Self::services), [`layer`](Self::layer) and [`inbound`](Self::inbound) use the
/// options that are set when they are called. They share one registry of sessions and the budgets for
/// bodies.
///
/// | option | default |
/// |---|---|
/// | [`security`](Self::security) | loopback hosts and origins only |
/// | [`principal`](Self::principal) | the `Principal` in a request's extensions |
/// | [`max_sessions`](Self::max_sessions) | 10 000 |
/// | [`max_sessions_per_principal`](Self::max_sessions_per_principal) | any number |
/// | [`keep_alive`](Self::keep_alive) | a comment after 8 s of silence |
/// | [`body_limit`](Self::body_limit) | 4 MiB |
/// | [`delivery_timeout`](Self::delivery_timeout) | 3 s |
/// | [`queue_messages`](Self::queue_messages) | 32 messages each way |
/// | [`queue_bytes`](Self::queue_bytes) | 1 MiB each way |
/// | [`in_flight_bytes`](Self::in_flight_bytes) | 64 MiB, for all sessions together |
/// | [`stall_timeout`](Self::stall_timeout) | 60 s |
/// | [`idle_timeout`](Self::idle_timeout) | never |
/// | [`mount_path`](Self::mount_path) | none |
/// | [`carry_query`](Self::carry_query) | no |
/// | [`node`](Self::node) | none |
/// | [`relay`](Self::relay) | none |
/// | [`registry`](Self::registry) | a registry of its own |
#[must_use = "a transport does nothing until its services are mounted"]
pub struct SseServerTransport<H> {
    handler: Arc<H>,
    registry: SessionRegistry,
    relay: Option<Arc<dyn Relay>>,
    options: Arc<Options>,
}

impl<H: Handler> SseServerTransport<H> {
    /// Makes a transport. Its clients post to the path `endpoint`, and `handler` runs its sessions.
    ///
    /// `endpoint` is plain text, such as `/messages/`. It is announced percent-encoded. A missing slash at
    /// its start is added.
    ///
    /// # Errors
    ///
    /// `endpoint` is empty, is a full URL, begins with `//`, or contains a `?`, a `#`, a control character
    /// or a `.` or `..` segment.
    pub fn new(endpoint: impl AsRef<str>, handler: H) -> Result<Self, InvalidEndpoint> {
        let options = Options {
            endpoint: Endpoint::new(endpoint)?,
            ..Options::default()
        };
        Ok(Self {
            handler: Arc::new(handler),
            registry: SessionRegistry::new(),
            relay: None,
            options: Arc::new(options),
        })
    }
}

impl<H> SseServerTransport<H> {
    fn set(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(Arc::make_mut(&mut self.options));
        self
    }

    /// The hosts and origins that may reach the services. Default: loopback only, see
    /// [`security`](crate::security).
    pub fn security(self, security: TransportSecurity) -> Self {
        self.set(|options| options.security = security)
    }

    /// How to find the [`Principal`] of a request, if the application's authentication puts another type
    /// into the extensions. Default: the extension of the type `Principal`.
    ///
    /// `find` is called for each `GET` and each `POST`. Its result replaces any `Principal` in the
    /// extensions of the request.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport, session::Principal};
    ///
    /// #[derive(Clone)]
    /// struct User {
    ///     name: String,
    /// }
    ///
    /// let transport = SseServerTransport::new("/messages/", |_: Session| async {})?
    ///     .principal(|extensions| {
    ///         let user: &User = extensions.get()?;
    ///         Some(Principal::new("web").with_subject(user.name.as_str()))
    ///     });
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    pub fn principal(
        self,
        find: impl Fn(&Extensions) -> Option<Principal> + Send + Sync + 'static,
    ) -> Self {
        let identify = move |extensions: &mut Extensions| match find(extensions) {
            Some(principal) => drop(extensions.insert(principal)),
            None => drop(extensions.remove::<Principal>()),
        };
        self.set(|options| options.identify = Some(Identify(Arc::new(identify))))
    }

    /// How many sessions may be open at a time. Default: 10 000.
    ///
    /// A further `GET` gets 503 with `retry-after`, and a warning in the log names this method. A session
    /// counts until its stream is gone, also after it was closed. `usize::MAX` turns the cap off.
    pub fn max_sessions(self, sessions: usize) -> Self {
        self.set(|options| options.max_sessions = sessions)
    }

    /// How many sessions each [`Principal`] may have open at a time. Default: any number.
    ///
    /// Sessions without a principal do not count; [`max_sessions`](Self::max_sessions) bounds them.
    pub fn max_sessions_per_principal(self, sessions: usize) -> Self {
        self.set(|options| options.max_sessions_per_principal = Some(sessions))
    }

    /// The largest body of a `POST`, in bytes. Default: 4 MiB. A larger one gets 413.
    pub fn body_limit(self, bytes: usize) -> Self {
        self.set(|options| {
            options.body_limit = bytes;
            options.bodies = Bodies::new(options.in_flight_bytes, bytes);
        })
    }

    /// The budget for the bodies of all `POST`s that are on their way into an inbox, in bytes. Default:
    /// 64 MiB.
    ///
    /// A quarter of it is for bodies of at most 64 KiB, and the rest for larger ones. So a large body that
    /// arrives slowly keeps no small one waiting, also not those of its own session. If no body is larger than
    /// 64 KiB, by [`body_limit`](Self::body_limit), all of it is for them. The bodies of one session may use a
    /// sixteenth of each part. Each part has room for at least one body of its largest size.
    ///
    /// A body with a declared length takes its room when its head arrives. A body of unknown length takes
    /// room as it arrives. When it has more than 64 KiB, it moves to the part for large bodies. A `POST` that
    /// finds no room waits for at most the [`delivery_timeout`](Self::delivery_timeout), and then gets 503.
    ///
    /// While a `POST` waits, bodies of its part that arrive slowly give way: a body that brings less than 32 KiB in
    /// half of the delivery timeout gets 503. While nobody waits, a body may take its time.
    pub fn in_flight_bytes(self, bytes: usize) -> Self {
        self.set(|options| {
            options.in_flight_bytes = bytes;
            options.bodies = Bodies::new(bytes, options.body_limit);
        })
    }

    /// How long a `POST` waits for room before it gets 503. Default: 3 s, less than the 5 s after which the
    /// Python SDK's client gives up.
    ///
    /// Some clients end their session when a `POST` is refused, so waiting is better than refusing.
    ///
    /// A `POST` needs room for its body, see [`in_flight_bytes`](Self::in_flight_bytes), and then room in
    /// its session's inbox. Both waits together take at most this time.
    pub fn delivery_timeout(self, timeout: Duration) -> Self {
        self.set(|options| options.delivery_timeout = timer::clamp(timeout))
    }

    /// How many messages may wait for a session's handler, and how many for its client. Default: 32 each.
    ///
    /// A `POST` or send beyond that waits.
    ///
    /// # Panics
    ///
    /// `messages` is 0: nothing could ever be delivered.
    pub fn queue_messages(self, messages: usize) -> Self {
        assert!(
            messages > 0,
            "queue_messages must be at least 1, nothing could ever be delivered"
        );
        self.set(|options| options.queue.items = messages)
    }

    /// How many bytes may wait for a session's handler, and how many for its client. Default: 1 MiB each.
    ///
    /// A `POST` or send beyond that waits. A posted message counts the memory that it holds: its text, the URI
    /// and the headers of its request, and a few hundred bytes more. Extensions count 64 bytes each. A message
    /// that is larger than the whole queue is accepted when the queue is empty.
    pub fn queue_bytes(self, bytes: usize) -> Self {
        self.set(|options| options.queue.bytes = bytes)
    }

    /// After how much silence a stream sends a comment, so that proxies and clients do not close the
    /// connection. Default: 8 s, because the client of the Kotlin SDK on OkHttp closes a stream after 10 s
    /// without bytes. Some proxies close a silent connection after 60 s.
    ///
    /// Shorter than 1 ms counts as 1 ms. `None` and zero turn it off. Without keep-alive and timeouts a stream needs no
    /// timer. It then also ends at once after its last bytes, which go-sdk's client may lose.
    pub fn keep_alive(self, interval: impl Into<Option<Duration>>) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        let interval = unless_zero(interval.into()).map(|interval| interval.max(SHORTEST));
        self.set(|options| options.keep_alive = interval)
    }

    /// After how much time without a message in either direction a session is closed. Default: never.
    ///
    /// Keep-alives do not count. A session whose client does not read is closed, too. `None` and zero turn it
    /// off.
    pub fn idle_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = unless_zero(timeout.into());
        self.set(|options| options.idle_timeout = timeout)
    }

    /// How long a client may stop reading before its session is closed. Default: 60 s.
    ///
    /// The time starts when the server cannot write more bytes, that is, when its buffers and those of
    /// both operating systems are full. When the session is closed, messages that the client did not read
    /// are dropped. The server still holds the stream, until the connection breaks or the client reads
    /// again and reaches the end of the stream. A [`Spawned`](crate::handler::Spawned) handler and every
    /// [`SessionSender`](crate::session::SessionSender) notice the close at once. A handler that the
    /// stream drives is dropped when the server next polls or drops the stream.
    ///
    /// A `POST` whose body makes no progress for this time gets 400. The time starts with the head of the
    /// request, and starts again with each part of the body.
    ///
    /// `None` and zero turn both off.
    pub fn stall_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = unless_zero(timeout.into());
        self.set(|options| options.stall_timeout = timeout)
    }

    /// The path prefix to announce before the endpoint, if a proxy or a router removes one. Default: none.
    ///
    /// If the extensions of a `GET` contain a [`MountPath`], it replaces this prefix for that stream.
    pub fn mount_path(self, prefix: MountPath) -> Self {
        self.set(|options| options.mount_path = prefix)
    }

    /// Whether the announced URI repeats the query of the stream's `GET`, so that each `POST` has this
    /// query, too. Default: no.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport};
    ///
    /// // A client of `/sse?tenant=7` posts to `/messages/?session_id=..&tenant=7`.
    /// let transport = SseServerTransport::new("/messages/", |_: Session| async {})?.carry_query(true);
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    pub fn carry_query(self, carry: bool) -> Self {
        self.set(|options| options.carry_query = carry)
    }

    /// The name of this server, if several servers share one address. Default: none.
    ///
    /// The URI of each session contains the name, so that a load balancer can send the session's `POST`s
    /// to the server that has the session. See [`guide::nodes`](crate::guide::nodes).
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Announced as `/messages/?session_id=..&node=a1`.
    /// let transport = SseServerTransport::new("/messages/", |_: Session| async {})?.node("a1")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `name` is not a valid [`NodeName`].
    pub fn node(self, name: impl AsRef<str>) -> Result<Self, InvalidNodeName> {
        let name = NodeName::new(name)?;
        Ok(self.set(|options| options.node = Some(name)))
    }

    /// Forwards `POST`s to the nodes that have their sessions. Default: none, such `POST`s get 404. See
    /// the [module docs](crate::relay).
    ///
    /// The body of such a `POST` is read before it is known whether the session exists. Therefore such
    /// bodies have a budget of their own, as large as [`in_flight_bytes`](Self::in_flight_bytes).
    pub fn relay(mut self, relay: impl Relay) -> Self {
        self.relay = Some(Arc::new(relay));
        self
    }

    /// The [`Inbound`], to which a [`Relay`] delivers the `POST`s that other nodes forwarded to this one.
    /// Call it when all options are set.
    ///
    /// # Panics
    ///
    /// The transport has no [`node`](Self::node) name, so no other node can forward to it.
    pub fn inbound(&self) -> Inbound {
        let node = self.options.node.clone();
        let node = node.expect("a node that others reach must have a name, set by `node`");
        Inbound::new(node, self.registry.clone(), Arc::clone(&self.options))
    }

    /// The service for `GET` and the service for `POST`. Each call returns two services over the same
    /// sessions.
    pub fn services(&self) -> (SseService<H>, PostService) {
        let (registry, options) = (&self.registry, &self.options);
        let handler = Arc::clone(&self.handler);
        let sse = SseService::new(handler, registry.clone(), Arc::clone(options));
        let relay = self.relay.clone();
        let post = PostService::new(registry.clone(), relay, Arc::clone(options));
        (sse, post)
    }

    /// A layer that puts both services in front of another service: the stream at `path`, the messages at
    /// the endpoint. See [`layer`](crate::layer).
    ///
    /// # Errors
    ///
    /// `path` is not a valid path. The rules are those of [`new`](Self::new).
    pub fn layer(&self, path: impl AsRef<str>) -> Result<McpSseLayer<H>, InvalidEndpoint> {
        let paths = Paths::new(Endpoint::new(path)?, self.options.endpoint.clone());
        Ok(McpSseLayer::new(self.services(), paths))
    }

    /// As [`layer`](Self::layer), for an inner service that speaks Streamable HTTP at the same `path`:
    /// one URL for old and new clients. [`layer`](crate::layer) says how it tells them apart.
    ///
    /// # Errors
    ///
    /// `path` is not a valid path. The rules are those of [`new`](Self::new).
    pub fn shared_layer(&self, path: impl AsRef<str>) -> Result<McpSseLayer<H>, InvalidEndpoint> {
        let paths = Paths::new(Endpoint::new(path)?, self.options.endpoint.clone());
        Ok(McpSseLayer::new(self.services(), paths.shared()))
    }

    /// Keeps the sessions in this registry, which may be that of other transports, too. Default: a registry
    /// of its own.
    ///
    /// The caps of each transport count all sessions of the registry, and a `POST` to the endpoint of one
    /// transport finds the sessions of the others.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SessionRegistry, SseServerTransport};
    ///
    /// let sessions = SessionRegistry::new();
    /// let one = SseServerTransport::new("/one/", |_: Session| async {})?.registry(&sessions);
    /// let two = SseServerTransport::new("/two/", |_: Session| async {})?.registry(&sessions);
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    pub fn registry(mut self, registry: &SessionRegistry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// The open sessions of this transport's services.
    pub fn sessions(&self) -> SessionRegistry {
        self.registry.clone()
    }
}

fn unless_zero(duration: Option<Duration>) -> Option<Duration> {
    duration
        .filter(|duration| !duration.is_zero())
        .map(timer::clamp)
}

/// A clone shares the sessions and the budget for bodies. An option that is set later on one of the two
/// does not change the other.
impl<H> Clone for SseServerTransport<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            registry: self.registry.clone(),
            relay: self.relay.clone(),
            options: Arc::clone(&self.options),
        }
    }
}

impl<H> fmt::Debug for SseServerTransport<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            handler: _,
            registry,
            relay,
            options,
        } = self;
        f.debug_struct("SseServerTransport")
            .field("handler", &type_name::<H>())
            .field("registry", registry)
            .field("relay", &relay.as_ref().map(|_| "<relay>"))
            .field("options", options)
            .finish()
    }
}
