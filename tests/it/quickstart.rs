//! The URL that the quickstart prints is one that it serves, and the terminal says why another is refused.

use http::Request;
use mcp_sse_testkit::{polled::Server, process::has_role};

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

/// Not a test: the example on all addresses, in its own process.
#[test]
fn process() {
    if has_role("quickstart::process") {
        let args = ["0.0.0.0:0".to_owned()];
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(example::run(args.into_iter())).unwrap();
        std::process::exit(0);
    }
}

// Several threads: a wait for a process blocks one.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_says_why_a_host_is_refused_and_what_allows_it() {
    use mcp_sse_testkit::{
        client::Client,
        process::{Process, role_command},
    };
    let mut example = Process::start_logged(&mut role_command("quickstart::process", "", &[]));
    let url = example.line("MCP over HTTP+SSE at http://localhost:");
    let address = format!("localhost:{}", url.trim_end_matches("/sse"));
    let connect = address.replace("localhost", "127.0.0.1");
    let mut client = Client::http1(&connect).await;
    let (_uri, _events) = client.open(&address, "/sse").await;
    let mut client = Client::http1(&connect).await;
    let (status, text) = client.get("mcp.example.com", "/sse").await;
    assert_eq!(status, 421);
    assert!(text.contains("allow_host"), "{text}");
    example.interrupt();
    assert!(example.wait().success());
    let said = "refused the host \"mcp.example.com\": give it as an argument after the address";
    assert!(example.log().contains(said), "{}", example.log());
}
