//! What is allowed depends on nothing that makes no difference, and on all else.

use http::HeaderValue;
use mcp_sse_server::{Handler, TransportSecurity};
use proptest::prelude::*;

use super::gate::{Gate, gate, is_loopback};

fn hosts() -> Gate<impl Handler> {
    let allow = [
        "example.com",
        "one.example:8443",
        "tls.example:443",
        "10.0.0.1:80",
        "[fe80::1]:99",
    ];
    let security = allow
        .iter()
        .try_fold(TransportSecurity::default(), |security, host| {
            security.allow_host(host)
        });
    gate("host", security.unwrap())
}

fn origins() -> Gate<impl Handler> {
    let allow = [
        "https://example.com",
        "http://one.example:8443",
        "app://tls.example:443",
        "http://10.0.0.1:*",
    ];
    let security = allow
        .iter()
        .try_fold(TransportSecurity::default(), |security, origin| {
            security.allow_origin(origin)
        });
    gate("origin", security.unwrap())
}

/// Hosts that are allowed on some port or on all, and hosts that are not.
const HOSTS: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "[::1]",
    "example.com",
    "one.example",
    "tls.example",
    "10.0.0.1",
    "[fe80::1]",
    "[fe80::2]",
    "evil.example",
    "10.0.0.2",
    "a.example.com",
    "example.co",
];

fn host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(HOSTS)
}

fn port() -> impl Strategy<Value = Option<u16>> {
    let known = prop::sample::select(&[80, 443, 8443, 99][..]);
    prop_oneof![
        Just(None),
        known.prop_map(Some),
        any::<u16>().prop_map(Some)
    ]
}

fn with_port(host: &str, port: Option<u16>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The same host in another form: the bits of `case` choose upper case, and a dot may follow.
fn written_otherwise(host: &str, case: u64, dot: bool) -> String {
    let letters = host
        .chars()
        .enumerate()
        .map(|(at, letter)| match case >> (at % 64) & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        });
    let dot = if dot && !host.starts_with('[') {
        "."
    } else {
        ""
    };
    letters.collect::<String>() + dot
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn case_and_a_trailing_dot_of_a_host_are_ignored(host in host(), port in port(), case: u64, dot: bool) {
        let gate = hosts();
        let other = written_otherwise(host, case, dot);
        prop_assert_eq!(
            gate.lets_text_in(&with_port(host, port)),
            gate.lets_text_in(&with_port(&other, port)),
            "{}", other
        );
    }

    #[test]
    fn a_host_without_a_port_has_either_default_port(host in host(), case: u64, dot: bool) {
        let gate = hosts();
        let host = written_otherwise(host, case, dot);
        let either = gate.lets_text_in(&with_port(&host, Some(80))) || gate.lets_text_in(&with_port(&host, Some(443)));
        prop_assert_eq!(gate.lets_text_in(&host), either, "{}", host);
        prop_assert_eq!(gate.lets_text_in(&format!("{host}:")), either, "{}:", host);
    }

    #[test]
    fn case_a_trailing_dot_and_the_default_port_of_an_origin_are_ignored(
        host in host(), port in port(), case: u64, dot: bool,
        scheme in prop::sample::select(&[("http", Some(80)), ("https", Some(443)), ("app", None)][..]),
    ) {
        let gate = origins();
        let (scheme, default) = scheme;
        let other = format!("{}://{}", written_otherwise(scheme, case, false), written_otherwise(host, case, dot));
        let plain = gate.lets_text_in(&with_port(&format!("{scheme}://{host}"), port));
        prop_assert_eq!(plain, gate.lets_text_in(&with_port(&other, port)), "{}", other);
        if port.is_none() && default.is_some() {
            prop_assert_eq!(plain, gate.lets_text_in(&with_port(&other, default)), "{}", other);
        }
    }

    #[test]
    fn a_host_with_an_escape_is_refused(host in host(), port in port(), at: prop::sample::Index, upper: bool) {
        let gate = hosts();
        let at = at.index(host.len());
        let byte = host.as_bytes()[at];
        let escape = if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        let escaped = with_port(&format!("{}{escape}{}", &host[..at], &host[at + 1..]), port);
        prop_assert!(!gate.lets_text_in(&escaped), "{}", escaped);
        prop_assert!(!origins().lets_text_in(&format!("http://{escaped}")), "{}", escaped);
    }

    #[test]
    fn a_host_with_text_around_it_passes_only_if_it_is_loopback(
        text in r"[ -~]{0,3}(localhost|LocalHost|127\.0\.0\.1|\[::1\]|\[0:0::1%25a\]|evil\.example)[ -~]{0,3}(:[0-9]{0,6})?[.:@/ ]{0,1}",
    ) {
        let gate = gate("host", TransportSecurity::default());
        prop_assert_eq!(gate.lets_text_in(&text), is_loopback(&text), "{}", text);
    }

    #[test]
    fn a_host_with_inserted_characters_is_refused(host in host(), junk in r"[^A-Za-z0-9._:\[\]%\x00-\x1f\x7f-]{1,3}", at: prop::sample::Index) {
        let gate = hosts();
        let at = at.index(host.len() + 1);
        let text = format!("{}{junk}{}", &host[..at], &host[at..]);
        prop_assert!(!gate.lets_text_in(&text), "{}", text);
        prop_assert!(!origins().lets_text_in(&format!("http://{text}")), "{}", text);
    }

    #[test]
    fn no_bytes_in_a_header_cause_a_panic(bytes: Vec<u8>) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let passes = std::str::from_utf8(&bytes).is_ok_and(is_loopback);
        prop_assert_eq!(gate("host", TransportSecurity::default()).lets_in(&value), passes);
        prop_assert!(!origins().lets_in(&value));
    }

    #[test]
    fn no_text_similar_to_a_host_causes_a_panic(text in r"[\[\]:.%@*/0-9a-fx\u{e9}-]{0,24}") {
        let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!(gate("host", TransportSecurity::default()).lets_in(&value), is_loopback(&text));
        origins().lets_text_in(&format!("http://{text}"));
    }

    #[test]
    fn no_pattern_causes_a_panic_and_each_valid_pattern_allows_itself(text in r"\PC{0,12}|[\[\]:.%@*/0-9a-fx-]{0,16}|[a-c0-9.-]{1,9}(:[0-9]{1,6}|:\*)?") {
        if let Ok(security) = TransportSecurity::default().allow_host(&text) {
            let host = text.strip_suffix(":*").unwrap_or(&text);
            prop_assert!(gate("host", security).lets_text_in(host), "{}", text);
        }
        for origin in [text.clone(), format!("https://{text}")] {
            if let Ok(security) = TransportSecurity::default().allow_origin(&origin) {
                let named = origin.strip_suffix(":*").unwrap_or(&origin);
                prop_assert!(gate("origin", security).lets_text_in(named), "{}", origin);
            }
        }
    }
}
