//! Patterns that are none: refused where they are given, with the value, the rule and an example.

use mcp_sse_server::{TransportSecurity, security::InvalidPattern};

const NO_HOST: &str = "must be a host name, an IPv4 address or an IPv6 address in brackets";
const SCHEME: &str = "must be a host without a scheme";
const USER: &str = "must have no user";
const PATH: &str = "must be a host, without a path";
const STAR: &str = "must name one host, `*` stands for a port only";
const ASCII: &str = "must be in ASCII, an international name as its `xn--` form";
const PORT: &str = "must have a port from 0 to 65535 or `*`";
const ONE_PORT: &str = "must have one port";
const BRACKETS: &str = "must have its IPv6 address in brackets";
const NO_SCHEME: &str = "must have a scheme";
const BAD_SCHEME: &str = "must begin with a scheme";
const END: &str = "must end after host and port, without a path or a slash";

#[rustfmt::skip]
const HOSTS: &[(&str, &str)] = &[
    ("", NO_HOST),
    (" ", NO_HOST),
    (".", NO_HOST),
    ("..", NO_HOST),
    ("example..com", NO_HOST),
    (".example.com", NO_HOST),
    ("example.com..", NO_HOST),
    ("exa mple.com", NO_HOST),
    (" example.com", NO_HOST),
    ("example.com ", NO_HOST),
    ("example.com\n", NO_HOST),
    ("example.com,example.org", NO_HOST),
    ("ex%61mple.com", NO_HOST),
    ("example.com?x", NO_HOST),
    ("example.com#x", NO_HOST),
    ("example.com\\", NO_HOST),
    ("127.1", NO_HOST),
    ("2130706433", NO_HOST),
    ("0x7f000001", NO_HOST),
    ("127.0.0.0x1", NO_HOST),
    ("0127.0.0.1", NO_HOST),
    ("256.0.0.1", NO_HOST),
    ("[]", NO_HOST),
    ("[::1", NO_HOST),
    ("::1]", NO_HOST),
    ("[::1]x", NO_HOST),
    ("[::1].", NO_HOST),
    ("[::1%]", NO_HOST),
    ("[localhost]", NO_HOST),
    ("[127.0.0.1]", NO_HOST),
    (":8080", NO_HOST),
    (":*", NO_HOST),
    ("http://example.com", SCHEME),
    ("https://example.com:8443", SCHEME),
    ("://example.com", SCHEME),
    ("user@example.com", USER),
    ("user:password@example.com", USER),
    ("@", USER),
    ("example.com/", PATH),
    ("example.com/sse", PATH),
    ("//example.com", PATH),
    ("*", STAR),
    ("*.example.com", STAR),
    ("*:8080", STAR),
    ("*:*", STAR),
    ("example.*", STAR),
    ("example.com:8*", STAR),
    ("example.com:**", STAR),
    ("b\u{fc}cher.example", ASCII),
    ("example.com\u{3002}", ASCII),
    ("example.com:\u{664}", ASCII),
    ("example.com:65536", PORT),
    ("example.com:evil", PORT),
    ("example.com:+80", PORT),
    ("example.com: 80", PORT),
    ("example.com:80:80", PORT),
    ("[::1]:65536", PORT),
    ("127.0.0.1:http", PORT),
    ("example.com:80:*", ONE_PORT),
    ("example.com::*", ONE_PORT),
    ("[::1]:80:*", ONE_PORT),
    ("::1", BRACKETS),
    ("2001:db8::1", BRACKETS),
    ("::1:*", BRACKETS),
];

#[rustfmt::skip]
const ORIGINS: &[(&str, &str)] = &[
    ("", NO_SCHEME),
    ("example.com", NO_SCHEME),
    ("example.com:8443", NO_SCHEME),
    ("https:example.com", NO_SCHEME),
    ("//example.com", NO_SCHEME),
    ("*", NO_SCHEME),
    ("NULL", NO_SCHEME),
    ("null ", NO_SCHEME),
    ("://example.com", BAD_SCHEME),
    ("1https://example.com", BAD_SCHEME),
    ("ht tps://example.com", BAD_SCHEME),
    (" https://example.com", BAD_SCHEME),
    ("*://example.com", BAD_SCHEME),
    ("h\u{fc}ttps://example.com", BAD_SCHEME),
    ("https://example.com/", END),
    ("https://example.com/app", END),
    ("https://example.com?x", END),
    ("https://example.com#x", END),
    ("https:///example.com", END),
    ("https://", NO_HOST),
    ("chrome-extension://", NO_HOST),
    ("app://:*", NO_HOST),
    ("file:///", END),
    ("https://.", NO_HOST),
    ("ws://1 2", NO_HOST),
    ("chrome-extension://*", STAR),
    ("https://:8443", NO_HOST),
    ("https://:*", NO_HOST),
    ("https://exa mple.com", NO_HOST),
    ("https://a.example https:", NO_HOST),
    ("https://127.1", NO_HOST),
    ("https://0x7f000001", NO_HOST),
    ("https://[::1", NO_HOST),
    ("https://user@example.com", USER),
    ("https://*", STAR),
    ("https://*.example.com", STAR),
    ("https://b\u{fc}cher.example", ASCII),
    ("https://example.com:65536", PORT),
    ("https://example.com:evil", PORT),
    ("https://example.com:80:*", ONE_PORT),
    ("https://example.com::*", ONE_PORT),
    ("https://::1", BRACKETS),
];

fn assert_refused(
    table: &[(&'static str, &str)],
    allow: fn(TransportSecurity, &'static str) -> Result<TransportSecurity, InvalidPattern>,
    example: &'static str,
) {
    let wrong = |(value, rule): &(&'static str, &str)| {
        let text = format!("{value:?} {rule}, such as {example:?}");
        [TransportSecurity::default(), TransportSecurity::disabled()]
            .into_iter()
            .map(|security| match allow(security, value) {
                Ok(_) => "let through".to_owned(),
                Err(error) if error.value() == *value => error.to_string(),
                Err(error) => format!("refused as {}", error.value()),
            })
            .find(|said| *said != text)
            .map(|said| format!("{text}\n    said: {said}\n"))
    };
    let wrong: String = table.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(allow(TransportSecurity::default(), example).is_ok());
}

#[test]
fn nothing_can_be_added_to_a_disabled_security() {
    let host = TransportSecurity::disabled().allow_host("mcp.example.com");
    let origin = TransportSecurity::disabled().allow_origin("https://app.example.com");
    let any = TransportSecurity::default().allow_any_host();
    let any = any.allow_hosts(["mcp.example.com"]);
    for error in [host.unwrap_err(), origin.unwrap_err(), any.unwrap_err()] {
        let text = error.to_string();
        assert!(text.contains("TransportSecurity::disabled"), "{text}");
        assert!(text.contains("TransportSecurity::default()"), "{text}");
    }
}

#[test]
fn a_list_of_hosts_is_allowed_or_refused_as_one() {
    let allow = |hosts: &[&str]| TransportSecurity::default().allow_hosts(hosts);
    assert!(allow(&["mcp.example.com", "10.0.0.7:8000"]).is_ok());
    assert!(allow(&[]).is_ok());
    let error = allow(&["mcp.example.com", "*"]).unwrap_err();
    assert_eq!(error.value(), "*");
}

#[test]
fn an_invalid_host_is_refused_when_it_is_added() {
    assert_refused(HOSTS, TransportSecurity::allow_host, "mcp.example.com");
}

#[test]
fn an_invalid_origin_is_refused_when_it_is_added() {
    let example = "https://app.example.com";
    assert_refused(ORIGINS, TransportSecurity::allow_origin, example);
}
