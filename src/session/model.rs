//! What happens to a session from several threads at once, in all orders. Run by `.ci/model`.

use std::{future::poll_fn, sync::Arc, time::Duration};

use http::{Request, request::Parts};
use shuttle::{future::block_on, thread};

use super::{
    channel::{Channel, ChannelOptions, DeliveryError},
    guard::SessionGuard,
    halves::Session,
    id::IdSource,
    incoming::Incoming,
    outgoing::Outgoing,
    principal::{Principal, PrincipalSource},
    queue::Capacity,
    registry::{SessionOptions, SessionRegistry},
    table::{Limits, OpenError},
};
use crate::{
    message::Message,
    sync::{
        atomic::{AtomicUsize, Ordering},
        model,
    },
};

const PATIENCE: Duration = Duration::from_secs(3600);

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

fn number(message: &Message) -> usize {
    message.id().unwrap().to_string().parse().unwrap()
}

/// Two that post ten and more, twenty and more. Gives the numbers that were accepted.
fn post(channel: &Arc<Channel>) -> [thread::JoinHandle<Vec<usize>>; 2] {
    [10, 20].map(|from| {
        let channel = Arc::clone(channel);
        thread::spawn(move || {
            let mut accepted = Vec::new();
            for id in from..from + 3 {
                let incoming = Incoming::new(request(id), parts(None));
                match block_on(channel.deliver(incoming, PATIENCE)) {
                    Ok(()) => accepted.push(id),
                    Err(error) => assert_eq!(error, DeliveryError::Ended),
                }
            }
            accepted
        })
    })
}

/// Those of the tens, then those of the twenties, each in the order in which they came.
fn by_poster(mut all: Vec<usize>) -> Vec<usize> {
    all.sort_by_key(|id| id / 10);
    all
}

#[test]
fn a_session_that_is_told_the_end_gives_out_all_that_was_accepted() {
    model(|| {
        let (registry, mut session, _guard) = open();
        let channel = registry.find(session.id(), None).unwrap();
        let posters = post(&channel);
        let handler = thread::spawn(move || {
            let mut received = Vec::new();
            while let Some(incoming) = block_on(session.recv()) {
                received.push(number(&incoming.message));
            }
            received
        });
        thread::yield_now();
        channel.close_inbox();
        let accepted: Vec<_> = posters
            .into_iter()
            .flat_map(|all| all.join().unwrap())
            .collect();
        assert_eq!(by_poster(handler.join().unwrap()), accepted);
    });
}

#[test]
fn a_session_that_is_closed_lets_nobody_wait_and_keeps_nothing() {
    model(|| {
        let (registry, mut session, guard) = open();
        let id = *session.id();
        let channel = registry.find(&id, None).unwrap();
        let posters = post(&channel);
        let handler = thread::spawn(move || {
            let mut received = Vec::new();
            while let Some(incoming) = block_on(session.recv()) {
                received.push(number(&incoming.message));
            }
            block_on(session.closed());
            received
        });
        let closer = {
            let registry = registry.clone();
            thread::spawn(move || registry.close(&id))
        };
        drop(guard);
        closer.join().unwrap();
        let accepted: Vec<_> = posters
            .into_iter()
            .flat_map(|all| all.join().unwrap())
            .collect();
        let received = by_poster(handler.join().unwrap());
        assert!(received.iter().all(|id| accepted.contains(id)));
        assert!(received.is_sorted());
        assert!(registry.find(&id, None).is_none());
        assert_eq!(channel.depths(), [(0, 0), (0, 0)]);
    });
}

