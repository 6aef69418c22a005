//! A session as an rmcp transport, and the heads of its `POST`s.

use std::sync::{Arc, Mutex};

use mcp_sse_server::{Session, SseServerTransport};
use mcp_sse_testkit::{
    server::Server,
    wire::{self, Wire},
    within,
};
use rmcp::{
    RoleServer, ServerHandler, ServiceExt,
    model::{
        ClientResult, CustomNotification, EmptyResult, ProgressNotificationParam, ServerRequest,
    },
    service::{NotificationContext, serve_directly},
};
use serde_json::json;

use crate::{
    client::{Mcp, initialize_params},
    lifecycle::Plain,
    rmcp_transport,
};

#[tokio::test]
async fn a_session_is_a_transport_where_rmcp_asks_for_one() {
    let served = SseServerTransport::new("/messages/", |session: Session| async move {
        let running = Plain.serve(session).await.unwrap();
        running.waiting().await.unwrap();
    });
    let server = Server::spawn(&served.unwrap()).await;
    let mut client = Mcp::connect(&server).await;
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));

    let directly = SseServerTransport::new("/messages/", |session: Session| async move {
        let running = serve_directly(Plain, session, None);
        // The server sends a request before the client does, and gets its response.
        let ping = ServerRequest::PingRequest(Default::default());
        let pong = running.send_request(ping).await.unwrap();
        assert!(
            matches!(pong, ClientResult::EmptyResult(EmptyResult {})),
            "{pong:?}"
        );
        running.waiting().await.unwrap();
    });
    let server = Server::spawn(&directly.unwrap()).await;
    let mut client = Mcp::open(&server).await;
    client.reply("ping", json!({})).await;
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));
}

/// Records the header that came with each notification.
struct Headers {
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Headers {
    fn saw(&self, method: &str, context: &NotificationContext<RoleServer>) {
        let parts = context.extensions.get::<http::request::Parts>().unwrap();
        let header = parts.headers["x-number"].to_str().unwrap();
        self.seen
            .lock()
            .unwrap()
            .push((method.to_owned(), header.to_owned()));
    }
}

impl ServerHandler for Headers {
    async fn on_progress(
        &self,
        _: ProgressNotificationParam,
        context: NotificationContext<RoleServer>,
    ) {
        self.saw("progress", &context);
    }

    async fn on_roots_list_changed(&self, context: NotificationContext<RoleServer>) {
        self.saw("roots", &context);
    }

    async fn on_custom_notification(
        &self,
        notification: CustomNotification,
        context: NotificationContext<RoleServer>,
    ) {
        self.saw(&notification.method, &context);
    }
}

#[tokio::test]
async fn notifications_bring_the_request_that_carried_them() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = Arc::clone(&seen);
    let factory = move || {
        let seen = Arc::clone(&service);
        Ok(Headers { seen })
    };
    let transport = rmcp_transport("/messages/", factory);
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::open(&server).await;
    client.request("initialize", initialize_params()).await;

    let progress = json!({"progressToken": 1, "progress": 1});
    for (number, message) in [
        json!({"method": "notifications/progress", "params": progress}),
        json!({"method": "notifications/roots/list_changed"}),
        json!({"method": "notifications/mine", "params": {"a": 1}}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut message = message;
        message["jsonrpc"] = json!("2.0");
        let request = String::from_utf8(wire::post(&client.uri, message.to_string())).unwrap();
        let request = request.replacen("\r\n", &format!("\r\nx-number: {number}\r\n"), 1);
        let mut wire = Wire::connect(server.address).await;
        wire.send(request).await;
        assert_eq!(wire.answer().await.status(), 202);
        // Each notification runs in a task of its own: wait for it, so that their order is fixed.
        within("the notification", async {
            while seen.lock().unwrap().len() <= number {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let expected = [
        ("progress", "0"),
        ("roots", "1"),
        ("notifications/mine", "2"),
    ];
    let expected = expected.map(|(method, header)| (method.to_owned(), header.to_owned()));
    assert_eq!(*seen.lock().unwrap(), expected);
}
