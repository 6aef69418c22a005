//! What happens to a session from several threads at once, in all orders. Run by `.ci/model`.

mod queues;
mod registry;

use http::{Request, request::Parts};

use super::{
    channel::ChannelOptions,
    guard::SessionGuard,
    halves::Session,
    id::IdSource,
    principal::{Principal, PrincipalSource},
    queue::Capacity,
    registry::{SessionOptions, SessionRegistry},
    table::Limits,
};
use crate::message::Message;

fn options(limits: Limits) -> SessionOptions {
    let capacity = Capacity {
        items: 1,
        bytes: 1 << 20,
    };
    SessionOptions {
        channel: ChannelOptions {
            inbox: capacity,
            outbox: capacity,
            in_flight_bytes: 1 << 20,
            track_activity: false,
            track_requests: true,
        },
        limits,
        ids: IdSource::default(),
        principal: PrincipalSource::default(),
    }
}

fn parts(principal: Option<&Principal>) -> Parts {
    let mut parts = Request::new(()).into_parts().0;
    if let Some(principal) = principal {
        parts.extensions.insert(principal.clone());
    }
    parts
}

fn open() -> (SessionRegistry, Session, SessionGuard) {
    let registry = SessionRegistry::new();
    let (session, guard) = registry
        .open(parts(None), &options(Limits::default()))
        .unwrap();
    (registry, session, guard)
}

fn request(id: usize) -> Message {
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#)).unwrap()
}
