//! The proxies of the guide, with the configurations that the guide shows.
//!
//! The server sends no keep-alive here, so an event that a proxy holds back never arrives.
#![cfg(target_os = "linux")]

mod programs;

use std::{
    net::{SocketAddr, UdpSocket},
    process::{Command, Stdio},
};

use mcp_sse_server::{MountPath, SseServerTransport, TransportSecurity};
use mcp_sse_testkit::{
    PATIENCE,
    handlers::send_back,
    messages::ping,
    process::{Process, is_installed},
    server::Server,
    wire::Conn,
};

const NAME: &str = "mcp.example.com";

/// A server whose prefix the proxy removes, and which only clients of the public name reach.
async fn server() -> Server {
    let security = TransportSecurity::default().allow_host(NAME).unwrap();
    let transport = SseServerTransport::new("/messages/", send_back).unwrap();
    let transport = transport
        .keep_alive(None)
        .security(security)
        .mount_path(MountPath::new("/mcp").unwrap());
    Server::spawn(&transport).await
}

/// curl, which decompresses what it gets, and prints each event when it arrives. It gives up after 20 s.
fn curl(proxy: SocketAddr) -> Process {
    let url = format!("http://{proxy}/mcp/sse");
    let host = format!("host: {NAME}");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--no-buffer", "--compressed", "--include"])
        .args(["--max-time", "20", "--header", &host, &url])
        .stderr(Stdio::null());
    Process::start(&mut curl)
}

/// Each event arrives before the next is sent, and a body of 2 MiB passes.
async fn works(server: &Server, proxy: SocketAddr, encoding: Option<&str>) {
    let mut stream = curl(proxy);
    if let Some(encoding) = encoding {
        assert_eq!(stream.line("ontent-Encoding: "), encoding);
    }
    let uri = stream.line("data: ");
    assert!(uri.starts_with("/mcp/messages/?session_id="), "{uri}");
    let mut posts = Conn::open(proxy).await.unwrap();
    for id in 0..5 {
        assert_eq!(posts.post(&uri, &ping(id)).await.unwrap(), 202);
        assert_eq!(stream.line("data: "), ping(id));
    }
    let text = "x".repeat(2 << 20);
    let large = format!(r#"{{"jsonrpc":"2.0","method":"large","params":{{"text":"{text}"}}}}"#);
    assert_eq!(posts.post(&uri, &large).await.unwrap(), 202);
    assert_eq!(stream.line("data: "), large);
    // Apache ends 10 s late if a stream is open.
    for session in server.sessions.list() {
        server.sessions.close(&session.id);
    }
}

fn are_installed(programs: &[&str]) -> bool {
    programs.iter().all(|program| is_installed(program))
}

// Several threads: a wait for curl blocks one.
#[tokio::test(flavor = "multi_thread")]
async fn nginx_forwards_each_event_and_logs_no_session_id() {
    if are_installed(&["curl", "nginx"]) {
        let server = server().await;
        let nginx = programs::nginx("nginx", server.address, "");
        works(&server, nginx.address(), None).await;
        let log = nginx.stop_and_read("mcp.log");
        assert!(log.contains("POST /mcp/messages/ 202"), "{log}");
        assert!(!log.contains("session_id"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_forwards_each_event_also_compressed() {
    if are_installed(&["curl", "nginx"]) {
        let server = server().await;
        let gzip = "gzip on; gzip_types text/event-stream; gzip_min_length 1; gzip_proxied any;";
        let nginx = programs::nginx("nginx", server.address, gzip);
        works(&server, nginx.address(), Some("gzip")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_behind_nginx_forwards_each_event() {
    if are_installed(&["curl", "nginx"]) {
        let server = server().await;
        let inner = programs::nginx("nginx-inner", server.address, "");
        let outer = programs::nginx("nginx", inner.address(), "");
        works(&server, outer.address(), None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_forwards_each_event_and_logs_no_session_id() {
    if are_installed(&["curl", "apache2"]) {
        let server = server().await;
        let apache = programs::apache(server.address, |config| config);
        works(&server, apache.address(), None).await;
        let log = apache.stop_and_read("mcp.log");
        assert!(log.contains("POST /mcp/messages/ 202"), "{log}");
        assert!(!log.contains("session_id"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_forwards_each_event_also_compressed() {
    if are_installed(&["curl", "apache2"]) {
        let server = server().await;
        let apache = programs::apache(server.address, |config| {
            config.replace(
                "SetEnvIf Request_URI \"^/mcp/sse\" no-gzip=1",
                "SetOutputFilter DEFLATE",
            )
        });
        works(&server, apache.address(), Some("gzip")).await;
        // With the guide's line, it is not compressed.
        let apache = programs::apache(server.address, |config| {
            config.replace("SetEnvIf", "SetOutputFilter DEFLATE\nSetEnvIf")
        });
        let mut conn = Conn::open(apache.address()).await.unwrap();
        let get = format!("GET /mcp/sse HTTP/1.1\r\nhost: {NAME}\r\naccept-encoding: gzip\r\n\r\n");
        conn.write(get).await.unwrap();
        let head = conn.head().await.unwrap();
        assert!(
            head.contains("text/event-stream") && !head.contains("gzip"),
            "{head}"
        );
        works(&server, apache.address(), None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_forwards_each_event_and_logs_no_session_id() {
    if are_installed(&["curl", "haproxy"]) {
        let server = server().await;
        let log = UdpSocket::bind("127.0.0.1:0").unwrap();
        log.set_read_timeout(Some(PATIENCE)).unwrap();
        let haproxy = programs::haproxy(server.address, log.local_addr().unwrap());
        works(&server, haproxy.address(), None).await;
        let mut line = [0; 4096];
        let mut posts = 0;
        while posts < 6 {
            let len = log.recv(&mut line).expect("a line");
            let line = String::from_utf8_lossy(&line[..len]);
            assert!(!line.contains("session_id"), "{line}");
            // The first lines are those of the test's own wait for HAProxy.
            posts += usize::from(line.contains("POST /mcp/messages/ 202"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn caddy_forwards_each_event_and_logs_no_session_id() {
    if are_installed(&["curl", "caddy"]) {
        let server = server().await;
        let caddy = programs::caddy(server.address);
        works(&server, caddy.address(), None).await;
        let log = caddy.stop_and_read("mcp.log");
        assert!(log.contains("/mcp/messages/"), "{log}");
        assert!(!log.contains("session_id"), "{log}");
    }
}
