//! One session with its child, from the child's start to the end of both.

use std::{sync::Arc, time::Duration};

use mcp_sse_server::{
    Session,
    session::{SessionReceiver, SessionSender},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use tracing::Instrument;

use crate::{
    answers::{self, Open},
    config::ChildCommand,
    limit::limited,
};

use super::{
    Shared,
    command::command,
    process::Process,
    pump::{self, Output},
    restarts::Client,
};

impl Shared {
    pub(super) async fn serve(&self, client: Client, child: &ChildCommand, session: Session) {
        let mut command = command(child, &self.variables, &session.parts().headers);
        let (sender, mut receiver) = session.split();
        let open = Arc::new(Open::default());
        let started = Instant::now();
        let (mut process, pipes) = match Process::spawn(&mut command, &self.guard) {
            Ok(spawned) => spawned,
            Err(error) => {
                limited!(
                    error,
                    "child_not_started",
                    "cannot start {}: {error}",
                    child.program.display()
                );
                self.restarts.ended(client, Duration::ZERO);
                return refuse(
                    &sender,
                    &mut receiver,
                    &open,
                    "the server's command cannot be started",
                )
                .await;
            }
        };
        let id = process.id();
        tracing::info!("child {id} started");

        let (over, is_over) = watch::channel(false);
        // Sets of one task, which is aborted when the set is dropped.
        let (mut output, mut noise) = (JoinSet::new(), JoinSet::new());
        let to_client = Output {
            sender: sender.clone(),
            open: Arc::clone(&open),
            max_line: self.max_line,
        };
        output.spawn(
            to_client
                .run(pipes.stdout, is_over.clone())
                .in_current_span(),
        );
        noise.spawn(pump::noise(pipes.stderr, is_over).in_current_span());

        let session_ended = tokio::select! {
            session_ended = pump::input(&mut receiver, pipes.stdin, &open) => session_ended,
            _ = sender.closed() => true,
            () = process.ended() => false,
            _ = output.join_next() => false,
        };
        // `input` was dropped, which closed the child's stdin.
        let ended = process.end().await;
        over.send_replace(true);
        match session_ended {
            true => self.restarts.worked(&client),
            false => self.restarts.ended(client, started.elapsed()),
        }
        let reason = match ended {
            Ok(status) => {
                tracing::info!("child {id} ended: {status}");
                format!("the server ended before it answered: {status}")
            }
            Err(error) => {
                tracing::error!("cannot wait for child {id}: {error}");
                "the server ended before it answered".to_owned()
            }
        };
        // Wait until the client has read the rest of the pipe. `over` bounds how long a process outside the
        // child's group can keep the pipe open.
        tokio::select! {
            _ = output.join_next() => refuse(&sender, &mut receiver, &open, &reason).await,
            _ = sender.closed() => {}
        }
        let _ = timeout(pump::SILENCE, noise.join_next()).await;
    }
}

/// Answers all requests that are open or wait in the inbox.
async fn refuse(sender: &SessionSender, receiver: &mut SessionReceiver, open: &Open, reason: &str) {
    loop {
        // First, because the inbox may wait for the answer to a handshake.
        answers::fail_all(sender, open, reason).await;
        match receiver.try_recv() {
            Ok(incoming) => open.asked(&incoming.message),
            Err(_) => return,
        }
    }
}
