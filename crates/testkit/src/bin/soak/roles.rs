//! The roles of clients. A role is the life of one session, and is played again and again.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use mcp_sse_server::Message;
use mcp_sse_testkit::wire::{Conn, GET, Stream};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep},
};

use crate::{
    checked::Checked,
    over::{Over, excuse},
    server::{STALL, Server},
    slow, spoil,
};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    Probe,
    Talker,
    SlowReader,
    Stalled,
    Spoiler,
    /// Reads a huge answer slowly, and without a pause that is worth the name.
    Patient,
    /// Sends heads without bodies.
    Silent,
    /// Sends bodies byte by byte.
    Dripper,
    /// Sends half of a head.
    Obstacle,
}

pub(crate) async fn play(role: Role, server: Arc<Server>) {
    loop {
        let played = match role {
            Role::Probe => probe(&server).await,
            Role::Talker => talk(&server).await,
            Role::SlowReader => read_slowly(&server).await,
            Role::Stalled => stall(&server).await,
            Role::Spoiler => spoil::spoil(&server).await,
            Role::Patient => slow::be_patient(&server).await,
            Role::Silent => slow::be_silent(&server).await,
            Role::Dripper => slow::drip(&server).await,
            Role::Obstacle => slow::obstruct(&server).await,
        };
        // During a drain no server listens.
        if played.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Disconnects at any point up to the first event, with or without a reset.
async fn probe(server: &Arc<Server>) -> Result<(), Over> {
    let epoch = server.stats.epoch.load(Relaxed);
    let tell = |error: std::io::Error| excuse(server, epoch, &format!("probe: {error}"));
    let conn = match fastrand::u8(..16) {
        0 => Conn::open(server.address).await.map_err(tell)?,
        1 => {
            let mut conn = Conn::open(server.address).await.map_err(tell)?;
            let part = &GET[..fastrand::usize(..GET.len())];
            conn.write(part).await.map_err(tell)?;
            conn
        }
        2 => {
            let mut conn = Conn::open(server.address).await.map_err(tell)?;
            conn.write(GET).await.map_err(tell)?;
            conn
        }
        _ => match Stream::open(server.address).await {
            Ok(stream) => stream.conn,
            Err(_) => return Err(excuse(server, epoch, "probe: no stream")),
        },
    };
    if fastrand::bool() {
        let _ = conn.tcp.set_zero_linger();
    }
    Ok(())
}

/// Talks fast, then closes the session in one of several ways.
async fn talk(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    for _ in 0..fastrand::usize(1..6) {
        let count = fastrand::usize(1..24);
        session
            .post_all("echo", fastrand::usize(..300), count)
            .await?;
        session.push();
        session.read_all().await?;
    }
    let last = fastrand::usize(1..8);
    match fastrand::u8(..6) {
        0 => {} // closes with nothing unread
        1 => {
            session.post_all("echo", 10, last).await?;
            let _ = session.stream.conn.tcp.set_zero_linger();
        }
        2 => {
            let _ = session.stream.conn.tcp.shutdown().await;
            // The server takes this as the client's end, with or without a last chunk.
            while let Ok(Some(_)) = session.stream.message().await {}
        }
        3 => {
            session.post_all("echo", 10, last).await?;
            session.may_end();
            session.post_all("exit", 0, 1).await?;
            session.read_to_the_end(false).await?;
        }
        4 => {
            session.post_all("echo", 10, last).await?;
            session.may_end();
            session.post_all("panic", 0, 1).await?;
            session.read_to_the_end(false).await?;
        }
        _ => {
            session.post_all("echo", 10, last).await?;
            session.may_end();
            server.sessions().close(&session.stream.id());
            if session.post("echo", 10, 1).await? != 404 {
                return Err(session.over("a closed session took a message"));
            }
            session.read_to_the_end(true).await?;
        }
    }
    Ok(())
}

/// Reads large answers slowly, within the stall timeout.
async fn read_slowly(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    for _ in 0..8 {
        session
            .post_all("large", fastrand::usize(1..60_000), 8)
            .await?;
        for _ in 0..4 {
            sleep(Duration::from_millis(fastrand::u64(
                ..STALL.as_millis() as u64 / 4,
            )))
            .await;
            if !session.read().await? {
                return session.read_to_the_end(false).await;
            }
        }
        session.read_all().await?;
    }
    Ok(())
}

/// Posts and never reads: the server must close the session.
async fn stall(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    session.may_end();
    let mut busy = None;
    loop {
        match session.post("large", 60_000, 1).await? {
            202 => {}
            503 => _ = busy.get_or_insert_with(Instant::now),
            404 => break,
            status => return Err(session.over(format!("stalled: {status}"))),
        }
        if busy.is_some_and(|since| since.elapsed() > 8 * STALL) {
            return Err(session.over("a stalled client keeps its session"));
        }
    }
    // The data in the sockets' buffers can still be read, in order, and then the end.
    session.read_to_the_end(true).await
}

/// Broadcasts to all sessions, all the time.
pub(crate) async fn broadcast(server: Arc<Server>) {
    for n in 1_u64.. {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"broadcast","params":{{"n":{n}}}}}"#);
        let message = Message::parse(text).expect("a message");
        server.sessions().broadcast(&message);
        sleep(Duration::from_millis(50)).await;
    }
}
