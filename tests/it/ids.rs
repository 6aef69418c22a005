//! Session ids.

use mcp_sse_server::Session;
use mcp_sse_testkit::polled::Server;

async fn silent(session: Session) {
    let _session = session;
    std::future::pending().await
}

fn id(uri: &str) -> u128 {
    let text = uri.strip_prefix("/messages/?session_id=").unwrap();
    assert_eq!(text.len(), 32);
    u128::from_str_radix(text, 16).unwrap()
}

/// The six bits of a UUID that hold its version and variant, and their values.
const FIXED: u128 = 0xf << 76 | 0b11 << 62;
const VERSION_4: u128 = 0x4 << 76 | 0b10 << 62;

#[test]
fn ids_are_unique_and_each_random_bit_varies() {
    let server = Server::with(silent, |transport| {
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
