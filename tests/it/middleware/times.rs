//! Middleware that measures time, with the clock paused.

use std::{pin::pin, time::Duration};

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use mcp_sse_server::{Session, SseServerTransport};
use mcp_sse_testkit::{HOST, client::Body, events::Events, messages::ping, requests};
use tokio::{sync::mpsc, time::Instant};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::timeout::{ResponseBodyTimeoutLayer, TimeoutLayer};

use super::{page, transport};

fn get() -> Request<Body> {
    let request = Request::get("/sse").header("host", HOST);
    request.body(Body::default()).unwrap()
}

fn timeout(seconds: u64) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_timeout_does_not_cut_the_stream() {
    let transport = transport();
    let app = ServiceBuilder::new()
        .layer(timeout(10))
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let answer = app.clone().oneshot(get()).await.unwrap();
    let mut events = Events::new(answer.into_body());
    let uri = events.endpoint().await;
    for at in 0..3 {
        assert!(events.are_silent_for(Duration::from_secs(3600)).await);
        let accepted = app
            .clone()
            .oneshot(requests::post(&uri, Body::from(ping(at))))
            .await;
        assert_eq!(accepted.unwrap().status(), 202);
        assert_eq!(events.echoed().await, ping(at));
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_cut_by_a_timeout_is_not_delivered() {
    // Takes one message for each permit.
    let (take, told) = mpsc::unbounded_channel::<()>();
    let told = std::sync::Arc::new(tokio::sync::Mutex::new(told));
    let handler = move |mut session: Session| {
        let told = told.clone();
        async move {
            while told.lock().await.recv().await.is_some() {
                let incoming = session.recv().await.expect("the session is open");
                session.send(incoming.message).await.unwrap();
            }
        }
    };
    let transport = SseServerTransport::new("/messages/", handler)
        .unwrap()
        .queue_messages(1)
        .delivery_timeout(Duration::from_secs(60));
    let app = ServiceBuilder::new()
        .layer(timeout(10))
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let answer = app.clone().oneshot(get()).await.unwrap();
    let mut events = Events::new(answer.into_body());
    let uri = events.endpoint().await;
    let post = async |text: String| {
        let request = requests::post(&uri, Body::from(text));
        app.clone().oneshot(request).await.unwrap()
    };

    assert_eq!(post(ping(1)).await.status(), 202);
    let start = Instant::now();
    assert_eq!(post(ping(2)).await.status(), 408);
    assert_eq!(start.elapsed(), Duration::from_secs(10));

    take.send(()).unwrap();
    assert_eq!(events.next().await.unwrap().data, ping(1));
    assert_eq!(post(ping(3)).await.status(), 202);
    take.send(()).unwrap();
    assert_eq!(
        events.next().await.unwrap().data,
        ping(3),
        "the second was not delivered"
    );
}

#[tokio::test(start_paused = true)]
async fn the_keep_alive_prevents_a_timeout_of_the_body() {
    for (keep_alive, cut) in [(Some(Duration::from_secs(15)), false), (None, true)] {
        let transport = transport().keep_alive(keep_alive);
        let app = ServiceBuilder::new()
            .layer(ResponseBodyTimeoutLayer::new(Duration::from_secs(20)))
            .layer(transport.layer("/sse").unwrap())
            .service(service_fn(page));
        let mut body = pin!(app.oneshot(get()).await.unwrap().into_body());
        body.frame().await.unwrap().unwrap();
        for _ in 0..100 {
            let start = Instant::now();
            let frame = body.frame().await.unwrap();
            assert_eq!(frame.is_err(), cut);
            if cut {
                assert_eq!(start.elapsed(), Duration::from_secs(20));
                break;
            }
            assert_eq!(start.elapsed(), Duration::from_secs(15));
        }
    }
}
