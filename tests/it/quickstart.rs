//! The URL that the quickstart prints is one that it serves.

use http::Request;
use mcp_sse_testkit::polled::Server;

#[path = "../../examples/quickstart.rs"]
#[allow(dead_code, reason = "only a part of the example runs here")]
mod example;

fn status(address: &str, hosts: &[&str], host: Option<&str>) -> (u16, String) {
    let hosts = hosts.iter().map(ToString::to_string);
    let (url, security) = example::reach(address.parse().unwrap(), hosts).unwrap();
    let handler = |_: mcp_sse_server::Session| std::future::pending::<()>();
    let server = Server::with(handler, |transport| {
        transport
            .keep_alive(None)
            .stall_timeout(None)
            .security(security)
    });
    let (_, rest) = url.split_once("://").unwrap();
    let (named, path) = rest.split_once('/').unwrap();
    assert_eq!(path, "sse");
    let request = Request::get("/sse").header("host", host.unwrap_or(named));
    let response = server.ask(request.body(()).unwrap());
    (response.status().as_u16(), url)
}

#[test]
fn the_url_that_is_printed_is_served() {
    for (address, url) in [
        ("127.0.0.1:8000", "http://127.0.0.1:8000/sse"),
        ("0.0.0.0:8000", "http://localhost:8000/sse"),
        ("[::]:8000", "http://localhost:8000/sse"),
        ("10.0.0.7:8000", "http://10.0.0.7:8000/sse"),
        ("[2001:db8::1]:8000", "http://[2001:db8::1]:8000/sse"),
    ] {
        assert_eq!(status(address, &[], None), (200, url.to_owned()));
    }
}

#[test]
fn a_name_is_served_if_it_is_an_argument() {
    let name = Some("mcp.example.com:8000");
    assert_eq!(status("0.0.0.0:8000", &[], name).0, 421);
    assert_eq!(status("0.0.0.0:8000", &["mcp.example.com"], name).0, 200);
}
