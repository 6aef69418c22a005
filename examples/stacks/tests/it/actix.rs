//! The bridge from actix-web, over TCP.

use actix_web::{App, HttpServer, web};
use mcp_sse_server::{SessionRegistry, SseServerTransport};
use mcp_sse_server_stacks::actix;
use mcp_sse_testkit::{client::Client, handlers::echo, messages::ping, within};

/// actix-web's own runtime, in a thread of its own.
fn spawn() -> (String, SessionRegistry) {
    let transport = SseServerTransport::new("/messages/", echo)
        .unwrap()
        .keep_alive(std::time::Duration::from_millis(20));
    let sessions = transport.sessions();
    let (sse, post) = transport.services();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            let (sse, post) = (sse.clone(), post.clone());
            App::new()
                .app_data(web::PayloadConfig::new(4 << 20))
                .route(
                    "/sse",
                    web::to(move |head| actix::stream(sse.clone(), head)),
                )
                .service(web::resource(["/messages/", "/messages"]).route(web::to(
                    move |head, body| actix::message(post.clone(), head, body),
                )))
        });
        let server = server.workers(1).listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    (address, sessions)
}

#[tokio::test]
async fn a_session_in_actix_web() {
    let (address, sessions) = spawn();
    let mut opener = Client::http1(&address).await;
    let mut poster = Client::http1(&address).await;
    let (uri, mut events) = opener.open(&address, "/sse").await;
    let (path, id) = uri.split_once("?session_id=").unwrap();
    assert_eq!(path, "/messages/");
    let session = sessions.get(&id.parse().unwrap()).unwrap();
    for (at, uri) in [&uri, &uri.replace("/?", "?")].into_iter().enumerate() {
        let accepted = poster.post(&address, uri, &ping(at)).await;
        assert_eq!(accepted, (202, "Accepted".to_owned()));
        assert_eq!(events.echoed().await, ping(at));
    }
    // A message beyond actix-web's own limit.
    let large = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"m","params":{{"text":"{}"}}}}"#,
        "x".repeat(1 << 20)
    );
    assert_eq!(poster.post(&address, &uri, &large).await.0, 202);
    assert_eq!(events.echoed().await, large);

    let (status, text) = poster.post(&address, &uri, "[]").await;
    assert_eq!(status, 400, "{text}");
    assert_eq!(poster.post(&address, "/sse", &ping(1)).await.0, 405);
    // actix-web has closed that connection, because the body was not read.
    let mut poster = Client::http1(&address).await;
    // The next keep-alive finds that the client is gone.
    drop((events, opener));
    within("the session's end", session.closed()).await;
    let refused = poster.post(&address, &uri, &ping(9)).await;
    assert_eq!(refused, (404, "Could not find session".to_owned()));
}

#[test]
fn the_guide_shows_the_bridge() {
    let (_docs, bridge) = include_str!("../../src/actix.rs")
        .split_once("\n\n")
        .unwrap();
    assert!(include_str!("../../../../src/guide/actix.md").contains(bridge));
}
