//! The child processes, one for each session.

use std::{ffi::OsString, path::PathBuf, str::from_utf8, sync::Arc};

use http::{HeaderMap, HeaderName};
use mcp_sse_server::Session;
use tokio::{
    process::Command,
    sync::{Semaphore, SemaphorePermit, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{log::Log, options::Options, process::Process, pump};

/// Starts the children. A clone is another handle to the same children.
#[derive(Clone)]
pub(crate) struct Children {
    shared: Arc<Shared>,
}

struct Shared {
    command: PathBuf,
    arguments: Vec<OsString>,
    env: Vec<(HeaderName, String)>,
    max_line: u32,
    max_children: u16,
    // A child holds a permit until it is reaped, even if it outlives its session.
    places: Semaphore,
}

impl Children {
    pub(crate) fn new(options: Options) -> Self {
        let max_children = options.max_children.get();
        let shared = Shared {
            command: options.command,
            arguments: options.arguments,
            env: options.env,
            max_line: options.max_line,
            max_children,
            places: Semaphore::new(max_children.into()),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Handles a session.
    ///
    /// The stream does not poll this future while its client does not read, and drops it when the client
    /// disconnects. Neither may affect the child: its stderr must be logged in the meantime, and it has some
    /// time to end after its session. So a detached task does the work. `Spawned` would abort its task with the
    /// stream. The task ends within a bounded time after the session. If it is dropped, as when the runtime
    /// shuts down, it kills the child.
    pub(crate) async fn handle(self, session: Session) {
        // The panic hook reports a panic, which also kills the child.
        let _ = tokio::spawn(async move { self.shared.serve(session).await }).await;
    }

    /// Waits until no child is left.
    pub(crate) async fn all_left(&self) {
        let all = self.shared.max_children.into();
        let _ = self.shared.places.acquire_many(all).await;
    }
}

impl Shared {
    async fn serve(&self, session: Session) {
        let log = Log::new(session.id());
        let Some(_place) = self.place(&session).await else {
            return;
        };
        let mut command = self.command(&session.parts().headers, &log);
        let (mut process, pipes) = match Process::spawn(&mut command) {
            Ok(spawned) => spawned,
            Err(error) => {
                let command = self.command.display();
                return log.line(format_args!("cannot start {command}: {error}"));
            }
        };
        let id = process.id();
        log.line(format_args!("child {id} started"));

        let (sender, receiver) = session.split();
        let (over, is_over) = watch::channel(false);
        // Sets of one task, which is aborted when the set is dropped.
        let (mut output, mut noise) = (JoinSet::new(), JoinSet::new());
        output.spawn(pump::output(
            pipes.stdout,
            sender.clone(),
            self.max_line,
            is_over.clone(),
            log.clone(),
        ));
        noise.spawn(pump::noise(pipes.stderr, is_over, log.clone()));

        tokio::select! {
            () = pump::input(receiver, pipes.stdin, log.clone()) => {}
            _ = sender.closed() => {}
            () = process.ended() => {}
            _ = output.join_next() => {}
        }
        // `input` is dropped here, which closes the child's stdin.
        let ended = process.end().await;
        over.send_replace(true);
        match ended {
            Ok(status) => log.line(format_args!("child {id} ended: {status}")),
            Err(error) => log.line(format_args!("cannot wait for child {id}: {error}")),
        }
        // Wait until the client has read the rest of the pipe. `over` bounds how long a process outside the
        // child's group can keep the pipe open.
        tokio::select! {
            _ = output.join_next() => {}
            _ = sender.closed() => {}
        }
        let _ = timeout(pump::SILENCE, noise.join_next()).await;
    }

    /// Waits until a child may be started. Children without a session may still be running.
    async fn place(&self, session: &Session) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            place = self.places.acquire() => place.ok(),
            _ = session.closed() => None,
        }
    }

    fn command(&self, headers: &HeaderMap, log: &Log) -> Command {
        let mut command = Command::new(&self.command);
        command.args(&self.arguments);
        for (header, variable) in &self.env {
            let texts = headers.get_all(header).iter();
            let texts: Vec<_> = texts.map(|text| from_utf8(text.as_bytes())).collect();
            if let [Ok(text)] = texts.as_slice() {
                command.env(variable, text);
                continue;
            }
            // The child must not inherit the gateway's own value, which is not meant for this client.
            command.env_remove(variable);
            if !texts.is_empty() {
                log.line(format_args!(
                    "{variable} is unset: {header} is not a single value in UTF-8"
                ));
            }
        }
        command
    }
}
