//! Refusals of the gateway itself, and clients that are still sending.

use std::time::Duration;

use mcp_sse_testkit::wire::Conn;
use tokio::time::sleep;

use crate::served::{Gateway, child};

const TOKEN: &str = "alice alice-0123456789";

fn gateway() -> Gateway {
    let child = child();
    let env = [("MCP_SSE_GATEWAY_TOKENS", TOKEN)];
    Gateway::start_with(&[], &child.each_ref().map(String::as_str), &env)
}

const CASES: [(&str, &str, u16); 5] = [
    ("POST /messages/", "nobody", 401),
    ("POST /sse", "nobody", 401),
    ("POST /sse", "alice-0123456789", 405),
    ("POST /mcp", "alice-0123456789", 404),
    ("POST /health", "nobody", 405),
];

fn head(line: &str, token: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n")
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let gateway = gateway();
    for (line, token, status) in CASES {
        let body = " ".repeat(50 * 1024);
        let head = head(line, token);
        let sized = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let chunked = format!(
            "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        for request in [sized, chunked] {
            let mut conn = Conn::open(gateway.address).await.unwrap();
            // A home connection: 3 MB/s.
            for part in request.as_bytes().chunks(3_000) {
                let part = std::str::from_utf8(part).unwrap();
                conn.write(part).await.expect("the server still reads");
                sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(conn.answer().await.unwrap(), status, "{line}");
        }
    }
}

#[tokio::test]
async fn a_refused_body_that_does_not_come_delays_its_refusal_for_a_bounded_time() {
    let gateway = gateway();
    for (line, token, status) in CASES {
        let mut conn = Conn::open(gateway.address).await.unwrap();
        let head = head(line, token);
        conn.write(format!("{head}content-length: 100\r\n\r\n{{"))
            .await
            .unwrap();
        assert_eq!(conn.answer().await.unwrap(), status, "{line}");

        // This client sends its body only if it is asked to.
        let mut conn = Conn::open(gateway.address).await.unwrap();
        conn.write(format!(
            "{head}content-length: 100\r\nexpect: 100-continue\r\n\r\n"
        ))
        .await
        .unwrap();
        assert_eq!(conn.answer().await.unwrap(), status, "{line}");
    }
}
