//! rmcp's messages as text.

use std::io;

use mcp_sse_server::{
    Message,
    message::{InvalidMessage, OwnedRequestId},
};
use rmcp::{
    ErrorData,
    model::{RequestId, ServerJsonRpcMessage},
};

use crate::note;

/// The request that a message answers.
pub(crate) fn answered(item: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match item {
        ServerJsonRpcMessage::Response(response) => Some(&response.id),
        ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

/// Writes a message. A response that is no message of MCP becomes an error, because the client waits for a
/// response.
pub(crate) fn write(item: &ServerJsonRpcMessage) -> io::Result<Message> {
    written(item).or_else(|error| {
        note::unwritable(&error);
        let id = answered(item).ok_or_else(|| unwritable(&error))?;
        let internal = ErrorData::internal_error(
            format!("the server's response is not a message of MCP: {error}"),
            None,
        );
        Message::new(&ServerJsonRpcMessage::error(internal, Some(id.clone())))
            .map_err(|error| unwritable(&error))
    })
}

/// Writes only the result of a response with serde. The other members through rmcp's types would take serde
/// 2 000 instructions.
fn written(item: &ServerJsonRpcMessage) -> Result<Message, InvalidMessage> {
    let ServerJsonRpcMessage::Response(response) = item else {
        return Message::new(item);
    };
    let id: OwnedRequestId = match &response.id {
        RequestId::Number(number) => (*number).into(),
        RequestId::String(text) => (&**text).into(),
    };
    Message::response(id, &response.result)
}

fn unwritable(error: &InvalidMessage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use rmcp::model::{CustomResult, ServerResult};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_response_is_what_serde_writes_of_it() {
        let long = "i".repeat(100);
        let ids = [
            RequestId::Number(0),
            RequestId::Number(i64::MIN),
            RequestId::Number(i64::MAX),
            RequestId::String("".into()),
            RequestId::String("7".into()),
            RequestId::String("\"\n\u{2028}😀".into()),
            RequestId::String(long.into()),
        ];
        for id in ids {
            for value in [
                json!({}),
                json!({"content": [{"type": "text", "text": "a\n\"b\""}], "id": 1, "result": {}}),
                json!({"error": null, "jsonrpc": "1.0"}),
            ] {
                let result = ServerResult::CustomResult(CustomResult::new(value));
                let item = ServerJsonRpcMessage::response(result, id.clone());
                let text = write(&item).unwrap();
                assert_eq!(text.as_str(), serde_json::to_string(&item).unwrap());
            }
        }
        let empty = ServerJsonRpcMessage::response(ServerResult::empty(()), RequestId::Number(-7));
        let text = write(&empty).unwrap();
        assert_eq!(text.as_str(), r#"{"jsonrpc":"2.0","id":-7,"result":{}}"#);
    }

    #[test]
    fn a_result_that_is_no_object_becomes_an_error() {
        for value in [json!(null), json!([]), json!("text"), json!(1)] {
            let result = ServerResult::CustomResult(CustomResult::new(value));
            let item = ServerJsonRpcMessage::response(result, RequestId::String("a".into()));
            let error = write(&item).unwrap();
            let text = error.as_str();
            assert!(text.contains("not a message of MCP"), "{text}");
            assert!(
                text.contains(r#""id":"a","error":{"code":-32603"#),
                "{text}"
            );
        }
    }
}
