//! The load balancers of the guide, with the configuration that the guide shows.

use std::{collections::HashMap, fs, net::SocketAddr, time::Duration};

use tokio::time::timeout;

use crate::{
    client::{Conn, Stream, request},
    echo, node, node_of, open,
    process::Process,
    programs::{Program, folder, free_address, is_installed},
};

const CLIENTS: usize = 200;
const NAMES: [&str; 3] = ["a1", "a2", "a3"];

/// The configuration in that language, with the addresses of the test in place of the guide's.
fn from_guide(language: &str, nodes: &[SocketAddr], listen: (&str, SocketAddr)) -> String {
    let guide = include_str!("../../../../src/guide/nodes.md");
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let (from, address) = listen;
    let (verb, _) = from.split_once(' ').unwrap();
    assert!(text.contains(from), "the guide has {from}");
    let mut text = text.replace(from, &format!("{verb} {address}"));
    for (at, node) in nodes.iter().enumerate() {
        let shown = format!("10.0.0.{}:8000", at + 1);
        assert!(text.contains(&shown), "the guide has node {shown}");
        text = text.replace(&shown, &node.to_string());
    }
    text
}

fn nginx(nodes: &[SocketAddr]) -> Program {
    let address = free_address();
    let folder = folder("nginx", address);
    let file = folder.join("nginx.conf");
    let config = from_guide("nginx", nodes, ("listen 80", address));
    let config = format!(
        "daemon off;\npid nginx.pid;\nerror_log stderr emerg;\nworker_processes 1;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
         fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n{config}}}\n"
    );
    fs::write(&file, config).unwrap();
    let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
    Program::start(
        "nginx",
        &["-p", folder, "-c", file, "-e", "stderr"],
        address,
    )
}

fn haproxy(nodes: &[SocketAddr]) -> Program {
    let address = free_address();
    let file = folder("haproxy", address).join("haproxy.cfg");
    let config = from_guide("haproxy", nodes, ("bind :80", address));
    fs::write(&file, config).unwrap();
    Program::start("haproxy", &["-q", "-f", file.to_str().unwrap()], address)
}

/// Posts on a kept connection and returns the status.
///
/// HAProxy closes a kept connection without an answer if it sent the request on an idle connection to a node
/// that was gone. So if nothing was received, this posts once more on a new connection, as clients do.
async fn post(address: SocketAddr, conn: &mut Conn, uri: &str, text: &str) -> u16 {
    let sent = conn.write(request(uri, text.len()) + text).await;
    let mut first = [0];
    let received = timeout(Duration::from_secs(40), conn.tcp.peek(&mut first));
    let received = received.await.expect("an answer or the end");
    if sent.is_ok() && received.is_ok_and(|len| len > 0) {
        return conn.answer().await.unwrap();
    }
    *conn = Conn::open(address).await.unwrap();
    conn.post(uri, text).await.unwrap()
}

async fn round_trips(address: SocketAddr, mut stream: Stream) -> Stream {
    let mut posts = Conn::open(address).await.unwrap();
    for id in 0..5 {
        assert_eq!(post(address, &mut posts, &stream.uri, &echo(id)).await, 202);
        assert_eq!(stream.message().await.unwrap(), Some(node::answer(id)));
    }
    stream
}

/// Many clients at once. Then one node is killed.
async fn serves_all(balance: impl FnOnce(&[SocketAddr]) -> Program) {
    let (mut nodes, addresses): (Vec<Process>, Vec<_>) = NAMES.map(node::start).into_iter().unzip();
    let balancer = balance(&addresses);
    let address = balancer.address;

    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(async move { round_trips(address, open(address).await).await });
    }
    let streams = clients.join_all().await;
    let mut counts = HashMap::new();
    for stream in &streams {
        *counts.entry(node_of(stream).to_owned()).or_insert(0) += 1;
    }
    assert_eq!(
        counts.len(),
        NAMES.len(),
        "each node has sessions: {counts:?}"
    );

    drop(nodes.remove(1));
    let mut posts = Conn::open(address).await.unwrap();
    let (gone, left): (Vec<_>, Vec<_>) = streams
        .into_iter()
        .partition(|stream| node_of(stream) == NAMES[1]);
    for stream in &gone {
        let status = post(address, &mut posts, &stream.uri, &echo(9)).await;
        assert_eq!(status, 404, "{}", stream.uri);
    }
    for stream in left {
        round_trips(address, stream).await;
    }
    for _ in 0..10 {
        let stream = round_trips(address, open(address).await).await;
        assert_ne!(node_of(&stream), NAMES[1]);
    }
    // A name that no node has, as after the nodes were renamed.
    let elsewhere = gone[0].uri.replace("node=a", "node=b");
    assert_eq!(post(address, &mut posts, &elsewhere, &echo(9)).await, 404);
}

#[tokio::test]
async fn nginx_with_the_guides_configuration_routes_each_post_to_its_session() {
    if is_installed("nginx") {
        serves_all(nginx).await;
    }
}

#[tokio::test]
async fn haproxy_with_the_guides_configuration_routes_each_post_to_its_session() {
    if is_installed("haproxy") {
        serves_all(haproxy).await;
    }
}
