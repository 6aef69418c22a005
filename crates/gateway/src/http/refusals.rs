//! Logs refusals, with the flag that allows what was refused.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{HOST, ORIGIN},
};
use mcp_sse_server::response::RejectionKind;

use crate::{limit::limited, log::shown};

/// How many bytes of a host or an origin are logged.
const MOST: usize = 100;

/// Logs the refusal of a request, if a flag allows what was refused. The transport logs the others.
pub(super) async fn log(request: Request, next: Next) -> Response {
    let asked = Asked::of(request.uri(), request.headers());
    let response = next.run(request).await;
    if let Some((reason, text)) = refusal(&response, &asked) {
        let path = &asked.path;
        limited!(info, reason, reason, path, "refused: {text}");
    }
    response
}

/// Marks the response to a request without a known token.
#[derive(Clone, Copy)]
pub(super) struct NoToken;

/// The reason in one word, and a text with the flag.
fn refusal(response: &Response, asked: &Asked) -> Option<(&'static str, String)> {
    let extensions = response.extensions();
    if extensions.get::<NoToken>().is_some() {
        let text = "no known bearer token: --tokens-file or MCP_SSE_GATEWAY_TOKENS lists them";
        return Some(("no_token", text.to_owned()));
    }
    let kind = extensions.get::<RejectionKind>()?;
    let hint = flag(*kind, asked)?;
    Some((kind.as_str(), format!("{kind}: {hint}")))
}

/// What a request asked for, fit for the log.
struct Asked {
    path: String,
    host: String,
    origin: String,
}

impl Asked {
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        let authority = uri
            .authority()
            .map(|authority| authority.as_str().as_bytes());
        Self {
            path: shown(uri.path().as_bytes(), MOST),
            host: shown(authority.unwrap_or_else(|| header(HOST)), MOST),
            origin: shown(header(ORIGIN), MOST),
        }
    }
}

fn flag(kind: RejectionKind, asked: &Asked) -> Option<String> {
    let Asked { host, origin, .. } = asked;
    let flag = match kind {
        RejectionKind::HostNotAllowed if host.is_empty() => return None,
        RejectionKind::HostNotAllowed => {
            format!("--allow-host {host} or --allow-any-host allows it")
        }
        RejectionKind::OriginNotAllowed => format!("--allow-origin {origin} allows it"),
        RejectionKind::BodyTooLarge => "--max-body allows larger ones".to_owned(),
        RejectionKind::TooManySessions => "--max-children allows more".to_owned(),
        RejectionKind::TooManySessionsOfPrincipal => {
            "--max-children-per-name allows more".to_owned()
        }
        RejectionKind::ServerBusy => {
            "too many large bodies at the same time, no flag changes that".to_owned()
        }
        RejectionKind::SessionBusy => {
            "the server behind the gateway does not read, no flag changes that".to_owned()
        }
        _ => return None,
    };
    Some(flag)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Flags;

    #[test]
    fn each_hint_names_flags_that_exist() {
        let asked = Asked {
            path: "/sse".to_owned(),
            host: "mcp.example.com".to_owned(),
            origin: "https://app.example.com".to_owned(),
        };
        let command = Flags::command();
        let known: Vec<_> = command
            .get_arguments()
            .filter_map(|flag| flag.get_long())
            .collect();
        for (kind, flags) in [
            (
                RejectionKind::HostNotAllowed,
                &["allow-host", "allow-any-host"] as &[_],
            ),
            (RejectionKind::OriginNotAllowed, &["allow-origin"]),
            (RejectionKind::BodyTooLarge, &["max-body"]),
            (RejectionKind::TooManySessions, &["max-children"]),
            (
                RejectionKind::TooManySessionsOfPrincipal,
                &["max-children-per-name"],
            ),
            (RejectionKind::ServerBusy, &[]),
            (RejectionKind::SessionBusy, &[]),
        ] {
            let hint = flag(kind, &asked).unwrap();
            let words = hint.split_whitespace();
            let named: Vec<_> = words.filter_map(|word| word.strip_prefix("--")).collect();
            assert_eq!(named, flags, "{hint}");
            assert!(named.iter().all(|flag| known.contains(flag)), "{hint}");
            assert_eq!(hint.contains("no flag changes that"), flags.is_empty());
        }
        // The transport logs these.
        assert_eq!(flag(RejectionKind::SessionNotFound, &asked), None);
    }
}
