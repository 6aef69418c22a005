//! What this room writes, against its reader.

mod examples;
mod values;

use proptest::prelude::*;
use serde_json::{json, value::RawValue};

use super::{read::reader::NAMES, *};

use self::values::{Object, Ordered, Part, id, json_value, raw, text};

/// Checks that the reader finds in a written message what the writer says about it.
fn same(written: Result<Message, InvalidMessage>) -> Result<Message, TestCaseError> {
    let message = written.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read = Message::parse(message.as_bytes().clone())
        .map_err(|error| TestCaseError::fail(format!("{error}: {}", message.as_str())))?;
    prop_assert_eq!(message.envelope(), read.envelope(), "{}", message.as_str());
    Ok(message)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_what_the_reader_finds(
        id in id(),
        method in text(),
        value in json_value(),
        raw in raw(),
        code: i64,
    ) {
        let object = Object { jsonrpc: &value, raw: &raw, id: &value };
        let request = same(Message::request(&id, &method, &object))?;
        prop_assert_eq!(request.id(), Some(id.as_ref()));
        prop_assert_eq!(request.method(), Some(&*method));
        let notification = same(Message::notification(&method, &object))?;
        prop_assert_eq!(notification.kind(), MessageKind::Notification);
        same(Message::response(&id, &object))?;
        same(Message::error(&id, ErrorCode(code), &method))?;
        let error = same(Message::error_with_data(&id, ErrorCode(code), &method, &raw))?;
        let error = error.as_error().unwrap();
        prop_assert_eq!(error.text(), &*method);
        prop_assert_eq!(error.code(), ErrorCode(code));
        prop_assert_eq!(error.data::<&RawValue>().unwrap().get(), raw.get());

        let request = request.as_request().unwrap();
        same(Ok(request.response(&object).unwrap()))?;
        same(Ok(request.error(ErrorCode(code), &method)))?;
        same(Ok(request.error_with_data(ErrorCode(code), &method, &object).unwrap()))?;
    }

    #[test]
    fn only_objects_are_params_and_results(raw in raw()) {
        let is_object = raw.get().starts_with('{');
        for written in [Message::response(1, &raw), Message::notification("m", &raw), Message::request(1, "m", &raw)] {
            match written {
                Ok(message) if is_object => drop(same(Ok(message))?),
                Ok(message) => {
                    prop_assert_eq!(raw.get(), "null");
                    prop_assert!(!message.as_str().contains("params"));
                }
                Err(_) => prop_assert!(!is_object),
            }
        }
    }

    /// Each message that a value may be, with members of any kind.
    #[test]
    fn a_whole_value_is_a_message_if_its_text_is_one(
        members in prop::sample::select(vec![
            vec!["jsonrpc", "id", "method", "params"],
            vec!["method", "params", "jsonrpc"],
            vec!["id", "result", "jsonrpc"],
            vec!["jsonrpc", "id", "error"],
        ]),
        others in prop::collection::vec(prop_oneof![
            1 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned),
            3 => text(),
        ], 0..2),
        odd in json_value(),
        raw in raw(),
    ) {
        let parts = [json!("2.0"), json!(1), json!("m"), json!({}), json!({"code": 1, "message": "é"}), odd];
        let others = others.iter().map(String::as_str);
        let names: Vec<_> = members.into_iter().chain(others).collect();
        for turn in 0..parts.len() {
            let members = Ordered(names.iter().enumerate().map(|(n, name)| {
                let usual = match *name {
                    "jsonrpc" => &parts[0],
                    "id" => &parts[1],
                    "method" => &parts[2],
                    "error" => &parts[4],
                    _ => &parts[3],
                };
                match n + 1 == turn {
                    true if turn % 2 == 0 => (*name, Part::Raw(&raw)),
                    true => (*name, Part::Value(&parts[5])),
                    false => (*name, Part::Value(usual)),
                }
            }).collect());
            let text = serde_json::to_vec(&members).unwrap();
            match (Message::new(&members), Message::parse(text)) {
                (Ok(written), Ok(read)) => {
                    prop_assert_eq!(&written, &read);
                    prop_assert_eq!(written.envelope(), read.envelope());
                }
                (Err(written), Err(read)) => prop_assert_eq!(written.to_string(), read.to_string()),
                (written, read) => prop_assert!(false, "{written:?} is not {read:?}"),
            }
        }
    }
}
