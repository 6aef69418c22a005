//! What serde_json makes of a text, for comparison with `Message::parse`. The property tests and the fuzz
//! target share this file.

mod expected;
mod views;

use mcp_sse_server::message::{InvalidMessage, InvalidMessageKind as Invalid, Message, RequestId};
use serde::de::IgnoredAny;
use serde_json::error::Category;

use expected::{Id, expected};

/// Panics unless `Message::parse` and serde_json agree about a text: whether it is a message, and if not,
/// which rule is broken first and where; if so, its kind, id, method and content. Messages that are made of these parts are read the same.
pub fn compare(text: &[u8]) {
    let shown = text.escape_ascii();
    match (Message::parse(text.to_vec()), expected(text)) {
        (Ok(message), Ok(expected)) => {
            assert_eq!(message.as_bytes(), text);
            assert_eq!(message.kind(), expected.kind, "{shown}");
            assert_eq!(message.method(), expected.method.as_deref(), "{shown}");
            match (message.id(), &expected.id) {
                (None, None) => {}
                (Some(RequestId::String(found)), Some(Id::String(id))) => assert_eq!(found, id),
                (Some(RequestId::Integer(found)), Some(Id::Integer(id))) => assert_eq!(found, id),
                (found, expected) => panic!("id {found:?} is not {expected:?}: {shown}"),
            }
            views::check(&message, &expected);
        }
        (Err(error), Err(refusal)) => {
            assert_eq!(error.kind(), refusal.rule, "{error}: {shown}");
            let words = error.to_string();
            assert!(
                words.len() < 160 && !words.contains(char::is_control),
                "{words}"
            );
            match refusal.place {
                Some(place) => {
                    let offset = error.offset().expect("an offset");
                    assert!(place.contains(&offset), "{error}, not {place:?}: {shown}");
                }
                None => assert_eq!(error.offset(), None, "{error}: {shown}"),
            }
            if error.kind() == Invalid::Syntax {
                check_syntax_error(text, &error);
            }
        }
        (Ok(_), Err(refusal)) => panic!("accepted, but breaks {refusal:?}: {shown}"),
        (Err(error), Ok(_)) => panic!("refused: {error}: {shown}"),
    }
}

/// The offset is that of the first byte with which the text cannot be JSON any more.
fn check_syntax_error(text: &[u8], error: &InvalidMessage) {
    let category = |text: &[u8]| {
        let read = serde_json::from_slice::<IgnoredAny>(text);
        read.err().map(|error| error.classify())
    };
    let shown = text.escape_ascii();
    let (before, from) = text.split_at(error.offset().expect("an offset"));
    // serde_json has no error of its own for a number that ends after a sign, a point or an exponent.
    let continued = [before, b"0"].concat();
    let can_go_on = [before, &continued]
        .iter()
        .any(|text| matches!(category(text), None | Some(Category::Eof)));
    assert!(can_go_on, "{error} is too late: {shown}");
    match from.first() {
        None => assert!(!before.is_empty() || text.is_empty()),
        Some(byte) => {
            let mut wrong = [before, &[*byte]].concat();
            // serde_json looks at the four digits of an escape together.
            let digits = before
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_hexdigit());
            if before[..before.len() - digits.count().min(3)].ends_with(b"\\u") {
                wrong.extend(b"0000");
            }
            assert_eq!(
                category(&wrong),
                Some(Category::Syntax),
                "{error} is too early: {shown}"
            );
        }
    }
}
