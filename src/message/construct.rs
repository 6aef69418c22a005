//! Messages made from values.

use std::fmt;

use serde::Serialize;

use super::{
    error::InvalidMessage,
    error_code::ErrorCode,
    message::Message,
    owned_id::OwnedRequestId,
    write::writer::{self, Writer},
};

/// # Messages from values
///
/// The values are written as JSON once, by serde, and are not read again. To answer a request, use
/// [`as_request`](Self::as_request): it copies the id.
impl Message {
    /// A request. If `params` is written as `null`, as `()` and `None` are, it has none.
    ///
    /// ```
    /// use mcp_sse_server::Message;
    /// use serde_json::json;
    ///
    /// let roots = Message::request("s-1", "roots/list", &())?;
    /// assert_eq!(roots.as_str(), r#"{"jsonrpc":"2.0","id":"s-1","method":"roots/list"}"#);
    ///
    /// let params = json!({"maxTokens": 100, "messages": []});
    /// let ask = Message::request(1, "sampling/createMessage", &params)?;
    /// assert_eq!(
    ///     ask.as_str(),
    ///     r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"maxTokens":100,"messages":[]}}"#,
    /// );
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if `params` is neither an object nor `null`, or cannot be written as JSON.
    pub fn request<T: Serialize + ?Sized>(
        id: impl Into<OwnedRequestId>,
        method: &str,
        params: &T,
    ) -> Result<Self, InvalidMessage> {
        let writer = Writer::new().id(id.into().as_ref())?;
        writer.method(method)?.params(params)?.finish()
    }

    /// A notification. If `params` is written as `null`, as `()` and `None` are, it has none.
    ///
    /// ```
    /// use mcp_sse_server::Message;
    ///
    /// let changed = Message::notification("notifications/tools/list_changed", &())?;
    /// assert_eq!(
    ///     changed.as_str(),
    ///     r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
    /// );
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if `params` is neither an object nor `null`, or cannot be written as JSON.
    pub fn notification<T: Serialize + ?Sized>(
        method: &str,
        params: &T,
    ) -> Result<Self, InvalidMessage> {
        Writer::new().method(method)?.params(params)?.finish()
    }

    /// The response to the request that has this id. See also
    /// [`Request::response`](super::Request::response).
    ///
    /// ```
    /// use mcp_sse_server::Message;
    /// use serde_json::json;
    ///
    /// let pong = Message::response(7, &json!({}))?;
    /// assert_eq!(pong.as_str(), r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if `result` is not an object, or cannot be written as JSON.
    pub fn response<T: Serialize + ?Sized>(
        id: impl Into<OwnedRequestId>,
        result: &T,
    ) -> Result<Self, InvalidMessage> {
        let writer = Writer::new().id(id.into().as_ref())?;
        writer.result(result)?.finish()
    }

    /// The error that answers the request that has this id. See also
    /// [`Request::error`](super::Request::error).
    ///
    /// ```
    /// use mcp_sse_server::{Message, message::ErrorCode};
    ///
    /// let error = Message::error(7, ErrorCode::METHOD_NOT_FOUND, "Method not found")?;
    /// assert_eq!(
    ///     error.as_str(),
    ///     r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"Method not found"}}"#,
    /// );
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the id is a [`RequestId::Integer`](super::RequestId::Integer) that is no integer.
    pub fn error(
        id: impl Into<OwnedRequestId>,
        code: ErrorCode,
        text: impl fmt::Display,
    ) -> Result<Self, InvalidMessage> {
        let writer = Writer::new().id(id.into().as_ref())?;
        writer.error(code, text, None::<&()>)?.finish()
    }

    /// An error with `data`. See [`error`](Self::error).
    ///
    /// # Errors
    ///
    /// Fails if `data` cannot be written as JSON.
    pub fn error_with_data<T: Serialize + ?Sized>(
        id: impl Into<OwnedRequestId>,
        code: ErrorCode,
        text: impl fmt::Display,
        data: &T,
    ) -> Result<Self, InvalidMessage> {
        let writer = Writer::new().id(id.into().as_ref())?;
        writer.error(code, text, Some(data))?.finish()
    }

    /// Writes a value that is a whole message, such as one of an SDK. Its envelope is checked, so that a
    /// server cannot send what a client could not read.
    ///
    /// ```
    /// use mcp_sse_server::Message;
    /// use serde_json::json;
    ///
    /// let pong = Message::new(&json!({"jsonrpc": "2.0", "id": 7, "result": {}}))?;
    /// assert_eq!(pong.id().and_then(|id| id.as_i64()), Some(7));
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be written as JSON, or is not a JSON-RPC 2.0 message of MCP.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, InvalidMessage> {
        writer::whole(value)
    }
}
