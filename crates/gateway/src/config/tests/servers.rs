use std::path::Path;

use super::*;

#[test]
fn servers_come_from_flags_and_from_a_file() {
    let path = file(
        "servers",
        r#"{"mcpServers": {
        "files": {"command": "cat", "args": ["a b"], "env": {"KEY": "value"}, "cwd": "/tmp"},
        "hosted": {"type": "http", "url": "https://example.com/mcp", "headers": {"X-Key": "k"}},
        "off": {"command": "no-such-command", "disabled": true}
    }, "other": 1}"#,
    );
    let servers = config(&[
        "--server",
        "one=sh -c 'echo \"a b\"' x\\ y",
        "--server=two=http://localhost:1/mcp",
        "--config",
        &path,
        "cat",
        "-n",
    ])
    .unwrap()
    .servers;
    let paths: Vec<_> = servers.iter().map(|server| server.path.as_str()).collect();
    assert_eq!(
        paths,
        ["/sse", "/one/sse", "/two/sse", "/files/sse", "/hosted/sse"]
    );
    let arguments = |at: usize| match &servers[at].target {
        Target::Child(child) => child.arguments.clone(),
        Target::Upstream(_) => panic!("{at} is an upstream"),
    };
    assert_eq!(arguments(0), ["-n"]);
    assert_eq!(arguments(1), ["-c", "echo \"a b\"", "x y"]);
    assert_eq!(arguments(3), ["a b"]);
    let Target::Child(files) = &servers[3].target else {
        panic!()
    };
    assert_eq!(
        (files.env["KEY"].as_str(), files.folder.as_deref()),
        ("value", Some(Path::new("/tmp")))
    );
    let Target::Upstream(hosted) = &servers[4].target else {
        panic!()
    };
    assert_eq!(
        (
            hosted.url.as_str(),
            hosted.headers["x-key"].to_str().unwrap()
        ),
        ("https://example.com/mcp", "k")
    );
}

#[test]
fn an_invalid_server_has_an_error_that_says_what_is_allowed() {
    for (arguments, says) in [
        (&[] as &[_], "no server: give a COMMAND"),
        (
            &["--upstream", "http://x/", "cat"],
            "COMMAND and --upstream exclude each other",
        ),
        (
            &["--upstream", "ftp://x/"],
            "must begin with http:// or https://",
        ),
        (&["--upstream", "x"], "is not a URL"),
        (&["--server", "cat"], "must be NAME=COMMAND or NAME=URL"),
        (&["--server", "a/b=cat"], "must have a name of letters"),
        (&["--server", "=cat"], "must have a name of letters"),
        (
            &["--server", "x="],
            "must have a command or a URL after the =",
        ),
        (&["--server", "x='"], "has a quote without its end"),
        (
            &["--server", "x=no-such-command"],
            "cannot find the command",
        ),
        (
            &["--server", "x=cat", "--server", "x=cat"],
            "two servers have the name \"x\"",
        ),
        (&["--config", "/none"], "--config /none: No such file"),
        (
            &["--sse-path", "/mcp", "--messages-path", "mcp/", "cat"],
            "--messages-path and the path /mcp of a server must differ",
        ),
        (
            &["--health-path", "/sse", "cat"],
            "--health-path and the path /sse",
        ),
        (
            &["--health-path", "/messages", "cat"],
            "--messages-path and --health-path must differ",
        ),
        (
            &[
                "--env-from-header",
                "A=C",
                "--env-from-header",
                "B=C",
                "cat",
            ],
            "C is set from two headers",
        ),
        (
            &["--max-children-per-name", "1", "cat"],
            "--max-children-per-name needs names: give --tokens-file",
        ),
        (
            &["--upstream-ca", "/none", "--upstream", "https://x/"],
            "--upstream-ca /none: No such file",
        ),
        (
            &["--upstream-ca", "/dev/null", "--upstream", "https://x/"],
            "--upstream-ca /dev/null: has no certificate in PEM",
        ),
        (
            &["--tokens-file", "/none", "cat"],
            "--tokens-file /none: No such file",
        ),
    ] {
        let error = error(arguments);
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    for (name, text, says) in [
        ("a", "{}", "missing field `mcpServers`"),
        (
            "b",
            r#"{"mcpServers": {"x": {}}}"#,
            "\"x\" must have either a \"command\" or a \"url\"",
        ),
        (
            "c",
            r#"{"mcpServers": {"x": {"type": "sse", "url": "http://x/"}}}"#,
            "it needs no gateway",
        ),
        (
            "d",
            r#"{"mcpServers": {"x y": {"command": "cat"}}}"#,
            "must have a name of letters",
        ),
        (
            "e",
            r#"{"mcpServers": {"x": {"url": "http://x/", "headers": {"a b": "c"}}}}"#,
            "has a header \"a b\"",
        ),
    ] {
        let error = error(&["--config", &file(name, text)]);
        assert!(
            error.contains(says) && error.starts_with("--config "),
            "{text}: {error}"
        );
    }
}
