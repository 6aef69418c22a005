use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_nats::{ConnectError, ConnectOptions, ToServerAddrs};

use crate::{
    event::NatsEvent,
    link::{Link, NatsRelay},
};

/// The options of a [`NatsRelay`], then [`connect`](Self::connect).
///
/// | option | default |
/// |---|---|
/// | [`prefix`](Self::prefix) | `mcp-sse` |
/// | [`timeout`](Self::timeout) | 4 s |
/// | [`on_event`](Self::on_event) | events go to `tracing`, with that feature, and nowhere else |
#[must_use = "options do nothing until they are connected"]
pub struct NatsRelayOptions {
    prefix: Box<str>,
    timeout: Duration,
    on_event: Option<Box<EventHook>>,
}

pub(crate) type EventHook = dyn Fn(NatsEvent) + Send + Sync;

impl NatsRelayOptions {
    pub(crate) fn new() -> Self {
        Self {
            prefix: "mcp-sse".into(),
            timeout: Duration::from_secs(4),
            on_event: None,
        }
    }

    /// What subjects begin with. Default: `mcp-sse`, so that a node's subject is `mcp-sse.<node>`.
    ///
    /// Nodes reach each other if they have the same prefix, and only then: give one to each service that
    /// shares a NATS server with others.
    ///
    /// # Errors
    ///
    /// It is not one or more parts of letters, digits, `-` and `_`, with dots between them.
    pub fn prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, InvalidPrefix> {
        let prefix = prefix.as_ref();
        let is_part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !prefix.split('.').all(is_part) {
            return Err(InvalidPrefix(prefix.into()));
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    /// How long the answer of another node is waited for. Default: 4 s.
    ///
    /// Keep it above the other nodes' [`delivery_timeout`](mcp_sse_server::SseServerTransport::delivery_timeout),
    /// 3 s, and below what clients wait: 5 s in the Python SDK's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Told of each event, from a task of the NATS client, which waits for it. Default: nobody is.
    pub fn on_event(mut self, hook: impl Fn(NatsEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Box::new(hook));
        self
    }

    /// A relay over these servers. Credentials, TLS and all else are given in `options`.
    ///
    /// It does not wait for the connection, which is made in the background, by tasks that async-nats
    /// spawns. An event callback in `options` is replaced, see [`on_event`](Self::on_event).
    ///
    /// # Errors
    ///
    /// A server's address cannot be read.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime.
    pub async fn connect(
        self,
        servers: impl ToServerAddrs,
        options: ConnectOptions,
    ) -> Result<NatsRelay, ConnectError> {
        let link = Arc::new(Link::new(self.on_event));
        let told = Arc::clone(&link);
        let options = options
            .retry_on_initial_connect()
            .event_callback(move |event| {
                told.note(NatsEvent::of(&event));
                std::future::ready(())
            });
        let client = options.connect(servers).await?;
        Ok(NatsRelay::new(client, link, self.prefix, self.timeout))
    }
}

impl fmt::Debug for NatsRelayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prefix,
            timeout,
            on_event,
        } = self;
        f.debug_struct("NatsRelayOptions")
            .field("prefix", prefix)
            .field("timeout", timeout)
            .field("on_event", &on_event.as_ref().map(|_| "<fn>"))
            .finish()
    }
}

/// A text is no prefix of NATS subjects.
///
/// `Display` shows the text, and what a prefix is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPrefix(Box<str>);

impl InvalidPrefix {
    /// The text that was given.
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvalidPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no prefix of NATS subjects: it must be letters, digits, `-` and `_`, in one or more \
             parts with dots between them, such as \"acme.mcp\"",
            self.0
        )
    }
}

impl Error for InvalidPrefix {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_parts_of_a_subject_and_no_pattern() {
        for prefix in ["mcp-sse", "a", "acme.mcp_1.X"] {
            assert_eq!(
                &*NatsRelayOptions::new().prefix(prefix).unwrap().prefix,
                prefix
            );
        }
        for prefix in [
            "", ".", "a.", ".a", "a..b", "*", "a.>", "$SYS", "a b", "a\n", "ä",
        ] {
            let error = NatsRelayOptions::new().prefix(prefix).unwrap_err();
            assert_eq!(error.value(), prefix);
            assert!(
                error.to_string().contains("such as \"acme.mcp\""),
                "{error}"
            );
        }
    }
}
