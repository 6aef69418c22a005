//! Invalid and incomplete requests.

use std::sync::Arc;

use mcp_sse_testkit::wire::{Conn, post_head};
use tokio::io::AsyncWriteExt;

use crate::{
    checked::Checked,
    over::Over,
    server::{BODY_LIMIT, Server},
};

/// Sends invalid and incomplete requests, then checks that the session still works.
pub(crate) async fn spoil(server: &Arc<Server>) -> Result<(), Over> {
    let mut session = Checked::open(server).await?;
    let uri = session.stream.uri.clone();
    let unknown = uri.replace(|digit: char| digit.is_ascii_digit(), "0");
    let wrong = [
        (&*uri, "{", 400),
        (&*uri, "[]", 400),
        (&*uri, r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#, 400),
        (&*unknown, r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#, 404),
        ("/messages/", "{}", 400),
        ("/messages/?session_id=x", "{}", 400),
        (&*uri, &"x".repeat(BODY_LIMIT + 1), 413),
    ];
    let (target, text, expected) = wrong[fastrand::usize(..wrong.len())];
    let mut conn = Conn::open(server.address)
        .await
        .map_err(|error| session.over(error))?;
    let status = conn
        .post(target, text)
        .await
        .map_err(|error| session.over(format!("spoil: {error}")))?;
    if status != expected {
        // A session that was closed meanwhile is not found.
        let _ = session.over(format!("{status} instead of {expected}"));
    }

    let mut conn = Conn::open(server.address)
        .await
        .map_err(|error| session.over(error))?;
    let whole = r#"{"jsonrpc":"2.0","id":"cut","method":"cut"}"#;
    let cut = post_head(&uri, whole.len()) + &whole[..fastrand::usize(..whole.len())];
    conn.write(cut).await.map_err(|error| session.over(error))?;
    match fastrand::u8(..3) {
        0 => drop(conn),
        1 => conn
            .tcp
            .set_zero_linger()
            .map_err(|error| session.over(error))?,
        _ => _ = conn.tcp.shutdown().await,
    }
    session.post_all("echo", 10, 3).await?;
    session.read_all().await
}
