//! The HTTP server and its shutdown.

use std::{error::Error, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
    serve::ListenerExt,
};
use mcp_sse_server::{MountPath, SseServerTransport, endpoint::InvalidEndpoint};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::{children::Children, log, options::Options, process::GRACE, signals::Signals};

/// How long sessions have to end by themselves after the gateway is asked to stop.
const DEADLINE: Duration = Duration::from_secs(10);

/// Returns the path percent-encoded, as clients must write it.
fn encoded(path: &str) -> Result<String, InvalidEndpoint> {
    // `MountPath` encodes the path and takes slashes off its end.
    let (_, slashes) = path.split_at(path.trim_end_matches('/').len());
    Ok(format!("{}{slashes}", MountPath::new(path)?.as_str()))
}

/// Serves until a signal arrives.
pub(crate) async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("--listen {}: {error}", options.listen))?;
    let mut signals = Signals::new()?;
    let address = listener.local_addr()?;
    let path = encoded(&options.sse_path)?;
    println!("MCP over HTTP+SSE at http://{address}{path}");
    if !address.ip().is_loopback() && !options.names_host {
        log::line("only requests for localhost are allowed, --allow-host HOST allows others");
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
        // Lets every page read the responses that it gets. The transport decides which pages get one.
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
        "stopping within {} s, a second signal stops at once",
        DEADLINE.as_secs()
    ));
    let in_order = async {
        sessions.shutdown().deadline(DEADLINE).await;
        let _ = stop.send(());
        // Children whose sessions were cut still have their own time to end. Idle connections have none.
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
