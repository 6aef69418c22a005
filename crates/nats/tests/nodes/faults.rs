//! Failures during traffic. `traffic` has the checks of each client.

use std::{
    collections::BTreeMap,
    fs::{self, DirEntry},
    io, thread,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    assert_echo,
    client::Conn,
    cluster::{Cluster, NAMES, reaches},
    echo, node, open,
    process::Process,
    programs::{Program, free_address, is_installed},
    traffic::{Crowd, Told},
    wire::{Valve, round_robin},
};

/// No bound: the clients post until they are told to stop.
const ON_AND_ON: usize = usize::MAX - 1;
const CLIENTS: usize = 60;

fn sum(crowd: &[Told], node: Option<&str>) -> BTreeMap<u16, usize> {
    let mut sum = BTreeMap::new();
    let of_node = |told: &&Told| node.is_none_or(|node| told.node == node);
    for (status, count) in crowd.iter().filter(of_node).flat_map(|told| &told.counts) {
        *sum.entry(*status).or_default() += count;
    }
    sum
}

/// Stops a process. The signal takes effect at some later time, so this waits until all threads have stopped.
fn pause(process: &Process) {
    process.signal("STOP");
    let tasks = format!("/proc/{}/task", process.id());
    let is_stopped = |task: io::Result<DirEntry>| {
        let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        // The name is in parentheses and may contain anything.
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.starts_with('T')
    };
    let start = Instant::now();
    while !fs::read_dir(&tasks).unwrap().all(is_stopped) {
        assert!(
            start.elapsed() < Duration::from_secs(40),
            "it does not stop"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

async fn some_traffic() {
    sleep(Duration::from_millis(700)).await;
}

#[tokio::test]
async fn traffic_survives_a_restart_of_nats() {
    if !is_installed("nats-server") {
        return;
    }
    let mut cluster = Cluster::start().await;
    let crowd = Crowd::gather(cluster.address, CLIENTS, ON_AND_ON);
    some_traffic().await;
    for _ in 0..2 {
        cluster.server.take().unwrap().kill();
        // A node's own sessions go on.
        for (_, address) in &cluster.nodes {
            let mut stream = open(*address).await;
            let mut posts = Conn::open(*address).await.unwrap();
            for id in 1..20 {
                assert_echo(&mut stream, &mut posts, id).await;
            }
        }
        // Sessions of other nodes are refused with 503 once the node has noticed the loss.
        let stream = open(cluster.nodes[0].1).await;
        let mut posts = Conn::open(cluster.nodes[1].1).await.unwrap();
        let mut unknown = 0;
        while posts.post(&stream.uri, &echo(1)).await.unwrap() == 504 {
            unknown += 1;
            assert!(unknown < 10, "the loss is not noticed");
        }
        for id in 2..5 {
            let status = posts.post(&stream.uri, &echo(id)).await.unwrap();
            assert_eq!(status, 503);
        }
        some_traffic().await;
        cluster.server = Some(Program::nats(cluster.nats, ""));
        cluster.is_whole().await;
        some_traffic().await;
    }
    let told = sum(&crowd.stop().await, None);
    assert!(told[&202] > CLIENTS && told[&503] > 0, "{told:?}");
    assert!(
        !told.contains_key(&404) && !told.contains_key(&0),
        "{told:?}"
    );
}

#[tokio::test]
async fn killing_a_node_ends_its_sessions_and_no_other() {
    if !is_installed("nats-server") {
        return;
    }
    let mut cluster = Cluster::start().await;
    let crowd = Crowd::gather(cluster.address, CLIENTS, ON_AND_ON);
    some_traffic().await;
    // So that the other nodes take an absent node for gone.
    sleep(mcp_sse_server_nats::SETTLE).await;
    let (killed, _) = cluster.nodes.remove(1);
    drop(killed);
    some_traffic().await;
    let crowd = crowd.stop().await;
    for name in NAMES {
        let told = sum(&crowd, Some(name));
        assert!(told[&202] > CLIENTS / 3, "{name}: {told:?}");
        // 404 for the lost sessions and for no other.
        assert_eq!(
            told.contains_key(&404),
            name == NAMES[1],
            "{name}: {told:?}"
        );
    }
}

#[tokio::test]
async fn posts_to_a_paused_node_are_answered_and_it_goes_on() {
    if !is_installed("nats-server") {
        return;
    }
    let cluster = Cluster::start().await;
    // A balancer would skip a node that does not answer.
    let awake = [cluster.nodes[0].1, cluster.nodes[2].1].to_vec();
    let mut stream = open(cluster.nodes[1].1).await;
    let crowd = Crowd::gather(round_robin(awake).await, CLIENTS, ON_AND_ON);
    some_traffic().await;
    pause(&cluster.nodes[1].0);
    let mut posts = Conn::open(cluster.nodes[0].1).await.unwrap();
    for id in [1, 2] {
        let status = posts.post(&stream.uri, &echo(id)).await.unwrap();
        assert_eq!(status, 504, "whether it was delivered is unknown");
    }
    cluster.nodes[1].0.signal("CONT");
    reaches(cluster.nodes[0].1, &stream.uri).await;
    // The two messages were on their way and arrive late, in order and once.
    let mut answers = Vec::new();
    while answers.last() != Some(&node::answer(0)) {
        answers.push(stream.message().await.unwrap().unwrap());
    }
    answers.dedup_by(|a, b| a == b && *a == node::answer(0));
    assert_eq!(answers, [1, 2, 0].map(node::answer));
    let told = sum(&crowd.stop().await, None);
    assert_eq!(told.keys().collect::<Vec<_>>(), [&202], "{told:?}");
}

#[tokio::test]
async fn a_lost_reply_is_answered_with_504_and_the_message_is_delivered_once() {
    if !is_installed("nats-server") {
        return;
    }
    let nats = free_address();
    let _server = Program::nats(nats, "");
    let valve = Valve::before(nats).await;
    let (_owner, owner) = node::start_with_relay("a1", valve.address);
    let (_edge, edge) = node::start_with_relay("a2", nats);
    let mut stream = open(owner).await;
    reaches(edge, &stream.uri).await;
    assert_eq!(stream.message().await.unwrap(), Some(node::answer(0)));
    let mut posts = Conn::open(edge).await.unwrap();
    for round in [10, 20] {
        assert_echo(&mut stream, &mut posts, round).await;
        valve.shut(true);
        let status = posts.post(&stream.uri, &echo(round + 1)).await.unwrap();
        assert_eq!(status, 504);
        assert_eq!(
            stream.message().await.unwrap(),
            Some(node::answer(round + 1))
        );
        valve.shut(false);
        // Nothing is delivered twice: the next answer is that of the next message.
        assert_echo(&mut stream, &mut posts, round + 2).await;
    }
}

#[tokio::test]
async fn a_slow_session_delays_its_own_posts_and_a_full_one_refuses_them() {
    if !is_installed("nats-server") {
        return;
    }
    let cluster = Cluster::start().await;
    let (owner, edge) = (cluster.nodes[0].1, cluster.nodes[1].1);
    let crowd = Crowd::gather(cluster.address, CLIENTS, ON_AND_ON);

    let mut slow = open(owner).await;
    let mut posts = Conn::open(edge).await.unwrap();
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"slow"}"#;
    for _ in 0..40 {
        // More than its inbox holds: the later ones wait, and all are delivered.
        assert_eq!(posts.post(&slow.uri, text).await.unwrap(), 202);
    }
    for _ in 0..40 {
        assert_eq!(slow.message().await.unwrap(), Some(node::answer(1)));
    }

    let deaf = open(owner).await;
    let text = echo(1).replace("echo", "deaf");
    let mut told = BTreeMap::new();
    for _ in 0..35 {
        let status = posts.post(&deaf.uri, &text).await.unwrap();
        *told.entry(status).or_insert(0) += 1;
    }
    assert_eq!(
        told,
        BTreeMap::from([(202, 33), (503, 2)]),
        "32 in the inbox"
    );
    let told = sum(&crowd.stop().await, None);
    assert_eq!(told.keys().collect::<Vec<_>>(), [&202], "{told:?}");
}
