//! Runs the examples as processes, with the commands in their docs.

use std::process::Command;

use mcp_sse_testkit::{client::Client, messages::ping, process::Process, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Starts an example on a free port. Its first line ends with its URL, which begins with `scheme`.
fn start(path: &str, scheme: &str) -> (Process, String) {
    let mut process = Process::start(Command::new(path).arg("127.0.0.1:0"));
    let url = process.line(scheme);
    let (address, _) = url.split_once('/').expect(&url);
    (process, address.to_owned())
}

/// Presses Ctrl-C.
fn interrupt(mut process: Process) {
    process.interrupt();
    let ended = process.wait();
    assert!(ended.success(), "{ended}");
}

/// Runs a whole session, and presses Ctrl-C while its stream is open.
async fn serves(path: &str) {
    let (example, address) = start(path, "http://");
    let address = &*address;
    let mut client = Client::http1(address).await;
    let mut poster = client.another(address).await;
    let (uri, mut events) = client.open(address, "/sse").await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3}}}"#;
    assert_eq!(poster.post(address, &uri, call).await.0, 202);
    let answer = events.next().await.unwrap().data;
    assert!(answer.contains(r#""text":"5""#), "{answer}");
    interrupt(example);
    assert_eq!(events.next().await, None, "the stream ends properly");
}

// Several threads: a wait for a process blocks one.
#[tokio::test(flavor = "multi_thread")]
async fn the_warp_example_serves_and_stops() {
    serves(env!("CARGO_BIN_EXE_warp")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actix_example_serves_and_stops() {
    serves(env!("CARGO_BIN_EXE_actix")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tonic_example_serves_and_stops() {
    serves(env!("CARGO_BIN_EXE_tonic")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tls_example_starts_and_stops() {
    let (example, address) = start(env!("CARGO_BIN_EXE_tls"), "https://");
    // Plain HTTP is answered with a TLS alert, and the connection ends.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /sse HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = within("an alert", stream.read_to_end(&mut answer)).await;
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    interrupt(example);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_opentelemetry_example_prints_its_spans_and_stops() {
    let (mut example, address) = start(env!("CARGO_BIN_EXE_opentelemetry"), "http://");
    let address = &*address;
    let mut client = Client::http1(address).await;
    let mut poster = client.another(address).await;
    let (uri, mut events) = client.open(address, "/sse").await;
    assert_eq!(poster.post(address, &uri, &ping(1)).await.0, 202);
    assert!(events.next().await.unwrap().data.contains("result"));
    example.line("mcp_sse_post");
    interrupt(example);
    assert_eq!(events.next().await, None, "the stream ends properly");
}
