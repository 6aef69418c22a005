use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::{
    client::{Client, a_session_to_its_end},
    handlers::echo,
    server::Server,
};
use tower::Layer;
use warp::Filter;

#[tokio::test]
async fn a_session_before_warp_s_filters() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let filter = warp::path!("hello" / String)
        .map(|name| format!("Hello, {name}!"))
        .or(warp::path!("messages" / "of" / "mine").map(|| "mine"));
    let app = transport.layer("/sse").unwrap();
    let app = app.layer(warp::service(filter));
    let server = Server::serve(app, transport.sessions()).await;
    let address = server.address.to_string();
    for mut client in [Client::http1(&address).await, Client::http2(&address).await] {
        let both = (
            client.another(&address).await,
            client.another(&address).await,
        );
        a_session_to_its_end(&server.sessions, both, &address, "/sse", "/messages/").await;
        for (path, answer) in [
            ("/hello/warp", (200, "Hello, warp!")),
            ("/messages/of/mine", (200, "mine")),
            ("/sse//", (404, "")),
            ("/", (404, "")),
        ] {
            let (status, text) = client.get(&address, path).await;
            assert_eq!((status, text.as_str()), answer, "{path}");
        }
    }
}
