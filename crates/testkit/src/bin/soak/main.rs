//! A load test: everything that clients do to a server, at the same time, over TCP on this machine.
//!
//! ```sh
//! cargo run --release -p mcp-sse-testkit --bin soak            # one minute
//! cargo run --release -p mcp-sse-testkit --bin soak -- 15      # 15 minutes
//! ```
//!
//! Server and clients share this process and two threads. The clients connect and drop, talk fast,
//! read slowly or not at all, reset, half-close, cut their uploads or let them drip until the budget for bodies
//! is full, send heads without bodies and half heads, post invalid messages, and close their sessions in every way. Broadcasts go to all sessions. Every 30 s the transport is drained, and a
//! new one starts on the same port. Every ten seconds a line reports the counts so far: `sent` counts
//! messages whose `POST` was answered with 202, `received` those that were read from the streams.
//!
//! The exit status is 1, with the reason, if a message is lost, duplicated, out of order or in another
//! session, if a request fails without a drain that explains it, if there are more sessions than the cap allows,
//! if a client that reads slowly is cut, if a shutdown takes longer than it may, or if memory leaks: all clients
//! leave at the end. Then, while the server still runs, every session must end, and the heap must be at most
//! 64 KiB larger than before the first client. Each line also reports resident memory, which depends on the load
//! and on what the allocator keeps, so it is not checked. It is read from `/proc`, so only on Linux.

mod checked;
mod over;
mod roles;
mod server;
mod slow;
mod spoil;
mod stats;

use std::{process::ExitCode, time::Duration};

use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{Instant, sleep},
};

use self::roles::Role;

const TICK: Duration = Duration::from_secs(10);
const DRAIN_EVERY: Duration = Duration::from_secs(30);
/// How long the last connections may take to end after all clients left.
const REST: Duration = Duration::from_secs(20);
/// The bytes that may stay allocated then, in tables that have grown.
const REMAINDER: usize = 64 * 1024;

/// How many clients play each role at the same time.
const CAST: [(Role, usize); 9] = [
    (Role::Probe, 8),
    (Role::Talker, 8),
    (Role::SlowReader, 16),
    (Role::Stalled, 2),
    (Role::Spoiler, 3),
    (Role::Patient, 2),
    (Role::Silent, 2),
    (Role::Dripper, 10),
    (Role::Obstacle, 2),
];

fn main() -> ExitCode {
    let minutes: f64 = match std::env::args().nth(1).map(|minutes| minutes.parse()) {
        None => 1.0,
        Some(Ok(minutes)) => minutes,
        Some(Err(_)) => {
            eprintln!("usage: soak [MINUTES]");
            return ExitCode::from(2);
        }
    };
    // Handlers panic when a message asks for it: do not report those panics.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&server::PANIC) {
            report(info);
        }
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(soak(Duration::from_secs_f64(minutes * 60.0)))
}

async fn soak(time: Duration) -> ExitCode {
    let (ready, server) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(server::run(ready, DRAIN_EVERY, stopped));
    let server = server.await.expect("a server");
    let heap = stats::heap();
    let start = Instant::now();
    let mut clients = JoinSet::new();
    clients.spawn(roles::broadcast(server.clone()));
    for (role, count) in CAST {
        for _ in 0..count {
            clients.spawn(roles::play(role, server.clone()));
        }
    }

    while start.elapsed() < time && server.stats.faults().is_empty() {
        sleep(TICK.min(time - start.elapsed())).await;
        println!("{}", server.stats.line(start.elapsed()));
        let (opened, closed) = server.stats.sessions();
        if opened.saturating_sub(closed) > server::SESSIONS as u64 {
            let what = format!("{opened} sessions opened, {closed} closed, over the cap");
            server.stats.fault(what);
        }
    }

    clients.shutdown().await;
    rest(&server, heap).await;
    let _ = stop.send(());
    if running.await.is_err() {
        server.stats.fault("the server panicked");
    }
    let line = server.stats.line(start.elapsed());
    let faults = server.stats.faults();
    for fault in &faults {
        println!("FAULT {fault}");
    }
    match faults.is_empty() {
        true => println!("soak passed: {line}"),
        false => println!("soak failed: {line}"),
    }
    ExitCode::from(u8::from(!faults.is_empty()))
}

/// Waits until all sessions are over and the heap is almost as small as before the first client.
async fn rest(server: &server::Server, before: usize) {
    let start = Instant::now();
    loop {
        let (opened, closed) = server.stats.sessions();
        let kept = stats::heap().saturating_sub(before);
        if opened == closed && kept <= REMAINDER {
            println!("{kept} B are kept after all clients left");
            return;
        }
        if start.elapsed() > REST {
            let left = format!("{opened} sessions opened, {closed} closed, {kept} B are kept");
            server
                .stats
                .fault(format!("{left} {REST:?} after all clients left"));
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
