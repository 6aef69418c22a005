//! hyper's own client, for HTTP/1.1 and HTTP/2.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mcp_sse_server::SessionRegistry;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{events::Events, messages::ping, within};

/// The body of a request.
pub type Body = Full<Bytes>;

/// A stream of bytes that a connection runs over.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Duplex for T {}

/// One connection of hyper's client, or another handle to it.
pub enum Client {
    /// A connection for one request at a time.
    Http1(http1::SendRequest<Body>),
    /// A handle to a connection for several requests at a time.
    Http2(http2::SendRequest<Body>),
}

/// Connects without TLS.
pub async fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

impl Client {
    /// An HTTP/1.1 connection.
    pub async fn http1(address: &str) -> Self {
        Self::http1_over(connect(address).await).await
    }

    /// An HTTP/2 connection, with prior knowledge.
    pub async fn http2(address: &str) -> Self {
        Self::http2_over(connect(address).await).await
    }

    /// An HTTP/1.1 connection over an open stream, such as one of TLS.
    pub async fn http1_over(stream: impl Duplex) -> Self {
        let (client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::Http1(client)
    }

    /// An HTTP/2 connection over an open stream.
    pub async fn http2_over(stream: impl Duplex) -> Self {
        let io = TokioIo::new(stream);
        let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Self::Http2(client)
    }

    /// Another connection for HTTP/1.1, another handle for HTTP/2.
    pub async fn another(&self, address: &str) -> Self {
        match self {
            Self::Http1(_) => Self::http1(address).await,
            Self::Http2(client) => Self::Http2(client.clone()),
        }
    }

    /// Sends a request, whose URI is a path. The host is `address`.
    pub async fn send(&mut self, address: &str, mut request: Request<Body>) -> Response<Incoming> {
        let answer = match self {
            // HTTP/1.1 has the host in a header.
            Self::Http1(client) => {
                let host = address.parse().unwrap();
                request.headers_mut().insert("host", host);
                within("an answer", client.send_request(request)).await
            }
            // HTTP/2 makes `:authority` of the URI's host.
            Self::Http2(client) => {
                let uri = format!("http://{address}{}", request.uri());
                *request.uri_mut() = uri.parse::<Uri>().unwrap();
                within("an answer", client.send_request(request)).await
            }
        };
        answer.unwrap()
    }

    /// Posts a message. The status and the text of the answer.
    pub async fn post(&mut self, address: &str, uri: &str, text: &str) -> (u16, String) {
        let body = Body::from(text.to_owned());
        let request = Request::post(uri).header("content-type", "application/json");
        text_of(self.send(address, request.body(body).unwrap()).await).await
    }

    /// Opens a session: where to post, and its stream.
    pub async fn open(&mut self, address: &str, target: &str) -> (String, Events<Incoming>) {
        let get = Request::get(target).body(Body::default()).unwrap();
        let stream = self.send(address, get).await;
        assert_eq!(stream.status(), 200, "GET {target}");
        let mut events = Events::new(stream.into_body());
        (events.endpoint().await, events)
    }

    /// Any other `GET`. The status and the text of the answer.
    pub async fn get(&mut self, address: &str, target: &str) -> (u16, String) {
        let get = Request::get(target).body(Body::default()).unwrap();
        text_of(self.send(address, get).await).await
    }
}

/// Checks a whole session, on any server: it opens, its messages are answered on its stream, and it is
/// closed when its client leaves.
pub async fn a_session_to_its_end(
    sessions: &SessionRegistry,
    (mut opener, mut poster): (Client, Client),
    address: &str,
    target: &str,
    announced: &str,
) {
    let (uri, mut events) = opener.open(address, target).await;
    let (path, id) = uri.split_once("?session_id=").expect(&uri);
    assert_eq!(path, announced, "announced at {target}");
    let session = sessions.get(&id.parse().unwrap()).expect("it is open");
    for (id, uri) in [&uri, &uri.replace("/?", "?")].into_iter().enumerate() {
        let accepted = poster.post(address, uri, &ping(id)).await;
        assert_eq!(accepted, (202, "Accepted".to_owned()), "{uri}");
        assert_eq!(events.echoed().await, ping(id), "{uri}");
    }
    drop((events, opener));
    within("the session's end", session.closed()).await;
    let refused = poster.post(address, &uri, &ping(9)).await;
    assert_eq!(refused, (404, "Could not find session".to_owned()));
}

async fn text_of(answer: Response<Incoming>) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = within("a body", answer.into_body().collect()).await;
    let body = body.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}
