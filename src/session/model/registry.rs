use std::sync::Arc;

use shuttle::{future::block_on, thread};

use super::{options, parts, request};
use crate::{
    options::Options,
    response::RejectionKind,
    session::{
        close_reason::CloseReason, outgoing::Outgoing, principal::Principal,
        registry::SessionRegistry,
    },
    sync::{
        atomic::{AtomicUsize, Ordering},
        model,
    },
};

#[test]
fn caps_hold_and_a_stream_that_leaves_frees_its_place() {
    model(|| {
        let registry = SessionRegistry::new();
        let most = Arc::new(Options {
            max_sessions: 2,
            max_sessions_per_principal: Some(1),
            ..options()
        });
        let owners = [Principal::new("one"), Principal::new("two")];
        let opened = Arc::new(AtomicUsize::new(0));
        let clients = [0, 0, 1].map(|owner| {
            let (registry, owner) = (registry.clone(), owners[owner].clone());
            let (opened, most) = (Arc::clone(&opened), Arc::clone(&most));
            thread::spawn(move || {
                for _ in 0..2 {
                    let (session, guard) = match registry.open(parts(Some(&owner)), &most) {
                        Ok(open) => open,
                        Err(error) => {
                            assert_ne!(error, RejectionKind::ShuttingDown);
                            continue;
                        }
                    };
                    opened.fetch_add(1, Ordering::SeqCst);
                    assert!(registry.len() <= 2);
                    let id = *session.id();
                    // Another principal does not find it, and it is gone with its stream.
                    assert!(registry.table.find(id.uuid(), None).is_none());
                    drop((guard, session));
                    assert!(registry.table.find(id.uuid(), Some(&owner)).is_none());
                }
            })
        });
        for state in registry.table.all() {
            registry.close(&state.id);
        }
        for client in clients {
            client.join().unwrap();
        }
        assert!(
            opened.load(Ordering::SeqCst) >= 2,
            "the first session of each principal always finds room"
        );
        assert!(registry.is_empty());
        // The caps do not count streams that are gone.
        let again = owners.map(|owner| registry.open(parts(Some(&owner)), &most).ok());
        assert!(again.iter().all(Option::is_some));
    });
}

#[test]
fn a_shutdown_waits_for_the_last_stream_and_refuses_new_ones() {
    model(|| {
        let registry = SessionRegistry::new();
        let clients = [(); 3].map(|()| {
            let registry = registry.clone();
            thread::spawn(move || {
                match registry.open(parts(None), &options()) {
                    Ok((mut session, guard)) => {
                        // A handler that returns when the session is drained.
                        while block_on(session.recv()).is_some() {}
                        guard.entry().close(CloseReason::HandlerReturned);
                        drop(guard);
                        true
                    }
                    Err(error) => {
                        assert_eq!(error, RejectionKind::ShuttingDown);
                        false
                    }
                }
            })
        });
        thread::yield_now();
        drop(registry.shutdown());
        for state in registry.table.all() {
            state.drain(CloseReason::Shutdown);
        }
        block_on(registry.table.all_left());
        assert!(registry.is_empty());
        for client in clients {
            client.join().unwrap();
        }
        assert_eq!(registry.table.close_all(CloseReason::Shutdown), 0);
    });
}

#[test]
fn a_broadcast_reaches_each_session_once_or_not_at_all() {
    model(|| {
        let registry = SessionRegistry::new();
        let clients = [(); 2].map(|()| {
            let registry = registry.clone();
            thread::spawn(move || {
                let (_session, guard) = registry.open(parts(None), &options()).unwrap();
                let state = guard.entry().state();
                thread::yield_now();
                let mut out = 0;
                while let Some(outgoing) = state.next_outgoing() {
                    assert!(matches!(outgoing, Outgoing::Event(_)));
                    out += 1;
                }
                guard.entry().close(CloseReason::HandlerReturned);
                // The messages that came after the last check and before the close.
                out + std::iter::from_fn(|| state.next_outgoing()).count()
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
