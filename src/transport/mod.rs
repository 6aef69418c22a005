mod bounds;
mod nodes;

use std::{any::type_name, fmt, sync::Arc, time::Duration};

use http::Extensions;

use crate::{
    endpoint::{Endpoint, InvalidEndpoint, MountPath},
    handler::Handler,
    layer::{McpSseLayer, Paths},
    post::{Elsewhere, PostOptions, PostService},
    security::TransportSecurity,
    session::{
        Capacity, ChannelOptions, IdSource, Limits, Principal, PrincipalSource, SessionOptions,
        SessionRegistry,
    },
    sse::{SseService, StreamOptions, Timing},
};

use self::bounds::{STALL_TIMEOUT, on};

/// MCP's HTTP+SSE transport: options once, then the services.
///
/// See the [crate docs](crate) for an example. Each option is a method that gives the transport back;
/// what the services do is fixed when [`services`](Self::services) is called.
///
/// | option | default |
/// |---|---|
/// | [`security`](Self::security) | loopback hosts and origins only |
/// | [`principal`](Self::principal) | the `Principal` in a request's extensions |
/// | [`max_sessions`](Self::max_sessions) | any number |
/// | [`max_sessions_per_principal`](Self::max_sessions_per_principal) | any number |
/// | [`session_ids`](Self::session_ids) | from the operating system |
/// | [`keep_alive`](Self::keep_alive) | a comment after 15 s of silence |
/// | [`body_limit`](Self::body_limit) | 4 MiB |
/// | [`delivery_timeout`](Self::delivery_timeout) | 3 s |
/// | [`inbox_capacity`](Self::inbox_capacity) | 32 messages |
/// | [`outbox_capacity`](Self::outbox_capacity) | 32 messages |
/// | [`inbox_bytes`](Self::inbox_bytes) | 1 MiB |
/// | [`outbox_bytes`](Self::outbox_bytes) | 1 MiB |
/// | [`in_flight_bytes`](Self::in_flight_bytes) | 64 MiB, for all sessions together |
/// | [`stall_timeout`](Self::stall_timeout) | 60 s |
/// | [`idle_timeout`](Self::idle_timeout) | never |
/// | [`answer_panics`](Self::answer_panics) | no |
/// | [`mount_path`](Self::mount_path) | none |
/// | [`carry_query`](Self::carry_query) | no |
/// | [`node`](Self::node) | none |
/// | [`relay`](Self::relay) | none |
#[must_use = "a transport does nothing until its services are mounted"]
pub struct SseServerTransport<H> {
    handler: Arc<H>,
    registry: SessionRegistry,
    stream: StreamOptions,
    post: PostOptions,
}

impl<H: Handler> SseServerTransport<H> {
    /// A transport whose clients post to `endpoint` and whose sessions `handler` runs.
    ///
    /// # Errors
    ///
    /// `endpoint` is no plain path, see [`Endpoint::new`].
    pub fn new(endpoint: impl AsRef<str>, handler: H) -> Result<Self, InvalidEndpoint> {
        let capacity = Capacity {
            items: 32,
            bytes: 1024 * 1024,
        };
        Ok(Self {
            handler: Arc::new(handler),
            registry: SessionRegistry::new(),
            stream: StreamOptions {
                endpoint: Endpoint::new(endpoint)?,
                mount_path: MountPath::default(),
                node: None,
                carry_query: false,
                timing: Timing {
                    keep_alive: Some(Duration::from_secs(15)),
                    idle_timeout: None,
                    stall_timeout: Some(STALL_TIMEOUT),
                },
                session: SessionOptions {
                    channel: ChannelOptions {
                        inbox: capacity,
                        outbox: capacity,
                        in_flight_bytes: 0,
                        track_activity: false,
                        track_requests: false,
                    },
                    limits: Limits::default(),
                    ids: IdSource::default(),
                    principal: PrincipalSource::default(),
                },
                security: TransportSecurity::default(),
            },
            post: PostOptions {
                body_limit: 4 * 1024 * 1024,
                in_flight_bytes: 64 * 1024 * 1024,
                delivery_timeout: Duration::from_secs(3),
                stall_timeout: Some(STALL_TIMEOUT),
                elsewhere: Elsewhere::default(),
                security: TransportSecurity::default(),
                principal: PrincipalSource::default(),
            },
        })
    }
}

impl<H> SseServerTransport<H> {
    /// Which hosts and origins may reach the services. Default: loopback only, see
    /// [`security`](crate::security).
    pub fn security(mut self, security: TransportSecurity) -> Self {
        self.post.security = security.clone();
        self.stream.security = security;
        self
    }

