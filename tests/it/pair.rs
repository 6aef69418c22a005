//! A session without HTTP, to test a handler.

use mcp_sse_server::{
    Message, Session,
    response::RejectionKind,
    session::{CloseReason, Principal},
};
use mcp_sse_testkit::{
    handlers::echo,
    messages::{ping, response},
    requests,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_handler_is_tested_without_http() {
    let (session, mut peer) = Session::pair();
    let handler = tokio::spawn(echo(session));
    let request: Message = ping(1).parse().unwrap();
    peer.post(request.clone()).await.unwrap();
    assert_eq!(peer.next().await.unwrap().id(), request.id());
    let note = Message::notification("x", &()).unwrap();
    assert_eq!(peer.registry().broadcast(&note).sent, 1);
    assert_eq!(peer.next().await, Some(note));
    drop(peer);
    handler.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_refused_as_a_post_is() {
    let (session, peer) = Session::pair();
    for id in 0..32 {
        peer.post(ping(id).parse().unwrap()).await.unwrap();
    }
    let busy = peer.post(ping(32).parse().unwrap()).await.unwrap_err();
    assert_eq!(busy.kind(), RejectionKind::SessionBusy);
    assert_eq!(
        busy.to_string(),
        "the message was not posted: Session is busy"
    );
    let id = *session.id();
    let sender = session.sender().clone();
    sender.try_send(response(0)).unwrap();
    drop(session);
    let mut peer = peer;
    assert!(peer.registry().close(&id));
    assert_eq!(peer.close_reason(), Some(CloseReason::Closed));
    assert_eq!(peer.next().await, Some(response(0)));
    assert_eq!(peer.next().await, None);
    let gone = peer.post(ping(1).parse().unwrap()).await.unwrap_err();
    assert_eq!(gone.kind(), RejectionKind::SessionNotFound);
}

#[tokio::test]
async fn the_heads_of_the_requests_can_be_chosen() {
    let owner = Principal::new("client");
    let mut get = requests::get();
    get.extensions_mut().insert(owner.clone());
    let (mut session, peer) = Session::pair_of(get.into_parts().0);
    assert_eq!(session.principal(), Some(&owner));
    let head = requests::post_text("/x", "").into_parts().0;
    peer.post_of(ping(1).parse().unwrap(), head).await.unwrap();
    assert_eq!(session.try_recv().unwrap().parts.uri, "/x");
    assert!(session.try_recv().is_err());
}

#[tokio::test]
async fn a_peer_answers_a_request_of_the_handler() {
    let (session, mut peer) = Session::pair();
    let handler = tokio::spawn(async move {
        let roots = session.sender().request("roots/list", &()).await;
        roots.unwrap().result::<Value>().unwrap()
    });
    let asked = peer.next().await.unwrap();
    assert_eq!(asked.method(), Some("roots/list"));
    let answer = asked
        .as_request()
        .unwrap()
        .response(&json!({"roots": []}))
        .unwrap();
    peer.post(answer).await.unwrap();
    assert_eq!(handler.await.unwrap(), json!({"roots": []}));
}
