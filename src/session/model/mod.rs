//! Models of sessions that several threads use at the same time, in many orders. `.ci/model` runs them.

mod queues;
mod registry;

use http::{Request, request::Parts};

use super::{
    entry::StreamGuard, principal::Principal, registry::SessionRegistry, session::Session,
};
use crate::{message::Message, options::Options, queue::Capacity};

fn options() -> Options {
    Options {
        queue: Capacity {
            items: 1,
            bytes: 1 << 20,
        },
        ..Options::default()
    }
}

fn parts(principal: Option<&Principal>) -> Parts {
    let mut parts = Request::new(()).into_parts().0;
    if let Some(principal) = principal {
        parts.extensions.insert(principal.clone());
    }
    parts
}

fn open() -> (SessionRegistry, Session, StreamGuard) {
    let registry = SessionRegistry::new();
    let (session, guard) = registry.open(parts(None), &options()).unwrap();
    (registry, session, guard)
}

/// A message that no answer is owed for.
fn response(id: usize) -> Message {
    Message::response(u64::try_from(id).unwrap(), &serde_json::json!({})).unwrap()
}

fn request(id: usize) -> Message {
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#)).unwrap()
}
