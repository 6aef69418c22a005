//! A path, a prefix and a query either make an endpoint that stays on its host and finds its session, or are
//! refused.
#![no_main]

use arbitrary::Arbitrary;
use http::{Uri, uri::PathAndQuery};
use libfuzzer_sys::fuzz_target;
use mcp_sse_server::{MountPath, Session, SseServerTransport, endpoint::InvalidEndpoint};
use mcp_sse_server_fuzz::{Stream, answer, run};
use mcp_sse_testkit::{polled::Server, requests};
use percent_encoding::percent_decode_str;
use url::{Url, form_urlencoded};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    endpoint: &'a str,
    mount: &'a str,
    mount_of_request: Option<&'a str>,
    query: &'a [u8],
    carry_query: bool,
}

fuzz_target!(|input: Input<'_>| run(async || check(&input)));

fn check(input: &Input<'_>) {
    let transport = SseServerTransport::new(input.endpoint, |mut session: Session| async move {
        while session.recv().await.is_some() {}
    });
    let (Some(transport), Some(mount)) = (made(input.endpoint, transport), mount(input.mount))
    else {
        return;
    };
    let of_request = input.mount_of_request.map(self::mount);
    let Ok(of_request) = of_request.map(|mount| mount.ok_or(())).transpose() else {
        return;
    };
    let mut target = b"/sse?".to_vec();
    target.extend_from_slice(input.query);
    let Ok(target) = PathAndQuery::try_from(&target[..]) else {
        return;
    };

    let transport = transport
        .mount_path(mount.clone())
        .carry_query(input.carry_query)
        .keep_alive(None);
    let server = Server::of(&transport);
    let mut request = requests::get();
    *request.uri_mut() = Uri::from(target.clone());
    let prefix = of_request.as_ref().unwrap_or(&mount).clone();
    if let Some(of_request) = of_request {
        request.extensions_mut().insert(of_request);
    }
    let stream = Stream::open(&server, request).unwrap();

    let announced = stream.uri.as_str();
    assert!(
        announced.bytes().all(|byte| byte.is_ascii_graphic()),
        "{announced}"
    );
    assert!(
        announced.starts_with('/') && !announced.starts_with("//"),
        "{announced}"
    );
    let (path, query) = announced.split_once('?').unwrap();
    check_encoded(input.endpoint, path.strip_prefix(prefix.as_str()).unwrap());
    let uri: Uri = announced.parse().unwrap();
    assert_eq!(
        (uri.authority(), uri.path(), uri.query()),
        (None, path, Some(query))
    );

    // Resolve it as browsers do.
    let base = Url::parse("https://host.example:8443/a/b/sse?x=y").unwrap();
    let joined = base.join(announced).unwrap();
    assert_eq!(joined.origin(), base.origin());
    assert_eq!(
        (joined.path(), joined.fragment()),
        (path, None),
        "{announced}"
    );

    // There is one id. The rest of the carried query is unchanged and in order.
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    assert_eq!(pairs.next().unwrap().0, "session_id");
    let carried = target
        .query()
        .filter(|_| input.carry_query)
        .unwrap_or_default();
    let carried =
        form_urlencoded::parse(carried.as_bytes()).filter(|(name, _)| name != "session_id");
    assert!(pairs.eq(carried), "{announced}");

    let message = r#"{"jsonrpc":"2.0","method":"x"}"#;
    let response = server.call_now(requests::post_text(announced, message));
    assert_eq!(answer(response).0, 202, "{announced}");
}

fn mount(text: &str) -> Option<MountPath> {
    let mount = made(text, MountPath::new(text))?;
    check_encoded(text, mount.as_str());
    Some(mount)
}

/// The value that was made of a text, if the text was accepted.
fn made<T>(text: &str, made: Result<T, InvalidEndpoint>) -> Option<T> {
    made.inspect_err(|error| {
        assert_eq!(error.value(), text);
        assert!(!error.to_string().contains(char::is_control), "{error}");
    })
    .ok()
}

/// Checks that the encoded path is the same text, with escapes and a slash at the start.
fn check_encoded(text: &str, encoded: &str) {
    assert!(
        encoded.bytes().all(|byte| byte.is_ascii_graphic()),
        "{encoded}"
    );
    assert!(
        !encoded.contains(['?', '#', '\\']) && !encoded.starts_with("//"),
        "{encoded}"
    );
    let decoded = percent_decode_str(encoded).decode_utf8().unwrap();
    let slash = if text.starts_with('/') { "" } else { "/" };
    let whole = format!("{slash}{text}");
    assert!(
        decoded == whole || decoded == whole.trim_end_matches('/'),
        "{text:?}"
    );
}
