//! A running example.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::page::Page;

const ROLE: &str = "OBSERVE_EXAMPLE";

/// Whether this process is the example.
pub(crate) fn is_example() -> bool {
    std::env::var_os(ROLE).is_some()
}

pub(crate) struct Example {
    process: Child,
    pub(crate) address: SocketAddr,
    // In a thread of its own, or a full pipe would hold the example up.
    log: Option<JoinHandle<String>>,
}

impl Example {
    /// With messages in its logs.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "as_example", "--nocapture"])
            .env(ROLE, "")
            .env("RUST_LOG", "info,mcp_sse_server=debug,tower_http=debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, url) = line.split_once("MCP over HTTP+SSE at http://")?;
            Some(url.to_owned())
        });
        let url = url.expect("it ended before it listened");
        let (address, rest) = url.split_once('/').unwrap();
        assert_eq!(rest, format!("sse, metrics at http://{address}/metrics"));
        Self {
            address: address.parse().unwrap(),
            process,
            log: Some(log),
        }
    }

    /// What Prometheus would read.
    pub(crate) async fn page(&self) -> Page {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let get = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("content-type: text/plain; version=0.0.4"));
        Page::read(text)
    }

    /// The page, once it is so.
    pub(crate) async fn page_when(&self, what: &str, so: impl Fn(&Page) -> bool) -> Page {
        let start = Instant::now();
        loop {
            let page = self.page().await;
            if so(&page) {
                return page;
            }
            assert!(
                start.elapsed() < Duration::from_secs(40),
                "{what}: {page:#?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", "INT", &id]).status();
        assert!(sent.unwrap().success());
    }

    /// All that it wrote to its log, once it has ended in good order.
    pub(crate) fn log(mut self) -> String {
        let log = self.log.take().unwrap().join().unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
