//! The command line.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::{
    client::{Refused, Stream},
    served::{Gateway, command},
};

/// Status, stdout and stderr.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(arguments).output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), stdout, stderr)
}

#[test]
fn an_error_names_the_flag() {
    for (arguments, says) in [
        (&[] as &[_], "COMMAND is missing"),
        (&["--"], "COMMAND is missing"),
        (&["--nonsense", "cat"], "invalid option '--nonsense'"),
        (&["-x", "cat"], "invalid option '-x'"),
        (&["--listen"], "missing argument for option '--listen'"),
        (
            &["--sse-path", "//evil", "cat"],
            "--sse-path \"//evil\" must be a path",
        ),
        (
            &["--messages-path", "/m?x", "cat"],
            "--messages-path \"/m?x\" must have no query",
        ),
        (
            &["--sse-path", "/mcp", "--messages-path", "mcp/", "cat"],
            "--sse-path and --messages-path must differ",
        ),
        (
            &["--allow-host", "http://x", "cat"],
            "--allow-host \"http://x\" must be a host without",
        ),
        (
            &["--allow-origin", "x.com", "cat"],
            "--allow-origin \"x.com\" must have a scheme",
        ),
        (
            &["--env-from-header", "X", "cat"],
            "--env-from-header \"X\" must be HEADER=VARIABLE",
        ),
        (
            &["--env-from-header", "a b=C", "cat"],
            "must have a header name before the =",
        ),
        (
            &["--env-from-header", "=C", "cat"],
            "must have a header name before the =",
        ),
        (
            &["--env-from-header", "A=", "cat"],
            "must have letters, digits and _ after the =",
        ),
        (
            &["--env-from-header", "A=1B", "cat"],
            "must have letters, digits and _ after the =",
        ),
        (
            &[
                "--env-from-header",
                "A=C",
                "--env-from-header",
                "B=C",
                "cat",
            ],
            "--env-from-header: C is set from two headers",
        ),
        (
            &["--max-children", "0", "cat"],
            "--max-children \"0\" must be a number from 1 to 65535",
        ),
        (
            &["--max-children=many", "cat"],
            "--max-children \"many\" must be a number",
        ),
        (
            &["--max-line", "0", "cat"],
            "--max-line \"0\" must be a number of bytes",
        ),
        (
            &["no-such-command-here"],
            "cannot find the command \"no-such-command-here\"",
        ),
        (
            &["--", "/etc/passwd"],
            "cannot find the command \"/etc/passwd\"",
        ),
    ] {
        let (status, _, stderr) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}");
        assert!(
            stderr.starts_with("mcp-sse-gateway: "),
            "{arguments:?}: {stderr}"
        );
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(
            stderr.ends_with("\nTry --help.\n"),
            "{arguments:?}: {stderr}"
        );
    }
    for listen in ["nonsense", "127.0.0.1:99999"] {
        let (status, _, stderr) = run(&["--listen", listen, "cat"]);
        assert_eq!(status, Some(1), "{listen}");
        assert!(
            stderr.starts_with(&format!("mcp-sse-gateway: --listen {listen}: ")),
            "{stderr}"
        );
    }
}

#[test]
fn help_is_not_an_error() {
    for help in ["-h", "--help"] {
        let (status, stdout, stderr) = run(&["--max-line", "1", help, "no-such-command-here"]);
        assert_eq!((status, &*stderr), (Some(0), ""));
        for flag in [
            "--listen ADDR",
            "--sse-path PATH",
            "--messages-path PATH",
            "--allow-host HOST",
            "--allow-origin ORIGIN",
            "--env-from-header HEADER=VARIABLE",
            "--max-children N",
            "--max-line BYTES",
            "--help",
        ] {
            assert!(stdout.contains(flag), "{flag} is missing in {stdout}");
        }
    }
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
