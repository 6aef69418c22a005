//! A message is in the inbox if its `POST` was answered with 202, and only then.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use mcp_sse_server::{
    Handler, PostService, Session, SseServerTransport,
    post::{PostBody, ResponseFuture},
    response::RejectionKind,
    session::CloseReason,
};
use mcp_sse_testkit::{
    handlers::echo,
    messages::{ping, unanswered},
    polled::Server,
    requests,
};
use tokio::{sync::mpsc, time};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::Service;

const PATIENCE: Duration = Duration::from_secs(7);

fn narrow() -> Server<impl Handler> {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    Server::of(&transport.queue_messages(1).delivery_timeout(PATIENCE))
}

/// A `POST` of a ping, which the test polls by hand.
fn posting(mut service: PostService, uri: &str, id: usize) -> task::Spawn<Posting> {
    let request: Request<Full<Bytes>> = requests::post(uri, Full::new(ping(id).into()));
    task::spawn(service.call(request))
}

type Posting = ResponseFuture<Full<Bytes>>;

fn assert_refused(answer: &Response<PostBody>, kind: RejectionKind, status: u16) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.extensions().get(), Some(&kind));
}

#[tokio::test(start_paused = true)]
async fn a_post_waits_for_room_until_the_delivery_timeout() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);

    let mut waiting = posting(memory.post.clone(), &uri, 2);
    assert_pending!(waiting.poll());
    time::advance(PATIENCE - Duration::from_millis(1)).await;
    assert_pending!(waiting.poll());
    time::advance(Duration::from_millis(2)).await;
    assert!(waiting.is_woken());
    let answer = assert_ready_ok!(waiting.poll());
    assert_refused(&answer, RejectionKind::SessionBusy, 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );

    let answer = memory.post(&uri, ping(3)).await;
    assert_eq!(answer.body(), "Session is busy");
    assert_eq!(events.echoed().await, ping(1));
    assert_eq!(memory.post(&uri, ping(4)).await.status(), 202);
    assert_eq!(
        events.echoed().await,
        ping(4),
        "the refused messages are not delivered"
    );
}

#[tokio::test(start_paused = true)]
async fn a_post_that_waits_is_delivered_when_the_handler_makes_room() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut waiting = posting(memory.post.clone(), &uri, 2);
    assert_pending!(waiting.poll());
    assert_eq!(events.echoed().await, ping(1));
    assert!(waiting.is_woken());
    assert_eq!(assert_ready_ok!(waiting.poll()).status(), 202);
    assert_eq!(events.echoed().await, ping(2));
}

#[tokio::test(start_paused = true)]
async fn an_invalid_message_does_not_wait_for_room() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut service = memory.post.clone();
    let mut posting = task::spawn(service.call(requests::post(&uri, Full::new(Bytes::from("[]")))));
    let answer = assert_ready_ok!(posting.poll());
    assert_refused(&answer, RejectionKind::InvalidMessage, 400);
    assert_eq!(events.echoed().await, ping(1));
}

