//! Several servers, tokens, probes, metrics, and refusals in the log.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use mcp_sse_testkit::wire::{Refused, Stream};

use crate::served::Gateway;

/// The answer to a request, whole.
fn ask(address: SocketAddr, line: &str, headers: &str) -> String {
    let mut tcp = TcpStream::connect(address).unwrap();
    write!(
        tcp,
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn each_server_has_its_own_path_and_its_own_children() {
    let say = |name: &str| {
        format!(
            r#"{name}=sh -c 'read line; echo "{{\"jsonrpc\":\"2.0\",\"method\":\"{name}\"}}"; cat'"#
        )
    };
    let gateway = Gateway::start_with(
        &["--server", &say("one"), "--server", &say("two")],
        &["cat"],
        &[],
    );
    for name in ["one", "two"] {
        let mut talk = gateway.open_at(&format!("/{name}/sse"), "").await.unwrap();
        assert_eq!(
            talk.post(r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#).await,
            202
        );
        assert_eq!(talk.next().await.unwrap()["method"], name);
    }
    // The default one, which sends back what it reads.
    let mut talk = gateway.open().await;
    assert_eq!(
        talk.post(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#)
            .await,
        202
    );
    assert_eq!(talk.next().await.unwrap()["method"], "initialize");
    assert_eq!(gateway.open_at("/three/sse", "").await.err(), Some(404));
}

#[tokio::test]
async fn a_token_is_required_on_each_path_but_the_one_for_probes_and_owns_its_sessions() {
    const TOKENS: &str = "alice alice-0123456789,bob bob-0123456789abc";
    let env = [("MCP_SSE_GATEWAY_TOKENS", TOKENS)];
    let flags = ["--max-children-per-name", "1"];
    let child = crate::served::child();
    let gateway = Gateway::start_with(&flags, &child.each_ref().map(String::as_str), &env);
    let (alice, bob) = (
        "authorization: Bearer alice-0123456789\r\n",
        "authorization: Bearer bob-0123456789abc\r\n",
    );
    for line in ["GET /sse", "POST /messages/", "POST /sse", "GET /"] {
        let answer = ask(gateway.address, line, "authorization: Bearer nobody\r\n");
        assert!(answer.starts_with("HTTP/1.1 401 "), "{line}: {answer}");
        assert!(
            answer
                .to_lowercase()
                .contains("\r\nwww-authenticate: bearer\r\n"),
            "{answer}"
        );
    }
    assert!(ask(gateway.address, "GET /health", "").starts_with("HTTP/1.1 200 "));
    let mut talk = gateway.try_open(alice).await.unwrap();
    // The child does not see the tokens of the gateway.
    let uri = talk.stream.uri.clone();
    let body =
        r#"{"jsonrpc":"2.0","id":1,"method":"env","params":{"text":"MCP_SSE_GATEWAY_TOKENS"}}"#;
    for (headers, status) in [(bob, 404), ("", 401), (alice, 202)] {
        let length = format!(
            "{headers}content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        let mut tcp = TcpStream::connect(gateway.address).unwrap();
        write!(
            tcp,
            "POST {uri} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{length}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{headers}: {answer}"
        );
    }
    assert!(talk.next().await.unwrap()["result"]["env"].is_null());
    assert_eq!(gateway.try_open(alice).await.err(), Some(503));
    assert!(gateway.try_open(bob).await.is_ok());
    gateway.logs("--max-children-per-name allows more").await;
    gateway
        .logs("refused: no known bearer token: --tokens-file")
        .await;
    assert!(!gateway.log().contains("0123456789"), "{}", gateway.log());
}

#[tokio::test]
async fn probes_open_no_session_and_streamable_http_clients_fall_back() {
    let gateway = Gateway::start(&["--health-path", "/up"]);
    for (line, status) in [
        ("GET /up", 200),
        ("HEAD /up", 200),
        ("POST /up", 405),
        ("HEAD /sse", 200),
        ("POST /sse", 405),
        ("DELETE /sse", 405),
        ("POST /mcp", 404),
        ("POST /", 404),
    ] {
        let answer = ask(gateway.address, line, "content-length: 0\r\n");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {answer}"
        );
        assert!(!answer.contains("jsonrpc"), "{line}: {answer}");
    }
    let answer = ask(gateway.address, "POST /mcp", "content-length: 0\r\n");
    assert!(
        answer.contains("MCP over HTTP+SSE is at /sse. Streamable HTTP is not served."),
        "{answer}"
    );
    assert!(gateway.children().is_empty());
}

#[tokio::test]
async fn metrics_have_an_address_of_their_own() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = Gateway::start(&["--metrics", &free.to_string()]);
    let mut talk = gateway.open().await;
    talk.works().await;
    let metrics = ask(free, "GET /metrics", "");
    assert!(metrics.contains("\nmcp_sse_sessions 1\n"), "{metrics}");
    assert!(ask(gateway.address, "GET /metrics", "").starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn a_refusal_names_the_flag_that_allows_it() {
    let gateway = Gateway::start(&["--max-body", "1000"]);
    for (host, origin, flag) in [
        (
            "mcp.example.com",
            "",
            "--allow-host mcp.example.com or --allow-any-host allows it",
        ),
        (
            "localhost",
            "origin: https://app.example.com\r\n",
            "--allow-origin https://app.example.com allows it",
        ),
    ] {
        let get = format!("GET /sse HTTP/1.1\r\nhost: {host}\r\n{origin}\r\n");
        let opened = Stream::open_with(gateway.address, &get).await;
        assert!(matches!(opened, Err(Refused::Status(403 | 421))));
        gateway.logs(flag).await;
    }
    let mut talk = gateway.open().await;
    let long = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "x".repeat(2_000));
    assert_eq!(talk.post(&long).await, 413);
    gateway.logs("--max-body allows larger ones").await;
    // Clients cannot fill the log.
    for _ in 0..50 {
        talk.post(&long).await;
    }
    let lines = gateway.log().matches("--max-body allows").count();
    assert!(lines < 40, "{lines}");
    assert!(
        !gateway.log().contains("SseServerTransport"),
        "{}",
        gateway.log()
    );
}

#[tokio::test]
async fn the_log_has_one_line_for_the_start_and_one_for_the_end_of_a_session() {
    for format in ["text", "json"] {
        let gateway = Gateway::start(&["--log-format", format]);
        let mut talk = gateway.open().await;
        let id = talk.short_id();
        talk.works().await;
        drop(talk);
        gateway.childless().await;
        gateway.logs("session closed").await;
        let log = gateway.log();
        let of_session = |text: &str| {
            log.lines()
                .filter(|line| line.contains(text) && line.contains(&id))
                .count()
        };
        assert_eq!(
            (of_session("session opened"), of_session("session closed")),
            (1, 1),
            "{log}"
        );
        let closed = log
            .lines()
            .find(|line| line.contains("session closed"))
            .unwrap();
        for part in ["client_gone", "received", "sent"] {
            assert!(closed.contains(part), "{closed}");
        }
        if format == "json" {
            for line in log.lines() {
                serde_json::from_str::<serde_json::Value>(line)
                    .unwrap_or_else(|_| panic!("{line}"));
            }
        }
    }
}
