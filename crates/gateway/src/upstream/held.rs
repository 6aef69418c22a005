//! `POST`s that wait for the upstream's verdict: a 401 of the upstream becomes a 401 of the `POST`.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header::WWW_AUTHENTICATE};
use mcp_sse_server::session::SessionId;
use tokio::{sync::oneshot, time::timeout};

/// How long a `POST` waits. Clients have timeouts of 5 s and more.
const WAIT: Duration = Duration::from_secs(5);

/// The sessions whose credentials the upstream has not accepted yet, or has refused.
#[derive(Clone, Default)]
pub(crate) struct Held {
    sessions: Arc<Mutex<HashSet<String>>>,
}

/// In the extensions of a `POST` that waits. It waits until the last clone is dropped.
#[derive(Clone)]
pub(super) struct Waiting {
    verdict: Arc<Mutex<Option<oneshot::Sender<HeaderValue>>>>,
}

/// One session's place among the held ones. It is free again when this is dropped.
pub(super) struct Hold {
    held: Held,
    id: String,
}

impl Held {
    fn sessions(&self) -> MutexGuard<'_, HashSet<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the `POST`s of a session from now on.
    pub(super) fn hold(&self, id: &SessionId) -> Hold {
        let hold = Hold {
            held: self.clone(),
            id: id.expose_secret().to_string(),
        };
        hold.again();
        hold
    }

    /// Whether the `POST`s of a session wait.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.sessions().contains(id)
    }
}

/// The id in the query of a `POST`.
fn session_id(query: &str) -> Option<&str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("session_id="))
}

impl Hold {
    /// The upstream refused the credentials: later `POST`s wait.
    pub(super) fn again(&self) {
        self.held.sessions().insert(self.id.clone());
    }

    /// The upstream accepted the credentials: later `POST`s do not wait.
    pub(super) fn release(&self) {
        self.held.sessions().remove(&self.id);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

impl Waiting {
    /// Answers the `POST` with 401. Returns whether it still waited.
    pub(super) fn refuse(&self, challenge: HeaderValue) -> bool {
        let verdict = self
            .verdict
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        verdict.is_some_and(|verdict| verdict.send(challenge).is_ok())
    }
}

/// Lets each `POST` of a held session wait for the verdict after it was accepted.
pub(crate) async fn hold(State(held): State<Held>, mut request: Request, next: Next) -> Response {
    let id = session_id(request.uri().query().unwrap_or_default());
    if request.method() != Method::POST || !id.is_some_and(|id| held.has(id)) {
        return next.run(request).await;
    }
    let (verdict, refused) = oneshot::channel();
    let verdict = Arc::new(Mutex::new(Some(verdict)));
    request.extensions_mut().insert(Waiting { verdict });
    let response = next.run(request).await;
    if response.status() != StatusCode::ACCEPTED {
        return response;
    }
    match timeout(WAIT, refused).await {
        Ok(Ok(challenge)) => {
            let body = "Unauthorized: the server behind the gateway refused the credentials\n";
            (
                StatusCode::UNAUTHORIZED,
                [(WWW_AUTHENTICATE, challenge)],
                body,
            )
                .into_response()
        }
        _ => response,
    }
}

#[cfg(test)]
mod tests {
    use mcp_sse_server::Session;

    use super::*;

    #[test]
    fn a_session_is_held_until_the_hold_is_released_or_dropped() {
        let (session, _peer) = Session::pair();
        let id = session.id().expose_secret().to_string();
        let held = Held::default();
        assert!(!held.has(&id));
        let hold = held.hold(session.id());
        assert!(held.has(&id));
        hold.release();
        assert!(!held.has(&id));
        hold.again();
        assert!(held.has(&id));
        drop(hold);
        assert!(!held.has(&id));
    }

    #[test]
    fn the_id_is_that_of_its_parameter() {
        assert_eq!(session_id("x=1&session_id=a"), Some("a"));
        assert_eq!(session_id("my_session_id=a"), None);
        assert_eq!(session_id(""), None);
    }
}
