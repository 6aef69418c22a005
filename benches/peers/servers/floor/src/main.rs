//! The minimum on plain hyper: no checks, no parser, no keep-alive, no bounds, no handler. A `POST` finds its
//! session in a map and puts the bytes of the event into the channel of the session's stream.

mod body;

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::body::{Body, Events};

type Sessions = Arc<Mutex<HashMap<u64, UnboundedSender<Bytes>>>>;

fn main() {
    let sessions = Sessions::default();
    peer::run(|listener| {
        peer::accept(listener, move |stream| {
            let sessions = Arc::clone(&sessions);
            let service = service_fn(move |request| serve(Arc::clone(&sessions), request));
            tokio::spawn(async move {
                // A lost connection is normal.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        })
    });
}

async fn serve(
    sessions: Sessions,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/sse") => open(sessions),
        (&Method::POST, "/messages") => post(&sessions, request)
            .await
            .unwrap_or_else(|| plain(StatusCode::BAD_REQUEST, "Bad Request")),
        (&Method::POST, "/broadcast") => broadcast(&sessions, request)
            .await
            .unwrap_or_else(|| plain(StatusCode::BAD_REQUEST, "Bad Request")),
        _ => plain(StatusCode::NOT_FOUND, "Not Found"),
    })
}

fn open(sessions: Sessions) -> Response<Body> {
    let (sender, receiver) = unbounded_channel();
    let id = fastrand::u64(..);
    let endpoint = format!("event: endpoint\ndata: /messages?session_id={id:016x}\n\n");
    let _ = sender.send(endpoint.into());
    sessions.lock().unwrap().insert(id, sender);
    let mut response = Response::new(Body::Events(Events::new(receiver, sessions, id)));
    let headers = response.headers_mut();
    let event_stream = header::HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, event_stream);
    let no_store = header::HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    response
}

async fn post(sessions: &Sessions, request: Request<Incoming>) -> Option<Response<Body>> {
    let id = request.uri().query()?.strip_prefix("session_id=")?;
    let id = u64::from_str_radix(id, 16).ok()?;
    let sender = sessions.lock().unwrap().get(&id)?.clone();
    let call = request.into_body().collect().await.ok()?.to_bytes();
    let mut event = event(call.len() + peer::ANSWER_OVERHEAD);
    peer::answer(&call, &mut event)?;
    event.extend_from_slice(b"\n\n");
    sender.send(event.into()).ok()?;
    Some(plain(StatusCode::ACCEPTED, "Accepted"))
}

async fn broadcast(sessions: &Sessions, request: Request<Incoming>) -> Option<Response<Body>> {
    let message = request.into_body().collect().await.ok()?.to_bytes();
    let mut event = event(message.len());
    event.extend_from_slice(&message);
    event.extend_from_slice(b"\n\n");
    let event = Bytes::from(event);
    for sender in sessions.lock().unwrap().values() {
        let _ = sender.send(event.clone());
    }
    Some(plain(StatusCode::ACCEPTED, "Accepted"))
}

/// The start of an event, with capacity for the rest.
fn event(len: usize) -> Vec<u8> {
    const HEAD: &[u8] = b"event: message\ndata: ";
    let mut event = Vec::with_capacity(HEAD.len() + len + 2);
    event.extend_from_slice(HEAD);
    event
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Text(Some(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    response
}
