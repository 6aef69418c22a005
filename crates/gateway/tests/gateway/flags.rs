//! The command line.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use mcp_sse_testkit::wire::{Conn, Refused, Stream};

use crate::served::{Gateway, command};

/// Status, stdout and stderr.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(arguments).output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), stdout, stderr)
}

#[test]
fn an_error_names_the_flag_and_what_is_allowed() {
    for (arguments, says) in [
        (&[] as &[_], "no server: give a COMMAND, --upstream URL"),
        (&["--nonsense", "cat"], "unexpected argument '--nonsense'"),
        (&["--listen"], "a value is required for '--listen"),
        (
            &["no-such-command-here"],
            "cannot find the command \"no-such-command-here\"",
        ),
        (
            &["--", "/etc/passwd"],
            "cannot find the command \"/etc/passwd\"",
        ),
        (&["--log-level", "a=b=c", "cat"], "--log-level \"a=b=c\""),
        (
            &["--log-format", "xml", "cat"],
            "[possible values: text, json]",
        ),
        (&["--tls-cert", "x", "cat"], "--tls-key"),
        (
            &["--tls-cert", "/none", "--tls-key", "/none", "cat"],
            "--tls-cert /none: No such file",
        ),
    ] {
        let (status, _, stderr) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(stderr.contains("--help"), "{arguments:?}: {stderr}");
    }
    for listen in ["nonsense", "127.0.0.1:99999"] {
        let (status, _, stderr) = run(&["--listen", listen, "cat"]);
        assert_eq!(status, Some(1), "{listen}");
        let says = format!("error: --listen {listen}: ");
        assert!(stderr.starts_with(&says), "{stderr}");
    }
}

