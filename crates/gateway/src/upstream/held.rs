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

impl Held {
    fn sessions(&self) -> MutexGuard<'_, HashSet<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn insert(&self, id: &SessionId) {
        self.sessions().insert(id.expose_secret().to_string());
    }

    pub(super) fn remove(&self, id: &SessionId) {
        self.sessions().remove(&id.expose_secret().to_string());
    }

    fn has(&self, query: &str) -> bool {
        let id = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("session_id="));
        id.is_some_and(|id| self.sessions().contains(id))
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
    if request.method() != Method::POST || !held.has(request.uri().query().unwrap_or_default()) {
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
