use std::fmt;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER},
};

use super::kind::RejectionKind;

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

/// A response of plain text.
pub(crate) fn text<B>(
    status: StatusCode,
    text: Bytes,
    body: impl FnOnce(Bytes) -> B,
) -> Response<B> {
    let mut response = Response::new(body(text));
    *response.status_mut() = status;
    // Room for one more header. An empty map would allocate room for six at the first insert.
    *response.headers_mut() = HeaderMap::with_capacity(2);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
