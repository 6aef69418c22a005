use super::*;

#[test]
fn each_token_has_one_owner() {
    const ALICE: &str = "alice-0123456789";
    let path = file(
        "tokens",
        &format!("# a comment\n\nalice {ALICE}\r\nbob\tbob-0123456789abc\n"),
    );
    let tokens = config(&["--tokens-file", &path, "cat"])
        .unwrap()
        .tokens
        .unwrap();
    assert_eq!(tokens.owner(ALICE.as_bytes()), Some("alice"));
    assert_eq!(tokens.owner(b"bob-0123456789abc"), Some("bob"));
    for other in [&b""[..], b"alice", b"alice-012345678", b"alice-01234567890"] {
        assert_eq!(tokens.owner(other), None);
    }
    let flags = || Flags::try_parse_from(["mcp-sse-gateway", "cat"]).unwrap();
    let read = |text: &str| Config::new(flags(), Some(text.to_owned()));
    let tokens = read(&format!("a {ALICE},b bob-0123456789abc"))
        .unwrap()
        .tokens
        .unwrap();
    assert_eq!(tokens.owner(ALICE.as_bytes()), Some("a"));
    for (text, says) in [
        ("", "has no line NAME TOKEN"),
        (ALICE, "entry 1 must be NAME TOKEN"),
        (
            "a short",
            "entry 1 must have a token of at least 16 characters",
        ),
        (
            "a 0123456789abcdefg,b 0123456789abcdefg",
            "entry 2 has the token of another name",
        ),
        ("a with-a-space in-the-token", "without spaces"),
    ] {
        let error = read(text).err().unwrap();
        assert!(
            error.contains(says) && error.starts_with("MCP_SSE_GATEWAY_TOKENS"),
            "{text}: {error}"
        );
        assert!(
            !error.contains("0123"),
            "an error must not show a token: {error}"
        );
    }
}

#[test]
fn a_token_of_the_gateway_is_not_passed_on() {
    let path = file("forward", "a 0123456789abcdefg\n");
    let forward = |arguments: &[&str]| config(arguments).unwrap().forward;
    assert_eq!(
        forward(&["--upstream", "http://x/", "--forward-header", "X-Tenant"]),
        ["x-tenant", "authorization"]
    );
    assert_eq!(
        forward(&["--upstream", "http://x/", "--tokens-file", &path]),
        [] as [&str; 0]
    );
    assert_eq!(
        forward(&[
            "--upstream",
            "http://x/",
            "--tokens-file",
            &path,
            "--forward-header",
            "authorization"
        ]),
        ["authorization"]
    );
}
