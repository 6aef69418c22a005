use std::{future::poll_fn, sync::Arc, time::Duration};

use shuttle::{future::block_on, thread};

use super::{open, parts, request, response};
use crate::{
    message::Message,
    response::RejectionKind,
    session::{close_reason::CloseReason, incoming::Incoming, state::State},
    sync::model,
};

const PATIENCE: Duration = Duration::from_secs(3600);

fn number(message: &Message) -> usize {
    message.id().unwrap().to_string().parse().unwrap()
}

/// Two threads that post: one the numbers from 10, the other from 20. Each returns the accepted numbers.
fn post(state: &Arc<State>, make: fn(usize) -> Message) -> [thread::JoinHandle<Vec<usize>>; 2] {
    [10, 20].map(|from| {
        let state = Arc::clone(state);
        thread::spawn(move || {
            let mut accepted = Vec::new();
            for id in from..from + 3 {
                let incoming = Incoming {
                    message: make(id),
                    parts: Box::new(parts(None)),
                };
                match block_on(state.deliver(incoming, PATIENCE)) {
                    Ok(()) => accepted.push(id),
                    Err(error) => assert_eq!(error, RejectionKind::SessionNotFound),
                }
            }
            accepted
        })
    })
}

/// Sorts the numbers by their thread, and keeps the order of each thread.
fn by_poster(mut all: Vec<usize>) -> Vec<usize> {
    all.sort_by_key(|id| id / 10);
    all
}

#[test]
fn a_draining_session_gives_out_all_accepted_messages() {
    model(|| {
        let (registry, mut session, _guard) = open();
        let state = registry.table.find(session.id().uuid(), None).unwrap();
        let posters = post(&state, response);
        let handler = thread::spawn(move || {
            let mut received = Vec::new();
            while let Some(incoming) = block_on(session.recv()) {
                received.push(number(&incoming.message));
            }
            received
        });
        thread::yield_now();
        state.drain(CloseReason::Shutdown);
        let accepted: Vec<_> = posters
            .into_iter()
            .flat_map(|all| all.join().unwrap())
            .collect();
        assert_eq!(by_poster(handler.join().unwrap()), accepted);
    });
}

#[test]
fn a_closed_session_wakes_all_waiters_and_drops_its_messages() {
    model(|| {
        let (registry, mut session, guard) = open();
        let id = *session.id();
        let state = registry.table.find(id.uuid(), None).unwrap();
        let posters = post(&state, response);
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
        assert!(registry.table.find(id.uuid(), None).is_none());
        assert_eq!(state.depths(), [(0, 0), (0, 0)]);
    });
}

#[test]
fn exactly_the_messages_sent_before_the_close_are_written() {
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
        // The stream does the same: it disarms its waker, then takes all messages.
        let stream = thread::spawn(move || {
            let mut out = Vec::new();
            let state = guard.entry().state();
            while let Some(first) = block_on(poll_fn(|cx| {
                state.disarm();
                state.poll_outgoing(cx)
            })) {
                let rest = std::iter::from_fn(|| state.next_outgoing());
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
fn each_accepted_request_is_answered_or_gets_an_error() {
    model(|| {
        let (registry, mut session, guard) = open();
        let id = *session.id();
        let state = registry.table.find(id.uuid(), None).unwrap();
        let posters = post(&state, request);
        let sender = session.sender().clone();
        let handler = thread::spawn(move || {
            while let Some(incoming) = block_on(session.recv()) {
                let answer = response(number(&incoming.message));
                let _ = block_on(sender.send(answer));
            }
        });
        let stream = thread::spawn(move || {
            let mut out = Vec::new();
            let state = guard.entry().state();
            while let Some(outgoing) = block_on(poll_fn(|cx| state.poll_outgoing(cx))) {
                out.push(number(outgoing.message().unwrap()));
            }
            // The errors.
            let errors = state.unanswered().into_iter();
            out.extend(errors.map(|id| id.to_string().parse::<usize>().unwrap()));
            out
        });
        thread::yield_now();
        registry.close(&id);
        let mut accepted: Vec<_> = posters
            .into_iter()
            .flat_map(|all| all.join().unwrap())
            .collect();
        handler.join().unwrap();
        let mut answered = stream.join().unwrap();
        accepted.sort_unstable();
        answered.sort_unstable();
        assert_eq!(answered, accepted);
    });
}

#[test]
fn a_drained_session_has_answered_each_accepted_request() {
    model(|| {
        let (registry, mut session, guard) = open();
        let state = registry.table.find(session.id().uuid(), None).unwrap();
        let posters = post(&state, request);
        let sender = session.sender().clone();
        let handler = thread::spawn(move || {
            while let Some(incoming) = block_on(session.recv()) {
                let answer = response(number(&incoming.message));
                block_on(sender.send(answer)).unwrap();
            }
            registry.close(session.id());
        });
        let stream = thread::spawn(move || {
            let mut out = 0;
            let state = guard.entry().state();
            while block_on(poll_fn(|cx| state.poll_outgoing(cx))).is_some() {
                out += 1;
            }
            assert!(state.unanswered().is_empty());
            out
        });
        thread::yield_now();
        state.drain(CloseReason::Shutdown);
        let accepted: usize = posters
            .into_iter()
            .map(|all| all.join().unwrap().len())
            .sum();
        handler.join().unwrap();
        assert_eq!(stream.join().unwrap(), accepted);
    });
}
