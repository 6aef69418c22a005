use clap::{CommandFactory, Parser};

use super::Flags;

fn parse(arguments: &[&str]) -> Result<Flags, String> {
    let all = [&["mcp-sse-gateway"], arguments].concat();
    Flags::try_parse_from(all).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_consistent_and_each_flag_is_a_variable() {
    Flags::command().debug_assert();
    for argument in Flags::command().get_arguments() {
        let Some(long) = argument.get_long() else {
            continue;
        };
        if ["help", "version"].contains(&long) {
            continue;
        }
        let variable = format!("MCP_SSE_GATEWAY_{}", long.to_uppercase().replace('-', "_"));
        assert_eq!(argument.get_env().unwrap(), variable.as_str());
    }
}

#[test]
fn what_follows_the_command_is_passed_to_it() {
    for arguments in [
        &["--max-line", "7", "cat", "--max-line", "8", "-h"] as &[_],
        &["--max-line=7", "--", "cat", "--max-line", "8", "-h"],
    ] {
        let flags = parse(arguments).unwrap();
        assert_eq!(flags.max_line.get(), 7);
        assert_eq!(flags.command, ["cat", "--max-line", "8", "-h"]);
    }
    assert_eq!(
        parse(&["cat", "--", "-x"]).unwrap().command,
        ["cat", "--", "-x"]
    );
}

#[test]
fn a_list_has_commas_and_a_command_may_have_them() {
    let flags = parse(&[
        "--allow-host",
        "a.com,b.com:1",
        "--allow-host=c.com",
        "--server",
        "x=echo a,b",
    ])
    .unwrap();
    assert_eq!(flags.allow_host, ["a.com", "b.com:1", "c.com"]);
    assert_eq!(flags.server, ["x=echo a,b"]);
}

#[test]
fn each_invalid_value_has_an_error_that_says_what_is_allowed() {
    for (flag, value, says) in [
        ("--sse-path", "//evil", "must be a path"),
        ("--messages-path", "/m?x", "must have no query"),
        ("--prefix", "https://x/", "must be a path"),
        (
            "--health-path",
            "/a/../b",
            "must have no `.` and no `..` segment",
        ),
        ("--metrics", "9090", "invalid socket address syntax"),
        ("--allow-host", "http://x", "must be a host without"),
        ("--allow-origin", "x.com", "must have a scheme"),
        ("--env-from-header", "X", "must be HEADER=VARIABLE"),
        (
            "--env-from-header",
            "a b=C",
            "must have a header name before the =",
        ),
        (
            "--env-from-header",
            "=C",
            "must have a header name before the =",
        ),
        (
            "--env-from-header",
            "A=",
            "must have letters, digits and _ after the =",
        ),
        (
            "--env-from-header",
            "A=1B",
            "must have letters, digits and _ after the =",
        ),
        ("--env-from-header", "A=PATH", "must not name PATH"),
        ("--forward-header", "a b", "must be the name of a header"),
        ("--forward-header", "Host", "is set by the gateway itself"),
        ("--max-children", "0", "number would be zero"),
        ("--max-children", "65536", "number too large"),
        ("--max-children-per-name", "x", "invalid digit"),
        ("--max-line", "0", "number would be zero"),
        ("--max-body", "-1", "invalid digit"),
        (
            "--keep-alive",
            "8s",
            "must be a number of seconds, such as 8 or 0.5",
        ),
        ("--idle-timeout", "-1", "must be a number of seconds"),
        ("--shutdown-window", "", "must be a number of seconds"),
        ("--upstream-timeout", "1e30", "must be a number of seconds"),
        ("--log-format", "xml", "[possible values: text, json]"),
    ] {
        let error = parse(&[&format!("{flag}={value}"), "cat"]).unwrap_err();
        assert!(
            error.contains(says) && error.contains(flag),
            "{flag} {value}: {error}"
        );
    }
}
