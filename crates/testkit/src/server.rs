use std::{convert::Infallible, error::Error, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use mcp_sse_server::{Handler, SessionRegistry, SseServerTransport};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::{Service, service_fn};

use super::{Events, HOST, Wire, WireBody, post_text};

type BoxError = Box<dyn Error + Send + Sync>;

/// A hyper server for HTTP/1 and HTTP/2 on a free port, with `/sse`, `/messages/` and `/messages`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: SessionRegistry,
    accept: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn spawn<H>(transport: &SseServerTransport<H>) -> Self
    where
        H: Handler + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        Self::spawn_behind(|_| (), transport).await
    }

    /// A server with a middleware, which sees each request first.
    pub(crate) async fn spawn_behind<H>(
        middleware: fn(&mut Request<Incoming>),
        transport: &SseServerTransport<H>,
    ) -> Self
    where
        H: Handler + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        let (sse, post) = transport.services();
        let app = service_fn(move |mut request: Request<Incoming>| {
            let (mut sse, mut post) = (sse.clone(), post.clone());
            async move {
                middleware(&mut request);
                Ok::<_, Infallible>(match request.uri().path() {
                    "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                    "/messages/" | "/messages" => {
                        post.call(request).await?.map(BodyExt::boxed_unsync)
                    }
                    _ => {
                        let mut response = Response::new(Empty::<Bytes>::new().boxed_unsync());
                        *response.status_mut() = StatusCode::IM_A_TEAPOT;
                        response
                    }
                })
            }
        });
        Self::serve(app, transport.sessions()).await
    }

    /// A server of any service.
    pub(crate) async fn serve<S, B>(app: S, sessions: SessionRegistry) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accept = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let service = TowerToHyperService::new(app.clone());
                tokio::spawn(async move {
                    let mut server = auto::Builder::new(TokioExecutor::new());
                    server.http1().timer(TokioTimer::new());
                    // Tests break connections off on purpose.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self {
            address,
            sessions,
            accept,
        }
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// A new session on a connection of its own: where to post, and its stream.
    pub(crate) async fn open(&self, target: &str) -> (String, Events<WireBody>) {
        let mut wire = self.connect().await;
        wire.send(format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
            .await;
        let (head, body) = wire.into_stream().await;
        assert_eq!(head.status(), 200, "GET {target}");
        let mut events = Events::new(body);
        (events.endpoint().await, events)
    }

    /// Posts a message on a connection of its own.
    pub(crate) async fn post(&self, uri: &str, text: impl AsRef<[u8]>) -> Response<String> {
        let mut wire = self.connect().await;
        wire.send(post_text(uri, text)).await;
        wire.answer().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}
