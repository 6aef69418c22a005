//! Refusals: their kinds and their responses.
//!
//! Every error response of this crate has its [`RejectionKind`] in its extensions, for middleware that
//! counts or logs:
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport, response::RejectionKind};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (_, post) = SseServerTransport::new("/messages/", |_: Session| async {})?.services();
//! let request = http::Request::get("/messages/").body(String::new())?;
//! let response = post.oneshot(request).await?;
//! let kind = response.extensions().get::<RejectionKind>();
//! assert_eq!(kind, Some(&RejectionKind::MethodNotAllowed));
//! # Ok(())
//! # }
//! ```

use std::fmt;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER},
};

/// Why a request was refused.
///
/// `Display` prints the text with which the response's body begins. Some bodies state the reason more precisely after a colon. Texts and kinds contain nothing that the client must
/// not know: for a session of another principal, the kind is `SessionNotFound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The path does not take this method.
    MethodNotAllowed,
    /// The media type of a `POST` is not `application/json`.
    InvalidContentType,
    /// The `content-encoding` of a `POST` is not `identity`.
    UnsupportedEncoding,
    /// The host is missing, given twice, or not allowed.
    HostNotAllowed,
    /// The origin is not allowed.
    OriginNotAllowed,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The query has no `session_id`.
    SessionIdMissing,
    /// `session_id` is not a UUID, or is given twice.
    SessionIdInvalid,
    /// There is no such session, it is closed, or it belongs to another principal.
    SessionNotFound,
    /// The body broke off or stalled.
    BodyUnreadable,
    /// The body is not one JSON-RPC 2.0 message.
    InvalidMessage,
    /// The session's inbox stayed full, or its budget for bodies had no room in time.
    SessionBusy,
    /// The budget for the bodies of all `POST`s had no room in time.
    ServerBusy,
    /// The session is on another node, and the request is larger than the relay can carry.
    TooLargeToRelay,
    /// The session is on another node, which cannot be reached now.
    NodeUnreachable,
    /// The session is on another node, which did not answer in time. It may have the message.
    NodeSilent,
    /// The server already has the largest allowed number of sessions.
    TooManySessions,
    /// The principal already has the largest allowed number of sessions.
    TooManySessionsOfPrincipal,
    /// The server refuses new sessions because it shuts down.
    ShuttingDown,
}

impl RejectionKind {
    /// The status of the response.
    pub fn status(self) -> StatusCode {
        match self {
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidContentType
            | Self::SessionIdMissing
            | Self::SessionIdInvalid
            | Self::BodyUnreadable
            | Self::InvalidMessage => StatusCode::BAD_REQUEST,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HostNotAllowed => StatusCode::MISDIRECTED_REQUEST,
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::BodyTooLarge | Self::TooLargeToRelay => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NodeSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::SessionNotFound => StatusCode::NOT_FOUND,
            Self::SessionBusy
            | Self::ServerBusy
            | Self::NodeUnreachable
            | Self::TooManySessions
            | Self::TooManySessionsOfPrincipal
            | Self::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A name for logs and metrics, such as `session_not_found`. Names do not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "method_not_allowed",
            Self::InvalidContentType => "invalid_content_type",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::HostNotAllowed => "host_not_allowed",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::SessionIdMissing => "session_id_missing",
            Self::SessionIdInvalid => "session_id_invalid",
            Self::SessionNotFound => "session_not_found",
            Self::BodyUnreadable => "body_unreadable",
            Self::InvalidMessage => "invalid_message",
            Self::SessionBusy => "session_busy",
            Self::ServerBusy => "server_busy",
            Self::TooLargeToRelay => "too_large_to_relay",
            Self::NodeUnreachable => "node_unreachable",
            Self::NodeSilent => "node_silent",
            Self::TooManySessions => "too_many_sessions",
            Self::TooManySessionsOfPrincipal => "too_many_sessions_of_principal",
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// The option that would prevent the refusal, if there is one.
    #[cfg(feature = "tracing")]
    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::BodyTooLarge => "SseServerTransport::body_limit allows larger ones",
            Self::SessionBusy => {
                "the handler does not keep up, or its client does not read: \
                 SseServerTransport::queue_messages and queue_bytes let more messages wait, \
                 delivery_timeout lets them wait longer"
            }
            Self::ServerBusy => {
                "too many bodies at a time: SseServerTransport::in_flight_bytes allows more"
            }
            Self::TooManySessions => "SseServerTransport::max_sessions allows more",
            Self::TooManySessionsOfPrincipal => {
                "SseServerTransport::max_sessions_per_principal allows more"
            }
            _ => return None,
        })
    }

    fn text(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::InvalidContentType => "Invalid Content-Type header",
            Self::UnsupportedEncoding => "Unsupported content encoding",
            Self::HostNotAllowed => "Invalid Host header",
            Self::OriginNotAllowed => "Invalid Origin header",
            Self::BodyTooLarge => "Request body too large",
            Self::SessionIdMissing => "session_id is required",
            Self::SessionIdInvalid => "Invalid session ID",
            Self::SessionNotFound => "Could not find session",
            Self::BodyUnreadable => "Could not read request body",
            Self::InvalidMessage => "Could not parse message",
            Self::SessionBusy => "Session is busy",
            Self::ServerBusy => "Server is busy",
            Self::TooLargeToRelay => "Request too large for the relay",
            Self::NodeUnreachable => "Session's node cannot be reached",
            Self::NodeSilent => "Session's node did not answer, it may have the message",
            Self::TooManySessions | Self::TooManySessionsOfPrincipal => "Too many sessions",
            Self::ShuttingDown => "Server is shutting down",
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A refusal, before it is turned into a response.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) kind: RejectionKind,
    /// The methods that the service accepts, for the `allow` header.
    allow: Option<&'static str>,
    /// The precise reason, for the response and the log. It does not quote the body.
    pub(crate) detail: Option<Box<str>>,
    #[cfg(feature = "tracing")]
    hint: Option<Box<Hint>>,
}

