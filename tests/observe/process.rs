//! A running example.

use std::net::SocketAddr;

use mcp_sse_testkit::{
    PATIENCE,
    process::{Process, role_command},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::page::Page;

pub(crate) struct Example {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Example {
    /// Starts the example, with messages in its log.
    pub(crate) fn start() -> Self {
        let levels = "info,mcp_sse_server=debug,tower_http=debug";
        let mut command = role_command("example", "", &[("RUST_LOG", levels.to_owned())]);
        let mut process = Process::start_logged(&mut command);
        let url = process.line("MCP over HTTP+SSE at http://");
        let (address, rest) = url.split_once('/').unwrap();
        assert_eq!(rest, format!("sse, metrics at http://{address}/metrics"));
        Self {
            address: address.parse().unwrap(),
            process,
        }
    }

    /// The page that Prometheus reads.
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

    /// Waits until the page meets a condition. Returns the page.
    pub(crate) async fn page_when(&self, what: &str, condition: impl Fn(&Page) -> bool) -> Page {
        let start = Instant::now();
        loop {
            let page = self.page().await;
            if condition(&page) {
                return page;
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {page:#?}");
            sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.process.interrupt();
    }

    /// Waits for a successful exit. Returns the whole log.
    pub(crate) fn log(mut self) -> String {
        let status = self.process.wait();
        let log = self.process.log();
        assert!(status.success(), "{status}: {log}");
        log
    }
}
