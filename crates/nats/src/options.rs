use std::{error::Error, fmt, sync::Arc, time::Duration};

use async_nats::{ConnectError, ConnectOptions, ToServerAddrs};

use crate::{
    event::NatsEvent,
    link::{EventHook, Link, NatsRelay},
};

/// The options of a [`NatsRelay`]. [`connect`](Self::connect) makes the relay.
///
/// | option | default |
/// |---|---|
/// | [`prefix`](Self::prefix) | `mcp-sse` |
/// | [`timeout`](Self::timeout) | 4 s |
/// | [`on_event`](Self::on_event) | none |
#[must_use = "options do nothing until `connect` is called"]
pub struct NatsRelayOptions {
    prefix: Box<str>,
    timeout: Duration,
    on_event: Option<Box<EventHook>>,
}

impl NatsRelay {
    /// The options of a new relay. Call [`connect`](NatsRelayOptions::connect) on them.
    pub fn options() -> NatsRelayOptions {
        NatsRelayOptions::new()
    }
}

impl NatsRelayOptions {
    fn new() -> Self {
        Self {
            prefix: "mcp-sse".into(),
            timeout: Duration::from_secs(4),
            on_event: None,
        }
    }

    /// Sets the prefix of the nodes' subjects. Default: `mcp-sse`, so that a node's subject is
    /// `mcp-sse.<node>`.
    ///
    /// Only nodes with the same prefix reach each other. If several services share a NATS server, give each
    /// its own prefix.
    ///
    /// # Errors
    ///
    /// Returns an error unless `prefix` consists of letters, digits, `-` and `_`, in one or more parts with
    /// dots between them.
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

    /// Sets how long to wait for the reply of another node. Default: 4 s. Longer than a day counts as a day.
    ///
    /// Keep it longer than the other nodes' [`delivery_timeout`], 3 s by default, and shorter than the time
    /// that clients wait, which is 5 s in the Python SDK.
    ///
    /// [`delivery_timeout`]: mcp_sse_server::SseServerTransport::delivery_timeout
    pub fn timeout(mut self, timeout: Duration) -> Self {
        // A deadline is this much later than now, which must be a time.
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        self.timeout = timeout.min(LONGEST);
        self
    }

    /// Sets a function that is called for each event. Default: none.
    ///
    /// A task of the NATS client calls it and waits for it, so it must not block.
    pub fn on_event(mut self, hook: impl Fn(NatsEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Box::new(hook));
        self
    }

    /// Creates a relay over these NATS servers. `options` has the credentials, TLS and the rest.
    ///
    /// It does not wait for the connection: tasks that async-nats spawns connect in the background. An event
    /// callback in `options` is replaced by [`on_event`](Self::on_event).
    ///
    /// # Errors
    ///
    /// Returns an error if the address of a server cannot be parsed.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub async fn connect(
        self,
        servers: impl ToServerAddrs,
        options: ConnectOptions,
    ) -> Result<NatsRelay, ConnectError> {
        let link = Arc::new(Link::new(self.on_event));
        let events = Arc::clone(&link);
        let options = options
            .retry_on_initial_connect()
            .event_callback(move |event| {
                events.handle(NatsEvent::of(&event));
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

/// The error of a text that is not a valid prefix of NATS subjects.
///
/// `Display` shows the text and the rule.
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
            "{:?} is not a prefix of NATS subjects: it must be letters, digits, `-` and `_`, in one or more \
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
    fn a_timeout_without_end_can_be_added_to_now() {
        let options = NatsRelayOptions::new().timeout(Duration::MAX);
        assert!(
            tokio::time::Instant::now()
                .checked_add(options.timeout)
                .is_some()
        );
    }

    #[test]
    fn a_prefix_has_no_wildcards_and_no_empty_parts() {
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