#[test]
fn what_was_sent_before_the_end_goes_out_and_no_more() {
    model(|| {
        let (registry, session, guard) = open();
        let id = *session.id();
        let senders = [10, 20].map(|from| {
            let sender = session.sender().clone();
            thread::spawn(move || {
                let send = |id: &usize| block_on(sender.send(request(*id))).is_ok();
                (from..from + 3).filter(send).collect::<Vec<_>>()
            })
        });
        // As the stream does it: taken while there is something, and no waker left meanwhile.
        let stream = thread::spawn(move || {
            let mut out = Vec::new();
            let channel = guard.entry().channel();
            while let Some(first) = block_on(poll_fn(|cx| {
                channel.disarm();
                channel.poll_outgoing(cx)
            })) {
                let rest = std::iter::from_fn(|| channel.next_outgoing());
                for outgoing in std::iter::once(first).chain(rest) {
                    out.push(number(outgoing.message().unwrap()));
                }
            }
            out
        });
        let closer = thread::spawn(move || registry.close(&id));
        closer.join().unwrap();
        let sent: Vec<_> = senders
            .into_iter()
            .flat_map(|all| all.join().unwrap())
            .collect();
        assert_eq!(by_poster(stream.join().unwrap()), sent);
    });
}

#[test]
fn caps_hold_and_are_free_again() {
    model(|| {
        let registry = SessionRegistry::new();
        let most = Limits {
            sessions: Some(2),
            sessions_per_principal: Some(1),
        };
        let owners = [Principal::new("one"), Principal::new("two")];
        let opened = Arc::new(AtomicUsize::new(0));
        let clients = [0, 0, 1].map(|owner| {
            let (registry, owner) = (registry.clone(), owners[owner].clone());
            let opened = Arc::clone(&opened);
            thread::spawn(move || {
                for _ in 0..2 {
                    let (session, guard) = match registry.open(parts(Some(&owner)), &options(most))
                    {
                        Ok(open) => open,
                        Err(error) => {
                            assert_ne!(error, OpenError::ShutDown);
                            continue;
                        }
                    };
                    opened.fetch_add(1, Ordering::SeqCst);
                    assert!(registry.len() <= 2);
                    let id = *session.id();
                    // Nobody else's, and gone as soon as the stream is.
                    assert!(registry.find(&id, None).is_none());
                    drop((guard, session));
                    assert!(registry.find(&id, Some(&owner)).is_none());
                }
            })
        });
        for channel in registry.channels() {
            registry.close(channel.id());
        }
        for client in clients {
            client.join().unwrap();
        }
        assert!(
            opened.load(Ordering::SeqCst) >= 2,
            "the first of each always finds room"
        );
        assert!(registry.is_empty());
        // Neither cap counts one that is gone.
        let again = owners.map(|owner| registry.open(parts(Some(&owner)), &options(most)).ok());
        assert!(again.iter().all(Option::is_some));
    });
}

#[test]
fn a_shutdown_sees_the_last_stream_go_and_lets_none_in_after_it() {
    model(|| {
        let registry = SessionRegistry::new();
        let clients = [(); 3].map(|()| {
            let registry = registry.clone();
            thread::spawn(move || {
                match registry.open(parts(None), &options(Limits::default())) {
                    Ok((mut session, guard)) => {
                        // A handler that returns when it is told.
                        while block_on(session.recv()).is_some() {}
                        guard.entry().end();
                        drop(guard);
                        true
                    }
                    Err(error) => {
                        assert_eq!(error, OpenError::ShutDown);
                        false
                    }
                }
            })
        });
        thread::yield_now();
        drop(registry.shutdown());
        for channel in registry.channels() {
            channel.close_inbox();
        }
        block_on(registry.all_left());
        assert!(registry.is_empty());
        for client in clients {
            client.join().unwrap();
        }
        assert_eq!(registry.end_all(), 0);
    });
}

#[test]
fn a_broadcast_reaches_each_session_once_or_not_at_all() {
    model(|| {
        let registry = SessionRegistry::new();
        let clients = [(); 2].map(|()| {
            let registry = registry.clone();
            thread::spawn(move || {
                let (_session, guard) = registry
                    .open(parts(None), &options(Limits::default()))
                    .unwrap();
                let channel = guard.entry().channel();
                thread::yield_now();
                let mut out = 0;
                while let Some(outgoing) = channel.next_outgoing() {
                    assert!(matches!(outgoing, Outgoing::Event(_)));
                    out += 1;
                }
                guard.entry().end();
                // Whatever came in between the last look and the end.
                out + std::iter::from_fn(|| channel.next_outgoing()).count()
            })
        });
        let told = registry.broadcast(&request(1));
        let out: usize = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum();
        assert_eq!((out, told.full), (told.sent, 0));
    });
}
