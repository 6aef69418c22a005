//! Clients that record how their `POST`s were answered, and check it against their streams.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    client::{Conn, Stream},
    cluster::Cluster,
    node, node_of, open,
    programs::is_installed,
};

/// How long a client waits for the answer to a `POST`. The relay's timeout is 4 s; the rest is for a busy
/// machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many `POST`s use one connection, and so one node.
const POSTS: usize = 3;

/// A message of one of four sizes.
fn message(id: usize) -> String {
    let len = [0, 100, 3_000, 40_000][id * 31 % 4];
    let fill = "x".repeat(len);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo","params":{{"x":"{fill}"}}}}"#)
}

/// How the `POST`s of one client were answered.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) node: String,
    pub(crate) counts: BTreeMap<u16, usize>,
    accepted: Vec<usize>,
    /// Unknown whether delivered: 504, or a broken connection.
    unknown: Vec<usize>,
    longest: Duration,
}

/// Posts one message after the other until it is told to stop, while another task reads the stream. Then each
/// accepted message must have been answered, in order and once, unless the session ended. A message of unknown
/// delivery may have been answered, at any time, at most once.
pub(crate) async fn client(
    address: SocketAddr,
    mut stop: watch::Receiver<bool>,
    most: usize,
) -> Told {
    let stream = open(address).await;
    let mut told = Told {
        node: node_of(&stream).to_owned(),
        ..Told::default()
    };
    let uri = stream.uri.clone();
    let answered = Arc::new(Mutex::new(Vec::new()));
    let reader = tokio::spawn(read(stream, Arc::clone(&answered)));
    let mut conn = None;
    for id in 1..=most {
        if *stop.borrow_and_update() {
            break;
        }
        if id % POSTS == 0 {
            conn = None;
        }
        let start = Instant::now();
        let status = post(address, &mut conn, &uri, &message(id)).await;
        told.longest = told.longest.max(start.elapsed());
        match status {
            Some(202) => told.accepted.push(id),
            Some(404 | 503) => {}
            Some(504) | None => told.unknown.push(id),
            Some(status) => panic!("{status}"),
        }
        *told.counts.entry(status.unwrap_or(0)).or_default() += 1;
        if status != Some(202) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert!(told.longest < PATIENCE, "one waited {:?}", told.longest);
    told.check(&answered, reader).await;
    told
}

async fn post(address: SocketAddr, conn: &mut Option<Conn>, uri: &str, text: &str) -> Option<u16> {
    if conn.is_none() {
        *conn = Conn::open(address).await.ok();
    }
    let status = tokio::time::timeout(PATIENCE, conn.as_mut()?.post(uri, text)).await;
    let status = status.expect("an answer in time").ok();
    if status.is_none() {
        *conn = None;
    }
    status
}

async fn read(mut stream: Stream, answered: Arc<Mutex<Vec<usize>>>) {
    // An error is the limit of `Stream` on silence. It does not end the session.
    while let Ok(Some(text)) = stream.message().await {
        let (_, rest) = text.split_once(r#""id":"#).unwrap();
        let id: usize = rest.split(',').next().unwrap().parse().unwrap();
        assert_eq!(text, node::answer(id));
        answered.lock().unwrap().push(id);
    }
}

impl Told {
    async fn check(&self, answered: &Mutex<Vec<usize>>, reader: tokio::task::JoinHandle<()>) {
        let start = Instant::now();
        let all_answered = || {
            let answered = answered.lock().unwrap();
            self.accepted.iter().all(|id| answered.contains(id))
        };
        // A session that ended need not have answered what it accepted.
        while !reader.is_finished() && !all_answered() {
            assert!(
                start.elapsed() < Duration::from_secs(40),
                "accepted and lost"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        reader.abort();
        let answered = answered.lock().unwrap();
        let (accepted, late): (Vec<_>, Vec<_>) =
            answered.iter().partition(|id| self.accepted.contains(id));
        let in_order = accepted.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(in_order, "each once, in order: {answered:?}");
        for (at, id) in late.iter().enumerate() {
            assert!(self.unknown.contains(id), "{id} was refused and delivered");
            assert!(!late[..at].contains(id), "{id} was delivered twice");
        }
    }
}

/// Many clients at the same time.
pub(crate) struct Crowd {
    clients: JoinSet<Told>,
    stop: watch::Sender<bool>,
}

impl Crowd {
    pub(crate) fn gather(address: SocketAddr, clients: usize, posts: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut crowd = JoinSet::new();
        for _ in 0..clients {
            crowd.spawn(client(address, stopped.clone(), posts));
        }
        Self {
            clients: crowd,
            stop,
        }
    }

    /// Waits until all clients have finished.
    pub(crate) async fn finish(self) -> Vec<Told> {
        self.clients.join_all().await
    }

    pub(crate) async fn stop(self) -> Vec<Told> {
        self.stop.send(true).unwrap();
        self.finish().await
    }
}

#[tokio::test]
async fn each_post_reaches_its_session_through_any_node() {
    if !is_installed("nats-server") {
        return;
    }
    let cluster = Cluster::start().await;
    let crowd = Crowd::gather(cluster.address, 300, 12).finish().await;
    let mut nodes = BTreeMap::new();
    for told in &crowd {
        *nodes.entry(&*told.node).or_insert(0) += 1;
        assert_eq!(told.counts, BTreeMap::from([(202, 12)]), "at {}", told.node);
    }
    // Not equally many at each: the balancer counts connections of streams and of `POST`s together.
    assert!(
        nodes.len() == 3 && nodes.values().all(|count| *count > 50),
        "{nodes:?}"
    );
}
