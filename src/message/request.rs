use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

use super::{
    content, error::InvalidMessage, error_code::ErrorCode, id::RequestId, kind::MessageKind,
    message::Message, write::writer::Writer,
};

/// A [`Message`] that is a request: reads its params, and makes its answer.
///
/// ```
/// use mcp_sse_server::{Message, message::{ErrorCode, Request, RequestFailed}};
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Call<'a> {
///     name: &'a str,
/// }
///
/// fn answer(request: Request<'_>) -> Result<Message, RequestFailed> {
///     match request.method() {
///         "ping" => request.response(&json!({})),
///         "tools/call" => {
///             let call: Call<'_> = request.params()?;
///             let text = format!("You called {}.", call.name);
///             request.response(&json!({"content": [{"type": "text", "text": text}]}))
///         }
///         _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
///     }
/// }
///
/// # let call = |params: &str| Message::parse(format!(
/// #     r#"{{"jsonrpc":"2.0","id":100000000000000000001,"method":"tools/call","params":{params}}}"#
/// # ));
/// let message = call(r#"{"name":"echo"}"#)?;
/// let answered = answer(message.as_request().unwrap())?;
/// // The id is copied as the client wrote it.
/// assert_eq!(answered.id(), message.id());
///
/// let message = call(r#"{"tool":"echo"}"#)?;
/// let failed = answer(message.as_request().unwrap()).unwrap_err();
/// // The error is an answer, too.
/// let answered = Message::from(failed);
/// let error = answered.as_error().unwrap();
/// assert_eq!(error.code(), ErrorCode::INVALID_PARAMS);
/// assert_eq!(error.text(), "Invalid params: missing field `name`");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    message: &'a Message,
}

impl<'a> Request<'a> {
    /// The whole message.
    pub fn message(self) -> &'a Message {
        self.message
    }

    /// The id, with escapes decoded.
    pub fn id(self) -> RequestId<'a> {
        self.message.id().expect("a request has an id")
    }

    /// The method, with escapes decoded.
    pub fn method(self) -> &'a str {
        self.message.method().expect("a request has a method")
    }

    /// Reads the params as a Rust value. It can borrow from the message.
    ///
    /// Params that are absent are read as `null`, and if that does not fit the type, as an empty object.
    /// serde_json reads at most 128 levels of nesting into a value; a `RawValue` has no limit.
    ///
    /// # Errors
    ///
    /// Fails if the params do not fit `T`. The error answers the request with
    /// [`ErrorCode::INVALID_PARAMS`].
    pub fn params<T: Deserialize<'a>>(self) -> Result<T, RequestFailed> {
        content::params(self.message).map_err(|error| {
            let text = content::words(&error, "Invalid params");
            let reason = InvalidMessage::typed("the params do not fit the type", error);
            self.failed(ErrorCode::INVALID_PARAMS, &text, reason)
        })
    }

    /// The response to this request, with its id as the client wrote it.
    ///
    /// # Errors
    ///
    /// Fails if `result` is not an object, or cannot be written as JSON. The error answers the request with
    /// [`ErrorCode::INTERNAL_ERROR`].
    pub fn response<T: Serialize + ?Sized>(self, result: &T) -> Result<Message, RequestFailed> {
        let response = self.answer().result(result).and_then(Writer::finish);
        response.map_err(|reason| self.internal(reason))
    }

    /// The error that answers this request, with its id as the client wrote it.
    pub fn error(self, code: ErrorCode, text: impl fmt::Display) -> Message {
        let answer = self.answer().error(code, text, None::<&()>);
        let answer = answer.and_then(Writer::finish);
        answer.expect("a request's id, a code and a text make an error")
    }

    /// The error that answers this request, with `data`.
    ///
    /// # Errors
    ///
    /// Fails if `data` cannot be written as JSON. The error answers the request with
    /// [`ErrorCode::INTERNAL_ERROR`].
    pub fn error_with_data<T: Serialize + ?Sized>(
        self,
        code: ErrorCode,
        text: impl fmt::Display,
        data: &T,
    ) -> Result<Message, RequestFailed> {
        let answer = self.answer().error(code, text, Some(data));
        let answer = answer.and_then(Writer::finish);
        answer.map_err(|reason| self.internal(reason))
    }

    fn answer(self) -> Writer {
        Writer::new().id_json(self.message.id_json().expect("a request has an id"))
    }

    #[cold]
    fn internal(self, reason: InvalidMessage) -> RequestFailed {
        let text = "Internal error: the server could not write its answer";
        self.failed(ErrorCode::INTERNAL_ERROR, text, reason)
    }

    #[cold]
    fn failed(self, code: ErrorCode, text: &str, reason: InvalidMessage) -> RequestFailed {
        let answer = self.error(code, text);
        RequestFailed(Box::new(Failure { answer, reason }))
    }
}

