//! What a message costs on its way: read and checked, written as an event, and from the `POST` through
//! inbox, handler and outbox to the frame of the stream. All in memory, polled by hand.

#![expect(missing_docs, reason = "the criterion macro makes a public function")]

use std::{
    hint::black_box,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use http_body::Body;
use http_body_util::Full;
use mcp_sse_server::{
    Message, PostService, Session, SseServerTransport,
    session::{SessionRegistry, SessionSender},
};
use tower::Service;

const SIZES: [usize; 3] = [64, 4 * 1024, 64 * 1024];

/// A request of about that many bytes.
fn request(size: usize) -> Bytes {
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"x":""}}"#;
    let filler = "x".repeat(size.saturating_sub(frame.len()));
    frame.replace(r#""""#, &format!(r#""{filler}""#)).into()
}

/// A server with one open stream, whose handler sends back what it gets.
struct Echo {
    post: PostService,
    stream: Pin<Box<dyn Body<Data = Bytes, Error = std::convert::Infallible>>>,
    uri: String,
    sessions: SessionRegistry,
}

impl Echo {
    fn new() -> Self {
        let handler = |mut session: Session| async move {
            while let Some(incoming) = session.recv().await {
                if session.send(incoming.message).await.is_err() {
                    break;
                }
            }
        };
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        let (mut sse, post) = transport.services();
        let get = Request::get("/sse")
            .header("host", "localhost")
            .body(())
            .unwrap();
        let response = now(std::pin::pin!(sse.call(get))).unwrap();
        let mut echo = Self {
            post,
            stream: Box::pin(response.into_body()),
            uri: String::new(),
            sessions: transport.sessions(),
        };
        let event = echo.frame();
        let event = std::str::from_utf8(&event).unwrap();
        echo.uri = event
            .lines()
            .nth(1)
            .unwrap()
            .trim_start_matches("data: ")
            .to_owned();
        echo
    }

    fn sender(&self) -> SessionSender {
        let id = self.uri.rsplit('=').next().unwrap().parse().unwrap();
        self.sessions.get(&id).unwrap()
    }

    fn post(&mut self, text: Bytes) {
        let request = Request::post(&self.uri)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(text))
            .unwrap();
        let response = now(std::pin::pin!(self.post.call(request))).unwrap();
        assert_eq!(response.status(), 202);
    }

    fn frame(&mut self) -> Bytes {
        let mut cx = Context::from_waker(Waker::noop());
        match self.stream.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap(),
            _ => panic!("no frame is ready"),
        }
    }
}

fn now<F: Future>(future: Pin<&mut F>) -> F::Output {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

fn benches(c: &mut Criterion) {
    // The timers of a stream run as they do in a server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let mut parse = c.benchmark_group("parse");
    for size in SIZES {
        let text = request(size);
        parse.throughput(Throughput::Bytes(text.len() as u64));
        parse.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| Message::parse(black_box(text.clone())).unwrap());
        });
    }
    parse.finish();

    let mut encode = c.benchmark_group("send to frame");
    for size in SIZES {
        let message = Message::parse(request(size)).unwrap();
        let mut echo = Echo::new();
        let sender = echo.sender();
        encode.throughput(Throughput::Bytes(message.as_bytes().len() as u64));
        encode.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                now(std::pin::pin!(sender.send(message.clone()))).unwrap();
                echo.frame()
            });
        });
    }
    encode.finish();

    let mut path = c.benchmark_group("post to frame");
    for size in SIZES {
        let text = request(size);
        let mut echo = Echo::new();
        path.throughput(Throughput::Bytes(text.len() as u64));
        path.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                echo.post(text.clone());
                echo.frame()
            });
        });
    }
    path.finish();
}

criterion_group!(message_path, benches);
criterion_main!(message_path);
