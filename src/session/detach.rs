use bytes::{Bytes, BytesMut};
use http::{
    HeaderValue, Uri,
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme},
};

/// Copies the URI and the header values, which are slices of the connection's read buffer, into one
/// buffer of exactly their size.
///
/// The head of a `GET` stays with its session, and that of a `POST` waits in an inbox. Without the copy, each
/// would keep a read buffer of up to 400 KiB, and the server would have to allocate another. The names of
/// headers are no slices.
pub(super) fn detach(parts: &mut Parts) {
    let target = match parts.uri.authority() {
        None => parts.uri.path_and_query().map_or("", PathAndQuery::as_str),
        // The parts of such a target are no slice together.
        Some(_) => "",
    };
    let values = parts.headers.values().map(HeaderValue::len);
    let mut all = BytesMut::with_capacity(target.len() + values.sum::<usize>());
    all.extend_from_slice(target.as_bytes());
    let target = target.len();
    for value in parts.headers.values() {
        all.extend_from_slice(value.as_bytes());
    }

    let mut all = all.freeze();
    let mut next = |len| all.split_to(len);
    match target {
        0 => parts.uri = copy(std::mem::take(&mut parts.uri)),
        _ => replace(&mut parts.uri, Uri::from_maybe_shared(next(target))),
    }
    for value in parts.headers.values_mut() {
        let is_sensitive = value.is_sensitive();
        let copy: Bytes = next(value.len());
        replace(value, HeaderValue::from_maybe_shared(copy));
        value.set_sensitive(is_sensitive);
    }
}

/// A copy of each part of a URI, with an authority and perhaps a scheme: that of HTTP/2, and of requests to a
/// proxy.
fn copy(uri: Uri) -> Uri {
    let mut parts = uri.into_parts();
    if let Some(scheme) = &mut parts.scheme {
        let copy = Scheme::try_from(scheme.as_str());
        replace(scheme, copy);
    }
    if let Some(authority) = &mut parts.authority {
        let copy = Authority::try_from(authority.as_str());
        replace(authority, copy);
    }
    if let Some(target) = &mut parts.path_and_query {
        let copy = PathAndQuery::try_from(target.as_str());
        replace(target, copy);
    }
    Uri::from_parts(parts).unwrap_or_default()
}

/// The same bytes were valid before, so the copy does not fail.
fn replace<T, E>(place: &mut T, copy: Result<T, E>) {
    if let Ok(copy) = copy {
        *place = copy;
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn is_within(part: &[u8], whole: &[u8]) -> bool {
        whole.as_ptr_range().contains(&part.as_ptr())
    }

    #[test]
    fn the_copy_is_equal_and_outside_the_read_buffer() {
        let buffer = Bytes::from_static(b"/sse?a=1 one two \xff\xfe text/event-stream");
        let value = |range| HeaderValue::from_maybe_shared(buffer.slice(range)).unwrap();
        let mut secret = value(13..16);
        secret.set_sensitive(true);
        let mut request = Request::new(());
        *request.uri_mut() = Uri::from_maybe_shared(buffer.slice(..8)).unwrap();
        for (name, value) in [
            ("x-many", value(9..12)),
            ("x-many", secret),
            ("x-opaque", value(17..19)),
            ("accept", value(20..37)),
            ("x-empty", HeaderValue::from_static("")),
        ] {
            request.headers_mut().append(name, value);
        }
        let (mut parts, ()) = request.into_parts();
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        detach(&mut parts);
        assert_eq!((&parts.uri, &parts.headers), (&uri, &headers));
        let sensitive = |value: &HeaderValue| value.is_sensitive();
        let many = parts.headers.get_all("x-many").iter().map(sensitive);
        assert_eq!(many.collect::<Vec<_>>(), [false, true]);
        assert!(!is_within(parts.uri.path().as_bytes(), &buffer));
        for value in parts.headers.values().filter(|value| !value.is_empty()) {
            assert!(!is_within(value.as_bytes(), &buffer), "{value:?}");
        }
    }

    #[test]
    fn every_form_of_a_target_is_copied() {
        for target in [
            "http://localhost:8000/sse?a=1",
            "other+scheme://user@localhost/sse",
            "localhost:8000",
            "*",
            "/",
            "//two/slashes?a#b",
        ] {
            let buffer = Bytes::from(target);
            let uri = Uri::from_maybe_shared(buffer.clone()).unwrap();
            let request = Request::get(uri.clone()).header("host", "localhost");
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            detach(&mut parts);
            assert_eq!(parts.uri, uri);
            assert_eq!(parts.headers["host"], "localhost");
            drop(uri);
            let scheme = parts.uri.scheme_str().unwrap_or_default();
            for part in [scheme, parts.uri.path()] {
                let part = part.as_bytes();
                // "http" and "/" are constants of the crate `http`.
                assert!(part.len() < 5 || !is_within(part, &buffer), "{target}");
            }
        }
    }
}
