use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, Response};
use tokio::io::AsyncWriteExt;

use super::conn::Conn;
use crate::events::Source;

/// A connection that must work.
pub struct Wire(Conn);

/// The body of a response without a length: in chunks, or until the connection closes.
pub struct WireBody {
    conn: Conn,
    chunked: bool,
}

impl Wire {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self(Conn::open(address).await.unwrap())
    }

    /// Writes all of these bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.0.write(bytes).await;
        sent.expect("the server closed before all was written");
    }

    /// Ends the writing half of the connection.
    pub async fn finish(&mut self) {
        self.0.tcp.shutdown().await.unwrap();
    }

    /// Everything until the server closes or resets the connection.
    pub async fn rest(mut self) -> String {
        while self.0.fill().await.unwrap_or(false) {}
        String::from_utf8(self.0.unread).unwrap()
    }

    /// The next response's head as it is, without the empty line at its end.
    pub async fn head_text(&mut self) -> String {
        self.0.head().await.unwrap()
    }

    /// The next response's head.
    pub async fn head(&mut self) -> Response<String> {
        let text = self.head_text().await;
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut response = Response::new(String::new());
        *response.status_mut() = status.parse().unwrap();
        for line in lines {
            let (name, value) = line.split_once(": ").expect(line);
            let name: HeaderName = name.parse().unwrap();
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    }

    /// The next response, which states its length.
    pub async fn answer(&mut self) -> Response<String> {
        let head = self.head().await;
        let len = head.headers().get("content-length").expect("a length");
        let len = len.to_str().unwrap().parse().unwrap();
        let body = String::from_utf8(self.exactly(len).await).unwrap();
        head.map(|_| body)
    }

    /// The next response, whose body has not ended.
    pub async fn into_stream(mut self) -> (Response<String>, WireBody) {
        let head = self.head().await;
        let chunked = head.headers().contains_key("transfer-encoding");
        let body = WireBody {
            conn: self.0,
            chunked,
        };
        (head, body)
    }

    /// The next bytes, which must be these.
    pub async fn expect(&mut self, bytes: &[u8]) {
        let found = self.exactly(bytes.len()).await;
        let (found, bytes) = (found.escape_ascii(), bytes.escape_ascii());
        assert_eq!(found.to_string(), bytes.to_string());
    }

    /// The next bytes, this many.
    pub async fn exactly(&mut self, len: usize) -> Vec<u8> {
        self.0.exactly(len).await.unwrap()
    }
}

impl Source for WireBody {
    async fn more(&mut self) -> Option<Bytes> {
        let conn = &mut self.conn;
        if self.chunked {
            let chunk = conn.chunk().await.expect("the connection breaks off");
            return chunk.map(Bytes::from);
        }
        while conn.unread.is_empty() {
            if !conn.fill().await.expect("the connection breaks off") {
                return None;
            }
        }
        Some(std::mem::take(&mut conn.unread).into())
    }
}
