use std::collections::BTreeMap;

use tokio::task::JoinSet;
use tower::Service;

use super::{
    Engine,
    node::{Node, Options},
};
use crate::{messages::sized, requests};

/// A message of 50 bytes to 20 kB.
fn mixed(id: usize) -> String {
    sized(id, 50 + id * 7919 % 20_000)
}

pub(super) async fn one_after_the_other_arrives_in_order_by_any_way(engine: &impl Engine) {
    let mut owner = Node::join(engine, "order-a", Options::default()).await;
    let edges = [
        Node::join(engine, "order-b", Options::default()).await,
        Node::join(engine, "order-c", Options::default()).await,
    ];
    let session = owner.open(None).await;
    for id in 0..100 {
        let through = match id % 3 {
            0 => &owner,
            way => &edges[way - 1],
        };
        assert_eq!(through.post(&session.uri, mixed(id)).await, None);
    }
    for id in 0..100 {
        assert_eq!(owner.next().await.message.as_str(), mixed(id), "in order");
    }
    assert!(owner.taken.try_recv().is_err(), "and no more");
}

pub(super) async fn side_by_side_each_arrives_once(engine: &impl Engine) {
    let mut owner = Node::join(engine, "many-a", Options::default()).await;
    let edge = Node::join(engine, "many-b", Options::default()).await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(owner.open(None).await);
    }
    let mut all = JoinSet::new();
    for id in 0..400 {
        let post = requests::post_text(&sessions[id % 20].uri, mixed(id));
        let mut edge = edge.post.clone();
        all.spawn(async move {
            let answer = edge.call(post).await.unwrap();
            assert_eq!(answer.status(), 202);
        });
    }
    all.join_all().await;
    let mut counts = BTreeMap::new();
    for _ in 0..400 {
        let text = owner.next().await.message.as_str().to_owned();
        *counts.entry(text).or_insert(0) += 1;
    }
    assert!((0..400).all(|id| counts.get(&mixed(id)) == Some(&1)));
    assert!(owner.taken.try_recv().is_err(), "and no more");
}
