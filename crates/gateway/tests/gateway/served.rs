//! A running gateway and its sessions.

use std::{
    net::SocketAddr,
    process::{Command, ExitStatus, Stdio},
};

use mcp_sse_testkit::{
    process::{Process, system},
    until,
    wire::{self, Conn, Refused, Stream},
};
use serde_json::{Value, json};

/// A variable that is set for the gateway, and so for its children.
const CHILD: &str = "GATEWAY_TEST_CHILD";

/// Whether this process is a child of the gateway.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// The command line of the child in `child.rs`.
pub(crate) fn child() -> [String; 4] {
    let this = std::env::current_exe().unwrap();
    let this = this.to_str().unwrap().to_owned();
    let [exact, name, nocapture] = ["--exact", "as_child", "--nocapture"].map(str::to_owned);
    [this, exact, name, nocapture]
}

/// The command of the gateway.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-sse-gateway"));
    command
        .args(arguments)
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) struct Gateway {
    process: Process,
    pub(crate) address: SocketAddr,
    /// The path of the URL that the gateway printed.
    pub(crate) path: String,
}

impl Gateway {
    /// Starts a gateway in front of the child in `child.rs`.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &child().each_ref().map(String::as_str), &[])
    }

    pub(crate) fn start_with(flags: &[&str], child: &[&str], env: &[(&str, &str)]) -> Self {
        // The children are scripts, which know no handshake.
        Self::start_as_is(&[flags, &["--no-initialize"]].concat(), child, env)
    }

    pub(crate) fn start_as_is(flags: &[&str], child: &[&str], env: &[(&str, &str)]) -> Self {
        let separator: &[&str] = if child.is_empty() { &[] } else { &["--"] };
        let arguments = [&["--listen", "127.0.0.1:0"], flags, separator, child].concat();
        let mut command = command(&arguments);
        let mut process = Process::start_logged(command.envs(env.iter().copied()));
        let url = process.line("MCP over HTTP+SSE at ");
        let (_, url) = url.split_once("://").unwrap();
        let (address, path) = url.split_at(url.find('/').unwrap());
        Self {
            address: address.parse().unwrap(),
            path: path.to_owned(),
            process,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    pub(crate) async fn logs(&self, text: &str) {
        let what = format!("{text:?} in the log");
        until(&what, async || self.log().contains(text)).await;
    }

    /// Waits for a line of a session that ends with `text`.
    pub(crate) async fn logs_of(&self, session: &str, text: &str) {
        let session = format!("session={session}");
        let is_it = |line: &str| line.contains(&session) && line.ends_with(text);
        let what = format!("{text:?} of {session} in the log");
        until(&what, async || self.log().lines().any(is_it)).await;
    }

    /// The gateway's children, without the guard.
    pub(crate) fn children(&self) -> Vec<u32> {
        let is_guard = |pid: &u32| {
            let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            words.is_ok_and(|words| words.contains("--guard-children"))
        };
        let mut all = system::children(self.id());
        all.retain(|pid| !is_guard(pid));
        all
    }

    /// Waits until the gateway has no children, not even zombies.
    pub(crate) async fn childless(&self) {
        until("no child", async || self.children().is_empty()).await;
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for its end and returns its status and its log.
    pub(crate) async fn ended(&mut self) -> (ExitStatus, String) {
        until("the gateway's end", async || !self.process.is_alive()).await;
        (self.process.wait(), self.log())
    }

    pub(crate) async fn open(&self) -> Talk {
        self.open_with("").await
    }

    /// Opens a session with additional header lines.
    pub(crate) async fn open_with(&self, headers: &str) -> Talk {
        let opened = self.try_open(headers).await;
        opened.unwrap_or_else(|status| panic!("no stream: {status}"))
    }

    /// The guard, which ends the children of a gateway that was killed.
    pub(crate) fn guard(&self) -> u32 {
        let children = self.children();
        let mut all = system::children(self.id());
        all.retain(|pid| !children.contains(pid));
        assert_eq!(all.len(), 1);
        all[0]
    }

    /// Opens a session, or returns the status of the refusal.
    pub(crate) async fn try_open(&self, headers: &str) -> Result<Talk, u16> {
        self.open_at("/sse", headers).await
    }

    pub(crate) async fn open_at(&self, path: &str, headers: &str) -> Result<Talk, u16> {
        let get = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let stream = match Stream::open_with(self.address, &get).await {
            Ok(stream) => stream,
            Err(Refused::Status(status)) => return Err(status),
            Err(Refused::Io(error)) => panic!("no stream: {error}"),
        };
        let posts = Conn::open(self.address).await.unwrap();
        Ok(Talk {
            stream,
            posts,
            headers: "",
            asked: 0,
        })
    }
}

/// A session whose requests say what its child does.
pub(crate) struct Talk {
    pub(crate) stream: Stream,
    pub(crate) posts: Conn,
    /// Additional header lines of each `POST`.
    pub(crate) headers: &'static str,
    asked: u64,
}

impl Talk {
    pub(crate) async fn post(&mut self, text: &str) -> u16 {
        let head = wire::post_head(&self.stream.uri, text.len());
        let head = head.replace("\r\n\r\n", &format!("\r\n{}\r\n", self.headers));
        self.posts.write(head + text).await.unwrap();
        self.posts.answer().await.unwrap()
    }

    /// Posts a request. `next` returns its response.
    pub(crate) async fn tell(&mut self, method: &str, params: &Value) {
        self.asked += 1;
        let id = self.asked;
        let text = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        assert_eq!(self.post(&text.to_string()).await, 202, "{method}");
    }

    pub(crate) async fn next(&mut self) -> Option<Value> {
        let message = self.stream.message().await.unwrap()?;
        Some(serde_json::from_str(&message).unwrap())
    }

    /// Posts a request and returns the result, which must be the next message.
    pub(crate) async fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.tell(method, params).await;
        let mut answer = self.next().await.expect("an answer");
        assert_eq!(answer["id"], self.asked, "{answer}");
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].take()
    }

    /// The process id of its child.
    pub(crate) async fn child(&mut self) -> u32 {
        let pid = self.ask("pid", &json!({})).await["pid"].as_u64();
        pid.unwrap().try_into().unwrap()
    }

    pub(crate) async fn works(&mut self) {
        let found = self.ask("echo", &json!({"still": "here"})).await;
        assert_eq!(found["params"], json!({"still": "here"}));
    }

    /// How the log names the session.
    pub(crate) fn short_id(&self) -> String {
        let mut id = self.stream.id().expose_secret().to_string();
        id.truncate(8);
        id
    }
}
