//! The quickstart is complete in itself, so the testkit's `demo` repeats its server. The two must not drift apart.

#[test]
fn the_demo_is_the_server_of_the_quickstart() {
    let server = |text: &'static str| {
        let (_, server) = text.split_once("const PROTOCOL_VERSION").expect("a server");
        server.replace("pub async fn serve(", "async fn serve(")
    };
    assert_eq!(
        server(include_str!("../../crates/testkit/src/demo.rs")),
        server(include_str!("../../examples/quickstart.rs")),
    );
}