/// The details of a refusal that are logged, and are not in the response.
#[cfg(feature = "tracing")]
#[derive(Debug)]
pub(crate) struct Hint {
    /// The values that the client sent, escaped and shortened.
    pub(crate) values: String,
    /// How the operator can prevent the refusal.
    pub(crate) text: String,
}

impl Rejection {
    /// The request's method is not `allow`.
    pub(crate) fn method(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..RejectionKind::MethodNotAllowed.into()
        }
    }

    pub(crate) fn with_detail(self, detail: impl fmt::Display) -> Self {
        Self {
            detail: Some(detail.to_string().into()),
            ..self
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn with_hint(self, hint: Hint) -> Self {
        Self {
            hint: Some(Box::new(hint)),
            ..self
        }
    }

    /// How the operator can prevent the refusal, if an option does.
    #[cfg(feature = "tracing")]
    pub(crate) fn hint(&self) -> Option<&str> {
        let own = self.hint.as_ref().map(|hint| hint.text.as_str());
        own.or_else(|| self.kind.hint())
    }

    /// The values that the client sent, if they are logged.
    #[cfg(feature = "tracing")]
    pub(crate) fn values(&self) -> Option<&str> {
        self.hint.as_ref().map(|hint| hint.values.as_str())
    }

    /// The response, whose text ends with `end`.
    pub(crate) fn to_response<B>(
        &self,
        end: &'static str,
        body: impl FnOnce(Bytes) -> B,
    ) -> Response<B> {
        let (kind, words) = (self.kind, self.kind.text());
        let words: Bytes = match &self.detail {
            Some(detail) => [words, ": ", detail, end].concat().into(),
            None if end.is_empty() => words.into(),
            None => [words, end].concat().into(),
        };
        let mut response = text(kind.status(), words, body);
        let mut insert = |name, value| {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        };
        if let Some(methods) = self.allow {
            insert(ALLOW, methods);
        }
        if kind == RejectionKind::UnsupportedEncoding {
            insert(ACCEPT_ENCODING, "identity");
        }
        if kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            insert(RETRY_AFTER, "1");
        }
        response.extensions_mut().insert(kind);
        response
    }
}

impl From<RejectionKind> for Rejection {
    fn from(kind: RejectionKind) -> Self {
        Self {
            kind,
            allow: None,
            detail: None,
            #[cfg(feature = "tracing")]
            hint: None,
        }
    }
}

/// The answer to a `POST` whose message is in the inbox.
pub(crate) fn accepted<B>(body: impl FnOnce(Bytes) -> B) -> Response<B> {
    text(StatusCode::ACCEPTED, "Accepted".into(), body)
}

fn text<B>(status: StatusCode, text: Bytes, body: impl FnOnce(Bytes) -> B) -> Response<B> {
    let mut response = Response::new(body(text));
    *response.status_mut() = status;
    // Room for one more header. An empty map would allocate room for six at the first insert.
    *response.headers_mut() = HeaderMap::with_capacity(2);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
