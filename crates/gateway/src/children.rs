//! The children, one for each session.

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

/// Starts the children. A clone has the same ones.
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
    // One for each child until it is reaped. A session ends before its child does: those that have no
    // session any more count, too.
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

    /// The handler of a session.
    ///
    /// The stream that polls this future stops to do so when its client does not read, and drops it when
    /// the client leaves. Neither may stop what goes on with a child: its stderr is logged meanwhile, and
    /// it has some time to end when its session has. So all of that is a task of its own, not even one
    /// that is aborted with the stream, as `Spawned`'s is. It learns of the session's end from the
    /// session, and is bounded in time from there. It kills the child, too, should it be dropped itself,
    /// as the runtime does with its tasks when the gateway ends.
    pub(crate) async fn handle(self, session: Session) {
        // A panic is reported by the panic hook, and has killed the child.
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
                return log.line(format_args!("{command} cannot be started: {error}"));
            }
        };
        let id = process.id();
        log.line(format_args!("child {id} started"));

        let (sender, receiver) = session.split();
        let (over, is_over) = watch::channel(false);
        // Sets of one, which abort their tasks when they are dropped.
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
        // The input is dropped by now, and the child's stdin with it.
        let ended = process.end().await;
        over.send_replace(true);
        match ended {
            Ok(status) => log.line(format_args!("child {id} ended: {status}")),
            Err(error) => log.line(format_args!("child {id} cannot be waited for: {error}")),
        }
        // For as long as the client reads what is still in the pipe. What somebody writes into it who is no
        // longer of the child's group does not count.
        tokio::select! {
            _ = output.join_next() => {}
            _ = sender.closed() => {}
        }
        let _ = timeout(pump::SILENCE, noise.join_next()).await;
    }

    /// Waits for the end of one of those whose session has ended already.
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
            // The gateway's own is not for every client.
            command.env_remove(variable);
            if !texts.is_empty() {
                log.line(format_args!(
                    "{variable} is unset: {header} is not one text in UTF-8"
                ));
            }
        }
        command
    }
}
