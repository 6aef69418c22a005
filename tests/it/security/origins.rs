//! Origins.

use mcp_sse_server::TransportSecurity;

use super::{
    case::{
        Case,
        Verdict::{self, Hyper, Pass, Stop, Trimmed},
    },
    run::run,
};

/// One `Origin` header. Only loopback is allowed.
#[rustfmt::skip]
const LOOPBACK: &[(&str, Verdict, &str)] = &[
    ("http://localhost", Pass, "a page of this machine"),
    ("https://localhost", Pass, "under https too"),
    ("http://localhost:3000", Pass, "any port"),
    ("https://localhost:3000", Pass, "any port"),
    ("http://localhost:80", Pass, "the default port"),
    ("http://localhost:443", Pass, "any port"),
    ("http://localhost:0", Pass, "a number like others"),
    ("http://localhost:65535", Pass, "the last port"),
    ("HTTP://LocalHost:3000", Pass, "case is ignored"),
    ("http://localhost.", Pass, "a dot at the end is the same host"),
    ("http://localhost.:3000", Pass, "a dot at the end is the same host"),
    ("http://localhost:", Pass, "an empty port is no port, RFC 3986"),
    ("http://127.0.0.1", Pass, "the address"),
    ("https://127.0.0.1:6274", Pass, "the address on any port"),
    ("http://127.0.0.1.", Pass, "a dot at the end is the same host"),
    ("http://[::1]", Pass, "the address"),
    ("https://[::1]:8443", Pass, "the address on any port"),
    ("http://[0:0:0:0:0:0:0:1]", Pass, "the same address in full"),
    ("http://[::1%25eth0]", Pass, "a zone is no part of the address"),
    ("https://evil.example", Stop, "another page"),
    ("http://evil.example:80", Stop, "another page"),
    ("null", Stop, "a sandboxed or local page, which any site can make"),
    ("NULL", Stop, "no origin"),
    ("Null", Stop, "no origin"),
    ("", Stop, "empty"),
    ("*", Stop, "a pattern in a request is not a pattern"),
    ("http://*", Stop, "a pattern in a request is not a pattern"),
    ("http://localhost:*", Stop, "a pattern in a request is not a pattern"),
    ("http://sub.localhost", Stop, "a subdomain"),
    ("http://localhost.evil.example", Stop, "begins with an allowed name"),
    ("http://evil.example.localhost", Stop, "a subdomain"),
    ("http://evillocalhost", Stop, "ends with an allowed name"),
    ("http://localhosts", Stop, "begins with an allowed name"),
    ("http://127.0.0.1.evil.example", Stop, "begins with an allowed address"),
    ("http://127.0.0.1.nip.io", Stop, "a name that resolves to loopback"),
    ("http://127.0.0.2", Stop, "another address"),
    ("http://127.1", Stop, "a short form, which no browser sends"),
    ("http://2130706433", Stop, "a decimal form, which no browser sends"),
    ("http://0x7f000001", Stop, "a hexadecimal form, which no browser sends"),
    ("http://0.0.0.0", Stop, "another address"),
    ("http://[::ffff:127.0.0.1]", Stop, "IPv4 in IPv6 is another address"),
    ("http://::1", Stop, "without brackets"),
    ("http://[::1", Stop, "no bracket at the end"),
    ("http://user@localhost", Stop, "userinfo"),
    ("http://localhost@evil.example", Stop, "an allowed name as userinfo"),
    ("http://localhost:80@evil.example", Stop, "an allowed name as userinfo"),
    ("http://localhost:evil", Stop, "the port is no number"),
    ("http://localhost:+80", Stop, "digits only"),
    ("http://localhost:65536", Stop, "beyond the last port"),
    ("http://localhost:80:80", Stop, "two ports"),
    ("http://localhost..", Stop, "two dots are no name"),
    ("http://localhost/", Stop, "an origin has no path"),
    ("http://localhost/x", Stop, "an origin has no path"),
    ("http://localhost:3000/", Stop, "an origin has no path"),
    ("http://localhost?x", Stop, "an origin has no query"),
    ("http://localhost#x", Stop, "an origin has no fragment"),
    ("http://localhost\\", Stop, "a backslash"),
    ("http://evil.example/http://localhost", Stop, "an origin has no path"),
    ("http://", Stop, "no host"),
    ("http://:80", Stop, "no host"),
    ("http:///localhost", Stop, "no host"),
    ("http:localhost", Stop, "no origin"),
    ("http:/localhost", Stop, "no origin"),
    ("//localhost", Stop, "no scheme"),
    ("://localhost", Stop, "no scheme"),
    ("localhost", Stop, "no scheme"),
    ("localhost:3000", Stop, "no scheme"),
    ("127.0.0.1", Stop, "no scheme"),
    ("1http://localhost", Stop, "no scheme begins with a digit"),
    ("ht tp://localhost", Stop, "a space is not allowed"),
    ("http://local host", Stop, "a space is not allowed"),
    ("ws://localhost", Stop, "another scheme"),
    ("file://localhost", Stop, "another scheme"),
    ("ftp://localhost", Stop, "another scheme"),
    ("httpx://localhost", Stop, "another scheme"),
    ("tauri://localhost", Stop, "another scheme, unless it is named"),
    ("chrome-extension://abcdefgh", Stop, "an extension, unless it is named"),
    ("file://", Stop, "no host"),
    ("about:blank", Stop, "no origin"),
    ("data:text/html,x", Stop, "no origin"),
    ("blob:http://localhost", Stop, "another scheme"),
    ("http://localhost http://localhost", Stop, "a list, if of one origin"),
    ("http://localhost https://evil.example", Stop, "a list"),
    ("https://evil.example http://localhost", Stop, "a list"),
    ("http://localhost,http://localhost", Stop, "a list, if of one origin"),
    ("http://localhost, http://localhost", Stop, "a list, if of one origin"),
    ("null http://localhost", Stop, "a list"),
    ("null,null", Stop, "a list"),
    ("http://%6cocalhost", Stop, "escapes are not read"),
    ("http://localhost%2f", Stop, "escapes are not read"),
    ("http%3a//localhost", Stop, "escapes are not read"),
    ("http://\u{ff4c}ocalhost", Stop, "a wide letter is another letter"),
    ("http://localhost\u{3002}", Stop, "an ideographic full stop is no dot"),
    ("\"http://localhost\"", Stop, "quotes"),
    (" http://localhost ", Trimmed, "spaces around the value"),
    (" ", Stop, "empty"),
    (" null", Stop, "null is not allowed, with a space or without"),
    ("http://localhost\0", Hyper, "no header value has such a byte"),
    ("http://local\x01host", Hyper, "no header value has such a byte"),
];

