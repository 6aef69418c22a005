//! The text of the server-sent events of this transport (HTML standard, section 9.2.5): the `endpoint` event,
//! `message` events and the keep-alive comment. Nothing else can be written.

use bytes::Bytes;

/// The keep-alive: a comment line.
///
/// No blank line follows, because a parser needs none after a comment. According to its source, the Java SDK's
/// client loses one unit of demand for each blank line that ends no event, and stalls after 256 of them. The
/// clients of the Python SDK and the TypeScript SDK read both forms (`tests/clients/keep_alive.py` and
/// `keep_alive.mjs`).
pub(crate) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n");

/// The text before a message of one line.
pub(crate) const MESSAGE: Bytes = Bytes::from_static(b"event: message\ndata: ");
/// The text after it.
pub(crate) const END: Bytes = Bytes::from_static(b"\n\n");

const NEXT_LINE: &[u8] = b"\ndata: ";

/// The first event of a stream. A URI has no line breaks.
pub(crate) fn endpoint(uri: &str) -> Bytes {
    debug_assert!(!uri.contains(['\r', '\n']));
    ["event: endpoint\ndata: ", uri, "\n\n"].concat().into()
}

/// The length of a message as an event, if its text has no line breaks.
pub(crate) fn message_len(text: &[u8]) -> usize {
    MESSAGE.len() + text.len() + END.len()
}

/// Writes a message. JSON may have line breaks between its tokens. Each line becomes a `data` line, and the
/// reader joins the lines with LF. CR, LF and CRLF are one line break each.
///
/// With `is_one_line`, the text is not searched for line breaks.
pub(crate) fn message(event: &mut Vec<u8>, text: &[u8], is_one_line: bool) {
    event.extend_from_slice(&MESSAGE);
    match is_one_line {
        true => event.extend_from_slice(text),
        false => lines(event, text),
    }
    event.extend_from_slice(&END);
}

fn lines(event: &mut Vec<u8>, text: &[u8]) {
    let mut line = 0;
    for at in memchr::memchr2_iter(b'\r', b'\n', text) {
        if at < line {
            continue; // the LF of a CRLF
        }
        event.extend_from_slice(&text[line..at]);
        event.extend_from_slice(NEXT_LINE);
        line = at
            + if text[at..].starts_with(b"\r\n") {
                2
            } else {
                1
            };
    }
    event.extend_from_slice(&text[line..]);
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
        for (text, event) in [
            ("{}", "event: message\ndata: {}\n\n"),
            ("{\n}", "event: message\ndata: {\ndata: }\n\n"),
            ("{\r\n}", "event: message\ndata: {\ndata: }\n\n"),
            ("{\r}", "event: message\ndata: {\ndata: }\n\n"),
            ("{\n\r}", "event: message\ndata: {\ndata: \ndata: }\n\n"),
            (
                "{\r\r\n\n}",
                "event: message\ndata: {\ndata: \ndata: \ndata: }\n\n",
            ),
            ("{}\n", "event: message\ndata: {}\ndata: \n\n"),
            ("\u{2028}\u{85}", "event: message\ndata: \u{2028}\u{85}\n\n"),
        ] {
            assert_eq!(write(text), event, "{text:?}");
        }
    }

    #[test]
    fn a_text_without_line_breaks_has_the_predicted_length() {
        let text = r#"{"jsonrpc":"2.0","method":"ping"}"#;
        assert_eq!(write(text).len(), message_len(text.as_bytes()));
        let mut event = Vec::new();
        message(&mut event, text.as_bytes(), true);
        assert_eq!(event, write(text).into_bytes());
    }

    proptest! {
        #[test]
        fn another_parser_reads_the_written_events(
            texts in prop::collection::vec("[{][ -~\r\nü😀\u{2028}]{0,40}", 1..6),
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
                .map(|text| text.replace("\r\n", "\n").replace('\r', "\n"))
                .collect();
            let found: Vec<_> = events[1..].iter().map(|event| event.data.clone()).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(events[1..].iter().all(|event| event.event == "message"));
        }
    }
}
