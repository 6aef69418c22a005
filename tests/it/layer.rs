//! The layer in front of an inner service: which of the two answers, and whose readiness counts.

use std::pin::pin;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use mcp_sse_server::{
    Session, SseServerTransport,
    layer::{McpSseBody, McpSseLayer},
    post::PostBody,
    sse::SseBody,
};
use mcp_sse_testkit::{
    handlers::send_back,
    messages::{event, ping},
    polled::text_of,
    requests,
};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

type Echo = fn(Session) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn layer() -> McpSseLayer<Echo> {
    let handler: Echo = |session| Box::pin(send_back(session));
    let transport = SseServerTransport::new("/messages/", handler)
        .unwrap()
        .keep_alive(None);
    transport.layer("/sse").unwrap()
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path)
        .header("host", "localhost")
        .body(Full::default())
        .unwrap()
}

#[tokio::test]
async fn the_layer_serves_sessions_and_passes_other_requests_to_the_inner_service() {
    let inner = service_fn(|request: Request<Full<Bytes>>| async move {
        let path = request.uri().path().to_owned();
        Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from(path))))
    });
    let app = ServiceBuilder::new().layer(layer()).service(inner);

    let mut stream = app.clone().oneshot(get("/sse")).await.unwrap().into_body();
    assert!(!stream.is_end_stream());
    assert_eq!(stream.size_hint().exact(), None);
    let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    let uri = std::str::from_utf8(&first).unwrap().lines().nth(1).unwrap();
    let uri = uri.strip_prefix("data: ").unwrap().to_owned();
    for (id, uri) in [uri.clone(), uri.replace("/?", "?")].iter().enumerate() {
        let text = ping(id);
        let response = app
            .clone()
            .oneshot(requests::post_text(uri, &text))
            .await
            .unwrap();
        assert_eq!(response.status(), 202, "{uri}");
        assert_eq!(response.body().size_hint().exact(), Some(8));
        let frame = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, event(&text));
    }

    for path in [
        "/",
        "/SSE",
        "//sse",
        "/sse//",
        "/%73se",
        "/sse%2f",
        "/./sse",
        "/x/../sse",
        "/ss",
        "/Messages/",
        "//messages/",
        "/messages//",
        "/messages%2F",
        "/messages/x",
        "/message",
    ] {
        let response = app.clone().oneshot(get(path)).await.unwrap();
        assert_eq!(
            response.body().size_hint().exact(),
            Some(path.len() as u64),
            "{path}"
        );
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, path);
    }
}

