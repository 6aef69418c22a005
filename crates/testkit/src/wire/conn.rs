//! A client that trusts nothing: raw HTTP/1.1, and each message checked against what was sent.

use std::{
    io::{self, Error, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Far beyond any real wait: what takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Conn {
    pub(crate) tcp: TcpStream,
    unread: Vec<u8>,
}

fn broken(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, what.into())
}

impl Conn {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let unread = Vec::new();
        Ok(Self { tcp, unread })
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let write = self.tcp.write_all(bytes.as_ref());
        timeout(PATIENCE, write)
            .await
            .map_err(|_| broken("stuck in a write"))?
    }

    async fn fill(&mut self) -> io::Result<()> {
        let read = timeout(PATIENCE, self.tcp.read_buf(&mut self.unread)).await;
        match read.map_err(|_| broken("stuck in a read"))?? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn exactly(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < len {
            self.fill().await?;
        }
        let rest = self.unread.split_off(len);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    async fn until(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread, end) {
                let mut text = self.exactly(at + end.len()).await?;
                text.truncate(at);
                return String::from_utf8(text).map_err(|_| broken("no UTF-8"));
            }
            self.fill().await?;
        }
    }

    async fn head(&mut self) -> io::Result<(u16, usize)> {
        let head = self.until(b"\r\n\r\n").await?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let len = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_len = name.eq_ignore_ascii_case("content-length");
            is_len.then(|| value.parse().ok())?
        });
        Ok((status.ok_or_else(|| broken(&*head))?, len.unwrap_or(0)))
    }

    /// The status of the next answer.
    pub(crate) async fn answer(&mut self) -> io::Result<u16> {
        let (status, len) = self.head().await?;
        self.exactly(len).await?;
        Ok(status)
    }

    pub(crate) async fn post(&mut self, uri: &str, text: &str) -> io::Result<u16> {
        self.write(request(uri, text.len()) + text).await?;
        self.answer().await
    }
}

pub(crate) fn request(uri: &str, len: usize) -> String {
    format!(
        "POST {uri} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {len}\r\n\r\n"
    )
}

pub(crate) const GET: &str = "GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// An open stream.
pub(crate) struct Stream {
    pub(crate) conn: Conn,
    pub(crate) uri: String,
    text: Vec<u8>,
}

pub(crate) enum Refused {
    Status(u16),
    Io(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Io(error)
    }
}

impl Stream {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Refused> {
        Self::open_with(address, GET).await
    }

    /// With a request of one's own.
    pub(crate) async fn open_with(address: SocketAddr, get: &str) -> Result<Self, Refused> {
        let mut conn = Conn::open(address).await?;
        conn.write(get).await?;
        let (status, _) = conn.head().await?;
        if status != 200 {
            return Err(Refused::Status(status));
        }
        let mut stream = Self {
            conn,
            uri: String::new(),
            text: Vec::new(),
        };
        let event = stream.event().await?;
        match event
            .as_deref()
            .and_then(|event| event.strip_prefix("event: endpoint\ndata: "))
        {
            Some(uri) => stream.uri = uri.to_owned(),
            None => return Err(broken(format!("no endpoint: {event:?}")).into()),
        }
        Ok(stream)
    }

    pub(crate) fn id(&self) -> mcp_sse_server::session::SessionId {
        let id = self.uri.rsplit('=').next().unwrap_or_default();
        id.parse().expect("the announced id is one")
    }

    /// The next message's text, or `None` at an end in good order.
    pub(crate) async fn message(&mut self) -> io::Result<Option<String>> {
        let Some(event) = self.event().await? else {
            return Ok(None);
        };
        match event.strip_prefix("event: message\ndata: ") {
            Some(text) if !text.contains('\n') => Ok(Some(text.to_owned())),
            _ => Err(broken(format!("not an event of this transport: {event:?}"))),
        }
    }

    async fn event(&mut self) -> io::Result<Option<String>> {
        loop {
            while self.text.starts_with(b":\n") {
                self.text.drain(..2);
            }
            if let Some(end) = memchr::memmem::find(&self.text, b"\n\n") {
                let rest = self.text.split_off(end + 2);
                let mut event = std::mem::replace(&mut self.text, rest);
                event.truncate(end);
                return String::from_utf8(event)
                    .map(Some)
                    .map_err(|_| broken("no UTF-8"));
            }
            let size = self.conn.until(b"\r\n").await?;
            let size = usize::from_str_radix(&size, 16).map_err(|_| broken(size))?;
            let chunk = self.conn.exactly(size + 2).await?;
            if size == 0 {
                let cut = !self.text.is_empty();
                return if cut {
                    Err(broken("the end within an event"))
                } else {
                    Ok(None)
                };
            }
            self.text.extend_from_slice(&chunk[..size]);
        }
    }
}
