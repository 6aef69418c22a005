use std::sync::Arc;

use shuttle::{future::block_on, thread};

use super::{options, parts, request};
use crate::{
    session::{
        close_reason::CloseReason,
        outgoing::Outgoing,
        principal::Principal,
        registry::SessionRegistry,
        table::{Limits, OpenError},
    },
    sync::{
        atomic::{AtomicUsize, Ordering},
        model,
    },
};

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
                        guard.entry().end(CloseReason::HandlerReturned);
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
            channel.tell_shutdown();
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
                guard.entry().end(CloseReason::HandlerReturned);
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
