//! A typical hand-written transport in axum: `Sse` with `KeepAlive`, a map of channels behind a lock, messages
//! as `serde_json::Value`. The `POST` handler answers the call.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
    routing::{get, post},
    serve::ListenerExt,
};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{
    RwLock,
    mpsc::{Sender, channel},
};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

type Sessions = Arc<RwLock<HashMap<String, Sender<Value>>>>;

fn main() {
    peer::run(async |listener| {
        let app = Router::new()
            .route("/sse", get(open))
            .route("/messages", post(message))
            .route("/broadcast", post(broadcast))
            .with_state(Sessions::default());
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}

async fn open(
    State(sessions): State<Sessions>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let id = Uuid::new_v4().simple().to_string();
    let (sender, receiver) = channel(64);
    sessions.write().await.insert(id.clone(), sender.clone());
    let endpoint = format!("/messages?session_id={id}");
    let endpoint = Event::default().event("endpoint").data(endpoint);
    let messages = ReceiverStream::new(receiver).map(|message| {
        let text = message.to_string();
        Ok(Event::default().event("message").data(text))
    });
    tokio::spawn(async move {
        sender.closed().await;
        sessions.write().await.remove(&id);
    });
    let events = stream::once(async { Ok(endpoint) }).chain(messages);
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[derive(Deserialize)]
struct To {
    session_id: String,
}

async fn message(
    State(sessions): State<Sessions>,
    Query(to): Query<To>,
    Json(mut message): Json<Value>,
) -> Result<(StatusCode, &'static str), StatusCode> {
    let sender = sessions.read().await.get(&to.session_id).cloned();
    let sender = sender.ok_or(StatusCode::NOT_FOUND)?;
    let text = message["params"]["arguments"]["text"].take();
    let answer = json!({
        "jsonrpc": "2.0",
        "id": message["id"],
        "result": { "content": [{ "type": "text", "text": text }] },
    });
    sender.send(answer).await.map_err(|_| StatusCode::GONE)?;
    Ok((StatusCode::ACCEPTED, "Accepted"))
}

async fn broadcast(State(sessions): State<Sessions>, Json(message): Json<Value>) -> StatusCode {
    for sender in sessions.read().await.values() {
        let _ = sender.try_send(message.clone());
    }
    StatusCode::ACCEPTED
}
