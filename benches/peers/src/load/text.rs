use memchr::memmem;

use crate::work::{Call, Text};

/// Calls of one size, made by writing an id and a tag into a template, and the expected answers.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: Vec<u8>,
    id: usize,
    /// The string that the answer must contain, with its quotes. The answer to a ping contains none.
    string: Option<std::ops::Range<usize>>,
}

const ID: &str = "\"id\":";
const FIRST_ID: u64 = 1_000_000;
const TAG: usize = 16;

impl Pattern {
    /// A `POST` of a call to `path`.
    pub(crate) fn new(host: &str, path: &str, call: Call) -> Self {
        let rest = match call {
            Call::Ping => r#""method":"ping""#.to_owned(),
            Call::Tool(text) => format!(
                r#""method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{}"}}}}"#,
                filler(text)
            ),
        };
        let body = format!(r#"{{"jsonrpc":"2.0",{ID}{FIRST_ID},{rest}}}"#);
        let head = post_head(host, path, body.len());
        let text = [head.as_bytes(), body.as_bytes()].concat();
        let id = head.len() + body.find(ID).expect("an id") + ID.len();
        let string = match call {
            Call::Ping => None,
            Call::Tool(Text { bytes, .. }) => {
                let end = text.len() - 3;
                Some(end - bytes - 2..end)
            }
        };
        Self { text, id, string }
    }

    /// Appends the `n`th call of a session.
    pub(crate) fn write(&mut self, session: usize, n: u64, out: &mut Vec<u8>) {
        self.stamp(session, n);
        out.extend_from_slice(&self.text);
    }

    /// Which of a session's calls this text answers, if it contains the text of that call.
    pub(crate) fn answered(&mut self, session: usize, text: &[u8]) -> Option<u64> {
        let n = number(after(text, ID.as_bytes())?)?.checked_sub(FIRST_ID)?;
        self.stamp(session, n);
        let (name, expected): (&[u8], &[u8]) = match &self.string {
            Some(string) => (b"\"text\":", &self.text[string.clone()]),
            None => (b"\"result\":", b"{}"),
        };
        after(text, name)?.starts_with(expected).then_some(n)
    }

    fn stamp(&mut self, session: usize, n: u64) {
        digits(&mut self.text[self.id..self.id + 7], FIRST_ID + n);
        let Some(string) = &self.string else {
            return;
        };
        // A different text in each call, to detect the answer to another call.
        let tag = string.start + 1;
        let tag = &mut self.text[tag..tag + TAG];
        let (session_digits, call_digits) = tag.split_at_mut(TAG / 2);
        digits(session_digits, session as u64);
        digits(call_digits, n);
    }
}

/// The `POST` that requests a notification to all sessions, and the notification.
pub(crate) fn notification(host: &str, size: usize) -> (Vec<u8>, String) {
    let text = Text::lines(size);
    let body = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":"{}"}}}}"#,
        filler(text)
    );
    let head = post_head(host, "/broadcast", body.len());
    ([head.as_bytes(), body.as_bytes()].concat(), filler(text))
}

/// The two `POST`s of MCP's handshake. The server answers the first one on the stream.
pub(crate) fn handshake(host: &str, path: &str) -> Vec<u8> {
    let bodies = [
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"peers","version":"0"}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    ];
    let post = |body: &str| post_head(host, path, body.len()) + body;
    bodies.map(post).concat().into()
}

/// Whether this is a request of the server, which some servers send from time to time.
pub(crate) fn is_ping(text: &[u8]) -> bool {
    const LEN: usize = 100;
    text.len() < LEN && memmem::find(text, b"\"method\":\"ping\"").is_some()
}

pub(crate) fn get(host: &str) -> Vec<u8> {
    format!("GET /sse HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\nuser-agent: peers\r\n\r\n").into()
}

fn post_head(host: &str, path: &str, len: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\nuser-agent: peers\r\n\
         content-type: application/json\r\ncontent-length: {len}\r\n\r\n"
    )
}

fn filler(text: Text) -> String {
    let words = "abcdefghijklmnopqrstuvwxyz ".repeat(3);
    let end = if text.in_lines { "\\n" } else { "--" };
    let line = format!("{}{end}", words.split_at(78).0);
    let size = text.bytes;
    let mut text = line.repeat(size / line.len());
    text += &line[..size - text.len()];
    text
}

fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..len]).ok()?.parse().ok()
}

fn after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(text, key)?;
    Some(text[at + key.len()..].trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_only_for_its_own_call() {
        let mut pattern = Pattern::new("h", "/p", Call::Tool(Text::lines(64)));
        let mut post = Vec::new();
        pattern.write(3, 7, &mut post);
        let post = String::from_utf8(post).unwrap();
        let text = post
            .rsplit_once("\"text\":")
            .unwrap()
            .1
            .trim_end_matches('}');
        assert_eq!(text.len(), 66);
        let answer = |id: u64| format!(r#"{{"id": {id},"result":{{"text": {text}}}}}"#);
        assert_eq!(pattern.answered(3, answer(1_000_007).as_bytes()), Some(7));
        assert_eq!(pattern.answered(3, answer(1_000_008).as_bytes()), None);
        assert_eq!(pattern.answered(4, answer(1_000_007).as_bytes()), None);
        assert_eq!(pattern.answered(3, b"{}"), None);
    }
}
