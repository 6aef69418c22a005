//! A `POST` as bytes, from one node to another.
//!
//! A text begins with its length: four bytes, the most significant first.
//!
//! ```text
//! 1              the version of the format
//! ..             the session's id, 16 bytes
//! ..             the principal: a byte that says which parts follow, then those parts
//! ..             the HTTP version in one byte, the URI
//! ..             the number of headers; for each header its name, whether it is sensitive, its value
//! ..             the message, up to the end, without a length
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, request::Parts};
use uuid::Uuid;

use crate::session::Principal;

const FORMAT: u8 = 1;

const PRINCIPAL: u8 = 1;
const ISSUER: u8 = 2;
const SUBJECT: u8 = 4;

/// The largest head. HTTP servers accept less.
const MAX_HEAD: usize = 1024 * 1024;

/// A `POST` that arrived at the session's node. The text is not checked yet.
pub(super) struct Frame {
    pub(super) id: Uuid,
    pub(super) principal: Option<Principal>,
    pub(super) parts: Parts,
    pub(super) text: Bytes,
}

/// Writes a frame. Of the extensions it holds the principal only.
pub(crate) fn encode(id: Uuid, principal: Option<&Principal>, parts: &Parts, text: &[u8]) -> Bytes {
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 9);
    let uri = parts.uri.to_string();
    let head = 64 + uri.len() + headers.sum::<usize>();
    let mut frame = BytesMut::with_capacity(head + text.len());
    frame.put_u8(FORMAT);
    frame.put_slice(id.as_bytes());
    put_principal(&mut frame, principal);
    frame.put_u8(version_to_u8(parts.version));
    put(&mut frame, uri.as_bytes());
    frame.put_u32(len_of(parts.headers.len()));
    for (name, value) in &parts.headers {
        put(&mut frame, name.as_str().as_bytes());
        frame.put_u8(value.is_sensitive().into());
        put(&mut frame, value.as_bytes());
    }
    frame.put_slice(text);
    frame.freeze()
}

fn put_principal(frame: &mut BytesMut, principal: Option<&Principal>) {
    let Some(principal) = principal else {
        frame.put_u8(0);
        return;
    };
    let (issuer, subject) = (principal.issuer(), principal.subject());
    let issuer_flag = if issuer.is_some() { ISSUER } else { 0 };
    let subject_flag = if subject.is_some() { SUBJECT } else { 0 };
    frame.put_u8(PRINCIPAL | issuer_flag | subject_flag);
    let parts = [Some(principal.client_id()), issuer, subject];
    for part in parts.into_iter().flatten() {
        put(frame, part.as_bytes());
    }
}

fn put(frame: &mut BytesMut, bytes: &[u8]) {
    frame.put_u32(len_of(bytes.len()));
    frame.put_slice(bytes);
}

/// A longer text is not cut: its frame does not decode.
fn len_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Reads a frame. `None` if the bytes are not a frame of this version. The bytes are not trusted.
pub(super) fn decode(frame: &[u8]) -> Option<Frame> {
    let mut rest = Rest(frame);
    if rest.byte()? != FORMAT {
        return None;
    }
    let id = Uuid::from_slice(rest.take(16)?).ok()?;
    let principal = rest.principal()?;
    let version = version_from_u8(rest.byte()?)?;
    let uri = Uri::try_from(rest.counted()?).ok()?;
    let headers = rest.headers()?;
    if frame.len() - rest.0.len() > MAX_HEAD {
        return None;
    }
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = Method::POST;
    parts.version = version;
    parts.uri = uri;
    parts.headers = headers;
    // Copied: a slice of the frame would keep the engine's read buffer, which may be large.
    let text = Bytes::copy_from_slice(rest.0);
    Some(Frame {
        id,
        principal,
        parts,
        text,
    })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(len)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.counted()?).ok()
    }

    fn principal(&mut self) -> Option<Option<Principal>> {
        let flags = self.byte()?;
        if flags == 0 {
            return Some(None);
        }
        if flags & PRINCIPAL == 0 || flags > PRINCIPAL | ISSUER | SUBJECT {
            return None;
        }
        let mut principal = Principal::new(self.text()?);
        if flags & ISSUER != 0 {
            principal = principal.with_issuer(self.text()?);
        }
        if flags & SUBJECT != 0 {
            principal = principal.with_subject(self.text()?);
        }
        Some(Some(principal))
    }

    fn headers(&mut self) -> Option<HeaderMap> {
        let count = self.number()?;
        let mut headers = HeaderMap::new();
        for _ in 0..count {
            let name = HeaderName::from_bytes(self.counted()?).ok()?;
            let sensitive = self.byte()? != 0;
            let mut value = HeaderValue::from_bytes(self.counted()?).ok()?;
            value.set_sensitive(sensitive);
            headers.try_append(name, value).ok()?;
        }
        Some(headers)
    }
}

