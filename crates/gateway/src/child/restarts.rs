//! Delays the child of a client whose children keep ending.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::extract::ConnectInfo;
use mcp_sse_server::Session;
use tokio::time::Instant;

/// A child that ran for this long counts as a working one.
const WORKED: Duration = Duration::from_secs(60);
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// The most clients that are remembered.
const MOST: usize = 1024;

/// One server, and one client of it: the name of its token, or its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    server: Box<str>,
    client: Box<str>,
}

impl Client {
    pub(super) fn new(server: &str, session: &Session) -> Self {
        let peer = session.parts().extensions.get::<ConnectInfo<SocketAddr>>();
        let client = match (session.principal(), peer) {
            (Some(principal), _) => principal.client_id().into(),
            (None, Some(ConnectInfo(address))) => address.ip().to_string().into(),
            (None, None) => Box::default(),
        };
        Self {
            server: server.into(),
            client,
        }
    }
}

#[derive(Default)]
pub(super) struct Restarts {
    clients: Mutex<HashMap<Client, Ends>>,
}

#[derive(Clone, Copy, Debug)]
struct Ends {
    /// How many children in a row ended by themselves before they had worked.
    count: u32,
    /// When the next child may start.
    next: Instant,
}

impl Restarts {
    /// Returns how long the client's next child must wait, and how many ended before.
    pub(super) fn wait(&self, client: &Client) -> Option<(Duration, u32)> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = clients.get(client)?;
        let wait = ends.next.checked_duration_since(Instant::now())?;
        (!wait.is_zero()).then_some((wait, ends.count))
    }

    /// Notes that a child ended by itself.
    pub(super) fn ended(&self, client: Client, lived: Duration) {
        let now = Instant::now();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MOST {
            clients.retain(|_, ends| ends.next + LONGEST > now);
        }
        let count = clients.get(&client).map_or(0, |ends| ends.count);
        let count = if lived < WORKED {
            count.saturating_add(1)
        } else {
            1
        };
        let wait = LONGEST.min(FIRST * 2_u32.saturating_pow(count - 1).min(64));
        if clients.len() < MOST || clients.contains_key(&client) {
            clients.insert(
                client,
                Ends {
                    count,
                    next: now + wait,
                },
            );
        }
    }

    /// Notes that a child ended because its session did: it worked.
    pub(super) fn worked(&self, client: &Client) {
        self.clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> Client {
        Client {
            server: "".into(),
            client: number.to_string().into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_a_minute_and_end_with_a_child_that_works() {
        let restarts = Restarts::default();
        assert_eq!(restarts.wait(&client(1)), None);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            restarts.ended(client(1), Duration::ZERO);
            let (wait, _) = restarts.wait(&client(1)).unwrap();
            assert_eq!(wait, Duration::from_secs(seconds));
            assert_eq!(restarts.wait(&client(2)), None);
            tokio::time::advance(wait).await;
            assert_eq!(restarts.wait(&client(1)), None);
        }
        restarts.ended(client(1), WORKED);
        assert_eq!(restarts.wait(&client(1)), Some((FIRST, 1)));
        restarts.worked(&client(1));
        assert_eq!(restarts.wait(&client(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_clients_is_bounded() {
        let restarts = Restarts::default();
        for number in 0..2 * MOST {
            restarts.ended(client(number), Duration::ZERO);
        }
        assert!(restarts.wait(&client(0)).is_some());
        assert_eq!(restarts.wait(&client(MOST)), None);
        tokio::time::advance(LONGEST + FIRST).await;
        restarts.ended(client(MOST), Duration::ZERO);
        assert!(restarts.wait(&client(MOST)).is_some());
    }
}
