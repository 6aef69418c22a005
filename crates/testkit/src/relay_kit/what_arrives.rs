use http::{HeaderValue, Version};
use mcp_sse_server::session::Principal;

use super::{
    Engine,
    node::{Node, Options},
};
use crate::requests;

pub(super) async fn the_message_its_request_and_its_principal(engine: &impl Engine) {
    let mut owner = Node::join(engine, "arrive-a", Options::default()).await;
    let edge = Node::join(engine, "arrive-b", Options::default()).await;
    let alice = Principal::new("web")
        .with_issuer("https://issuer.example")
        .with_subject("älice");
    let session = owner.open(Some(&alice)).await;

    let text = "{ \"jsonrpc\":\"2.0\",\r\n\"id\": 123456789012345678901234567890, \"method\":\"ping\",\
                \"params\":{\"b\":1.0,\"a\":\"\\u00fc\"} }\n";
    let uri = format!("http://localhost{}&x=%20y", session.uri);
    let mut post = requests::post_text(&uri, text);
    *post.version_mut() = Version::HTTP_2;
    let mut secret = HeaderValue::from_static("Bearer t");
    secret.set_sensitive(true);
    let headers = post.headers_mut();
    headers.insert("authorization", secret);
    headers.append("x-twice", HeaderValue::from_static("1"));
    headers.append("x-twice", HeaderValue::from_bytes(b"\xfc").unwrap());
    let (sent, extensions) = (headers.clone(), post.extensions_mut());
    extensions.insert(alice.clone());
    assert_eq!(edge.send(post).await, None, "a message is accepted");

    let arrived = owner.next().await;
    assert_eq!(arrived.message.as_str(), text, "byte for byte");
    let parts = arrived.parts;
    assert_eq!(parts.method, "POST");
    assert_eq!(
        (parts.uri.to_string(), parts.version),
        (uri, Version::HTTP_2)
    );
    assert_eq!(parts.headers, sent, "the headers");
    assert!(parts.headers["authorization"].is_sensitive());
    assert_eq!(parts.extensions.get(), Some(&alice), "the principal");
    assert!(owner.taken.try_recv().is_err(), "once");
}