#[tokio::test]
async fn one_path_serves_the_stream_and_the_messages() {
    let handler: Echo = |session| Box::pin(send_back(session));
    let transport = SseServerTransport::new("/mcp", handler).unwrap();
    let inner = service_fn(|_: Request<Full<Bytes>>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("not for the inner service"))
    });
    let app = transport.layer("/mcp").unwrap().layer(inner);
    for path in ["/mcp", "/mcp/"] {
        let stream = app.clone().oneshot(get(path)).await.unwrap();
        assert_eq!(stream.status(), 200, "{path}");
        let mut stream = stream.into_body();
        let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        let uri = std::str::from_utf8(&first).unwrap().lines().nth(1).unwrap();
        let uri = uri.strip_prefix("data: /mcp?session_id=").unwrap();
        let text = ping(1);
        let message = requests::post_text(&format!("{path}?session_id={uri}"), &text);
        assert_eq!(app.clone().oneshot(message).await.unwrap().status(), 202);
        let frame = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, event(&text));

        let probe = requests::post_text(path, &text);
        let answer = app.clone().oneshot(probe).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (405, &"GET, HEAD".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn the_layer_is_ready_when_the_inner_service_is() {
    let (mut app, mut handle) = mock::spawn_layer::<_, Response<Full<Bytes>>, _>(layer());
    handle.allow(0);
    assert_pending!(app.poll_ready());
    handle.allow(1);
    assert!(app.is_woken());
    assert_ready_ok!(app.poll_ready());
    // A request for the transport does not use the permit that the inner service reserved.
    let response = assert_ready_ok!(task::spawn(app.call(get("/sse"))).poll());
    assert_eq!(response.status(), 200);
    assert_ready_ok!(app.poll_ready());
    let mut inner = task::spawn(app.call(get("/inner")));
    assert_pending!(inner.poll());
    let (request, respond) = handle.next_request().await.unwrap();
    assert_eq!(request.uri().path(), "/inner");
    respond.send_response(Response::new(Full::from("answer")));
    let response = assert_ready_ok!(inner.poll());
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "answer"
    );
    assert_pending!(app.poll_ready());
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_through() {
    let (mut app, mut handle): (mock::Spawn<_>, mock::Handle<_, Response<Full<Bytes>>>) =
        mock::spawn_layer(layer());
    handle.allow(1);
    assert_ready_ok!(app.poll_ready());
    let mut inner = task::spawn(app.call(get("/inner")));
    assert_pending!(inner.poll());
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error("no luck");
    assert_eq!(assert_ready_err!(inner.poll()).to_string(), "no luck");
    handle.send_error("not ready any more");
    let error = assert_ready_err!(app.poll_ready());
    assert_eq!(error.to_string(), "not ready any more");
}

/// A body with an error, trailers and hints of its own.
struct Odd(u8);

impl Body for Odd {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        self.0 += 1;
        std::task::Poll::Ready(Some(match self.0 {
            1 => Ok(Frame::trailers(http::HeaderMap::new())),
            _ => Err("broken"),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 2
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(7)
    }
}

#[tokio::test]
async fn the_body_of_the_inner_service_passes_unchanged() {
    let inner = service_fn(|_: Request<Full<Bytes>>| async {
        Ok::<_, std::io::Error>(Response::new(Odd(0)))
    });
    let response = layer().layer(inner).oneshot(get("/inner")).await.unwrap();
    let mut body = pin!(response.into_body());
    assert_eq!(
        (body.is_end_stream(), body.size_hint().exact()),
        (false, Some(7))
    );
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(body.frame().await.unwrap().unwrap_err(), "broken");
    assert!(body.is_end_stream());
}

/// `CorsLayer` and `TimeoutLayer` answer with the default value of the body type that they wrap.
#[tokio::test]
async fn the_default_of_each_body_type_is_empty() {
    async fn is_empty<B: Body<Data = Bytes, Error: std::fmt::Debug> + Default>() {
        let body = B::default();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.collect().await.unwrap().to_bytes().is_empty());
    }
    is_empty::<SseBody<std::future::Pending<()>>>().await;
    is_empty::<PostBody>().await;
    is_empty::<McpSseBody<std::future::Pending<()>, Odd>>().await;
}

#[tokio::test]
async fn a_post_whose_body_was_already_read_passes_every_check() {
    let handler: Echo = |session| Box::pin(send_back(session));
    let transport = SseServerTransport::new("/messages/", handler)
        .unwrap()
        .body_limit(100);
    let (mut sse, post) = transport.services();
    let mut stream = sse.call(get("/sse")).await.unwrap().into_body();
    let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    let uri = std::str::from_utf8(&first).unwrap().lines().nth(1).unwrap();
    let uri = uri.strip_prefix("data: ").unwrap();
    for (text, status, answer) in [
        (ping(1), 202, "Accepted"),
        ("{}".to_owned(), 400, "Could not parse message"),
        ("x".repeat(101), 413, "Request body too large"),
        (ping(2), 202, "Accepted"),
    ] {
        let (parts, _) = requests::post_text(uri, "").into_parts();
        let response = post.deliver(parts, text.clone()).await.unwrap();
        assert_eq!(response.status(), status, "{text}");
        let response = text_of(response).await;
        assert!(response.body().starts_with(answer), "{text}: {response:?}");
    }
    let frame = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame, event(&ping(1)) + &event(&ping(2)));
}
