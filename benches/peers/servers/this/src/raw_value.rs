//! A handler that is written with serde and passes texts on as `RawValue`.

fn main() {
    peer_this::serve(peer_this::with_raw_value);
}
