//! A client process that is stopped.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use mcp_sse_testkit::{
    messages::ping,
    process::Process,
    until,
    wire::{Conn, GET, open},
};

use crate::{assert_echo, server};

const ADDRESS: &str = "FAULTS_ADDRESS";

/// Reads a stream to its end.
pub(crate) fn run_client() {
    let address: SocketAddr = std::env::var(ADDRESS).unwrap().parse().unwrap();
    let mut tcp = TcpStream::connect(address).unwrap();
    tcp.write_all(GET.as_bytes()).unwrap();
    let (mut tail, mut told) = (Vec::new(), false);
    let mut buffer = vec![0; 64 * 1024];
    while !tail.ends_with(b"\r\n0\r\n\r\n") {
        let len = tcp.read(&mut buffer).unwrap();
        assert!(len > 0, "cut off");
        tail.extend_from_slice(&buffer[..len]);
        let text = String::from_utf8_lossy(&tail);
        if let (false, Some((_, uri))) = (told, text.split_once("data: ")) {
            if let Some((uri, _)) = uri.split_once("\n\n") {
                println!("reads {uri}");
                told = true;
            }
        }
        if told {
            tail.drain(..tail.len().saturating_sub(16));
        }
    }
    println!("read the end");
}

#[tokio::test]
async fn a_stopped_client_loses_its_session_and_reads_the_end_later() {
    let stall = [(server::STALL, "1000".to_owned())];
    let (_server, address) = Process::serve("", &stall);
    let mut other = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    let mut client = Process::role("client", "", &[(ADDRESS, address.to_string())]);
    let uri = client.line("reads ");

    let flood = r#"{"jsonrpc":"2.0","id":1,"method":"flood"}"#;
    assert_eq!(posts.post(&uri, flood).await.unwrap(), 202);
    client.signal("STOP");
    let mut ids = 0..;
    until("the session is gone", async || {
        assert_echo(&mut other, &mut posts, ids.next().unwrap()).await;
        // Until then the session accepts messages that fit.
        let mut posts = Conn::open(address).await.unwrap();
        posts.post(&uri, &ping(0)).await.unwrap() == 404
    })
    .await;
    assert_echo(&mut other, &mut posts, ids.next().unwrap()).await;

    client.signal("CONT");
    client.line("read the end");
    assert!(client.wait().success());
    assert_echo(&mut other, &mut posts, ids.next().unwrap()).await;
}