    /// Where the [`Principal`] of a request is found, if the application's authentication puts
    /// something else into the extensions. Default: the extension of that very type.
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
        mut self,
        find: impl Fn(&Extensions) -> Option<Principal> + Send + Sync + 'static,
    ) -> Self {
        let source = PrincipalSource::Hook(Arc::new(find));
        self.post.principal = source.clone();
        self.stream.session.principal = source;
        self
    }

    /// Where the 128 bits come from of which session ids are made. Default: the operating system.
    ///
    /// Six bits are overwritten with a UUID's version and variant, 122 are kept. An id is the only
    /// thing that keeps a stranger out of a session without a principal: bits that can be guessed
    /// open it. If an id is taken, the operating system is asked for another.
    pub fn session_ids(mut self, generate: impl Fn() -> [u8; 16] + Send + Sync + 'static) -> Self {
        self.stream.session.ids = IdSource::Generator(Arc::new(generate));
        self
    }

    /// After how long a silence a stream sends a comment, so that neither proxies nor clients take it
    /// for dead. Default: 15 s. Clients give up after 300 s, some proxies after 60 s.
    ///
    /// `None` and zero turn it off.
    pub fn keep_alive(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.stream.timing.keep_alive = on(interval.into());
        self
    }

    /// Whether a handler that panics leaves its client an error (-32603) for each request that it took
    /// and did not answer, before the stream ends. Default: no.
    ///
    /// It costs an entry in a set for each request, which is why it is off by default.
    pub fn answer_panics(mut self, answer: bool) -> Self {
        self.stream.session.channel.track_requests = answer;
        self
    }

    /// The path prefix to announce before the endpoint, if a proxy or router takes one off. Default:
    /// none. A [`MountPath`] in the extensions of a `GET` takes its place for that stream.
    pub fn mount_path(mut self, prefix: MountPath) -> Self {
        self.stream.mount_path = prefix;
        self
    }

    /// Whether the query of a stream's `GET` is announced behind the session's id, so that each `POST`
    /// brings it along. Default: no.
    pub fn carry_query(mut self, carry: bool) -> Self {
        self.stream.carry_query = carry;
        self
    }

    /// The service for `GET` and the service for `POST`, over one registry. Called again, it gives
    /// two more over the same registry.
    pub fn services(&self) -> (SseService<H>, PostService) {
        let mut post = self.post.clone();
        post.in_flight_bytes = post.in_flight_bytes.max(post.body_limit);
        let mut stream = self.stream.clone();
        stream.session.channel.in_flight_bytes = (post.in_flight_bytes / 16).max(post.body_limit);
        let handler = Arc::clone(&self.handler);
        let sse = SseService::new(handler, self.registry.clone(), stream);
        (sse, PostService::new(self.registry.clone(), post))
    }

    /// A layer that puts both services before another one: the stream at `path`, the messages at the
    /// endpoint. See [`layer`](crate::layer).
    ///
    /// # Errors
    ///
    /// `path` is no plain path, see [`Endpoint::new`].
    pub fn layer(&self, path: impl AsRef<str>) -> Result<McpSseLayer<H>, InvalidEndpoint> {
        let paths = Paths::new(Endpoint::new(path)?, self.stream.endpoint.clone());
        Ok(McpSseLayer::new(self.services(), paths))
    }

    /// As [`layer`](Self::layer), and the inner service, which speaks Streamable HTTP, answers at `path`,
    /// too: one URL for old and new clients. Which request is whose is told in [`layer`](crate::layer).
    ///
    /// # Errors
    ///
    /// `path` is no plain path, see [`Endpoint::new`].
    pub fn shared_layer(&self, path: impl AsRef<str>) -> Result<McpSseLayer<H>, InvalidEndpoint> {
        let paths = Paths::new(Endpoint::new(path)?, self.stream.endpoint.clone());
        Ok(McpSseLayer::new(self.services(), paths.shared()))
    }

    /// The open sessions of this transport's services.
    pub fn sessions(&self) -> SessionRegistry {
        self.registry.clone()
    }
}

impl<H> fmt::Debug for SseServerTransport<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            handler: _,
            registry,
            stream,
            post,
        } = self;
        f.debug_struct("SseServerTransport")
            .field("handler", &type_name::<H>())
            .field("registry", registry)
            .field("stream", stream)
            .field("post", post)
            .finish()
    }
}
