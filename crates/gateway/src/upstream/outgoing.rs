//! Messages of the client, for rmcp.
//!
//! rmcp's types drop what they do not know. So a message is a custom one, whose parts are kept as they are. Only
//! what rmcp must recognize has its own type; `Params` then keeps the original.

use mcp_sse_server::{
    Message,
    message::{MessageKind, RequestId},
};
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ClientResult, CustomNotification,
    CustomRequest, CustomResult, GetExtensions, InitializedNotification, JsonRpcMessage,
    NumberOrString,
};
use serde::Deserialize;
use serde_json::Value;

/// The parameters of a request as the client wrote them.
#[derive(Clone)]
struct Params(Option<Value>);

#[derive(Deserialize)]
struct Parts {
    params: Option<Value>,
    result: Option<Value>,
}

/// Returns the message for rmcp. The error says why this transport has no such message.
pub(super) fn outgoing(message: &Message) -> Result<ClientJsonRpcMessage, String> {
    let typed = || serde_json::from_slice(message.as_bytes()).map_err(|error| error.to_string());
    let parts = || {
        message
            .deserialize::<Parts>()
            .map_err(|error| error.to_string())
    };
    let method = message.method().unwrap_or_default();
    Ok(match (message.kind(), method) {
        (MessageKind::Request, "initialize") => {
            let mut typed: ClientJsonRpcMessage = typed()?;
            if let JsonRpcMessage::Request(request) = &mut typed {
                let params = Params(parts()?.params);
                request.request.extensions_mut().insert(params);
            }
            typed
        }
        (MessageKind::Request, _) => match parts()?.params {
            Some(params) => {
                let request = CustomRequest::new(method, Some(params));
                ClientJsonRpcMessage::request(ClientRequest::CustomRequest(request), id(message)?)
            }
            None => id(message).and_then(|_| typed()).map(with_params)?,
        },
        // rmcp acts on these.
        (MessageKind::Notification, "notifications/initialized" | "notifications/cancelled")
        | (MessageKind::Error, _) => typed()?,
        (MessageKind::Notification, _) => match parts()?.params {
            Some(params) => {
                let notification = CustomNotification::new(method, Some(params));
                ClientJsonRpcMessage::notification(ClientNotification::CustomNotification(
                    notification,
                ))
            }
            None => with_params(typed()?),
        },
        (MessageKind::Response, _) => {
            let result = CustomResult(parts()?.result.unwrap_or_default());
            ClientJsonRpcMessage::response(ClientResult::CustomResult(result), id(message)?)
        }
    })
}

/// The notification that ends a handshake.
pub(super) fn initialized() -> ClientJsonRpcMessage {
    let initialized = InitializedNotification {
        method: Default::default(),
        extensions: Default::default(),
    };
    ClientJsonRpcMessage::notification(ClientNotification::InitializedNotification(initialized))
}

/// Returns the message as it is sent, with the original parameters.
pub(super) fn original(message: ClientJsonRpcMessage) -> ClientJsonRpcMessage {
    let JsonRpcMessage::Request(request) = &message else {
        return message;
    };
    match request.request.extensions().get::<Params>() {
        Some(Params(params)) => {
            let original = CustomRequest::new(request.request.method(), params.clone());
            ClientJsonRpcMessage::request(
                ClientRequest::CustomRequest(original),
                request.id.clone(),
            )
        }
        None => message,
    }
}

/// Gives a custom message empty parameters: rmcp would write `null`, which servers refuse.
fn with_params(mut message: ClientJsonRpcMessage) -> ClientJsonRpcMessage {
    let empty = || Some(Value::Object(serde_json::Map::new()));
    match &mut message {
        JsonRpcMessage::Request(request) => {
            if let ClientRequest::CustomRequest(custom) = &mut request.request {
                custom.params = empty();
            }
        }
        JsonRpcMessage::Notification(notification) => {
            if let ClientNotification::CustomNotification(custom) = &mut notification.notification {
                custom.params = empty();
            }
        }
        _ => {}
    }
    message
}

fn id(message: &Message) -> Result<NumberOrString, String> {
    match message.id() {
        Some(RequestId::String(text)) => Ok(NumberOrString::String(text.into())),
        Some(RequestId::Integer(digits)) => {
            let number = digits
                .parse()
                .map_err(|_| "ids beyond 64 bits cannot be sent to this server")?;
            Ok(NumberOrString::Number(number))
        }
        None => Err("the message has no id".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sent_as_they_were_written() {
        for text in [
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"z":1,"name":"x","a":{"unknown":[null,1.5]},"_meta":{"progressToken":7,"unknown":{"x":[1]}}}}"#,
            r#"{"jsonrpc":"2.0","id":-7,"method":"no/such","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","extra":[1],"capabilities":{"x":{"y":1}},"clientInfo":{"name":"n","version":"1","z":2}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":1,"more":true}}"#,
            r#"{"jsonrpc":"2.0","id":3,"result":{"roots":[{"uri":"file:///","unknown":1}],"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no","data":{"b":1,"a":2}}}"#,
        ] {
            let message = Message::parse(text).unwrap();
            let sent = serde_json::to_value(original(outgoing(&message).unwrap())).unwrap();
            assert_eq!(sent, serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn an_id_beyond_64_bits_is_refused() {
        let text = r#"{"jsonrpc":"2.0","id":123456789012345678901,"method":"ping"}"#;
        let error = outgoing(&Message::parse(text).unwrap()).unwrap_err();
        assert_eq!(error, "ids beyond 64 bits cannot be sent to this server");
    }
}
