use std::{
    io::{self, Error},
    net::SocketAddr,
};

use mcp_sse_server::session::SessionId;

use super::conn::{Conn, GET, broken, parse};
use crate::events::{Event, Parser};

/// An open stream on a connection of its own.
pub struct Stream {
    /// Its connection.
    pub conn: Conn,
    /// Where to post.
    pub uri: String,
    parser: Parser,
}

/// Why a stream did not open.
pub enum Refused {
    /// The status of the response.
    Status(u16),
    /// An error of the connection.
    Io(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a stream that must open.
pub async fn open(address: SocketAddr) -> Stream {
    match Stream::open(address).await {
        Ok(stream) => stream,
        Err(Refused::Status(status)) => panic!("no stream: {status}"),
        Err(Refused::Io(error)) => panic!("no stream: {error}"),
    }
}

/// Opens a stream that must open, and posts a notification that must be accepted.
pub async fn a_session(address: SocketAddr) -> Stream {
    let stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(posts.post(&stream.uri, text).await.unwrap(), 202);
    stream
}

impl Stream {
    /// Opens a stream.
    pub async fn open(address: SocketAddr) -> Result<Self, Refused> {
        Self::open_with(address, GET).await
    }

    /// Opens a stream with this request.
    pub async fn open_with(address: SocketAddr, get: &str) -> Result<Self, Refused> {
        let mut conn = Conn::open(address).await?;
        conn.write(get).await?;
        let (status, _) = parse(&conn.head().await?)?;
        if status != 200 {
            return Err(Refused::Status(status));
        }
        let mut stream = Self {
            conn,
            uri: String::new(),
            parser: Parser::default(),
        };
        match stream.event().await? {
            Some(endpoint) => stream.uri = endpoint.data,
            None => return Err(broken("the stream ends at once").into()),
        }
        Ok(stream)
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.secret().parse().expect("a valid session id")
    }

    /// The session's id as text, which only its client may know.
    pub fn secret(&self) -> &str {
        let (_, query) = self.uri.split_once("session_id=").expect("a session id");
        query.split('&').next().unwrap_or_default()
    }

    /// The next message's text, or `None` at an end in good order.
    pub async fn message(&mut self) -> io::Result<Option<String>> {
        Ok(self.event().await?.map(|event| event.data))
    }

    async fn event(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(event) = self.parser.event().map_err(broken)? {
                return Ok(Some(event));
            }
            match self.conn.chunk().await? {
                Some(chunk) => self.parser.push(&chunk),
                None => return self.parser.end().map(|()| None).map_err(broken),
            }
        }
    }
}
