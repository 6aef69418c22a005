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

use super::{Events, ping, within};

pub(crate) type Body = Full<Bytes>;

/// What a connection runs over.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Duplex for T {}

/// One connection of hyper's own client, or another handle to it.
pub(crate) enum Client {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

pub(crate) async fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

impl Client {
    pub(crate) async fn http1(address: &str) -> Self {
        Self::http1_over(connect(address).await).await
    }

    pub(crate) async fn http2(address: &str) -> Self {
        Self::http2_over(connect(address).await).await
    }

    pub(crate) async fn http1_over(stream: impl Duplex) -> Self {
        let (client, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self::Http1(client)
    }

    pub(crate) async fn http2_over(stream: impl Duplex) -> Self {
        let io = TokioIo::new(stream);
        let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Self::Http2(client)
    }

    /// Another connection, or the same where one bears several requests at a time.
    pub(crate) async fn another(&self, address: &str) -> Self {
        match self {
            Self::Http1(_) => Self::http1(address).await,
            Self::Http2(client) => Self::Http2(client.clone()),
        }
    }

    pub(crate) async fn send(
        &mut self,
        address: &str,
        mut request: Request<Body>,
    ) -> Response<Incoming> {
        let answer = match self {
            // The target is a path, and the host is a header.
            Self::Http1(client) => {
                let host = address.parse().unwrap();
                request.headers_mut().insert("host", host);
                within("an answer", client.send_request(request)).await
            }
            // The host stands in the URI, from which `:authority` is made.
            Self::Http2(client) => {
                let uri = format!("http://{address}{}", request.uri());
                *request.uri_mut() = uri.parse::<Uri>().unwrap();
                within("an answer", client.send_request(request)).await
            }
        };
        answer.unwrap()
    }

    pub(crate) async fn post(&mut self, address: &str, uri: &str, text: &str) -> (u16, String) {
        let body = Body::from(text.to_owned());
        let request = Request::post(uri).header("content-type", "application/json");
        text_of(self.send(address, request.body(body).unwrap()).await).await
    }

    /// A new session: where to post, and its stream.
    pub(crate) async fn open(&mut self, address: &str, target: &str) -> (String, Events<Incoming>) {
        let get = Request::get(target).body(Body::default()).unwrap();
        let stream = self.send(address, get).await;
        assert_eq!(stream.status(), 200, "GET {target}");
        let mut events = Events::new(stream.into_body());
        (events.endpoint().await, events)
    }

    /// What else the server says: a status and a text.
    pub(crate) async fn get(&mut self, address: &str, target: &str) -> (u16, String) {
        let get = Request::get(target).body(Body::default()).unwrap();
        text_of(self.send(address, get).await).await
    }
}

/// What a session must be wherever it is served: it opens, its messages are answered on its stream,
/// and it ends when its client goes.
pub(crate) async fn a_session_to_its_end(
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
