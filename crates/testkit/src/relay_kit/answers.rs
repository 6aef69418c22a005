use std::time::Duration;

use mcp_sse_server::{response::RejectionKind::*, session::Principal};

use super::{
    Engine,
    node::{Node, Options},
};
use crate::{
    PATIENCE,
    messages::{ping, sized},
    requests,
};

pub(super) async fn unknown_sessions_and_those_of_others_are_not_found(engine: &impl Engine) {
    let mut owner = Node::join(engine, "found-a", Options::default()).await;
    let edge = Node::join(engine, "found-b", Options::default()).await;
    let unknown = "/messages/?session_id=0123456789abcdef0123456789abcdef&node=found-a";
    assert_eq!(edge.post(unknown, ping(1)).await, Some(SessionNotFound));

    let (alice, bob) = (Principal::new("alice"), Principal::new("bob"));
    let session = owner.open(Some(&alice)).await;
    for thief in [Some(bob), None] {
        let mut post = requests::post_text(&session.uri, ping(1));
        if let Some(thief) = thief {
            post.extensions_mut().insert(thief);
        }
        assert_eq!(edge.send(post).await, Some(SessionNotFound));
    }
    // A body that is not a message is refused before the relay, also for a session of another node.
    let unowned = owner.open(None).await;
    assert_eq!(edge.post(&unowned.uri, "{}").await, Some(InvalidMessage));

    let id = unowned.uri.split(['=', '&']).nth(1).unwrap();
    assert!(owner.sessions.close(&id.parse().unwrap()));
    assert_eq!(
        edge.post(&unowned.uri, ping(1)).await,
        Some(SessionNotFound)
    );
    assert!(owner.taken.try_recv().is_err(), "nothing arrives");
}

/// Posts until the node is not found. Until then it may be unreachable.
async fn until_not_found(edge: &Node, uri: &str) {
    let start = tokio::time::Instant::now();
    loop {
        match edge.post(uri, ping(1)).await {
            Some(SessionNotFound) => return,
            Some(NodeUnreachable) => {}
            other => panic!("a node that is not there: {other:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "it stays unreachable");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(super) async fn a_node_that_is_not_there_has_no_sessions(engine: &impl Engine) {
    let edge = Node::join(engine, "alone", Options::default()).await;
    let id = "/messages/?session_id=0123456789abcdef0123456789abcdef";
    until_not_found(&edge, &format!("{id}&node=never-was")).await;
    for query in [
        "",
        "&node=",
        "&node=*",
        "&node=%3E",
        "&node=a&node=b",
        "&node=alone",
    ] {
        let answer = edge.post(&format!("{id}{query}"), ping(1)).await;
        assert_eq!(answer, Some(SessionNotFound), "{query}");
    }
}

pub(super) async fn a_full_inbox_is_busy_and_gets_nothing(engine: &impl Engine) {
    let options = Options {
        inbox: 1,
        delivery_timeout: Duration::from_millis(100),
        open: false,
        ..Options::default()
    };
    let mut owner = Node::join(engine, "busy-a", options).await;
    let edge = Node::join(engine, "busy-b", Options::default()).await;
    let session = owner.open(None).await;
    assert_eq!(edge.post(&session.uri, ping(1)).await, None);
    assert_eq!(edge.post(&session.uri, ping(2)).await, Some(SessionBusy));
    owner.gate.add_permits(10);
    assert_eq!(owner.next().await.message.as_str(), ping(1));
    assert_eq!(edge.post(&session.uri, ping(3)).await, None);
    assert_eq!(owner.next().await.message.as_str(), ping(3));
}

pub(super) async fn what_is_too_large_is_refused_and_the_rest_carried(engine: &impl Engine) {
    let options = Options {
        body_limit: 2 * 1024 * 1024,
        ..Options::default()
    };
    let mut owner = Node::join(engine, "large-a", options).await;
    let edge = Node::join(engine, "large-b", Options::default()).await;
    let session = owner.open(None).await;
    let limit = engine.limit().await;
    if let Some(limit) = limit {
        let over = edge.post(&session.uri, sized(1, limit)).await;
        assert_eq!(over, Some(TooLargeToRelay), "{limit} and a head");
    }
    if limit.is_none_or(|limit| limit > 3 * 1024 * 1024) {
        let over = edge.post(&session.uri, sized(1, 2 * 1024 * 1024 + 1)).await;
        assert_eq!(over, Some(BodyTooLarge), "the owner's limit holds");
    }
    let most = limit.map_or(1024 * 1024, |limit| (limit - 4096).min(1024 * 1024));
    for len in [100, 10_000, most] {
        assert_eq!(edge.post(&session.uri, sized(2, len)).await, None, "{len}");
        assert_eq!(owner.next().await.message.as_str(), sized(2, len));
    }
}

pub(super) async fn a_node_that_does_not_answer_may_have_it_once(engine: &impl Engine) {
    let options = Options {
        inbox: 1,
        delivery_timeout: Duration::from_secs(3600),
        open: false,
        ..Options::default()
    };
    let mut owner = Node::join(engine, "mute-a", options).await;
    let edge = Node::join(engine, "mute-b", Options::default()).await;
    let session = owner.open(None).await;
    assert_eq!(edge.post(&session.uri, ping(1)).await, None);
    assert_eq!(edge.post(&session.uri, ping(2)).await, Some(NodeSilent));
    owner.gate.add_permits(10);
    assert_eq!(owner.next().await.message.as_str(), ping(1));
    // The second message may arrive or not. The third arrives, and none arrives twice.
    assert_eq!(edge.post(&session.uri, ping(3)).await, None);
    let mut next = owner.next().await.message;
    if next.as_str() == ping(2) {
        next = owner.next().await.message;
    }
    assert_eq!(next.as_str(), ping(3));
    assert!(owner.taken.try_recv().is_err(), "nothing comes twice");
}

pub(super) async fn a_node_that_leaves_takes_its_sessions_along(engine: &impl Engine) {
    let mut owner = Node::join(engine, "leave-a", Options::default()).await;
    let edge = Node::join(engine, "leave-b", Options::default()).await;
    let session = owner.open(None).await;
    assert_eq!(edge.post(&session.uri, ping(1)).await, None);
    owner.serving = None;
    let start = tokio::time::Instant::now();
    // Until its engine has noticed, the node may still accept messages, or not answer.
    let (mut accepted, mut silent) = (0, 0);
    loop {
        match edge.post(&session.uri, ping(2)).await {
            None => accepted += 1,
            Some(NodeSilent) => silent += 1,
            _ => break,
        }
        assert!(
            start.elapsed() < PATIENCE,
            "the engine notices the end of the node"
        );
    }
    until_not_found(&edge, &session.uri).await;
    // A client that reaches the node itself sees no difference.
    assert_eq!(owner.post(&session.uri, ping(3)).await, None);
    assert_eq!(owner.next().await.message.as_str(), ping(1));
    let mut late = 0;
    loop {
        let message = owner.next().await.message;
        if message.as_str() == ping(3) {
            break;
        }
        assert_eq!(message.as_str(), ping(2));
        late += 1;
    }
    assert!((accepted..=accepted + silent).contains(&late), "{late}");
}
