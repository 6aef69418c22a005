//! Logs refusals, with the flag that allows what was refused.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{HOST, ORIGIN},
};
use mcp_sse_server::response::RejectionKind;

use crate::log::shown;

/// How many bytes of a host or an origin are logged.
const MOST: usize = 100;

/// Logs the refusal of a request, if a flag allows what was refused. The transport logs the others.
pub(super) async fn log(State(recent): State<Recent>, request: Request, next: Next) -> Response {
    let asked = Asked::of(request.uri(), request.headers());
    let response = next.run(request).await;
    let kind = response.extensions().get::<RejectionKind>();
    if let Some((kind, hint)) = kind.and_then(|kind| Some((kind, flag(*kind, &asked)?))) {
        let (reason, path) = (kind.as_str(), &asked.path);
        match recent.is_first(reason) {
            true => tracing::info!(reason, path, "refused: {kind}: {hint}"),
            false => tracing::debug!(reason, path, "refused: {kind}: {hint}"),
        }
    }
    response
}

/// Which refusals were logged less than a second ago: clients must not fill the log.
#[derive(Clone, Default)]
pub(super) struct Recent {
    logged: Arc<Mutex<HashMap<&'static str, Instant>>>,
}

impl Recent {
    fn is_first(&self, reason: &'static str) -> bool {
        let now = Instant::now();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = logged
            .get(reason)
            .is_none_or(|last| now - *last >= Duration::from_secs(1));
        if is_first {
            logged.insert(reason, now);
        }
        is_first
    }
}

/// What a request asked for, fit for the log.
struct Asked {
    path: String,
    host: String,
    origin: String,
}

impl Asked {
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        let authority = uri
            .authority()
            .map(|authority| authority.as_str().as_bytes());
        Self {
            path: shown(uri.path().as_bytes(), MOST),
            host: shown(authority.unwrap_or_else(|| header(HOST)), MOST),
            origin: shown(header(ORIGIN), MOST),
        }
    }
}

fn flag(kind: RejectionKind, asked: &Asked) -> Option<String> {
    let Asked { host, origin, .. } = asked;
    let flag = match kind {
        RejectionKind::HostNotAllowed if host.is_empty() => return None,
        RejectionKind::HostNotAllowed => {
            format!("--allow-host {host} or --allow-any-host allows it")
        }
        RejectionKind::OriginNotAllowed => format!("--allow-origin {origin} allows it"),
        RejectionKind::BodyTooLarge => "--max-body allows larger ones".to_owned(),
        RejectionKind::TooManySessions => "--max-children allows more".to_owned(),
        RejectionKind::TooManySessionsOfPrincipal => {
            "--max-children-per-name allows more".to_owned()
        }
        RejectionKind::ServerBusy => {
            "too many large bodies at the same time, no flag changes that".to_owned()
        }
        RejectionKind::SessionBusy => {
            "the server behind the gateway does not read, no flag changes that".to_owned()
        }
        _ => return None,
    };
    Some(flag)
}
