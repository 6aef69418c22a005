use mcp_sse_server::{SessionRegistry, SseServerTransport};
use mcp_sse_testkit::{
    client::{Client, a_session_to_its_end},
    handlers::echo,
    messages::ping,
    within,
};
use tokio::{
    net::TcpListener,
    sync::oneshot::{self, Sender},
    task::JoinHandle,
};
use tonic::{
    service::Routes,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

async fn grpc(address: &str) -> HealthClient<Channel> {
    let endpoint = Endpoint::new(format!("http://{address}")).unwrap();
    let channel = within("a connection", endpoint.connect()).await;
    HealthClient::new(channel.unwrap())
}

/// Calls the health check, then watches it with a gRPC stream.
async fn calls(health: &mut HealthClient<Channel>) {
    let answer = within("a call", health.check(HealthCheckRequest::default())).await;
    let status = answer.unwrap().into_inner().status();
    assert_eq!(status, ServingStatus::Serving);
    let stream = within("a stream", health.watch(HealthCheckRequest::default())).await;
    let mut stream = stream.unwrap().into_inner();
    let first = within("a message", stream.message()).await.unwrap();
    assert_eq!(first.unwrap().status(), ServingStatus::Serving);
}

async fn beside_each_other(sessions: &SessionRegistry, address: &str) {
    let mut health = grpc(address).await;
    for mut client in [Client::http1(address).await, Client::http2(address).await] {
        let mut poster = client.another(address).await;
        let (uri, mut events) = client.open(address, "/sse").await;
        for id in 0..3 {
            calls(&mut health).await;
            assert_eq!(poster.post(address, &uri, &ping(id)).await.0, 202);
            assert_eq!(events.echoed().await, ping(id));
        }
        let opener = client.another(address).await;
        let target = ("/sse", "/messages/");
        a_session_to_its_end(sessions, (opener, poster), address, target.0, target.1).await;
        calls(&mut health).await;
    }
}

/// tonic's own server with the layer, and a handle that stops it.
async fn tonic() -> (String, SessionRegistry, Sender<()>, JoinHandle<()>) {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let (listener, address) = listen().await;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let layer = transport.layer("/sse").unwrap();
    let sessions = transport.sessions();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn({
        let sessions = sessions.clone();
        async move {
            Server::builder()
                .accept_http1(true)
                .layer(layer)
                .add_service(health)
                .serve_with_incoming_shutdown(
                    TcpIncoming::from(listener).with_nodelay(Some(true)),
                    async move {
                        let _ = stopped.await;
                        sessions.shutdown().await;
                    },
                )
                .await
                .unwrap();
        }
    });
    (address, sessions, stop, server)
}

#[tokio::test]
async fn sessions_and_grpc_calls_on_tonic_s_own_server() {
    let (address, sessions, _stop, _server) = tonic().await;
    beside_each_other(&sessions, &address).await;
}

#[tokio::test]
async fn a_graceful_shutdown_ends_open_streams_and_then_tonic_s_server() {
    let (address, sessions, stop, server) = tonic().await;
    let mut client = Client::http1(&address).await;
    let (_uri, mut events) = client.open(&address, "/sse").await;
    stop.send(()).unwrap();
    assert_eq!(events.next().await, None, "the stream ends properly");
    within("the server's end", server).await.unwrap();
    assert!(sessions.is_empty());
}

#[tokio::test]
async fn sessions_among_the_rest_routes_beside_grpc() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let (listener, address) = listen().await;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let (sse, post) = transport.services();
    let app = Routes::new(health)
        .into_axum_router()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        .route("/hello", axum::routing::get(|| async { "hello" }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    beside_each_other(&transport.sessions(), &address).await;
    let mut client = Client::http1(&address).await;
    let hello = client.get(&address, "/hello").await;
    assert_eq!(hello, (200, "hello".to_owned()));
}
