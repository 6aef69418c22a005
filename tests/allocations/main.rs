//! How often the paths of the transport allocate, and how many bytes: pinned, so that a copy or a box
//! more does not go unseen.
//!
//! Requests are made outside of what is counted, as slices of shared bytes, as hyper has them. Growing
//! a block counts as a new one.

#[allow(dead_code, reason = "the benches need more of it")]
#[path = "../../benches/support/mod.rs"]
mod support;

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use mcp_sse_server::Message;

fn main() {
    let runtime = support::runtime();
    let _entered = runtime.enter();
    let server = support::echo();
    let mut stream = server.stream();
    let post = support::post(&stream.uri, support::message(64));
    for _ in 0..3 {
        server.post(post.clone());
        stream.frame();
    }
    let p = post.clone();
    println!("post {:?}", measure(|| drop(server.post(p))));
    println!("frame {:?}", measure(|| drop(stream.frame())));
    let post = support::post(&stream.uri, support::message(65536));
    for _ in 0..3 {
        server.post(post.clone());
        stream.frame();
    }
    let p = post.clone();
    println!("post {:?}", measure(|| drop(server.post(p))));
    println!("frame {:?}", measure(|| drop(stream.frame())));
    let get = support::get();
    let g = get.clone();
    let mut b = None;
    println!("open {:?}", measure(|| b = Some(server.open(g))));
    println!("drop {:?}", measure(|| drop(b.take())));
    let server = support::echo();
    let gets = vec![get; 1000];
    let mut streams = Vec::with_capacity(1000);
    println!(
        "open 1000 {:?}",
        measure(|| for get in gets {
            streams.push(server.open(get));
        })
    );
    let message = Message::parse(support::message(64)).unwrap();
    println!(
        "broadcast {:?}",
        measure(|| {
            server.sessions.broadcast(&message);
        })
    );
    println!("drop 1000 {:?}", measure(|| drop(streams)));
    println!(
        "parse {:?}",
        measure(|| {
            let text = support::message(64);
            let i = measure(|| {
                black_box(Message::parse(text).unwrap());
            });
            println!("{i:?}")
        })
    );
    let _: AllocationInfo;
}
