use std::{borrow::Cow, fmt};

use serde::Deserialize;

use super::{
    content,
    error::InvalidMessage,
    error_code::ErrorCode,
    id::RequestId,
    kind::MessageKind,
    message::Message,
    read::{
        cursor::{Cursor, Value},
        escape,
        scan::Chars,
        text::str_of,
    },
};

/// A [`Message`] that is a notification.
///
/// ```
/// use mcp_sse_server::Message;
///
/// #[derive(serde::Deserialize)]
/// struct Progress {
///     progress: f64,
/// }
///
/// let message = Message::parse(
///     r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.5}}"#,
/// )?;
/// let notification = message.as_notification().unwrap();
/// assert_eq!(notification.method(), "notifications/progress");
/// assert_eq!(notification.params::<Progress>()?.progress, 0.5);
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    message: &'a Message,
}

impl<'a> Notification<'a> {
    /// The method, with escapes decoded.
    pub fn method(self) -> &'a str {
        self.message.method().expect("a notification has a method")
    }

    /// Reads the params as a Rust value. See [`Request::params`](super::Request::params).
    ///
    /// # Errors
    ///
    /// Fails if the params do not fit `T`.
    pub fn params<T: Deserialize<'a>>(self) -> Result<T, InvalidMessage> {
        content::params(self.message)
            .map_err(|error| InvalidMessage::typed("the params do not fit the type", error))
    }
}

/// A [`Message`] that is a response: the result of a request.
///
/// ```
/// use mcp_sse_server::{Message, message::RequestId};
///
/// #[derive(serde::Deserialize)]
/// struct Roots<'a> {
///     #[serde(borrow)]
///     roots: Vec<&'a str>,
/// }
///
/// let message = Message::parse(r#"{"jsonrpc":"2.0","id":"s-1","result":{"roots":["/a"]}}"#)?;
/// let response = message.as_response().unwrap();
/// assert_eq!(response.id(), RequestId::String("s-1"));
/// assert_eq!(response.result::<Roots>()?.roots, ["/a"]);
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    message: &'a Message,
}

impl<'a> Response<'a> {
    /// The id, with escapes decoded.
    pub fn id(self) -> RequestId<'a> {
        self.message.id().expect("a response has an id")
    }

    /// Reads the result as a Rust value. It can borrow from the message.
    ///
    /// # Errors
    ///
    /// Fails if the result does not fit `T`.
    pub fn result<T: Deserialize<'a>>(self) -> Result<T, InvalidMessage> {
        content::first(self.message.content().unwrap_or_default())
            .map_err(|error| InvalidMessage::typed("the result does not fit the type", error))
    }
}

/// A [`Message`] that is an error: the failure of a request.
///
/// ```
/// use mcp_sse_server::{Message, message::{ErrorCode, RequestId}};
///
/// let message = Message::parse(
///     r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no roots","data":[7]}}"#,
/// )?;
/// let error = message.as_error().unwrap();
/// assert_eq!(error.id(), Some(RequestId::Integer("1")));
/// assert_eq!(error.code(), ErrorCode::METHOD_NOT_FOUND);
/// assert_eq!(error.text(), "no roots");
/// assert_eq!(error.data::<Vec<u8>>()?, [7]);
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone)]
pub struct ErrorResponse<'a> {
    message: &'a Message,
    code: ErrorCode,
    text: Cow<'a, str>,
    data: Option<&'a [u8]>,
}

impl<'a> ErrorResponse<'a> {
    fn new(message: &'a Message) -> Option<Self> {
        if message.kind() != MessageKind::Error {
            return None;
        }
        let mut error = Cursor::new(message.content()?, Chars::Lines);
        let [code, text, data] = error.object(&["code", "message", "data"]).ok()?.values;
        Some(Self {
            message,
            code: ErrorCode(integer(str_of(code?.1))),
            text: string(text?.1),
            data: data.map(|Value(_, json)| json),
        })
    }

    /// The id of the request that failed. `None` if the peer could not read it.
    pub fn id(&self) -> Option<RequestId<'a>> {
        self.message.id()
    }

    /// The code. One beyond 64 bits is the nearest integer of 64 bits.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The member `message`, with escapes decoded.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads `data` as a Rust value. If it is absent, it is read as `null`.
    ///
    /// # Errors
    ///
    /// Fails if `data` does not fit `T`.
    pub fn data<T: Deserialize<'a>>(&self) -> Result<T, InvalidMessage> {
        content::first(self.data.unwrap_or(b"null"))
            .map_err(|error| InvalidMessage::typed("the error's data does not fit the type", error))
    }
}

impl Message {
    /// The message as a notification, if it is one.
    pub fn as_notification(&self) -> Option<Notification<'_>> {
        (self.kind() == MessageKind::Notification).then_some(Notification { message: self })
    }

    /// The message as a response, if it is one.
    pub fn as_response(&self) -> Option<Response<'_>> {
        (self.kind() == MessageKind::Response).then_some(Response { message: self })
    }

    /// The message as an error, if it is one.
    pub fn as_error(&self) -> Option<ErrorResponse<'_>> {
        ErrorResponse::new(self)
    }
}

fn integer(digits: &str) -> i64 {
    let nearest = match digits.starts_with('-') {
        true => i64::MIN,
        false => i64::MAX,
    };
    digits.parse().unwrap_or(nearest)
}

/// The text of a string of JSON.
fn string(json: &[u8]) -> Cow<'_, str> {
    let inner = json.get(1..json.len() - 1).unwrap_or_default();
    match inner.contains(&b'\\') {
        true => str_of(&escape::decode(inner)).to_owned().into(),
        false => str_of(inner).into(),
    }
}

/// Without the text and the data, which may contain what users say.
impl fmt::Debug for ErrorResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorResponse")
            .field("id", &self.id())
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
