//! A handler that finds the text of a call as the floor does.

fn main() {
    peer_this::serve(peer_this::echo);
}
