//! The path prefix of the announced endpoint.

use mcp_sse_server::{MountPath, SseServerTransport};
use mcp_sse_testkit::{HOST, events::Events, handlers::echo, server::Server};

#[tokio::test]
async fn the_configured_prefix_is_announced() {
    for (prefix, announced) in [
        ("", "/messages/"),
        ("/", "/messages/"),
        ("/api/", "/api/messages/"),
        ("a/b", "/a/b/messages/"),
        (r"/\evil.example", "/%5Cevil.example/messages/"),
        (
            "/a\u{2028}ü%0d%0adata: x",
            "/a%E2%80%A8%C3%BC%250d%250adata:%20x/messages/",
        ),
    ] {
        let transport = SseServerTransport::new("/messages/", echo).unwrap();
        let transport = transport.mount_path(MountPath::new(prefix).unwrap());
        let server = Server::spawn(&transport).await;
        let (uri, _events) = server.open("/sse").await;
        let (path, id) = uri.split_once("?session_id=").expect(prefix);
        assert_eq!((path, id.len()), (announced, 32), "{prefix}");
    }
}

#[tokio::test]
async fn a_prefix_in_the_extensions_replaces_the_configured_prefix() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let transport = transport.mount_path(MountPath::new("/fixed").unwrap());
    let server = Server::spawn_behind(
        |request| {
            let prefix = request.headers().get("x-forwarded-prefix");
            if let Some(Ok(prefix)) = prefix.map(|value| MountPath::new(value.to_str().unwrap())) {
                request.extensions_mut().insert(prefix);
            }
        },
        &transport,
    )
    .await;
    for (header, announced) in [
        ("", "/fixed/messages/"),
        ("x-forwarded-prefix: /tenants/7\r\n", "/tenants/7/messages/"),
        ("x-forwarded-prefix: /\r\n", "/messages/"),
        // The header is not a valid prefix, so the middleware sets none.
        ("x-forwarded-prefix: //evil.example\r\n", "/fixed/messages/"),
        (
            "x-forwarded-prefix: https://evil.example\r\n",
            "/fixed/messages/",
        ),
    ] {
        let mut wire = server.connect().await;
        wire.send(format!("GET /sse HTTP/1.1\r\nhost: {HOST}\r\n{header}\r\n"))
            .await;
        let (_, body) = wire.into_stream().await;
        let uri = Events::new(body).endpoint().await;
        assert_eq!(
            uri.split_once('?').map(|(path, _)| path),
            Some(announced),
            "{header}"
        );
    }
}
