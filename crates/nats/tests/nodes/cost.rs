//! The cost of a relayed `POST` beside a local one, with few and with many sessions.
//!
//! `cargo test --release -p mcp-sse-server-nats --test nodes cost -- --nocapture` prints the figures.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    client::{Conn, Stream},
    cluster::reaches,
    node, open,
    programs::{Program, free_address, is_installed},
};

const POSTS: usize = if cfg!(debug_assertions) {
    3_000
} else {
    30_000
};
const ROUNDS: usize = 3;
/// How many connections post at the same time while CPU time is measured.
const SIDE_BY_SIDE: usize = 16;
/// The unit of CPU time in `/proc`, which is fixed on Linux.
const TICK: Duration = Duration::from_millis(10);
/// A notification, so that only the way to the inbox is measured.
const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"0123456789","progress":1}}"#;

/// The CPU time that a process has used.
fn cpu(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<_> = rest.split(' ').collect();
    let ticks = |field: &str| field.parse::<u32>().unwrap();
    TICK * (ticks(fields[11]) + ticks(fields[12]))
}

struct Setting {
    owner: u32,
    edge: u32,
    nats: u32,
    sessions: Vec<String>,
}

/// The cost of one `POST` in microseconds.
#[derive(Clone, Copy)]
struct Cost {
    owner: f64,
    edge: f64,
    nats: f64,
    latency: f64,
}

impl Setting {
    async fn measure(&self, to: SocketAddr) -> Cost {
        let mut least = Cost {
            owner: f64::MAX,
            edge: f64::MAX,
            nats: f64::MAX,
            latency: f64::MAX,
        };
        for _ in 0..ROUNDS {
            let latency = self.one_by_one(to).await;
            let before = [self.owner, self.edge, self.nats].map(cpu);
            self.side_by_side(to).await;
            let after = [self.owner, self.edge, self.nats].map(cpu);
            let used = |at: usize| (after[at] - before[at]).as_secs_f64() * 1e6 / POSTS as f64;
            least.owner = least.owner.min(used(0));
            least.edge = least.edge.min(used(1));
            least.nats = least.nats.min(used(2));
            least.latency = least.latency.min(latency);
        }
        least
    }

    /// The median latency, over the sessions in turn.
    async fn one_by_one(&self, to: SocketAddr) -> f64 {
        let mut conn = Conn::open(to).await.unwrap();
        let mut times = Vec::new();
        for session in self.sessions.iter().cycle().step_by(7).take(500) {
            let start = Instant::now();
            assert_eq!(conn.post(session, NOTE).await.unwrap(), 202);
            times.push(start.elapsed());
        }
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e6
    }

    async fn side_by_side(&self, to: SocketAddr) {
        let mut all = JoinSet::new();
        for at in 0..SIDE_BY_SIDE {
            let turns = self.sessions.iter().cycle().skip(at * 7919).step_by(7);
            let sessions: Vec<_> = turns.take(POSTS / SIDE_BY_SIDE).cloned().collect();
            all.spawn(async move {
                let mut conn = Conn::open(to).await.unwrap();
                for session in &sessions {
                    assert_eq!(conn.post(session, NOTE).await.unwrap(), 202);
                }
            });
        }
        all.join_all().await;
    }
}

async fn many(address: SocketAddr, count: usize) -> Vec<Stream> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let mut some = JoinSet::new();
        for _ in 0..100.min(count - streams.len()) {
            some.spawn(open(address));
        }
        streams.extend(some.join_all().await);
    }
    streams
}

#[tokio::test]
async fn a_relayed_post_costs_the_same_with_ten_sessions_and_with_ten_thousand() {
    if !is_installed("nats-server") {
        return;
    }
    let nats = Program::nats(free_address(), "");
    let (owner, owner_address) = node::start_with_relay("a1", nats.address);
    let (edge, edge_address) = node::start_with_relay("a2", nats.address);
    let mut streams = many(owner_address, 10).await;
    reaches(edge_address, &streams[0].uri).await;

    println!("one POST, in µs     sessions   CPU owner + edge + NATS    latency");
    let mut relayed = Vec::new();
    for count in [10, 10_000] {
        streams.extend(many(owner_address, count - streams.len()).await);
        let sessions = streams.iter().map(|stream| stream.uri.clone()).collect();
        let (owner, edge, nats) = (owner.id(), edge.id(), nats.id());
        let setting = Setting {
            owner,
            edge,
            nats,
            sessions,
        };
        for (way, to) in [("local", owner_address), ("relayed", edge_address)] {
            let cost = setting.measure(to).await;
            let Cost {
                owner,
                edge,
                nats,
                latency,
            } = cost;
            println!("{way:<20}{count:>8}{owner:>12.0}{edge:>7.0}{nats:>7.0}{latency:>11.0}");
            if way == "relayed" {
                relayed.push(owner + edge + nats);
            }
        }
    }
    // A cost that grows with the number of sessions would be a thousand times as much.
    assert!(relayed[1] < 3.0 * relayed[0], "{relayed:?}");
}
