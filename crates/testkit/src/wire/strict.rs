use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{HOST, events::Source, within};

/// A client that writes any bytes, and reads HTTP/1 responses by itself.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// The body of a response that has no length, chunked or until the connection closes.
pub(crate) struct WireBody {
    wire: Wire,
    chunked: bool,
}

/// A `POST` that is as it should be, as bytes.
pub(crate) fn post_text(target: &str, text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let len = text.len();
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n\
         content-length: {len}\r\n\r\n"
    );
    [head.as_bytes(), text].concat()
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let unread = Vec::new();
        Self { stream, unread }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = within("writing", self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the server closed before all was written");
    }

    /// Says that nothing more will be written.
    pub(crate) async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// All that comes until the server closes, or resets, the connection.
    pub(crate) async fn rest(mut self) -> String {
        while self.fill().await.unwrap_or(false) {}
        String::from_utf8(self.unread).unwrap()
    }

    /// The next response's head, to the letter, without the empty line at its end.
    pub(crate) async fn head_text(&mut self) -> String {
        String::from_utf8(self.until(b"\r\n\r\n").await).unwrap()
    }

    /// The next response's head.
    pub(crate) async fn head(&mut self) -> Response<String> {
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

    /// The next response, which says its length.
    pub(crate) async fn answer(&mut self) -> Response<String> {
        let head = self.head().await;
        let len = head.headers().get("content-length").expect("a length");
        let len = len.to_str().unwrap().parse().unwrap();
        let body = String::from_utf8(self.exactly(len).await).unwrap();
        head.map(|_| body)
    }

    /// The next response, which goes on.
    pub(crate) async fn into_stream(mut self) -> (Response<String>, WireBody) {
        let head = self.head().await;
        let chunked = head.headers().contains_key("transfer-encoding");
        let body = WireBody {
            wire: self,
            chunked,
        };
        (head, body)
    }

    async fn fill(&mut self) -> std::io::Result<bool> {
        let reading = self.stream.read_buf(&mut self.unread);
        Ok(within("bytes", reading).await? > 0)
    }

    async fn must_fill(&mut self) {
        let more = self.fill().await.expect("the connection breaks off");
        let unread = self.unread.escape_ascii();
        assert!(more, "the server closed after {unread}");
    }

    async fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread, end) {
                let found = self.exactly(at).await;
                self.unread.drain(..end.len());
                return found;
            }
            self.must_fill().await;
        }
    }

    /// The next bytes, which are to be these.
    pub(crate) async fn expect(&mut self, bytes: &[u8]) {
        let found = self.exactly(bytes.len()).await;
        let (found, bytes) = (found.escape_ascii(), bytes.escape_ascii());
        assert_eq!(found.to_string(), bytes.to_string());
    }

    pub(crate) async fn exactly(&mut self, len: usize) -> Vec<u8> {
        while self.unread.len() < len {
            self.must_fill().await;
        }
        self.unread.drain(..len).collect()
    }
}

impl Source for WireBody {
    async fn more(&mut self) -> Option<Bytes> {
        let wire = &mut self.wire;
        if !self.chunked {
            while wire.unread.is_empty() {
                if !wire.fill().await.expect("the connection breaks off") {
                    return None;
                }
            }
            return Some(std::mem::take(&mut wire.unread).into());
        }
        let size = String::from_utf8(wire.until(b"\r\n").await).unwrap();
        let size = usize::from_str_radix(&size, 16).expect("a chunk's size");
        let chunk = wire.exactly(size).await;
        assert_eq!(wire.exactly(2).await, b"\r\n", "the end of a chunk");
        (size > 0).then(|| chunk.into())
    }
}
