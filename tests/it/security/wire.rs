//! The services on a TCP connection, and clients that can send what is no right request.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Either, Full};
use hyper::{body::Incoming, client::conn::http2, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mcp_sse_server::Handler;
use mcp_sse_testkit::polled::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::ServiceExt;

/// What came back: the whole body of a refusal, the first event of a stream.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
}

/// Both ends of a new connection.
pub(super) async fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, server) = tokio::join!(client, listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// Serves one connection: the stream on `/sse`, messages everywhere else.
pub(super) fn serve<H>(server: &Server<H>, io: TcpStream) -> JoinHandle<()>
where
    H: Handler<Future: Send + 'static> + Send + Sync + 'static,
{
    let (sse, post) = (server.sse.clone(), server.post.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let (sse, post) = (sse.clone(), post.clone());
        async move {
            match request.uri().path() {
                "/sse" => sse.oneshot(request).await.map(|r| r.map(Either::Left)),
                _ => post.oneshot(request).await.map(|r| r.map(Either::Right)),
            }
        }
    });
    tokio::spawn(async move {
        let builder = auto::Builder::new(TokioExecutor::new());
        // How the connection ends is the client's matter.
        let _ = builder.serve_connection(TokioIo::new(io), service).await;
    })
}

/// Writes the bytes of a request and reads the answer.
pub(super) async fn http1(io: &mut TcpStream, request: &[u8]) -> Answer {
    io.write_all(request).await.unwrap();
    let mut read = Vec::new();
    loop {
        if let Some(answer) = answer(&read) {
            return answer;
        }
        assert_ne!(io.read_buf(&mut read).await.unwrap(), 0, "{read:?}");
    }
}

/// The answer, if enough of it is there.
fn answer(read: &[u8]) -> Option<Answer> {
    let read = std::str::from_utf8(read).unwrap();
    let (head, body) = read.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse();
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let text = match len {
        Some(len) => (body.len() == len.parse::<usize>().unwrap()).then_some(body)?,
        // A chunk of a stream, which is one event.
        None => body.split_once("\r\n")?.1.strip_suffix("\r\n")?,
    };
    Some(Answer {
        status: status.unwrap(),
        text: text.to_owned(),
    })
}

/// A connection of HTTP/2.
pub(super) struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
    body: Option<Incoming>,
}

impl Http2 {
    pub(super) async fn new(io: TcpStream) -> Self {
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(io));
        let (sender, connection) = handshake.await.unwrap();
        let connection = tokio::spawn(async move { connection.await.unwrap() });
        Self {
            sender,
            connection,
            body: None,
        }
    }

    /// Sends a request, the head as it is, and reads the answer.
    pub(super) async fn ask(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(response.headers().get("connection"), None);
        let len = content_length(response.headers());
        let mut body = response.into_body();
        let mut text = Vec::new();
        while len.is_none_or(|len| text.len() < len) {
            text.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
            if len.is_none() {
                break;
            }
        }
        self.body = Some(body);
        let text = String::from_utf8(text).unwrap();
        Answer { status, text }
    }

    pub(super) async fn close(self) {
        drop((self.body, self.sender));
        self.connection.await.unwrap();
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    let value = headers.get("content-length")?;
    Some(value.to_str().unwrap().parse().unwrap())
}
