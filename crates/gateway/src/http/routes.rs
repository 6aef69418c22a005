//! The routes: streams, messages, and a path for probes.

use std::{collections::HashMap, error::Error, sync::Arc};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use http::{Method, StatusCode, header::WWW_AUTHENTICATE};
use mcp_sse_server::{
    MountPath, SseServerTransport, endpoint::InvalidEndpoint, session::SessionRegistry,
};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::{backend::Backends, config::Config, upstream::hold};

use super::{auth, drain::drain, refusals};

pub(super) struct Routes {
    pub(super) router: Router,
    pub(super) sessions: SessionRegistry,
    pub(super) backends: Backends,
}

/// Returns the path percent-encoded, as clients must write it.
fn encoded(path: &str) -> Result<String, InvalidEndpoint> {
    // `MountPath` encodes the path and takes slashes off its end.
    let (_, slashes) = path.split_at(path.trim_end_matches('/').len());
    Ok(format!("{}{slashes}", MountPath::new(path)?.as_str()))
}

pub(super) fn routes(mut config: Config) -> Result<Routes, Box<dyn Error>> {
    let mut paths = Vec::new();
    let mut servers = HashMap::new();
    for server in std::mem::take(&mut config.servers) {
        paths.push(server.path.clone());
        servers.insert(encoded(&server.path)?, server);
    }
    let backends = Backends::new(&config, servers)?;
    let limits = config.limits;
    let handler = backends.clone();
    let mut transport = SseServerTransport::new(&config.messages_path, move |session| {
        handler.handle(session)
    })?
    .security(config.security)
    .max_sessions(limits.children.into())
    .body_limit(usize::try_from(limits.body)?)
    .keep_alive(limits.keep_alive)
    .idle_timeout(limits.idle);
    if let Some(sessions) = limits.children_per_name {
        transport = transport.max_sessions_per_principal(sessions.into());
    }
    if let Some(prefix) = &config.prefix {
        transport = transport.mount_path(MountPath::new(prefix)?);
    }

    let addresses: Vec<_> = backends.paths().map(|(path, _)| path.as_str()).collect();
    let hint = format!(
        "Not found. MCP over HTTP+SSE is at {}. Streamable HTTP is not served.\n",
        addresses.join(" and ")
    );
    let mut router = Router::new().fallback(async move || (StatusCode::NOT_FOUND, hint));
    for path in &paths {
        router = router.layer(transport.layer(path)?);
    }
    router = router.layer(from_fn_with_state(backends.held(), hold));
    if let Some(tokens) = config.tokens {
        router = router.layer(from_fn_with_state(Arc::new(tokens), auth::check));
    }
    let sessions = transport.sessions();
    let drained = sessions.clone();
    let health = get(async move || match drained.is_shut_down() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        false => (StatusCode::OK, "ok\n"),
    });
    let router = Router::new()
        .route(&encoded(&config.health_path)?, health)
        .fallback_service(router)
        .layer(from_fn(refusals::log))
        .layer(from_fn(drain))
        // Lets every page read the responses that it gets. The transport decides which pages get one.
        .layer(
            CorsLayer::new()
                .allow_origin(AllowOrigin::mirror_request())
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers([WWW_AUTHENTICATE]),
        );
    Ok(Routes {
        router,
        sessions,
        backends,
    })
}
