//! Finds the request that a line belongs to, if the line is no valid message.

use mcp_sse_server::message::{OwnedRequestId, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
}

/// Returns the id of a line. `cut` is the end of a line of which only the start, `text`, was kept.
///
/// It accepts what a message may not contain: half a surrogate pair, a result beside an error, raw control
/// characters.
pub(crate) fn id_of(text: &[u8], cut: Option<&[u8]>) -> Option<OwnedRequestId> {
    match cut {
        None => {
            let envelope: Envelope<'_> = serde_json::from_slice(text).ok()?;
            scalar(envelope.id.get())
        }
        // Python writes the id first, TypeScript last.
        Some(end) => first(text).or_else(|| last(end)),
    }
}

/// The id at the start of a line: `{"jsonrpc":"2.0","id":7,`.
fn first(text: &[u8]) -> Option<OwnedRequestId> {
    let start = std::str::from_utf8(&text[..text.len().min(512)]);
    let start = start
        .or_else(|error| std::str::from_utf8(&text[..error.valid_up_to()]))
        .ok()?;
    let mut rest = start.trim_start().strip_prefix('{')?.trim_start();
    if let Some(version) = member(rest, "jsonrpc") {
        rest = version
            .strip_prefix("\"2.0\"")?
            .trim_start()
            .strip_prefix(',')?
            .trim_start();
    }
    let id = member(rest, "id")?;
    let len = id
        .find([',', '}'])
        .filter(|_| !id.starts_with('"'))
        .or_else(|| string_len(id))?;
    scalar(&id[..len])
}

/// The id at the end of a line: `,"id":7}`. Only the outermost object ends there, so no id inside is found.
fn last(end: &[u8]) -> Option<OwnedRequestId> {
    // The end may begin inside a character.
    let end = String::from_utf8_lossy(end);
    let mut end = end.trim_end().strip_suffix('}')?.trim_end();
    if let Some(before) = end.strip_suffix("\"2.0\"") {
        let before = before.trim_end().strip_suffix(':')?.trim_end();
        end = before
            .strip_suffix("\"jsonrpc\"")?
            .trim_end()
            .strip_suffix(',')?
            .trim_end();
    }
    let at = end.rfind("\"id\"")?;
    scalar(member(&end[at..], "id")?)
}

/// Returns what follows `"name":`.
fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let text = text
        .strip_prefix('"')?
        .strip_prefix(name)?
        .strip_prefix('"')?;
    Some(text.trim_start().strip_prefix(':')?.trim_start())
}

fn string_len(text: &str) -> Option<usize> {
    let mut escaped = false;
    let inner = text.strip_prefix('"')?;
    let end = inner.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some(end + 2)
}

/// Reads a string or an integer, and nothing else.
fn scalar(id: &str) -> Option<OwnedRequestId> {
    let id = id.trim();
    let digits = id.strip_prefix('-').unwrap_or(id);
    match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Some(RequestId::Integer(id).into()),
        false => Some(RequestId::String(&serde_json::from_str::<String>(id).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::id_of;

    #[test]
    fn a_whole_line_has_its_id_whatever_else_is_wrong() {
        for (line, id) in [
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"text":"\ud800"}}"#,
                Some("7"),
            ),
            (
                r#"{"jsonrpc":"2.0","id":"a\u0062","result":{},"error":null}"#,
                Some("\"ab\""),
            ),
            (r#"{"result":{"id":1},"id":-2}"#, Some("-2")),
            (r#"{"id":null,"error":{}}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"{"id":{}}"#, None),
            (r#"{"id":1,"id":2}"#, None),
            (r#"[{"id":1}]"#, None),
            ("half {\"id\":1", None),
        ] {
            let found = id_of(line.as_bytes(), None).map(|id| id.to_string());
            assert_eq!(found.as_deref(), id, "{line}");
        }
    }

    #[test]
    fn a_cut_line_has_its_id_at_its_start_or_at_its_end() {
        for (start, end, id) in [
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"te"#,
                r#"xxx"}}"#,
                Some("7"),
            ),
            (
                r#" { "jsonrpc" : "2.0" , "id" : "a,b" , "resu"#,
                "",
                Some("\"a,b\""),
            ),
            (r#"{"id":7,"jsonrpc":"2.0","result":{"te"#, "", Some("7")),
            (
                r#"{"result":{"id":1,"te"#,
                r#"xx"},"jsonrpc":"2.0","id":3}"#,
                Some("3"),
            ),
            (
                r#"{"result":{"te"#,
                r#"xx"}, "id": "q" , "jsonrpc" : "2.0" } "#,
                Some("\"q\""),
            ),
            // The id is inside the result.
            (r#"{"result":{"te"#, r#"xx","id":3}}"#, None),
            (r#"{"result":{"te"#, r#"xx \"id\":3}"#, None),
            (r#"{"result":{"te"#, r#"xx","id":3}]}}"#, None),
            ("xxxx", "xxxx", None),
        ] {
            let found = id_of(start.as_bytes(), Some(end.as_bytes())).map(|id| id.to_string());
            assert_eq!(found.as_deref(), id, "{start} .. {end}");
        }
    }
}
