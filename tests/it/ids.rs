//! By which ids sessions are known.

use std::sync::{Arc, Mutex};

use mcp_sse_server::{
    Handler, Session, SseServerTransport,
    session::{Principal, SessionId},
};
use mcp_sse_testkit::{
    messages::{event, ping},
    polled::{Server, Stream},
    requests,
};

async fn echo(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        session.send(incoming.message).await.unwrap();
    }
}

fn server(generate: impl Fn() -> [u8; 16] + Send + Sync + 'static) -> Server<impl Handler> {
    Server::with(echo, |transport: SseServerTransport<_>| {
        transport
            .keep_alive(None)
            .stall_timeout(None)
            .max_sessions_per_principal(1)
            .session_ids(generate)
    })
}

fn id(uri: &str) -> u128 {
    let text = uri.strip_prefix("/messages/?session_id=").unwrap();
    assert_eq!(text.len(), 32);
    u128::from_str_radix(text, 16).unwrap()
}

fn get(client: &str) -> http::Request<()> {
    let mut request = requests::get();
    request.extensions_mut().insert(Principal::new(client));
    request
}

/// The six bits of a UUID that say its version and variant, and what they say.
const FIXED: u128 = 0xf << 76 | 0b11 << 62;
const VERSION_4: u128 = 0x4 << 76 | 0b10 << 62;

#[test]
fn a_generator_gives_all_bits_but_those_that_make_it_a_uuid() {
    let bytes = Arc::new(Mutex::new([0; 16]));
    let next = Arc::clone(&bytes);
    let server = server(move || *next.lock().unwrap());
    let single = (0..128).map(|bit| 1_u128 << bit);
    let all = [0, u128::MAX, 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef];
    for given in all.into_iter().chain(single) {
        *bytes.lock().unwrap() = given.to_be_bytes();
        let id = id(&server.open().uri);
        assert_eq!(id & !FIXED, given & !FIXED, "{given:032x} became {id:032x}");
        assert_eq!(id & FIXED, VERSION_4, "{given:032x} became {id:032x}");
    }
    assert_eq!(FIXED.count_ones(), 6);
}

#[test]
fn a_generator_that_repeats_itself_takes_no_session_over() {
    let server = server(|| [7; 16]);
    let mut first = server.open();
    let mut others: Vec<_> = (0..20).map(|_| server.open()).collect();
    assert_eq!(server.sessions.len(), 21);
    let mut ids: Vec<_> = others.iter().map(|other| id(&other.uri)).collect();
    ids.push(id(&first.uri));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 21);
    assert!(ids.iter().all(|id| id & FIXED == VERSION_4));
    server.post_now(&first.uri, ping(1));
    assert_eq!(first.poll(), Some(Some(event(&ping(1)))));
    for other in &mut others {
        assert_eq!(other.poll(), None);
        server.post_now(&other.uri, ping(2));
        assert_eq!(other.poll(), Some(Some(event(&ping(2)))));
    }
    assert_eq!(first.poll(), None);
    // The first id is free again, and the next session's.
    let uri = first.uri.clone();
    drop(first);
    assert_eq!(server.open().uri, uri);
}

#[test]
fn a_stream_that_goes_ends_no_later_session_of_the_same_id() {
    let server = server(|| [7; 16]);
    let first = Stream::new(server.ask(get("alice")));
    let id: SessionId = first.uri.rsplit('=').next().unwrap().parse().unwrap();
    assert!(server.sessions.close(&id));
    let mut second = Stream::new(server.ask(get("bob")));
    assert_eq!(second.uri, first.uri);
    drop(first);
    assert_eq!(server.sessions.len(), 1);
    assert_eq!(second.poll(), None, "it goes on");
    assert_eq!(server.ask(get("bob")).status(), 503);
    drop(second);
    assert!(server.sessions.is_empty());
    drop(Stream::new(server.ask(get("bob"))));
}

#[test]
fn ids_are_unique_and_all_their_bits_vary() {
    let server = Server::with(echo, |transport| {
        transport.keep_alive(None).stall_timeout(None)
    });
    let ids: Vec<_> = (0..2000).map(|_| id(&server.open().uri)).collect();
    let (ones, zeros) = ids
        .iter()
        .fold((0, 0), |(ones, zeros), id| (ones | id, zeros | !id));
    assert_eq!(ones & zeros, !FIXED, "each bit was once 0 and once 1");
    assert!(ids.iter().all(|id| id & FIXED == VERSION_4));
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
}
