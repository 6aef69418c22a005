//! Proxies between a client and a server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Forwards one connection to `server`, and cuts it after `up` bytes from the client or `down` bytes from
/// the server. With `reset`, the server sees a reset instead of an end.
pub async fn cut(server: SocketAddr, up: u64, down: u64, reset: bool) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = TcpStream::connect(server).await.unwrap();
        {
            let (client_in, mut client_out) = client.split();
            let (server_in, mut server_out) = server.split();
            let (mut up, mut down) = (client_in.take(up), server_in.take(down));
            tokio::select! {
                _ = copy(&mut up, &mut server_out) => {}
                _ = copy(&mut down, &mut client_out) => {}
            }
        }
        match reset {
            true => server.set_zero_linger().unwrap(),
            false => server.shutdown().await.unwrap(),
        }
    });
    address
}

/// Gives each connection to the next server, and skips servers that do not accept it.
pub async fn round_robin(servers: Vec<SocketAddr>) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let turn = Arc::new(AtomicUsize::new(0));
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (servers, turn) = (servers.clone(), Arc::clone(&turn));
            tokio::spawn(async move {
                for _ in 0..servers.len() {
                    let server = servers[turn.fetch_add(1, SeqCst) % servers.len()];
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = (client.set_nodelay(true), server.set_nodelay(true));
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Forwards all connections to a server. While it is shut, it drops what clients send.
pub struct Valve {
    /// Where it listens.
    pub address: SocketAddr,
    is_shut: Arc<AtomicBool>,
}

impl Valve {
    /// An open valve before this server.
    pub async fn before(server: SocketAddr) -> Self {
        let (listener, address) = listen().await;
        let is_shut = Arc::new(AtomicBool::new(false));
        let valve = Arc::clone(&is_shut);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move {
                    let _ = copy(&mut from_server, &mut to_client).await;
                });
                let valve = Arc::clone(&valve);
                tokio::spawn(async move {
                    let mut bytes = vec![0; 65536];
                    while let Ok(len @ 1..) = from_client.read(&mut bytes).await {
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
        Self { address, is_shut }
    }

    /// Shuts or opens it.
    pub fn shut(&self, shut: bool) {
        self.is_shut.store(shut, SeqCst);
    }
}
