//! Stdio servers: one child process for each session.

mod command;
#[cfg_attr(unix, path = "group/unix.rs")]
#[cfg_attr(not(unix), path = "group/other.rs")]
mod group;
#[cfg_attr(unix, path = "guard/unix.rs")]
#[cfg_attr(not(unix), path = "guard/other.rs")]
mod guard;
mod lines;
mod process;
mod pump;
mod restarts;
mod serve;

use std::{io, sync::Arc};

use mcp_sse_server::Session;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::sleep,
};

use crate::{config::ChildCommand, limit::limited, values::Variable};

use self::{
    guard::Guard,
    restarts::{Client, Restarts},
};

pub(crate) use self::{
    guard::{ARGUMENT as GUARD, run as run_guard},
    process::GRACE,
};

/// All children. A clone is another handle to the same children.
#[derive(Clone)]
pub(crate) struct Children {
    shared: Arc<Shared>,
}

struct Shared {
    variables: Vec<Variable>,
    max_line: u32,
    max_children: u16,
    // A child holds a permit until it is reaped, even if it outlives its session.
    places: Semaphore,
    restarts: Restarts,
    guard: Guard,
}

impl Children {
    pub(crate) fn new(
        variables: Vec<Variable>,
        max_line: u32,
        max_children: u16,
    ) -> io::Result<Self> {
        let shared = Shared {
            variables,
            max_line,
            max_children,
            places: Semaphore::new(max_children.into()),
            restarts: Restarts::default(),
            guard: Guard::start()?,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Runs a session with a child of its own. `server` is the name of the server.
    ///
    /// The caller must not drop the future when the client disconnects: the child has some time to end. It ends
    /// within a bounded time after its session. If it is dropped, as when the runtime shuts down, it kills the
    /// child.
    pub(crate) async fn run(&self, server: &str, command: &ChildCommand, session: Session) {
        let shared = &*self.shared;
        let client = Client::new(server, &session);
        if let Some((wait, count)) = shared.restarts.wait(&client) {
            limited!(
                warn,
                "child_waits",
                "the child starts in {:.1} s: {count} ended in a row",
                wait.as_secs_f64()
            );
            tokio::select! {
                () = sleep(wait) => {}
                _ = session.closed() => return,
            }
        }
        let Some(_place) = shared.place(&session).await else {
            return;
        };
        shared.serve(client, command, session).await;
    }

    /// Waits until no child is left.
    pub(crate) async fn all_left(&self) {
        let all = self.shared.max_children.into();
        let _ = self.shared.places.acquire_many(all).await;
    }
}

impl Shared {
    /// Waits until a child may be started. Children without a session may still be running.
    async fn place(&self, session: &Session) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            place = self.places.acquire() => place.ok(),
            _ = session.closed() => None,
        }
    }
}
