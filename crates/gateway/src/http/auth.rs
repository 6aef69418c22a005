//! Bearer tokens.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, Method, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use mcp_sse_server::session::Principal;

use crate::config::Tokens;

use super::refusals::NoToken;

/// Lets a request pass if it has a known token, and gives it the principal of the token's owner.
///
/// A preflight of CORS never has a token.
pub(super) async fn check(
    State(tokens): State<Arc<Tokens>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    match bearer(request.headers()).and_then(|token| tokens.owner(token)) {
        Some(owner) => {
            request.extensions_mut().insert(Principal::new(owner));
            next.run(request).await
        }
        None => {
            let body = "Unauthorized: a known bearer token is required\n";
            (
                StatusCode::UNAUTHORIZED,
                [(WWW_AUTHENTICATE, "Bearer")],
                Extension(NoToken),
                body,
            )
                .into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_has_its_scheme_in_any_case_and_is_given_once() {
        for (values, token) in [
            (&["Bearer abc"] as &[_], Some("abc")),
            (&["bEARER  abc"], Some("abc")),
            (&["Bearer "], Some("")),
            (&["Bearerabc"], None),
            (&["Basic abc"], None),
            (&["abc"], None),
            (&["Bearer a", "Bearer a"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            assert_eq!(bearer(&headers), token.map(str::as_bytes), "{values:?}");
        }
    }
}
