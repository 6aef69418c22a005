//! The load balancers of the guide, with the very configuration that stands there.

use std::{collections::HashMap, fs, net::SocketAddr};

use crate::{
    assert_echo,
    client::{Conn, Stream},
    echo, node, node_of, open,
    process::Process,
    programs::{Program, folder, free_address},
};

const CLIENTS: usize = 200;
const NAMES: [&str; 3] = ["a1", "a2", "a3"];

/// The piece of configuration in that language, with real addresses in place of the guide's.
fn from_guide(language: &str, nodes: &[SocketAddr], listen: (&str, SocketAddr)) -> String {
    let guide = include_str!("../../../../src/guide/nodes.md");
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let (from, address) = listen;
    let (verb, _) = from.split_once(' ').unwrap();
    assert!(text.contains(from), "the guide says where to listen");
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

async fn round_trips(address: SocketAddr, mut stream: Stream) -> Stream {
    let mut posts = Conn::open(address).await.unwrap();
    for id in 0..5 {
        assert_echo(&mut stream, &mut posts, id).await;
    }
    stream
}

/// Clients that work at once; then one node goes away.
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
    assert_eq!(counts.len(), NAMES.len(), "all nodes have some: {counts:?}");

    drop(nodes.remove(1));
    let mut posts = Conn::open(address).await.unwrap();
    let (gone, left): (Vec<_>, Vec<_>) = streams
        .into_iter()
        .partition(|stream| node_of(stream) == NAMES[1]);
    for stream in &gone {
        let status = posts.post(&stream.uri, &echo(9)).await.unwrap();
        assert_eq!(status, 404, "{}", stream.uri);
    }
    for stream in left {
        round_trips(address, stream).await;
    }
    for _ in 0..10 {
        let stream = round_trips(address, open(address).await).await;
        assert_ne!(node_of(&stream), NAMES[1]);
    }
    // A name that nobody has, as after a move to other names.
    let elsewhere = gone[0].uri.replace("node=a", "node=b");
    assert_eq!(posts.post(&elsewhere, &echo(9)).await.unwrap(), 404);
}

#[tokio::test]
async fn nginx_as_the_guide_has_it_takes_each_post_to_its_session() {
    serves_all(nginx).await;
}

#[tokio::test]
async fn haproxy_as_the_guide_has_it_takes_each_post_to_its_session() {
    serves_all(haproxy).await;
}