const APP: &[&str] = &["https://app.example.com"];
const PORT: &[&str] = &["https://app.example.com:8443"];
const WILD: &[&str] = &["http://app.example.com:*"];
const EXTENSION: &[&str] = &["chrome-extension://abc"];

/// The allowed origins, and one `Origin` header.
#[rustfmt::skip]
const NAMED: &[(&[&str], &str, Verdict, &str)] = &[
    (APP, "https://app.example.com", Pass, "the origin itself"),
    (APP, "https://app.example.com:443", Pass, "the scheme's default port"),
    (APP, "https://app.example.com:0443", Pass, "leading zeros are ignored"),
    (APP, "https://app.example.com:", Pass, "an empty port is no port"),
    (APP, "HTTPS://APP.example.COM", Pass, "case is ignored"),
    (APP, "https://app.example.com.", Pass, "a dot at the end is the same host"),
    (APP, "http://localhost:3000", Pass, "loopback stays allowed"),
    (APP, "http://app.example.com", Stop, "another scheme"),
    (APP, "http://app.example.com:443", Stop, "another scheme, if the port is the same"),
    (APP, "https://app.example.com:80", Stop, "another port, if http's default"),
    (APP, "https://app.example.com:8443", Stop, "another port"),
    (APP, "https://app.example.com/", Stop, "an origin has no path"),
    (APP, "https://example.com", Stop, "another host"),
    (APP, "https://x.app.example.com", Stop, "a subdomain"),
    (APP, "https://app.example.com.evil.example", Stop, "begins with an allowed name"),
    (APP, "https://evil.example?https://app.example.com", Stop, "an origin has no query"),
    (APP, "https://xapp.example.com", Stop, "ends with an allowed name"),
    (APP, "https://app-example.com", Stop, "a dot is a dot"),
    (APP, "wss://app.example.com", Stop, "another scheme"),
    (APP, "null", Stop, "not named"),
    (&["https://app.example.com:443"], "https://app.example.com", Pass, "the scheme's default port"),
    (&["HTTPS://App.Example.com."], "https://app.example.com", Pass, "case and the trailing dot of a pattern are ignored"),
    (&["http://app.example.com:443"], "http://app.example.com", Stop, "443 is not http's default"),
    (PORT, "https://app.example.com:8443", Pass, "that port"),
    (PORT, "https://app.example.com", Stop, "another port"),
    (PORT, "https://app.example.com:443", Stop, "another port"),
    (PORT, "http://app.example.com:8443", Stop, "another scheme"),
    (WILD, "http://app.example.com", Pass, "any port, also none"),
    (WILD, "http://app.example.com:1", Pass, "any port"),
    (WILD, "https://app.example.com:1", Stop, "another scheme"),
    (WILD, "http://app.example.com:*", Stop, "the port is no number"),
    (WILD, "http://app.example.com:evil", Stop, "the port is no number"),
    (&["null"], "null", Pass, "named"),
    (&["null"], "NULL", Stop, "no origin"),
    (&["null"], "null/", Stop, "no origin"),
    (&["null"], "", Stop, "empty, not null"),
    (&["null"], "https://null", Stop, "another origin"),
    (&["null"], "https://evil.example", Stop, "another origin"),
    (&["null"], " null ", Trimmed, "spaces around the value"),
    (EXTENSION, "chrome-extension://abc", Pass, "named"),
    (EXTENSION, "Chrome-Extension://ABC", Pass, "case is ignored"),
    (EXTENSION, "chrome-extension://abd", Stop, "another extension"),
    (EXTENSION, "chrome-extension://abc:80", Stop, "a scheme without a default port has none"),
    (EXTENSION, "moz-extension://abc", Stop, "another scheme"),
    (EXTENSION, "https://abc", Stop, "another scheme"),
    (&["tauri://localhost"], "tauri://localhost", Pass, "named"),
    (&["app://."], "app://.", Pass, "named, a dot alone"),
    (&["app://."], "APP://.", Pass, "case is ignored"),
    (&["app://."], "app://..", Stop, "another name"),
    (&["app://."], "app://", Stop, "another name"),
    (&["app://."], "http://.", Stop, "another scheme, whose hosts are names or addresses"),
    (&["app://-"], "app://-", Pass, "named"),
    (&["app://obsidian.md"], "app://obsidian.md", Pass, "named"),
    (&["app://1"], "app://1", Pass, "a name of digits is no address here"),
    (&["moz-extension://0e1c-0x7f"], "moz-extension://0e1c-0x7f", Pass, "named"),
    (&["file://"], "file://", Pass, "named"),
    (&["file://"], "FILE://", Pass, "case is ignored"),
    (&["file://"], "file:///", Stop, "an origin has no path"),
    (&["file://"], "file://localhost", Stop, "another name"),
    (&["file://"], "http://", Stop, "no host"),
    (&["file://"], "null", Stop, "another origin"),
    (EXTENSION, "chrome-extension://", Stop, "no name"),
    (EXTENSION, "chrome-extension://a b", Stop, "a space is not allowed"),
    (EXTENSION, "chrome-extension://abc/", Stop, "an origin has no path"),
    (EXTENSION, "chrome-extension://abc@abc", Stop, "userinfo"),
    (&["vscode-webview://1a2b"], "vscode-webview://1a2b", Pass, "named"),
    (&["app+x-1.0://a_b"], "app+x-1.0://a_b", Pass, "named"),
    (&["https://a.example", "https://b.example"], "https://a.example", Pass, "one of two"),
    (&["https://a.example", "https://b.example"], "https://b.example", Pass, "one of two"),
    (&["https://a.example", "https://b.example"], "https://a.example https://b.example", Stop, "a list"),
    (&["https://a.example", "http://b.example"], "https://b.example", Stop, "the scheme of another pattern"),
    (&["https://10.0.0.1"], "https://10.0.0.1:443", Pass, "the scheme's default port"),
    (&["https://10.0.0.1"], "https://10.1", Stop, "a short form, which no browser sends"),
    (&["https://[2001:db8::1]"], "https://[2001:DB8:0:0:0:0:0:1]", Pass, "the same address"),
    (&["https://xn--bcher-kva.example"], "https://xn--bcher-kva.example", Pass, "named"),
    (&["https://xn--bcher-kva.example"], "https://b\u{fc}cher.example", Stop, "not in ASCII"),
];