#[tokio::test(start_paused = true)]
async fn waiting_posts_get_404_when_the_stream_is_dropped() {
    let memory = narrow();
    let (uri, events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut waiting = [2, 3, 4].map(|id| posting(memory.post.clone(), &uri, id));
    for posting in &mut waiting {
        assert_pending!(posting.poll());
    }
    drop(events);
    for posting in &mut waiting {
        assert!(posting.is_woken());
        let answer = assert_ready_ok!(posting.poll());
        assert_refused(&answer, RejectionKind::SessionNotFound, 404);
    }
    let answer = memory.post(&uri, ping(5)).await;
    assert_eq!(
        (answer.status().as_u16(), &**answer.body()),
        (404, "Could not find session")
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiting_post_gets_404_when_the_session_is_closed() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut waiting = posting(memory.post.clone(), &uri, 2);
    assert_pending!(waiting.poll());
    let id = uri.split_once('=').unwrap().1.parse().unwrap();
    assert!(memory.sessions.close(&id));
    assert!(waiting.is_woken());
    let answer = assert_ready_ok!(waiting.poll());
    assert_refused(&answer, RejectionKind::SessionNotFound, 404);
    let error = events.next().await.map(|event| event.data);
    assert_eq!(error, Some(unanswered(1, CloseReason::Closed)));
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_post_gets_404_when_the_handler_returns() {
    let (stop, stopped) = mpsc::channel::<()>(1);
    let stopped = Arc::new(Mutex::new(Some(stopped)));
    let transport = SseServerTransport::new("/messages/", move |session| {
        let mut stopped = stopped.lock().unwrap().take().unwrap();
        async move {
            stopped.recv().await;
            drop(session);
        }
    });
    let memory = Server::of(&transport.unwrap().queue_messages(1));
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut waiting = posting(memory.post.clone(), &uri, 2);
    assert_pending!(waiting.poll());
    stop.send(()).await.unwrap();
    let error = events.next().await.map(|event| event.data);
    assert_eq!(error, Some(unanswered(1, CloseReason::HandlerReturned)));
    assert_eq!(events.next().await, None);
    let answer = assert_ready_ok!(waiting.poll());
    assert_refused(&answer, RejectionKind::SessionNotFound, 404);
    assert!(memory.sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_full_session_does_not_delay_another_session() {
    let memory = narrow();
    let (full, mut full_events) = memory.open().into_events();
    let (other, mut other_events) = memory.open().into_events();
    assert_eq!(memory.post(&full, ping(1)).await.status(), 202);
    let mut waiting = posting(memory.post.clone(), &full, 2);
    assert_pending!(waiting.poll());
    for id in 10..20 {
        let mut posting = posting(memory.post.clone(), &other, id);
        assert_eq!(assert_ready_ok!(posting.poll()).status(), 202, "{id}");
        assert_eq!(other_events.echoed().await, ping(id));
    }
    let (third, mut third_events) = memory.open().into_events();
    assert_eq!(memory.post(&third, ping(30)).await.status(), 202);
    assert_eq!(third_events.echoed().await, ping(30));
    assert_pending!(waiting.poll());
    assert_eq!(full_events.echoed().await, ping(1));
    assert_eq!(assert_ready_ok!(waiting.poll()).status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_dropped_while_it_waits_is_not_delivered() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    assert_eq!(memory.post(&uri, ping(1)).await.status(), 202);
    let mut dropped = posting(memory.post.clone(), &uri, 2);
    let mut granted = posting(memory.post.clone(), &uri, 3);
    let mut kept = posting(memory.post.clone(), &uri, 4);
    assert_pending!(dropped.poll());
    assert_pending!(granted.poll());
    assert_pending!(kept.poll());
    drop(dropped);
    assert_eq!(events.echoed().await, ping(1));
    // It gets the room, but is dropped before it is polled.
    assert!(granted.is_woken() && !kept.is_woken());
    drop(granted);
    assert!(kept.is_woken());
    assert_eq!(assert_ready_ok!(kept.poll()).status(), 202);
    assert_eq!(events.echoed().await, ping(4));
    assert_eq!(memory.post(&uri, ping(5)).await.status(), 202);
    assert_eq!(events.echoed().await, ping(5));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_dropped_unpolled_is_not_delivered() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    drop(posting(memory.post.clone(), &uri, 1));
    assert_eq!(memory.post(&uri, ping(2)).await.status(), 202);
    assert_eq!(events.echoed().await, ping(2));
}

#[tokio::test(start_paused = true)]
async fn messages_arrive_in_the_order_of_their_posts() {
    let memory = narrow();
    let (uri, mut events) = memory.open().into_events();
    let mut waiting: Vec<_> = (0..50)
        .map(|id| posting(memory.post.clone(), &uri, id))
        .collect();
    assert_eq!(assert_ready_ok!(waiting[0].poll()).status(), 202);
    for posting in &mut waiting[1..] {
        assert_pending!(posting.poll());
    }
    for id in 0..50 {
        assert_eq!(events.echoed().await, ping(id));
        if let Some(next) = waiting.get_mut(id + 1) {
            assert_eq!(assert_ready_ok!(next.poll()).status(), 202, "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_accepted_messages_arrive_when_the_answers_do_not_fit_the_outbox() {
    let thrice = |mut session: Session| async move {
        while let Some(incoming) = session.recv().await {
            for _ in 0..3 {
                session.send(incoming.message.clone()).await.unwrap();
            }
        }
    };
    let transport = SseServerTransport::new("/messages/", thrice).unwrap();
    let memory = Server::of(&transport.queue_messages(20));
    let (uri, mut events) = memory.open().into_events();
    for id in 0..20 {
        assert_eq!(memory.post(&uri, ping(id)).await.status(), 202, "{id}");
    }
    for id in 0..20 {
        for _ in 0..3 {
            assert_eq!(events.next().await.unwrap().data, ping(id));
        }
    }
}
