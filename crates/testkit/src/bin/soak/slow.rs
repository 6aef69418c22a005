//! The roles of clients that take their time.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use mcp_sse_testkit::wire::{Conn, GET, post_head};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, sleep, timeout},
};

use crate::{
    checked::Checked,
    over::{Over, excuse},
    server::{BODY_LIMIT, HUGE, STALL, Server},
};

/// Reads a huge answer at about 1 MB/s, which takes longer than the stall timeout.
pub(crate) async fn be_patient(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    for _ in 0..2 {
        session.post_all("huge", 0, 1).await?;
        let slowly = session.stream.conn.trickle(HUGE, STALL / 64).await;
        slowly.map_err(|error| session.over(format!("cut while it reads: {error}")))?;
        session.read_all().await?;
    }
    Ok(())
}

/// Sends a head without a body: it is refused after the stall timeout, or when its session ends.
pub(crate) async fn be_silent(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    let opened = Conn::open(server.address).await;
    let mut conn = opened.map_err(|error| session.over(error))?;
    let head = post_head(&session.stream.uri, 100);
    conn.write(head)
        .await
        .map_err(|error| session.over(error))?;
    let start = Instant::now();
    let closes = fastrand::bool();
    if closes {
        session.may_end();
        server.sessions().close(&session.stream.id());
    }
    let answer = conn.answer().await;
    let status = answer.map_err(|error| session.over(format!("no body: {error}")))?;
    // It also gives way if others wait for room.
    let is_expected = match closes {
        true => matches!(status, 404 | 503),
        false => matches!(status, 400 | 503),
    };
    if !is_expected || start.elapsed() > 4 * STALL {
        let took = start.elapsed();
        return Err(session.over(format!("no body: {status} after {took:?}")));
    }
    match closes {
        true => session.read_to_the_end(true).await,
        false => Ok(()),
    }
}

/// Holds a part of the budget for bodies with a body that drips, until it has to give way.
pub(crate) async fn drip(server: &Arc<Server>) -> Result<(), Over> {
    let session = Checked::open(server).await?;
    let opened = Conn::open(server.address).await;
    let mut conn = opened.map_err(|error| session.over(error))?;
    let head = post_head(&session.stream.uri, BODY_LIMIT);
    conn.write(head)
        .await
        .map_err(|error| session.over(error))?;
    for _ in 0..100 {
        if conn.write(" ").await.is_err() {
            break;
        }
        // An answer is 503: it gave way.
        let mut answer = [0; 12];
        if let Ok(Ok(12)) = timeout(STALL / 4, conn.tcp.read_exact(&mut answer)).await {
            if !matches!(&answer[9..], b"503" | b"404") {
                return Err(session.over(answer.escape_ascii()));
            }
            break;
        }
    }
    drop(conn);
    sleep(Duration::from_millis(fastrand::u64(..10_000))).await;
    Ok(())
}

/// Sends half of a head, and waits until the server ends the connection.
pub(crate) async fn obstruct(server: &Arc<Server>) -> Result<(), Over> {
    let epoch = server.stats.epoch.load(Relaxed);
    let tell = |error: std::io::Error| excuse(server, epoch, &format!("half a head: {error}"));
    let mut conn = Conn::open(server.address).await.map_err(tell)?;
    conn.write(&GET[..20]).await.map_err(tell)?;
    let mut rest = Vec::new();
    let _ = conn.tcp.read_to_end(&mut rest).await;
    Ok(())
}
