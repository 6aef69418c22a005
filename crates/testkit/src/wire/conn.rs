use std::{
    io::{self, Error, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{HOST, PATIENCE};

/// A valid `GET` of a stream, as text.
pub const GET: &str = "GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The head of a valid `POST`, as text.
pub fn post_head(target: &str, len: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n\
         content-length: {len}\r\n\r\n"
    )
}

/// A connection. Everything that goes wrong on it is an error, and so is a wait without end.
pub struct Conn {
    /// The socket.
    pub tcp: TcpStream,
    pub(super) unread: Vec<u8>,
}

pub(super) fn broken(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, what.into())
}

impl Conn {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let unread = Vec::new();
        Ok(Self { tcp, unread })
    }

    /// Writes all of these bytes.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let write = self.tcp.write_all(bytes.as_ref());
        let written = timeout(PATIENCE, write).await;
        written.map_err(|_| broken("stuck in a write"))?
    }

    /// Reads what is there; whether it was anything. `false` is the end.
    pub(super) async fn fill(&mut self) -> io::Result<bool> {
        let read = timeout(PATIENCE, self.tcp.read_buf(&mut self.unread)).await;
        Ok(read.map_err(|_| broken("stuck in a read"))?? > 0)
    }

    /// Reads this many bytes slowly, with a pause after each part.
    pub async fn trickle(&mut self, bytes: usize, pause: Duration) -> io::Result<()> {
        let end = self.unread.len() + bytes;
        let mut part = vec![0; 32 * 1024];
        while self.unread.len() < end {
            let read = timeout(PATIENCE, self.tcp.read(&mut part)).await;
            let len = read.map_err(|_| broken("stuck in a read"))??;
            if len == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&part[..len]);
            sleep(pause).await;
        }
        Ok(())
    }

    async fn must_fill(&mut self) -> io::Result<()> {
        match self.fill().await? {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::UnexpectedEof,
                format!("the end after {}", self.unread.escape_ascii()),
            )),
        }
    }

    /// The next bytes, this many.
    pub async fn exactly(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < len {
            self.must_fill().await?;
        }
        let rest = self.unread.split_off(len);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    async fn until(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread, end) {
                let mut text = self.exactly(at + end.len()).await?;
                text.truncate(at);
                return String::from_utf8(text).map_err(|_| broken("not UTF-8"));
            }
            self.must_fill().await?;
        }
    }

    /// The next response's head as it is, without the empty line at its end.
    pub async fn head(&mut self) -> io::Result<String> {
        self.until(b"\r\n\r\n").await
    }

    /// The status of the next response, whose body is read and dropped.
    pub async fn answer(&mut self) -> io::Result<u16> {
        let (status, len) = parse(&self.head().await?)?;
        self.exactly(len).await?;
        Ok(status)
    }

    /// Posts a text. The status of the answer.
    pub async fn post(&mut self, uri: &str, text: &str) -> io::Result<u16> {
        self.write(super::post(uri, text)).await?;
        self.answer().await
    }

    /// The next chunk of a chunked body, or `None` after the last.
    pub(super) async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.until(b"\r\n").await?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| broken(size))?;
        let mut chunk = self.exactly(size + 2).await?;
        match chunk.split_off(size) == b"\r\n" {
            true => Ok((size > 0).then_some(chunk)),
            false => Err(broken("a chunk that does not end as it must")),
        }
    }
}

/// Status and length of a response.
pub(super) fn parse(head: &str) -> io::Result<(u16, usize)> {
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let len = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_len = name.eq_ignore_ascii_case("content-length");
        is_len.then(|| value.parse().ok())?
    });
    Ok((status.ok_or_else(|| broken(head))?, len.unwrap_or(0)))
}
