//! The server that the programs of `tests/clients` run against: `clients [ADDRESS]`.
//!
//! The first segment of a path names a transport, which is made when its first client comes: a client connects
//! to `/NAME/sse`. So each check can drain or close a transport of its own. What NAME begins with sets options:
//!
//! | NAME begins with | option |
//! |---|---|
//! | `fast` | a keep-alive every 5 ms. A message is accepted after ten of them |
//! | `idle` | sessions without messages are closed after 2 s |
//! | any other | the defaults |

mod calls;
mod handler;
mod tools;

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Frame, Incoming};
use mcp_sse_server::{PostService, SseServerTransport, SseService, endpoint::InvalidEndpoint};
use mcp_sse_testkit::server::{BoxBody, serve};
use tokio::{net::TcpListener, time::sleep};
use tower::{Service, service_fn};

use crate::handler::Tools;

type Services = (SseService<Tools>, PostService);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("the clients' server at http://{}", listener.local_addr()?);

    let transports = Arc::new(Mutex::new(HashMap::new()));
    let app = service_fn(move |request: Request<Incoming>| {
        let services = find(&transports, request.uri().path());
        async move { Ok::<_, Infallible>(answer(services, request).await) }
    });
    serve(listener, app).await;
    Ok(())
}

/// The services of the transport that a path names.
fn find(transports: &Mutex<HashMap<String, Services>>, path: &str) -> Option<Services> {
    let (name, _) = path.strip_prefix('/')?.split_once('/')?;
    let mut transports = transports.lock().unwrap();
    if let Some(services) = transports.get(name) {
        return Some(services.clone());
    }
    let services = make(name).ok()?;
    transports.insert(name.to_owned(), services.clone());
    Some(services)
}

fn make(name: &str) -> Result<Services, InvalidEndpoint> {
    let tools = Tools::default();
    let transport = SseServerTransport::new(format!("/{name}/messages/"), tools.clone())?;
    let transport = match name {
        _ if name.starts_with("fast") => transport.keep_alive(Duration::from_millis(5)),
        _ if name.starts_with("idle") => transport.idle_timeout(Duration::from_secs(2)),
        _ => transport,
    };
    tools.reach(transport.sessions());
    Ok(transport.services())
}

/// The keep-alives that were sent.
static KEEP_ALIVES: AtomicUsize = AtomicUsize::new(0);

fn counted(frame: Frame<Bytes>) -> Frame<Bytes> {
    let is_keep_alive = frame.data_ref().is_some_and(|bytes| &**bytes == b":\n");
    KEEP_ALIVES.fetch_add(is_keep_alive.into(), Relaxed);
    frame
}

/// So each client reads as many keep-alives as its check promises, also on a busy machine.
async fn ten_keep_alives() {
    let until = KEEP_ALIVES.load(Relaxed) + 10;
    while KEEP_ALIVES.load(Relaxed) < until {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn answer(services: Option<Services>, request: Request<Incoming>) -> Response<BoxBody> {
    let path = request.uri().path();
    match services {
        Some((mut sse, _)) if path.ends_with("/sse") => {
            let Ok(response) = sse.call(request).await;
            response.map(|stream| stream.map_frame(counted).boxed_unsync())
        }
        Some((_, mut post)) if path.contains("/messages") => {
            if path.starts_with("/fast") {
                ten_keep_alives().await;
            }
            let Ok(response) = post.call(request).await;
            response.map(BodyExt::boxed_unsync)
        }
        _ => {
            let mut response = Response::new(Empty::<Bytes>::new().boxed_unsync());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}