type Headers = &'static [(&'static str, &'static str)];

/// The allowed origins (`None`: the protection is off), and all headers of the browser.
#[rustfmt::skip]
const COMBINED: &[(Option<&[&str]>, Headers, Verdict, &str)] = &[
    (Some(&[]), &[], Pass, "no browser"),
    (Some(&[]), &[("sec-fetch-site", "none")], Pass, "asked for by the user"),
    (Some(&[]), &[("sec-fetch-site", "same-origin")], Pass, "a page of this server"),
    (Some(&[]), &[("sec-fetch-site", "same-site")], Pass, "a page of this site"),
    (Some(&[]), &[("sec-fetch-site", "cross-site")], Stop, "a page of another site, which hides its origin"),
    (Some(&[]), &[("sec-fetch-site", "Cross-Site")], Stop, "case is ignored"),
    (Some(&[]), &[("sec-fetch-site", " cross-site ")], Stop, "spaces around the value do not count"),
    (Some(&[]), &[("sec-fetch-site", "")], Pass, "says nothing"),
    (Some(&[]), &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], Stop, "one of two says so"),
    (Some(&[]), &[("sec-fetch-site", "cross-site"), ("sec-fetch-site", "none")], Stop, "one of two says so"),
    (Some(&[]), &[("sec-fetch-site", "none, cross-site")], Stop, "one of two says so, in one line"),
    (Some(&[]), &[("sec-fetch-site", "cross-site,none")], Stop, "one of two says so, in one line"),
    (Some(&[]), &[("sec-fetch-site", "not-cross-site")], Pass, "another word"),
    (Some(&[]), &[("origin", "http://localhost"), ("sec-fetch-site", "cross-site")], Pass, "an allowed origin says who asks"),
    (Some(&[]), &[("origin", "http://localhost"), ("sec-fetch-site", "same-origin")], Pass, "an allowed origin"),
    (Some(&[]), &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], Stop, "the origin counts"),
    (Some(&[]), &[("origin", "https://evil.example"), ("sec-fetch-site", "none")], Stop, "the origin counts"),
    (Some(&[]), &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], Stop, "another page"),
    (Some(&[]), &[("origin", "null"), ("sec-fetch-site", "same-origin")], Stop, "not named"),
    (Some(APP), &[("sec-fetch-site", "cross-site")], Stop, "an allowed page would send its origin"),
    (Some(APP), &[("origin", "https://app.example.com"), ("sec-fetch-site", "cross-site")], Pass, "an allowed origin says who asks"),
    (Some(&["null"]), &[("origin", "null"), ("sec-fetch-site", "cross-site")], Pass, "named"),
    (Some(&["null"]), &[("sec-fetch-site", "cross-site")], Stop, "no origin is not null"),
    (Some(&[]), &[("origin", "http://localhost"), ("origin", "http://localhost")], Stop, "two headers, if equal"),
    (Some(&[]), &[("origin", "http://localhost"), ("origin", "https://evil.example")], Stop, "two headers"),
    (Some(&[]), &[("origin", "https://evil.example"), ("origin", "http://localhost")], Stop, "two headers"),
    (Some(&[]), &[("origin", "http://localhost"), ("origin", "")], Stop, "two headers, one of them empty"),
    (Some(&["null"]), &[("origin", "null"), ("origin", "null")], Stop, "two headers, if equal"),
    (None, &[("origin", "https://evil.example")], Pass, "nothing is checked"),
    (None, &[("origin", "null")], Pass, "nothing is checked"),
    (None, &[("origin", "")], Pass, "nothing is checked"),
    (None, &[("origin", "a"), ("origin", "b")], Pass, "nothing is checked"),
    (None, &[("sec-fetch-site", "cross-site")], Pass, "nothing is checked"),
];

