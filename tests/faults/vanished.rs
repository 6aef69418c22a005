//! A client whose machine vanishes: no FIN arrives, and no acknowledgement. The network namespace of a process is
//! that network, and its loopback interface goes down.

use std::{
    io::{Write as _, stderr},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use mcp_sse_server::{SseServerTransport, session::CloseReason};
use mcp_sse_testkit::{
    handlers::silent,
    messages::ping,
    process::Process,
    server::{Server, routes},
    wire::{Conn, open},
    within,
};
use socket2::SockRef;
use tokio::net::TcpListener;

const USER_TIMEOUT: Duration = Duration::from_secs(2);

fn ip(args: &str) {
    let status = Command::new("ip").args(args.split(' ')).status();
    assert!(status.unwrap().success(), "ip {args}");
}

/// Opens a session, takes the network down, and prints how long the session lived after that.
pub(crate) fn run() {
    ip("link set lo up");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let transport = SseServerTransport::new("/messages/", silent).unwrap();
        let transport = transport.keep_alive(Duration::from_millis(200));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Accepted connections inherit it.
        let socket = SockRef::from(&listener);
        socket.set_tcp_user_timeout(Some(USER_TIMEOUT)).unwrap();
        let server = Server::serve_on(listener, routes(&transport), transport.sessions());
        let stream = open(server.address).await;
        let mut posts = Conn::open(server.address).await.unwrap();
        assert_eq!(posts.post(&stream.uri, &ping(1)).await.unwrap(), 202);
        let sender = server.sessions.get(&stream.id()).unwrap();
        let start = Instant::now();
        ip("link set lo down");
        let reason = within("the session is closed", sender.closed()).await;
        assert_eq!(reason, CloseReason::ClientGone);
        println!("closed after {} ms", start.elapsed().as_millis());
    });
}

/// The role in a namespace, if this machine can make one.
fn role() -> Option<Process> {
    let unshare = |command: &str| format!("unshare --map-root-user --net {command}");
    let can = Command::new("sh")
        .args(["-c", &unshare("ip link set lo up")])
        .stderr(Stdio::null())
        .status();
    if !can.is_ok_and(|status| status.success()) {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "this machine has no network namespaces");
        // Not with `eprintln!`: the test harness hides its text if the test passes.
        let _ = writeln!(stderr(), "left out: this machine has no network namespaces");
        return None;
    }
    let limits = "exec ".to_owned() + &unshare(r#""$0" "$@";"#);
    Some(Process::role("vanished", &limits, &[]))
}

#[test]
fn a_client_machine_that_vanishes_loses_its_session_after_the_user_timeout() {
    let Some(mut role) = role() else {
        return;
    };
    // Without the option, the kernel tries for about 15 minutes, which is longer than any test waits.
    let after = role.line("closed after ");
    println!("a user timeout of {USER_TIMEOUT:?}: the session is closed after {after}");
    // It is the option that closes it, not the loss of the network. The time counts from bytes that may have been
    // sent just before.
    let after: u64 = after.trim_end_matches(" ms").parse().unwrap();
    assert!(
        Duration::from_millis(after) > USER_TIMEOUT / 2,
        "{after} ms"
    );
}
