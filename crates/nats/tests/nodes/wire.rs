//! Proxies between clients and nodes, or between a node and NATS.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Starts a balancer that distributes connections in turn, and skips nodes that do not listen.
pub(crate) async fn round_robin(nodes: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let turn = Arc::new(AtomicUsize::new(0));
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (nodes, turn) = (nodes.clone(), Arc::clone(&turn));
            tokio::spawn(async move {
                for _ in 0..nodes.len() {
                    let node = nodes[turn.fetch_add(1, SeqCst) % nodes.len()];
                    if let Ok(mut node) = TcpStream::connect(node).await {
                        let _ = (client.set_nodelay(true), node.set_nodelay(true));
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
                        return;
                    }
                }
            });
        }
    });
    address
}

/// A proxy that can discard what its clients send.
pub(crate) struct Valve {
    pub(crate) address: SocketAddr,
    shut: Arc<AtomicBool>,
}

impl Valve {
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shut = Arc::new(AtomicBool::new(false));
        let valve = Arc::clone(&shut);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
                });
                let valve = Arc::clone(&valve);
                tokio::spawn(async move {
                    let mut bytes = vec![0; 65536];
                    while let Ok(len @ 1..) = from_client.read(&mut bytes).await {
                        // Discarded while it is shut.
                        if valve.load(SeqCst) {
                            continue;
                        }
                        if to_server.write_all(&bytes[..len]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, shut }
    }

    pub(crate) fn shut(&self, shut: bool) {
        self.shut.store(shut, SeqCst);
    }
}