fn security(origins: &[&str]) -> TransportSecurity {
    let allow = |security: TransportSecurity, origin| security.allow_origin(origin).unwrap();
    origins.iter().fold(TransportSecurity::default(), allow)
}

fn case(
    allow: Option<&[&str]>,
    headers: &[(&'static str, &'static str)],
    verdict: Verdict,
    why: &str,
) -> Case {
    let host = [("host", "localhost:8080")];
    Case {
        security: allow.map_or_else(TransportSecurity::disabled, security),
        authority: None,
        headers: host.iter().chain(headers).copied().collect(),
        verdict,
        refusal: (403, "Invalid Origin header"),
        row: format!("allow {allow:?}, {headers:?}: {verdict:?}, {why}"),
    }
}

#[tokio::test]
async fn only_loopback_origins_are_allowed_by_default() {
    let cases = LOOPBACK.iter();
    let cases =
        cases.map(|(origin, verdict, why)| case(Some(&[]), &[("origin", *origin)], *verdict, why));
    let cases: Vec<_> = cases.collect();
    let http1 = run(&cases).await[1];
    assert!(cases.len() >= 80 && http1 == 2 * cases.len());
}

#[tokio::test]
async fn an_allowed_origin_passes_and_similar_origins_do_not() {
    let cases = NAMED.iter();
    let cases = cases.map(|(allow, origin, verdict, why)| {
        case(Some(allow), &[("origin", *origin)], *verdict, why)
    });
    run(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn several_origins_and_cross_site_requests_are_refused() {
    let cases = COMBINED.iter();
    let cases = cases.map(|(allow, headers, verdict, why)| case(*allow, headers, *verdict, why));
    run(&cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn the_host_is_checked_before_the_origin() {
    let mut case = case(
        Some(&[]),
        &[("origin", "https://evil.example")],
        Stop,
        "both are wrong",
    );
    case.headers[0].1 = "evil.example";
    case.refusal = (421, "Invalid Host header");
    run(&[case]).await;
}

#[tokio::test]
async fn any_host_may_be_named_and_the_origin_is_checked() {
    let any = || TransportSecurity::default().allow_any_host();
    let named = any().allow_origin("https://app.example.com").unwrap();
    let off = TransportSecurity::disabled().allow_any_host();
    let row = |security: &TransportSecurity, headers: Headers, verdict| Case {
        security: security.clone(),
        authority: None,
        headers: headers.to_vec(),
        verdict,
        refusal: (403, "Invalid Origin header"),
        row: format!("any host, {headers:?}: {verdict:?}"),
    };
    let any = any();
    run(&[
        row(&any, &[("host", "mcp.example.com")], Pass),
        row(&any, &[("host", "0.0.0.0:8000")], Pass),
        row(&any, &[("host", "no host!")], Pass),
        row(&any, &[], Pass),
        row(
            &any,
            &[("host", "a.example"), ("origin", "http://localhost:3000")],
            Pass,
        ),
        row(
            &any,
            &[("host", "a.example"), ("origin", "https://evil.example")],
            Stop,
        ),
        row(
            &any,
            &[("host", "evil.example"), ("origin", "https://evil.example")],
            Stop,
        ),
        row(
            &any,
            &[("host", "a.example"), ("sec-fetch-site", "cross-site")],
            Stop,
        ),
        row(
            &named,
            &[("host", "a.example"), ("origin", "https://app.example.com")],
            Pass,
        ),
        row(
            &named,
            &[("host", "a.example"), ("origin", "https://evil.example")],
            Stop,
        ),
        row(
            &off,
            &[("host", "a.example"), ("origin", "https://evil.example")],
            Pass,
        ),
    ])
    .await;
    let added = off.allow_origin("https://app.example.com");
    assert!(added.is_err(), "any origin is allowed already");
}
