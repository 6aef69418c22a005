//! Three nodes with a relay over NATS, behind a balancer that does not read node names.

use std::{net::SocketAddr, time::Duration};

use crate::{
    client::Conn,
    echo, node, node_of, open,
    process::Process,
    programs::{Program, free_address},
    wire,
};

pub(crate) const NAMES: [&str; 3] = ["a1", "a2", "a3"];

pub(crate) struct Cluster {
    pub(crate) nats: SocketAddr,
    pub(crate) server: Option<Program>,
    pub(crate) nodes: Vec<(Process, SocketAddr)>,
    /// The address of the balancer.
    pub(crate) address: SocketAddr,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let nats = free_address();
        let server = Some(Program::nats(nats, ""));
        let nodes: Vec<_> = NAMES
            .map(|name| node::start_with_relay(name, nats))
            .into_iter()
            .collect();
        let addresses = nodes.iter().map(|(_, address)| *address).collect();
        let cluster = Self {
            nats,
            server,
            nodes,
            address: wire::round_robin(addresses).await,
        };
        cluster.is_whole().await;
        cluster
    }

    /// Waits until each node reaches each other node.
    pub(crate) async fn is_whole(&self) {
        for (_, owner) in &self.nodes {
            let stream = open(*owner).await;
            for (_, edge) in &self.nodes {
                reaches(*edge, &stream.uri).await;
            }
            assert!(NAMES.contains(&node_of(&stream)));
        }
    }
}

/// Waits until a `POST` to the node `edge` reaches the session of `uri`.
pub(crate) async fn reaches(edge: SocketAddr, uri: &str) {
    let start = tokio::time::Instant::now();
    loop {
        let mut posts = Conn::open(edge).await.unwrap();
        match posts.post(uri, &echo(0)).await.unwrap() {
            202 => return,
            404 | 503 | 504 => {}
            status => panic!("{status} for {uri}"),
        }
        assert!(start.elapsed() < Duration::from_secs(40), "never: {uri}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
