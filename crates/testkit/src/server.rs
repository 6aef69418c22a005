//! hyper servers for HTTP/1.1 and HTTP/2.

use std::{convert::Infallible, error::Error, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use mcp_sse_server::{Handler, SessionRegistry, SseServerTransport};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{error::Elapsed, sleep, timeout},
};
use tower::{Service, ServiceExt, service_fn};

use crate::{
    HOST,
    events::Events,
    wire::{self, Wire, WireBody},
};

/// An error of any type.
pub type BoxError = Box<dyn Error + Send + Sync>;
/// The body of each response of [`routes`].
pub type BoxBody = UnsyncBoxBody<Bytes, Infallible>;

/// A service that [`serve`], [`serve_until`] and [`Server::serve`] can serve.
pub trait App<B>:
    Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B> App<B> for S where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// The services of a transport at `/sse`, `/messages/` and `/messages`. Any other path gets 418, which
/// cannot be mistaken for an answer of the transport.
pub fn routes<H>(
    transport: &SseServerTransport<H>,
) -> impl App<BoxBody, Error = Infallible> + use<H>
where
    H: Handler + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    let (sse, post) = transport.services();
    service_fn(move |request: Request<Incoming>| {
        let (mut sse, mut post) = (sse.clone(), post.clone());
        async move {
            Ok::<_, Infallible>(match request.uri().path() {
                "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                "/messages/" | "/messages" => post.call(request).await?.map(BodyExt::boxed_unsync),
                _ => {
                    let mut response = Response::new(Empty::<Bytes>::new().boxed_unsync());
                    *response.status_mut() = StatusCode::IM_A_TEAPOT;
                    response
                }
            })
        }
    })
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            return stream;
        }
        // An error passes, such as too many open files.
        sleep(Duration::from_millis(20)).await;
    }
}

/// Serves for ever.
pub async fn serve<B>(listener: TcpListener, app: impl App<B>)
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    loop {
        let stream = accept(&listener).await;
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            // An error is a client that broke off.
            let _ = http().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Serves until `stop` completes, then gives the connections 5 s to end. The output of `stop`, and
/// whether they have ended.
pub async fn serve_until<B, T>(
    listener: TcpListener,
    app: impl App<B>,
    stop: impl Future<Output = T>,
) -> (T, Result<(), Elapsed>)
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let connections = GracefulShutdown::new();
    let accept = async {
        loop {
            let stream = accept(&listener).await;
            let (http, service) = (http(), TowerToHyperService::new(app.clone()));
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connections.watch(connection.into_owned()));
        }
    };
    let stopped = tokio::select! {
        () = accept => unreachable!("it accepts for ever"),
        stopped = stop => stopped,
    };
    drop(listener);
    let ended = timeout(Duration::from_secs(5), connections.shutdown()).await;
    (stopped, ended)
}

/// A server on a free port, which accepts connections until it is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The sessions of its transport.
    pub sessions: SessionRegistry,
    accept: JoinHandle<()>,
}

impl Server {
    /// Serves the [`routes`] of a transport.
    pub async fn spawn<H>(transport: &SseServerTransport<H>) -> Self
    where
        H: Handler + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        Self::spawn_behind(|_| (), transport).await
    }

    /// Serves the [`routes`] of a transport behind a middleware, which sees each request first.
    pub async fn spawn_behind<H>(
        middleware: fn(&mut Request<Incoming>),
        transport: &SseServerTransport<H>,
    ) -> Self
    where
        H: Handler + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        let app = routes(transport).map_request(move |mut request: Request<Incoming>| {
            middleware(&mut request);
            request
        });
        Self::serve(app, transport.sessions()).await
    }

    /// Serves any service.
    pub async fn serve<B>(app: impl App<B>, sessions: SessionRegistry) -> Self
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::serve_on(listener, app, sessions)
    }

    /// Serves any service on a listener.
    pub fn serve_on<B>(listener: TcpListener, app: impl App<B>, sessions: SessionRegistry) -> Self
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let accept = tokio::spawn(serve(listener, app));
        Self {
            address,
            sessions,
            accept,
        }
    }

    /// Connects to it.
    pub async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// Opens a session on a connection of its own: where to post, and its stream.
    pub async fn open(&self, target: &str) -> (String, Events<WireBody>) {
        let mut wire = self.connect().await;
        wire.send(format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
            .await;
        let (head, body) = wire.into_stream().await;
        assert_eq!(head.status(), 200, "GET {target}");
        let mut events = Events::new(body);
        (events.endpoint().await, events)
    }

    /// Posts a message on a connection of its own.
    pub async fn post(&self, uri: &str, text: impl AsRef<[u8]>) -> Response<String> {
        let mut wire = self.connect().await;
        wire.send(wire::post(uri, text)).await;
        wire.answer().await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}
