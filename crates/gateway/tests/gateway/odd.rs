//! Lines of a child that are no valid messages: a request that they belong to is answered.

use serde_json::{Value, json};

use crate::served::Gateway;

/// A child that answers the first request with `line`.
fn answers(line: &str) -> [&str; 5] {
    [
        "sh",
        "-c",
        r#"read request; printf '%s\n' "$0"; cat >&2"#,
        line,
        "",
    ]
}

async fn answer_to_7(flags: &[&str], line: &str) -> Value {
    let gateway = Gateway::start_with(flags, &answers(line)[..4], &[]);
    let mut talk = gateway.open().await;
    let ask = r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#;
    assert_eq!(talk.post(ask).await, 202);
    talk.next().await.expect("an answer")
}

#[tokio::test]
async fn an_answer_that_is_not_valid_becomes_an_error_under_its_id() {
    let long = format!(
        r#"{{"result":{{"text":"{}"}},"jsonrpc":"2.0","id":7}}"#,
        "x".repeat(2_000)
    );
    for (line, says) in [
        (
            r#"{"jsonrpc":"2.0","id":7,"result":{"text":"half \ud83d"}}"#,
            "not a message",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"result":{},"error":null}"#,
            "not a message",
        ),
        (r#"{"jsonrpc":"2.0","id":7}"#, "not a message"),
        (&long, "--max-line is 1000 and allows more"),
        // As Python writes it.
        (
            &format!(
                r#"{{"jsonrpc":"2.0","id":7,"result":"{}"}}"#,
                "x".repeat(2_000)
            ),
            "--max-line is 1000",
        ),
    ] {
        let answer = answer_to_7(&["--max-line", "1000"], line).await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(7), &json!(-32603)),
            "{line}"
        );
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("the server answered with "),
            "{line}: {message}"
        );
        assert!(message.contains(says), "{line}: {message}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_removed() {
    let line = "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}";
    assert_eq!(answer_to_7(&[], line).await["result"], json!({}));
}

#[tokio::test]
async fn an_error_without_a_request_is_logged_and_not_passed_on() {
    let line = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#;
    let script =
        r#"read request; printf '%s\n' "$0"; echo '{"jsonrpc":"2.0","method":"next"}'; cat >&2"#;
    let gateway = Gateway::start_with(&[], &["sh", "-c", script, line], &[]);
    let mut talk = gateway.open().await;
    assert_eq!(
        talk.post(r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#).await,
        202
    );
    assert_eq!(talk.next().await.unwrap()["method"], "next");
    let logged = format!("skipped an error on stdout that answers no request: {line}");
    gateway.logs_of(&talk.short_id(), &logged).await;
}

#[tokio::test]
async fn a_request_that_waits_behind_a_dead_child_is_answered_too() {
    // The child does not read the second request.
    let script = "read request; kill -9 $$";
    let gateway = Gateway::start_with(&[], &["sh", "-c", script], &[]);
    let mut talk = gateway.open().await;
    let initialize = r#"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{}}"#;
    assert_eq!(talk.post(initialize).await, 202);
    let answer = talk.next().await.expect("an answer");
    let reason = "the server ended before it answered: signal: 9 (SIGKILL)";
    assert_eq!(
        (&answer["id"], &answer["error"]["message"]),
        (&json!("a"), &json!(reason))
    );
    assert_eq!(talk.next().await, None);
}

#[tokio::test]
async fn a_client_whose_children_die_gets_the_next_ones_at_growing_intervals() {
    let gateway = Gateway::start_with(&[], &["sh", "-c", "read request; exit 9"], &[]);
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let waits = || gateway.log().matches(" ended in a row").count();
    // Usually three. If the test stands still for the time of a wait, that wait is not needed.
    for _ in 0..6 {
        let mut talk = gateway.open().await;
        assert_eq!(talk.post(initialize).await, 202);
        let answer = talk.next().await.expect("an answer");
        let reason = "the server ended before it answered: exit status: 9";
        assert_eq!(answer["error"]["message"], reason);
        if waits() == 2 {
            break;
        }
    }
    assert_eq!(waits(), 2, "{}", gateway.log());
}

/// Answers the handshake, then sends back the method of each line.
const HANDSHAKE: &str = r#"
    read initialize
    id=$(printf '%s' "$initialize" | sed 's/.*"id":\("[^"]*"\).*/\1/')
    echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}"
    while read line; do
        method=$(printf '%s' "$line" | sed 's/.*"method":"\([^"]*\)".*/\1/')
        echo "{\"jsonrpc\":\"2.0\",\"method\":\"got $method\"}"
    done"#;

#[tokio::test]
async fn the_server_of_a_client_that_comes_back_is_initialized() {
    let gateway = Gateway::start_as_is(&[], &["sh", "-c", HANDSHAKE], &[]);
    let mut talk = gateway.open().await;
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#;
    assert_eq!(talk.post(call).await, 202);
    for method in ["got notifications/initialized", "got tools/call"] {
        assert_eq!(talk.next().await.unwrap()["method"], method);
    }
}
