//! The HTTP server around the sessions, and its end.

use std::{error::Error, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
    serve::ListenerExt,
};
use mcp_sse_server::{MountPath, SseServerTransport};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::{children::Children, log, options::Options, process::GRACE, signals::Signals};

/// How long sessions have to end in order, once the gateway is asked to stop.
const DEADLINE: Duration = Duration::from_secs(10);

/// Serves until a signal comes.
pub(crate) async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("--listen {}: {error}", options.listen))?;
    let mut signals = Signals::new()?;
    let address = listener.local_addr()?;
    // Percent-encoded, as clients need it.
    let path = MountPath::new(&options.sse_path)?;
    let path = match path.as_str() {
        "" => "/",
        path => path,
    };
    println!("MCP over HTTP+SSE at http://{address}{path}");
    if !address.ip().is_loopback() && !options.names_host {
        log::line("only requests for localhost are let in, --allow-host HOST lets in others");
    }

    let (security, max_children) = (options.security.clone(), options.max_children);
    let (sse_path, messages_path) = (options.sse_path.clone(), options.messages_path.clone());
    let children = Children::new(options);
    let handler = children.clone();
    let transport = SseServerTransport::new(messages_path, move |session| {
        handler.clone().handle(session)
    })?
    .security(security)
    .max_sessions(usize::from(max_children.get()));
    let sessions = transport.sessions();
    let hint = format!("MCP over HTTP+SSE is at {path}\n");
    let app = Router::new()
        .fallback(async move || (StatusCode::NOT_FOUND, hint))
        .layer(transport.layer(&sse_path)?)
        // Who may read the answers. Who may use the gateway at all, the transport has been told.
        .layer(
            CorsLayer::new()
                .allow_origin(AllowOrigin::mirror_request())
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(AllowHeaders::mirror_request()),
        );

    let (stop, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let mut server = tokio::spawn(server.into_future());

    tokio::select! {
        ended = &mut server => return Ok(ended??),
        () = signals.next() => {}
    }
    log::line(format_args!(
        "stopping, within {} s; again: at once",
        DEADLINE.as_secs()
    ));
    let in_order = async {
        sessions.shutdown().deadline(DEADLINE).await;
        let _ = stop.send(());
        // Children whose sessions were cut have a time of their own. Connections on which nothing comes
        // to an end have none.
        let rest = async {
            children.all_left().await;
            let _ = server.await;
        };
        let _ = timeout(GRACE * 3, rest).await;
    };
    tokio::select! {
        () = in_order => {}
        () = signals.next() => {}
    }
    Ok(())
}
