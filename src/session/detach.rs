use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Uri, request::Parts};

/// Copies the URI and the header values, which are slices of the connection's read buffer, into one
/// buffer of exactly their size.
///
/// A session keeps the head of its `GET` while it is open. Without the copy it would also keep the read
/// buffer of 8 KiB or more, and the server would have to allocate another.
pub(super) fn detach(parts: &mut Parts) {
    let target = parts.uri.path_and_query();
    // A target with scheme and authority is not one slice. Few clients send one.
    let target = target.filter(|_| parts.uri.authority().is_none());
    let target = target.map_or("", |target| target.as_str());
    let values = parts.headers.values().map(HeaderValue::len);
    let mut all = BytesMut::with_capacity(target.len() + values.sum::<usize>());
    all.extend_from_slice(target.as_bytes());
    let target = target.len();
    for value in parts.headers.values() {
        all.extend_from_slice(value.as_bytes());
    }

    let mut all = all.freeze();
    let mut next = |len| all.split_to(len);
    if target > 0 {
        replace(&mut parts.uri, Uri::from_maybe_shared(next(target)));
    }
    for value in parts.headers.values_mut() {
        let is_sensitive = value.is_sensitive();
        let copy: Bytes = next(value.len());
        replace(value, HeaderValue::from_maybe_shared(copy));
        value.set_sensitive(is_sensitive);
    }
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
    fn a_target_with_an_authority_is_kept() {
        for target in ["http://localhost:8000/sse?a=1", "*", "/"] {
            let request = Request::get(target).header("host", "localhost");
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            detach(&mut parts);
            assert_eq!(parts.uri, target);
            assert_eq!(parts.headers["host"], "localhost");
        }
    }
}
