//! What a message shows of itself, and the messages that are made of it.

use mcp_sse_server::message::{
    ErrorCode, InvalidMessage, Message, MessageKind, OwnedRequestId, RequestId,
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::expected::Expected;

pub(super) fn check(message: &Message, expected: &Expected) {
    let content = expected.content.as_deref().filter(|text| *text != "null");
    let raw = |text: Option<&RawValue>| assert_eq!(text.map(RawValue::get), content);
    let (id, method) = (message.id().map(OwnedRequestId::from), message.method());
    assert_eq!(id.as_ref().map(OwnedRequestId::as_ref), message.id());
    match message.kind() {
        MessageKind::Request => {
            let (request, id) = (message.as_request().unwrap(), id.unwrap());
            raw(request.params().unwrap());
            assert_eq!(
                (request.id(), Some(request.method())),
                (id.as_ref(), method)
            );
            let params: Option<&RawValue> = request.params().unwrap();
            check_made(
                Message::request(&id, request.method(), &params),
                message,
                content,
            );
            let error = request.error(ErrorCode(-1), request.method());
            for answer in [request.response(&json!({})).unwrap(), error] {
                let id_json = expected.id_json.as_deref().unwrap();
                let start = format!(r#"{{"jsonrpc":"2.0","id":{id_json},"#);
                assert!(answer.as_str().starts_with(&start), "{}", answer.as_str());
                assert_eq!(
                    Message::parse(answer.into_bytes()).unwrap().id(),
                    message.id()
                );
            }
        }
        MessageKind::Notification => {
            let notification = message.as_notification().unwrap();
            let params: Option<&RawValue> = notification.params().unwrap();
            raw(params);
            let made = Message::notification(notification.method(), &params);
            check_made(made, message, content);
        }
        MessageKind::Response => {
            let response = message.as_response().unwrap();
            let result: &RawValue = response.result().unwrap();
            raw(Some(result));
            check_made(Message::response(id.unwrap(), result), message, content);
        }
        MessageKind::Error => check_error(message, content.unwrap()),
    }
}

fn check_error(message: &Message, content: &str) {
    #[derive(Deserialize)]
    struct Parts<'a> {
        #[serde(borrow)]
        code: &'a RawValue,
        message: String,
    }
    let error = message.as_error().unwrap();
    assert_eq!(error.id(), message.id());
    // `data` may be given twice: only the members that may not be are compared.
    let parts: Parts<'_> = serde_json::from_str(content).unwrap();
    assert_eq!(error.text(), parts.message);
    if let Ok(code) = parts.code.get().parse() {
        assert_eq!(error.code(), ErrorCode(code));
    }
    let data: &RawValue = error.data().unwrap();
    if data.get() != "null" {
        assert!(content.contains(data.get()));
    }
    if let Some(id) = message.id() {
        let made = Message::error_with_data(id, error.code(), error.text(), data);
        let made = Message::parse(made.unwrap().into_bytes()).unwrap();
        let again = made.as_error().unwrap();
        assert_eq!((again.id(), again.code()), (error.id(), error.code()));
        assert_eq!(again.text(), error.text());
        assert_eq!(again.data::<&RawValue>().unwrap().get(), data.get());
    }
}

/// Checks that the reader accepts what was made of the parts of a message, and finds the same in it.
fn check_made(made: Result<Message, InvalidMessage>, message: &Message, content: Option<&str>) {
    let made = made.unwrap();
    assert_eq!(made.kind(), message.kind());
    let read = Message::parse(made.as_bytes().clone()).unwrap();
    for made in [made, read] {
        let seen = |message: &Message| -> (MessageKind, Option<OwnedRequestId>, Option<String>) {
            let id = message.id().map(RequestId::into);
            (message.kind(), id, message.method().map(str::to_owned))
        };
        assert_eq!(seen(&made), seen(message));
        if let Some(content) = content {
            assert!(made.as_str().contains(content));
        }
    }
}