#[test]
fn help_fits_one_screen_and_names_every_flag() {
    for help in ["-h", "--help"] {
        let (status, stdout, stderr) = run(&["--max-line", "1", help, "no-such-command-here"]);
        assert_eq!((status, &*stderr), (Some(0), ""));
        assert!(stdout.lines().count() <= 50, "{stdout}");
        assert!(stdout.lines().all(|line| line.len() <= 100), "{stdout}");
    }
    let (status, stdout, _) = run(&["--version"]);
    let version = concat!("mcp-sse-gateway ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((status, &*stdout), (Some(0), version));
}

/// The status of a `GET` of the stream.
async fn get(gateway: &Gateway, path: &str, headers: &str) -> u16 {
    let get = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
    match Stream::open_with(gateway.address, &get).await {
        Ok(_) => 200,
        Err(Refused::Status(status)) => status,
        Err(Refused::Io(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn hosts_origins_and_paths_are_as_configured() {
    let gateway = Gateway::start(&[
        "--allow-host",
        "mcp.example.com",
        "--allow-host=other.example.com:8443",
        "--allow-origin",
        "https://app.example.com",
        "--sse-path",
        "/stream here",
        "--messages-path",
        "/post/here",
    ]);
    let path = "/stream%20here";
    for (headers, status) in [
        ("host: mcp.example.com\r\n", 200),
        ("host: other.example.com:8443\r\n", 200),
        ("host: localhost\r\n", 200),
        (
            "host: localhost\r\norigin: https://app.example.com\r\n",
            200,
        ),
        (
            "host: localhost\r\norigin: https://evil.example.com\r\n",
            403,
        ),
        ("host: evil.example.com\r\n", 421),
    ] {
        assert_eq!(get(&gateway, path, headers).await, status, "{headers}");
    }
    assert_eq!(get(&gateway, "/sse", "host: localhost\r\n").await, 404);
    let open = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let Ok(stream) = Stream::open_with(gateway.address, &open).await else {
        panic!("no stream");
    };
    assert!(
        stream.uri.starts_with("/post/here?session_id="),
        "{}",
        stream.uri
    );
}

#[tokio::test]
async fn the_printed_url_is_the_one_that_clients_open() {
    for (given, printed) in [
        ("/", "/"),
        ("mcp/", "/mcp/"),
        ("/stream here", "/stream%20here"),
    ] {
        let gateway = Gateway::start(&["--sse-path", given]);
        assert_eq!(gateway.path, printed, "{given:?}");
        let status = get(&gateway, printed, "host: localhost\r\n").await;
        assert_eq!(status, 200, "{given:?}");
    }
}

#[tokio::test]
async fn an_allowed_page_may_read_the_responses() {
    let gateway = Gateway::start(&["--allow-origin", "https://app.example.com"]);
    let ask = |line: &str, more: &str| {
        let mut tcp = TcpStream::connect(gateway.address).unwrap();
        let host = "host: localhost\r\norigin: https://app.example.com\r\nconnection: close\r\n";
        write!(tcp, "{line} HTTP/1.1\r\n{host}{more}\r\n").unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    };
    let more = "access-control-request-method: POST\r\n\
                access-control-request-headers: content-type, x-client\r\n";
    let preflight = ask("OPTIONS /messages/", more);
    assert!(preflight.starts_with("HTTP/1.1 200 "), "{preflight}");
    let post = ask("POST /messages/", "content-type: application/json\r\n");
    assert!(post.starts_with("HTTP/1.1 400 "), "{post}");
    for answer in [&preflight, &post] {
        let allowed = "\r\naccess-control-allow-origin: https://app.example.com\r\n";
        assert!(answer.contains(allowed), "{answer}");
    }
    let headers = "\r\naccess-control-allow-headers: content-type, x-client\r\n";
    assert!(preflight.contains(headers), "{preflight}");
}

#[tokio::test]
async fn arguments_after_the_command_are_passed_to_it() {
    let script = r#"read line; printf '{"jsonrpc":"2.0","method":"%s"}\n' "$*""#;
    let [own, flags] = [["--listen", "--help", "--"], ["a", "-h", "b c"]];
    let command = [&["sh", "-c", script, "sh"] as &[_], &own, &flags].concat();
    let gateway = Gateway::start_with(&[], &command, &[]);
    let mut talk = gateway.open().await;
    assert_eq!(
        talk.post(r#"{"jsonrpc":"2.0","id":1,"method":"go"}"#).await,
        202
    );
    let said = talk.next().await.unwrap();
    assert_eq!(said["method"], "--listen --help -- a -h b c");
}

#[tokio::test]
async fn any_host_is_allowed_if_a_flag_says_so_but_not_any_page() {
    let gateway = Gateway::start(&["--allow-any-host"]);
    for (headers, status) in [
        ("host: evil.example.com\r\n", 200),
        (
            "host: evil.example.com\r\norigin: https://page.example.com\r\n",
            403,
        ),
    ] {
        assert_eq!(get(&gateway, "/sse", headers).await, status, "{headers}");
    }
}

#[tokio::test]
async fn the_prefix_is_announced_and_not_served() {
    // A proxy in front removes it.
    let gateway = Gateway::start(&["--prefix", "/tools/one"]);
    assert_eq!(gateway.path, "/tools/one/sse");
    let host = "host: localhost\r\n";
    assert_eq!(get(&gateway, "/tools/one/sse", host).await, 404);
    let talk = gateway.open().await;
    let uri = &talk.stream.uri;
    assert!(uri.starts_with("/tools/one/messages/?session_id="), "{uri}");
    let mut posts = Conn::open(gateway.address).await.unwrap();
    let uri = uri.strip_prefix("/tools/one").unwrap();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"pid"}"#;
    assert_eq!(posts.post(uri, ping).await.unwrap(), 202);
}

#[tokio::test]
async fn the_log_has_the_level_that_was_chosen() {
    for (level, info, warning) in [
        ("off", false, false),
        ("warn", false, true),
        ("info", true, true),
    ] {
        let child = ["sh", "-c", "echo no message; cat"];
        let mut gateway = Gateway::start_with(&["--log-level", level], &child, &[]);
        let mut talk = gateway.open().await;
        let text = r#"{"jsonrpc":"2.0","method":"x"}"#;
        assert_eq!(talk.post(text).await, 202);
        // After this, the line before it was logged.
        assert!(talk.next().await.is_some());
        gateway.signal("TERM");
        let (_, log) = gateway.ended().await;
        assert_eq!(log.contains("session opened"), info, "{log}");
        assert_eq!(
            log.contains("a line that is not a message"),
            warning,
            "{log}"
        );
    }
}