fn version_to_u8(version: Version) -> u8 {
    match version {
        Version::HTTP_09 => 9,
        Version::HTTP_10 => 10,
        Version::HTTP_2 => 20,
        Version::HTTP_3 => 30,
        _ => 11,
    }
}

fn version_from_u8(byte: u8) -> Option<Version> {
    Some(match byte {
        9 => Version::HTTP_09,
        10 => Version::HTTP_10,
        11 => Version::HTTP_11,
        20 => Version::HTTP_2,
        30 => Version::HTTP_3,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts() -> Parts {
        let mut secret = HeaderValue::from_static("Bearer x");
        secret.set_sensitive(true);
        let request = Request::post("http://host:8/m/?session_id=x&node=a1&q=%20")
            .version(Version::HTTP_2)
            .header("authorization", secret)
            .header("x-twice", "1")
            .header("x-twice", HeaderValue::from_bytes(b"\xff obs").unwrap())
            .header("x-empty", "");
        request.body(()).unwrap().into_parts().0
    }

    fn frame() -> Bytes {
        let principal = Principal::new("c").with_subject("ü");
        encode(Uuid::new_v4(), Some(&principal), &parts(), b"{}")
    }

    #[test]
    fn a_frame_decodes_to_what_was_encoded() {
        let (id, sent) = (Uuid::new_v4(), parts());
        let whole = Principal::new("c").with_issuer("i").with_subject("");
        for principal in [
            None,
            Some(Principal::new("")),
            Some(Principal::new("c").with_issuer("i")),
            Some(Principal::new("c").with_subject("s")),
            Some(whole),
        ] {
            for text in ["", "{}"] {
                let frame = encode(id, principal.as_ref(), &sent, text.as_bytes());
                let frame = decode(&frame).unwrap();
                assert_eq!((frame.id, &frame.principal), (id, &principal));
                assert_eq!(frame.text, text);
                let parts = frame.parts;
                assert_eq!((&parts.method, &parts.uri), (&sent.method, &sent.uri));
                assert_eq!(parts.version, sent.version);
                assert_eq!(parts.headers, sent.headers);
                assert!(parts.headers["authorization"].is_sensitive());
                assert!(!parts.headers["x-empty"].is_sensitive());
            }
        }
    }

    #[test]
    fn a_frame_cut_before_its_text_does_not_decode() {
        let frame = frame();
        for len in 0..frame.len() - "{}".len() {
            assert!(decode(&frame[..len]).is_none(), "{len}");
        }
    }

    #[test]
    fn a_frame_with_a_wrong_version_flag_or_length_does_not_decode() {
        for (at, claim) in [(0, 2_u8), (17, 8), (17, 2), (17, 255)] {
            let mut frame = frame().to_vec();
            frame[at] = claim;
            assert!(decode(&frame).is_none(), "byte {at} is {claim}");
        }
        let mut headers = vec![FORMAT];
        headers.extend([0; 17]);
        headers.push(11);
        headers.extend([0, 0, 0, 1, b'/']);
        headers.extend(u32::MAX.to_be_bytes());
        assert!(decode(&headers).is_none());
        // More headers than a header map can hold.
        for at in 0..100_000_u32 {
            let name = format!("x{at}");
            headers.extend(len_of(name.len()).to_be_bytes());
            headers.extend(name.bytes());
            headers.extend([0; 5]);
        }
        assert!(decode(&headers).is_none());
    }

    #[test]
    fn a_frame_with_a_head_over_the_limit_does_not_decode() {
        let mut parts = parts();
        let huge = "x".repeat(MAX_HEAD);
        parts.headers.insert("x-huge", huge.parse().unwrap());
        assert!(decode(&encode(Uuid::new_v4(), None, &parts, b"{}")).is_none());
    }

    proptest! {
        #[test]
        fn decoding_any_bytes_does_not_panic(
            at in 0_usize..200,
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut frame = frame().to_vec();
            let at = at.min(frame.len());
            let end = (at + bytes.len()).min(frame.len());
            frame.splice(at..end, bytes.iter().copied());
            decode(&frame);
            decode(&bytes);
        }
    }
}
