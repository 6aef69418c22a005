//! Refusals: what each is, and the response that says so.
//!
//! Every error response of this crate is made here. Its reason, a [`RejectionKind`], is in the
//! extensions of the response, for middleware that counts or logs:
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
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
};

/// Why a request was refused.
///
/// `Display` prints the text of the response's body. Texts and kinds say no more than the client may
/// know: a session of somebody else is a session that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The method is not the one that the path is for.
    MethodNotAllowed,
    /// The media type of a `POST` is not `application/json`.
    InvalidContentType,
    /// The host is missing, given twice, or not one that is allowed.
    HostNotAllowed,
    /// The origin is not one that is allowed.
    OriginNotAllowed,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The query has no `session_id`.
    SessionIdMissing,
    /// `session_id` is not a UUID, or is given twice.
    SessionIdInvalid,
    /// There is no such session, or there is none any more, or it is another principal's.
    SessionNotFound,
    /// The body broke off.
    BodyUnreadable,
    /// The body is not one JSON-RPC 2.0 message.
    InvalidMessage,
    /// The session's inbox was full, and still is.
    SessionBusy,
    /// The bodies of all `POST`s together had no room for this one, and still have none.
    ServerBusy,
    /// The session is another node's, and the request is larger than what is carried there.
    TooLargeToRelay,
    /// The session is another node's, which cannot be reached now.
    NodeUnreachable,
    /// The session is another node's, which did not answer. It may have the message.
    NodeSilent,
    /// As many sessions are open as may be.
    TooManySessions,
    /// As many sessions of this principal are open as may be.
    TooManySessionsOfPrincipal,
    /// The server takes no new sessions, because it is stopping.
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

    /// A name for logs and metrics, such as `session_not_found`. It does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "method_not_allowed",
            Self::InvalidContentType => "invalid_content_type",
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

    fn text(self) -> &'static str {
        match self {
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::InvalidContentType => "Invalid Content-Type header",
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

/// A refusal on its way to become a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rejection {
    pub(crate) kind: RejectionKind,
    allow: Option<&'static str>,
}

impl Rejection {
    /// The method is not `allow`.
    pub(crate) fn method(allow: &'static str) -> Self {
        Self {
            kind: RejectionKind::MethodNotAllowed,
            allow: Some(allow),
        }
    }

    pub(crate) fn into_response<B>(self, body: impl FnOnce(Bytes) -> B) -> Response<B> {
        let Self { kind, allow } = self;
        let mut response = text(kind.status(), kind.text(), body);
        if let Some(method) = allow {
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(method));
        }
        if kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(kind);
        response
    }
}

impl From<RejectionKind> for Rejection {
    fn from(kind: RejectionKind) -> Self {
        Self { kind, allow: None }
    }
}

/// A response of plain text.
pub(crate) fn text<B>(
    status: StatusCode,
    text: &'static str,
    body: impl FnOnce(Bytes) -> B,
) -> Response<B> {
    let mut response = Response::new(body(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    // One header, and place for one more: an empty map makes room for six.
    *response.headers_mut() = HeaderMap::with_capacity(2);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
