//! A proxy that cuts connections after some bytes.

use mcp_sse_testkit::{
    messages::ping,
    process::Process,
    proxy, until,
    wire::{self, Conn, GET, Stream, open},
};
use tokio::io::AsyncReadExt;

use crate::{assert_echo, server};

#[tokio::test]
async fn a_stream_cut_at_any_byte_closes_only_its_session() {
    let (_server, address) = Process::serve("", &[]);
    let mut other = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    // The number of bytes up to the endpoint, measured with a stream that is not cut.
    let whole = {
        let mut conn = Conn::open(address).await.unwrap();
        conn.write(GET).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\n\n\r\n") {
            conn.tcp.read_buf(&mut bytes).await.unwrap();
        }
        bytes.len() as u64
    };
    // Inside the size of a chunk, the response's head, the data, the end of a chunk, and the next chunk.
    for (turn, more) in [1, 2, 5, 20, 40, 60, 62, 64, 70, 100]
        .into_iter()
        .enumerate()
    {
        let through = proxy::cut(address, u64::MAX, whole + more, turn % 2 == 0).await;
        let mut stream = open(through).await;
        let uri = stream.uri.clone();
        for id in 0..4 {
            let status = posts.post(&uri, &ping(id)).await.unwrap();
            assert!(status == 202 || status == 404, "{status}");
        }
        // Complete events are correct. Then the stream breaks off.
        let mut id = 0;
        while let Ok(Some(message)) = stream.message().await {
            assert_eq!(message, server::answer(id, ""));
            id += 1;
        }
        assert!(id < 4);
        until("its session is gone", async || {
            posts.post(&uri, &ping(9)).await.unwrap() == 404
        })
        .await;
        assert_echo(&mut other, &mut posts, turn).await;
    }
    // Before any byte of the body has arrived.
    for down in [0, 10, whole - 10] {
        let through = proxy::cut(address, u64::MAX, down, false).await;
        assert!(Stream::open(through).await.is_err());
        assert_echo(&mut other, &mut posts, 100).await;
    }
}

#[tokio::test]
async fn a_message_cut_at_any_byte_is_not_delivered() {
    let (_server, address) = Process::serve("", &[]);
    let mut stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    let text = ping(7);
    let whole = wire::post(&stream.uri, &text);
    for (turn, up) in (0..whole.len())
        .step_by(17)
        .chain([whole.len() - 1])
        .enumerate()
    {
        let through = proxy::cut(address, up as u64, u64::MAX, turn % 2 == 0).await;
        let mut conn = Conn::open(through).await.unwrap();
        let _ = conn.write(&whole).await;
        if let Ok(status) = conn.answer().await {
            assert_eq!(status, 400, "cut after {up} bytes");
        }
        assert_echo(&mut stream, &mut posts, turn).await;
    }
}
