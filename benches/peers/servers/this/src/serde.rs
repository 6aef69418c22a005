//! A handler that is written with serde.

fn main() {
    peer_this::serve(peer_this::with_serde);
}
