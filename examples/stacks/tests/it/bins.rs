//! Runs the examples as processes, with the commands in their docs.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

use crate::support::{Client, within};

struct Example {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Example {
    /// Starts the example on a free port. Its first line of output has the URL.
    async fn start(path: &str) -> (Self, String) {
        let mut process = Command::new(path)
            .arg("127.0.0.1:0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = within("the first line", lines.next_line()).await;
        let first = first.unwrap().expect("the example printed no line");
        let url = first.split([' ', ',']).find(|word| word.contains("://"));
        let url = url.expect(&first).to_owned();
        (Self { process, lines }, url)
    }

    /// Presses Ctrl-C.
    async fn interrupt(mut self) {
        let id = self.process.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await;
        assert!(sent.unwrap().success());
        let ended = within("its end", self.process.wait()).await.unwrap();
        assert!(ended.success(), "{ended}");
        drop(self.lines);
    }
}

/// Runs a whole session, and presses Ctrl-C while its stream is open.
async fn serves(path: &str) {
    let (example, url) = Example::start(path).await;
    let url = url.strip_prefix("http://").unwrap();
    let (address, _) = url.split_once('/').unwrap();
    let mut client = Client::http1(address).await;
    let mut poster = client.another(address).await;
    let (uri, mut events) = client.open(address, "/sse").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3}}}"#;
    assert_eq!(poster.post(address, &uri, call).await.0, 202);
    let answer = events.next().await.unwrap().data;
    assert!(answer.contains(r#""text":"5""#), "{answer}");
    example.interrupt().await;
    assert_eq!(events.next().await, None, "the stream ends properly");
}

#[tokio::test]
async fn the_warp_example_serves_and_stops() {
    serves(env!("CARGO_BIN_EXE_warp")).await;
}

#[tokio::test]
async fn the_tonic_example_serves_and_stops() {
    serves(env!("CARGO_BIN_EXE_tonic")).await;
}

#[tokio::test]
async fn the_tls_example_starts_and_stops() {
    let (example, url) = Example::start(env!("CARGO_BIN_EXE_tls")).await;
    let address = url.strip_prefix("https://").unwrap();
    let (address, _) = address.split_once('/').unwrap();
    // The server answers data that is not TLS with an alert, and closes the connection.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /sse HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = within("an alert", stream.read_to_end(&mut answer)).await;
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    example.interrupt().await;
}

#[tokio::test]
async fn the_opentelemetry_example_prints_its_spans_and_stops() {
    let (mut example, url) = Example::start(env!("CARGO_BIN_EXE_opentelemetry")).await;
    let url = url.strip_prefix("http://").unwrap();
    let (address, _) = url.split_once('/').unwrap();
    let mut client = Client::http1(address).await;
    let mut poster = client.another(address).await;
    let (uri, mut events) = client.open(address, "/sse").await;
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(poster.post(address, &uri, ping).await.0, 202);
    assert!(events.next().await.unwrap().data.contains("result"));
    loop {
        let line = within("a span", example.lines.next_line()).await.unwrap();
        if line.expect("it ended").contains("mcp_sse_post") {
            break;
        }
    }
    example.interrupt().await;
    assert_eq!(events.next().await, None, "the stream ends properly");
}
