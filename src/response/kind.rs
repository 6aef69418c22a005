use std::fmt;

use http::StatusCode;

/// Why a request was refused.
///
/// `Display` prints the start of the response's body. In some bodies a colon and the precise reason follow. Texts
/// and kinds contain nothing that the client must not know: for a session of another principal, the kind is
/// `SessionNotFound`.
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
    /// The head of a `GET` is larger than a session may keep.
    HeadTooLarge,
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
    /// The id of a request is longer than 4 KiB.
    RequestIdTooLong,
    /// The session has the largest allowed number of open requests: requests that were neither answered nor
    /// cancelled.
    TooManyRequests,
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
    /// The transport was closed with
    /// [`SessionRegistry::close_all`](crate::SessionRegistry::close_all), and its server goes on.
    TransportClosed,
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
            | Self::InvalidMessage
            | Self::RequestIdTooLong => StatusCode::BAD_REQUEST,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HostNotAllowed => StatusCode::MISDIRECTED_REQUEST,
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTooLarge | Self::TooLargeToRelay => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NodeSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::SessionNotFound | Self::TransportClosed => StatusCode::NOT_FOUND,
            Self::TooManyRequests
            | Self::SessionBusy
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
            Self::HeadTooLarge => "head_too_large",
            Self::BodyTooLarge => "body_too_large",
            Self::SessionIdMissing => "session_id_missing",
            Self::SessionIdInvalid => "session_id_invalid",
            Self::SessionNotFound => "session_not_found",
            Self::BodyUnreadable => "body_unreadable",
            Self::InvalidMessage => "invalid_message",
            Self::RequestIdTooLong => "request_id_too_long",
            Self::TooManyRequests => "too_many_requests",
            Self::SessionBusy => "session_busy",
            Self::ServerBusy => "server_busy",
            Self::TooLargeToRelay => "too_large_to_relay",
            Self::NodeUnreachable => "node_unreachable",
            Self::NodeSilent => "node_silent",
            Self::TooManySessions => "too_many_sessions",
            Self::TooManySessionsOfPrincipal => "too_many_sessions_of_principal",
            Self::ShuttingDown => "shutting_down",
            Self::TransportClosed => "transport_closed",
        }
    }

    /// The option that would prevent the refusal, if there is one.
    #[cfg(feature = "tracing")]
    pub(super) fn hint(self) -> Option<&'static str> {
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

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::InvalidContentType => "Invalid Content-Type header",
            Self::UnsupportedEncoding => "Unsupported content encoding",
            Self::HostNotAllowed => "Invalid Host header",
            Self::OriginNotAllowed => "Invalid Origin header",
            Self::HeadTooLarge => "Request head too large",
            Self::BodyTooLarge => "Request body too large",
            Self::SessionIdMissing => "session_id is required",
            Self::SessionIdInvalid => "Invalid session ID",
            Self::SessionNotFound => "Could not find session",
            Self::BodyUnreadable => "Could not read request body",
            Self::InvalidMessage => "Could not parse message",
            Self::RequestIdTooLong => {
                "Could not parse message: the id of a request has at most 4096 bytes"
            }
            Self::TooManyRequests => {
                "Session is busy: 4096 of its requests have no answer, or their ids take 256 KiB"
            }
            Self::SessionBusy => "Session is busy",
            Self::ServerBusy => "Server is busy",
            Self::TooLargeToRelay => "Request too large for the relay",
            Self::NodeUnreachable => "Session's node cannot be reached",
            Self::NodeSilent => "Session's node did not answer, it may have the message",
            Self::TooManySessions | Self::TooManySessionsOfPrincipal => "Too many sessions",
            Self::ShuttingDown => "Server is shutting down",
            Self::TransportClosed => "Not Found: this transport was closed",
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
