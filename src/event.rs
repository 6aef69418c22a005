//! The text of the server-sent events of this transport (HTML standard, section 9.2.5): the `endpoint` event,
//! `message` events and the keep-alive comment. Nothing else can be written.
//!
//! Readers differ, and this is what all of them read. Each reason was seen with the client itself; `.ci/clients`
//! runs all of them against what is written here.
//!
//! | always | because otherwise |
//! |---|---|
//! | an `event: message` line | the Java SDK 0.11 to 2.0 ends the session, 0.10 and WebFlux lose the message |
//! | one `data` line, with a space after the colon | rust-mcp-sdk 1.1 loses the message |
//! | no event without data | the Go SDK and WebFlux end the session |
//! | no `retry` line, no event of another name | the Go SDK and the Java SDK 0.11 to 2.0 end the session |
//! | one `endpoint` event for each stream | the Python, Go and Java SDKs end the session at the second |
//! | no U+0085, U+2028, U+2029 | see [`message`] |
//! | no blank line after a keep-alive | see [`KEEP_ALIVE`] |

use bytes::Bytes;

/// The keep-alive: a comment line.
///
/// No blank line follows. A parser needs none after a comment, and no client asks for one. The Java SDK 0.11 to
/// 2.0 loses one unit of demand for each blank line that ends no event, and stalls for good after 254 of them:
/// its check `keep_alive` in `tests/clients` reads at least 600 comments.
pub(crate) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n");

/// The text before a message.
pub(crate) const MESSAGE: Bytes = Bytes::from_static(b"event: message\ndata: ");
/// The text after it.
pub(crate) const END: Bytes = Bytes::from_static(b"\n\n");

/// The first event of a stream. A URI has no line breaks.
pub(crate) fn endpoint(uri: &str) -> Bytes {
    debug_assert!(!uri.contains(['\r', '\n']));
    ["event: endpoint\ndata: ", uri, "\n\n"].concat().into()
}

/// The length of a message as an event, if its text is plain.
pub(crate) fn message_len(text: &[u8]) -> usize {
    MESSAGE.len() + text.len() + END.len()
}

/// Writes a message in one `data` line. `is_plain` says that the text has no character at which the reader of
/// some client ends a line: it is then copied as it is.
///
/// A line break between the tokens of JSON becomes a space, because the client of rust-mcp-sdk loses a message
/// of several `data` lines. U+0085, U+2028 and U+2029, which JSON has in strings only, become escapes: they end
/// a line for httpx-sse 0.4.1 (the call hangs), for the Java SDK 0.11 to 2.0 (the session dies) and for 0.10
/// (the answer is lost). All clients read the escapes: their check `text` has each of the three.
pub(crate) fn message(event: &mut Vec<u8>, text: &[u8], is_plain: bool) {
    event.extend_from_slice(&MESSAGE);
    match is_plain {
        true => event.extend_from_slice(text),
        false => one_line(event, text),
    }
    event.extend_from_slice(&END);
}

fn one_line(event: &mut Vec<u8>, text: &[u8]) {
    // Most texts have none of the bytes with which a separator begins, so look once, not in each line.
    let write = match memchr::memchr2(b'\xc2', b'\xe2', text) {
        None => Vec::extend_from_slice,
        Some(_) => escape_separators,
    };
    let mut line = 0;
    for at in memchr::memchr2_iter(b'\r', b'\n', text) {
        if at < line {
            continue; // the LF of a CRLF
        }
        write(event, &text[line..at]);
        event.push(b' ');
        let len = if text[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        line = at + len;
    }
    write(event, &text[line..]);
}

fn escape_separators(event: &mut Vec<u8>, line: &[u8]) {
    let mut done = 0;
    for at in memchr::memchr2_iter(b'\xc2', b'\xe2', line) {
        let (escape, len): (&[u8], _) = match &line[at..] {
            [0xc2, 0x85, ..] => (b"\\u0085", 2),
            [0xe2, 0x80, 0xa8, ..] => (b"\\u2028", 3),
            [0xe2, 0x80, 0xa9, ..] => (b"\\u2029", 3),
            _ => continue,
        };
        event.extend_from_slice(&line[done..at]);
        event.extend_from_slice(escape);
        done = at + len;
    }
    event.extend_from_slice(&line[done..]);
}

#[cfg(test)]
mod tests {
    use eventsource_stream::{Event, EventStream};
    use futures_util::{FutureExt, StreamExt, stream};
    use proptest::prelude::*;

    use super::*;

    fn write(text: &str) -> String {
        let mut event = Vec::new();
        message(&mut event, text.as_bytes(), false);
        String::from_utf8(event).unwrap()
    }

    /// Reads events with another crate's parser, in pieces of the given length.
    fn read(text: &[u8], piece: usize) -> Vec<Event> {
        let pieces = text
            .chunks(piece)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let events = EventStream::new(stream::iter(pieces))
            .map(Result::unwrap)
            .collect::<Vec<_>>();
        events.now_or_never().unwrap()
    }

    #[test]
    fn events_have_the_exact_text() {
        assert_eq!(
            endpoint("/m?session_id=x"),
            "event: endpoint\ndata: /m?session_id=x\n\n"
        );
        assert_eq!(KEEP_ALIVE, ":\n");
        for (text, data) in [
            ("{}", "{}"),
            ("{\n}", "{ }"),
            ("{\r\n}", "{ }"),
            ("{\r}", "{ }"),
            ("{\n\r}", "{  }"),
            ("{\r\r\n\n}", "{   }"),
            ("{}\n", "{} "),
            ("\u{2028}\u{85}x\u{2029}", r"\u2028\u0085x\u2029"),
            (
                "\u{a0}\u{2027}\u{202a}\u{20a8}",
                "\u{a0}\u{2027}\u{202a}\u{20a8}",
            ),
            ("ü\u{2028}\n\u{2029}日", r"ü\u2028 \u2029日"),
        ] {
            let event = format!("event: message\ndata: {data}\n\n");
            assert_eq!(write(text), event, "{text:?}");
        }
    }

    #[test]
    fn a_plain_text_has_the_predicted_length() {
        let text = r#"{"jsonrpc":"2.0","method":"ping"}"#;
        assert_eq!(write(text).len(), message_len(text.as_bytes()));
        let mut event = Vec::new();
        message(&mut event, text.as_bytes(), true);
        assert_eq!(event, write(text).into_bytes());
    }

    proptest! {
        #[test]
        fn another_parser_reads_the_written_events(
            texts in prop::collection::vec("[{][ -~\r\nü😀\u{2028}\u{85}]{0,40}", 1..6),
            piece in 1_usize..50,
        ) {
            let mut stream = endpoint("/m").to_vec();
            for text in &texts {
                stream.extend_from_slice(&KEEP_ALIVE);
                message(&mut stream, text.as_bytes(), false);
            }
            stream.extend_from_slice(&KEEP_ALIVE);
            let events = read(&stream, piece);
            prop_assert_eq!(&events[0].event, "endpoint");
            let expected: Vec<_> = texts
                .iter()
                .map(|text| text.replace("\r\n", " ").replace(['\r', '\n'], " "))
                .map(|text| text.replace('\u{2028}', r"\u2028").replace('\u{85}', r"\u0085"))
                .collect();
            let found: Vec<_> = events[1..].iter().map(|event| event.data.clone()).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(events[1..].iter().all(|event| event.event == "message"));
            let lines = stream.split(|byte| *byte == b'\n');
            let data = lines.filter(|line| line.starts_with(b"data: "));
            prop_assert_eq!(data.count(), texts.len() + 1, "one data line for each event");
        }
    }
}
