//! Faults of a Streamable HTTP server. `.ci/gateway` has real ones.

use mcp_sse_testkit::until;
use serde_json::{Value, json};

use crate::{
    served::{Gateway, Talk},
    streamable::{Reply, Streamable},
};

async fn gateway(server: &Streamable, flags: &[&str]) -> Gateway {
    let url = server.url();
    Gateway::start_as_is(&[&["--upstream", &url], flags].concat(), &[], &[])
}

fn params() -> Value {
    let client = json!({"name": "c", "version": "0"});
    json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
}

/// Makes the handshake.
async fn initialize(talk: &mut Talk) {
    let result = talk.ask("initialize", &params()).await;
    assert_eq!(result["serverInfo"]["name"], "streamable");
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(talk.post(initialized).await, 202);
    // After this, the upstream has the notification.
    talk.works().await;
}

/// The text of the error that answers a request.
async fn error(talk: &mut Talk, method: &str) -> String {
    talk.tell(method, &params()).await;
    let answer = talk.next().await.expect("an answer");
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    answer["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_reaches_the_client_byte_for_byte() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    let text = r#"{"result": {"z":1, "unknown":{"n":123456789012345678901234567890,"e":1.50e1}} ,"jsonrpc":"2.0","id":3}"#;
    server.reply("odd", Reply::Event(text.to_owned()));
    talk.tell("odd", &json!({})).await;
    assert_eq!(talk.stream.message().await.unwrap().unwrap(), text);
}

#[tokio::test]
async fn a_session_of_the_upstream_is_deleted_at_the_end_and_at_the_shutdown() {
    let server = Streamable::start().await;
    let mut gateway = gateway(&server, &[]).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    drop(talk);
    server.until_deleted(1).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    gateway.signal("TERM");
    server.until_deleted(2).await;
    assert!(gateway.ended().await.0.success());
}

#[tokio::test]
async fn an_upstream_that_is_down_is_tried_again_with_the_next_message() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    server.set_down(true);
    let reason = error(&mut talk, "a").await;
    assert!(
        reason.starts_with("the upstream failed: HTTP 503"),
        "{reason}"
    );
    server.set_down(false);
    talk.works().await;
}

#[tokio::test]
async fn a_client_cannot_fill_the_log_with_failures_of_an_upstream() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    server.set_down(true);
    // Also not with new sessions.
    for _ in 0..4 {
        let mut talk = gateway.open().await;
        for _ in 0..75 {
            error(&mut talk, "initialize").await;
        }
    }
    // With the status, or that the connection was lost: rmcp reports one of them first.
    let lines = |text: &str| gateway.log().matches(text).count();
    until("the first lines", async || {
        lines("the upstream failed: ") >= 10
    })
    .await;
    // More than ten only where a slow machine needs more than 10 s for all.
    for text in ["the upstream failed: ", "begun anew"] {
        assert!(lines(text) <= 40, "{}", gateway.log());
    }
    server.set_down(false);
    gateway.open().await.works().await;
}

#[tokio::test]
async fn an_upstream_that_loses_its_sessions_is_initialized_anew() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    for _ in 0..3 {
        server.forget_sessions();
        talk.works().await;
    }
    // It is down while the client opens its session.
    server.set_down(true);
    let mut talk = gateway.open().await;
    let reason = error(&mut talk, "initialize").await;
    assert!(
        reason.starts_with("the upstream failed: HTTP 503"),
        "{reason}"
    );
    server.set_down(false);
    talk.works().await;
}

#[tokio::test]
async fn the_server_of_a_client_that_comes_back_is_initialized() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    gateway.open().await.works().await;
    assert_eq!(server.count("initialize"), 1);
}

#[tokio::test]
async fn a_slow_upstream_is_not_waited_for_without_end() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &["--upstream-timeout", "3"]).await;
    let mut talk = gateway.open().await;
    initialize(&mut talk).await;
    server.reply("slow", Reply::Nothing);
    let reason = error(&mut talk, "slow").await;
    assert_eq!(
        reason,
        "the upstream did not answer within 3 s, see --upstream-timeout"
    );
    talk.works().await;
}

#[tokio::test]
async fn a_401_of_the_upstream_becomes_one_of_the_post_or_an_error() {
    let server = Streamable::start().await;
    let gateway = gateway(&server, &[]).await;
    // The token is refused from the start.
    server.require("Bearer good");
    let mut talk = gateway.open_with("authorization: Bearer bad\r\n").await;
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"0"}}}"#;
    assert_eq!(talk.post(request).await, 401);
    // It expires during the session: that call has been accepted, the next one is not.
    let mut talk = gateway.open_with("authorization: Bearer good\r\n").await;
    talk.headers = "authorization: Bearer good\r\n";
    initialize(&mut talk).await;
    talk.works().await;
    server.require("Bearer better");
    let reason = error(&mut talk, "echo").await;
    assert_eq!(reason, "the upstream failed: HTTP 401 Unauthorized");
    let echo = r#"{"jsonrpc":"2.0","id":"again","method":"echo","params":{}}"#;
    assert_eq!(talk.post(echo).await, 401);
    // With a new token the same request is accepted.
    talk.headers = "authorization: Bearer better\r\n";
    assert_eq!(talk.post(echo).await, 202);
    assert_eq!(talk.next().await.unwrap()["id"], "again");
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let (server, other) = (Streamable::start().await, Streamable::start().await);
    server.redirect(&other.url());
    let gateway = gateway(&server, &["--no-initialize"]).await;
    let mut talk = gateway.open_with("authorization: Bearer secret\r\n").await;
    let reason = error(&mut talk, "initialize").await;
    assert!(reason.contains("307"), "{reason}");
    assert_eq!(other.requests(), 0);
}

#[tokio::test]
async fn the_named_headers_of_a_client_go_along() {
    let server = Streamable::start().await;
    let bearer = "authorization: Bearer mine\r\n";
    for (flags, tenants) in [
        (&["--forward-header", "X-Tenant"] as &[_], json!(["acme"])),
        (&[], json!([])),
    ] {
        let gateway = gateway(&server, flags).await;
        let get = format!("x-tenant: other\r\n{bearer}");
        let mut talk = gateway.open_with(&get).await;
        // Those of each message, not those of the stream.
        talk.headers = "x-tenant: acme\r\nauthorization: Bearer mine\r\n";
        initialize(&mut talk).await;
        let found = talk.ask("echo", &json!({})).await;
        let expected = json!({"x-tenant": tenants, "authorization": "Bearer mine"});
        assert_eq!(found["headers"], expected);
    }
}

#[tokio::test]
async fn a_token_of_the_gateway_does_not_reach_the_upstream() {
    let server = Streamable::start().await;
    let env = [("MCP_SSE_GATEWAY_TOKENS", "alice alice-0123456789")];
    let gateway = Gateway::start_as_is(&["--upstream", &server.url()], &[], &env);
    let bearer = "authorization: Bearer alice-0123456789\r\n";
    let mut talk = gateway.open_with(bearer).await;
    talk.headers = bearer;
    initialize(&mut talk).await;
    let found = talk.ask("echo", &json!({})).await;
    assert_eq!(found["headers"]["authorization"], "");
}
