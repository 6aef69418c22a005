//! The simulated handler: it does what messages tell it, and logs what it did.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_sse_server::{Message, Session, session::SessionId};
use tokio::time::{Instant, sleep};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Receiving,
    Working,
    Sending,
    /// It dropped its receiver, and receives no more messages.
    Deaf,
    /// It learned that no more messages come, and returned.
    Told,
    Returned,
    Panicked,
    /// Its future was dropped.
    Dropped,
}

#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) phase: Phase,
    pub(crate) received: Vec<u64>,
    /// The messages that went into the outbox, in order, from all senders.
    pub(crate) out: Vec<String>,
    /// The ids of the requests that were received and not yet answered.
    pub(crate) open: BTreeSet<String>,
    pub(crate) active: Instant,
}

#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<HashMap<String, Log>>>);

impl Logs {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Log>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with<T>(&self, id: &SessionId, look: impl FnOnce(&mut Log) -> T) -> T {
        let id = id.expose_secret().to_string();
        look(self.lock().get_mut(&id).expect("its handler was called"))
    }

    /// How many handlers exist.
    pub(crate) fn alive(&self) -> usize {
        let gone = |log: &&Log| !log.phase.is_gone();
        self.lock().values().filter(gone).count()
    }
}

impl Phase {
    pub(crate) fn is_gone(self) -> bool {
        matches!(
            self,
            Self::Told | Self::Returned | Self::Panicked | Self::Dropped
        )
    }
}

/// The payload of a panic that a message asks for.
pub(crate) struct AskedFor;

struct Life {
    logs: Logs,
    id: SessionId,
}

impl Life {
    fn phase(&self, phase: Phase) {
        self.logs.with(&self.id, |log| log.phase = phase);
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        self.logs.with(&self.id, |log| match log.phase {
            _ if panicking => log.phase = Phase::Panicked,
            Phase::Told | Phase::Returned => {}
            _ => log.phase = Phase::Dropped,
        });
    }
}

pub(crate) fn handler(
    logs: Logs,
) -> impl Fn(Session) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    move |session: Session| {
        let log = Log {
            phase: Phase::Working,
            received: Vec::new(),
            out: Vec::new(),
            open: BTreeSet::new(),
            active: Instant::now(),
        };
        let id = *session.id();
        let before = logs.lock().insert(id.expose_secret().to_string(), log);
        assert!(before.is_none(), "a session id was given twice");
        let logs = logs.clone();
        Box::pin(run(session, Life { logs, id }))
    }
}

/// The number of a request, of the id that its client gave it.
pub(crate) fn seq(id: &str) -> u64 {
    let (_, seq) = id.trim_matches('"').split_once('-').expect("an id of ours");
    seq.parse().expect("a number")
}

async fn run(session: Session, life: Life) {
    let own = life.id.expose_secret().to_string();
    let (sender, mut receiver) = session.split();
    loop {
        life.phase(Phase::Receiving);
        let Some(incoming) = receiver.recv().await else {
            return life.phase(Phase::Told);
        };
        life.phase(Phase::Working);
        let message = incoming.message;
        let id = message.id().expect("only requests are posted").to_string();
        assert!(id.contains(&own), "a message came to another session");
        let seq = seq(&id);
        life.logs.with(&life.id, |log| {
            log.received.push(seq);
            log.open.insert(id.clone());
        });
        match message.method().expect("only requests are posted") {
            "exit" => return life.phase(Phase::Returned),
            "panic" => std::panic::panic_any(AskedFor),
            "deaf" => {
                life.phase(Phase::Deaf);
                sender.closed().await;
                return life.phase(Phase::Returned);
            }
            "drop" => {
                drop(receiver);
                life.phase(Phase::Deaf);
                sender.closed().await;
                return life.phase(Phase::Returned);
            }
            "slow" => sleep(Duration::from_millis(1500)).await,
            _ => {}
        }
        let pad = "y".repeat(message.as_bytes().len() / 2);
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"pad":"{pad}"}}}}"#);
        life.phase(Phase::Sending);
        if sender
            .send(Message::parse(answer.clone()).unwrap())
            .await
            .is_err()
        {
            return life.phase(Phase::Returned);
        }
        life.logs.with(&life.id, |log| {
            log.out.push(answer);
            log.open.remove(&id);
            log.active = Instant::now();
        });
    }
}
