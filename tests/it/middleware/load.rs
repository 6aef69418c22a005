//! Middleware that bounds load: what holds a permit, and for how long.

use http::Request;
use mcp_sse_server::{Session, SseServerTransport};
use mcp_sse_testkit::{
    HOST, client::Body, events::Events, messages::ping, requests, server::Server,
};
use tokio::sync::Semaphore;
use tokio_test::{assert_pending, assert_ready, task};
use tower::{
    BoxError, ServiceBuilder, ServiceExt, buffer::Buffer, load_shed::error::Overloaded, service_fn,
};

use super::{a_session, page, transport};

fn get(target: &str) -> Request<Body> {
    let request = Request::get(target).header("host", HOST);
    request.body(Body::default()).unwrap()
}

/// Takes one message for each permit, and sends it back.
static TAKE: Semaphore = Semaphore::const_new(0);

async fn take(mut session: Session) {
    while let Ok(permit) = TAKE.acquire().await {
        permit.forget();
        let Some(incoming) = session.recv().await else {
            break;
        };
        session.send(incoming.message).await.unwrap();
    }
}

#[tokio::test]
async fn a_concurrency_limit_counts_pending_responses_and_not_open_streams() {
    let transport = SseServerTransport::new("/messages/", take).unwrap();
    let transport = transport.queue_messages(1);
    let app = ServiceBuilder::new()
        .concurrency_limit(1)
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let open = async || {
        let answer = app.clone().oneshot(get("/sse")).await.unwrap();
        let mut events = Events::new(answer.into_body());
        (events.endpoint().await, events)
    };
    let (uri, mut events) = open().await;
    // The stream is open, and the only permit is free for a page, a stream or a message.
    let answer = app.clone().oneshot(get("/page")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let _other = open().await;
    let accepted = app
        .clone()
        .oneshot(requests::post(&uri, Body::from(ping(1))))
        .await;
    assert_eq!(accepted.unwrap().status(), 202);

    // The inbox is full now. The POST that waits for room holds the permit.
    let mut waiting = task::spawn(
        app.clone()
            .oneshot(requests::post(&uri, Body::from(ping(2)))),
    );
    assert_pending!(waiting.poll());
    let mut page = task::spawn(app.clone().oneshot(get("/page")));
    assert_pending!(page.poll());
    TAKE.add_permits(1);
    assert_eq!(events.next().await.unwrap().data, ping(1));
    assert!(waiting.is_woken());
    assert_eq!(assert_ready!(waiting.poll()).unwrap().status(), 202);
    drop(waiting);
    assert!(page.is_woken());
    assert_eq!(page.await.unwrap().status(), 200);
}

#[tokio::test]
async fn load_shedding_counts_pending_responses_and_not_open_streams() {
    let handler = |session: Session| async move {
        let _kept = session;
        std::future::pending::<()>().await;
    };
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    let transport = transport.queue_messages(1);
    let app = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let answer = app.clone().oneshot(get("/sse")).await.unwrap();
    let mut events = Events::new(answer.into_body());
    let uri = events.endpoint().await;
    let accepted = app
        .clone()
        .oneshot(requests::post(&uri, Body::from(ping(1))))
        .await;
    assert_eq!(accepted.unwrap().status(), 202);

    let mut waiting = task::spawn(
        app.clone()
            .oneshot(requests::post(&uri, Body::from(ping(2)))),
    );
    assert_pending!(waiting.poll());
    let error: BoxError = app.clone().oneshot(get("/page")).await.unwrap_err();
    assert!(error.is::<Overloaded>(), "{error}");
    drop(waiting);
    let answer = app.clone().oneshot(get("/page")).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_service_works_behind_a_buffer() {
    let transport = transport();
    let app = ServiceBuilder::new()
        .layer(transport.layer("/sse").unwrap())
        .service(service_fn(page));
    let server = Server::serve(Buffer::new(app, 8), transport.sessions()).await;
    // More streams than the buffer has slots: an open stream takes none.
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(server.open("/sse").await);
    }
    a_session(&server).await;
    for (at, (uri, events)) in open.iter_mut().enumerate() {
        assert_eq!(server.post(uri, ping(at)).await.status(), 202);
        assert_eq!(events.echoed().await, ping(at));
    }
}