impl Message {
    /// The message as a request, if it is one.
    pub fn as_request(&self) -> Option<Request<'_>> {
        (self.kind() == MessageKind::Request).then_some(Request { message: self })
    }
}

/// Why a [`Request`] got no response: its params do not fit the type, or its result cannot be written.
///
/// It is an answer as well: [`into_message`](Self::into_message) returns the JSON-RPC error for the client.
/// `Display` and `Debug` say what failed and never quote a message.
pub struct RequestFailed(Box<Failure>);

struct Failure {
    answer: Message,
    reason: InvalidMessage,
}

impl RequestFailed {
    /// The error that answers the request. Where the params were wrong, its text says what is wrong, in
    /// serde's words, which may quote a short part of the params.
    pub fn into_message(self) -> Message {
        self.0.answer
    }
}

impl From<RequestFailed> for Message {
    fn from(failed: RequestFailed) -> Self {
        failed.into_message()
    }
}

impl fmt::Display for RequestFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.reason.fmt(f)
    }
}

impl fmt::Debug for RequestFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestFailed")
            .field(&self.0.reason)
            .finish()
    }
}

impl Error for RequestFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.reason.source()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::*;

    fn call(params: &str) -> Message {
        let id = r#""a\u0062\/""#;
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"{params}}}"#);
        Message::parse(text).unwrap()
    }

    #[derive(Debug, Deserialize)]
    struct Params {
        #[expect(dead_code, reason = "shows that it is required")]
        name: String,
    }

    #[test]
    fn absent_params_fit_each_type_that_needs_none() {
        for params in ["", r#","params":null"#, r#","params" : null "#] {
            let message = call(params);
            let request = message.as_request().unwrap();
            request.params::<()>().unwrap();
            assert_eq!(request.params::<Value>().unwrap(), Value::Null);
            assert!(request.params::<Option<Params>>().unwrap().is_none());
            assert!(request.params::<HashMap<String, u8>>().unwrap().is_empty());
            let failed = request.params::<Params>().unwrap_err();
            assert_eq!(failed.to_string(), "the params do not fit the type");
            let answer = failed.into_message();
            assert_eq!(
                answer.as_error().unwrap().text(),
                "Invalid params: missing field `name`"
            );
        }
        let message = call(r#","params":{"name":7}"#);
        assert!(
            message
                .as_request()
                .unwrap()
                .params::<Option<Params>>()
                .is_err()
        );
    }

    #[test]
    fn an_answer_has_the_id_as_the_client_wrote_it() {
        let message = call("");
        let request = message.as_request().unwrap();
        let start = r#"{"jsonrpc":"2.0","id":"a\u0062\/","#;
        let answers = [
            request.response(&json!({})).unwrap(),
            request.error(ErrorCode(1), "x"),
            request.error_with_data(ErrorCode(1), "x", &()).unwrap(),
            request.params::<Params>().unwrap_err().into_message(),
            request.response(&7).unwrap_err().into_message(),
        ];
        for answer in answers {
            assert!(answer.as_str().starts_with(start), "{}", answer.as_str());
        }
    }

    #[test]
    fn a_failure_is_short_and_says_to_the_client_alone_what_was_wrong() {
        let secret = "secret".repeat(1000);
        let message = call(&format!(r#","params":{{"name":{{"{secret}":1}}}}"#));
        let failed = message
            .as_request()
            .unwrap()
            .params::<HashMap<String, u8>>();
        let failed = failed.unwrap_err();
        assert!(!format!("{failed} {failed:?}").contains("secret"));
        assert_eq!(
            failed.into_message().as_error().unwrap().text(),
            "Invalid params: invalid type: map, expected u8"
        );

        let message = call(&format!(r#","params":{{"{secret}":1}}"#));
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let failed = message
            .as_request()
            .unwrap()
            .params::<Nothing>()
            .unwrap_err();
        assert!(!format!("{failed} {failed:?}").contains("secret"));
        let answer = failed.into_message();
        assert!(answer.as_bytes().len() < 400, "{}", answer.as_str());
        assert_eq!(answer.as_error().unwrap().code(), ErrorCode::INVALID_PARAMS);

        let failed = message.as_request().unwrap().response(&[1]).unwrap_err();
        let answer = failed.into_message();
        assert_eq!(answer.as_error().unwrap().code(), ErrorCode::INTERNAL_ERROR);
    }
}
