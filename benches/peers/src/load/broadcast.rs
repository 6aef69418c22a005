use std::{io, time::Instant};

use memchr::memmem;

use super::{
    clients::{Clients, News},
    events::Event,
    outcome::{Goal, Outcome, PATIENCE},
    text,
};

/// Makes the server send a message of `size` bytes to all sessions, repeatedly. The next message follows
/// when all sessions have the previous one. An operation is one message on one stream.
pub(crate) fn broadcast(clients: &mut Clients, size: usize, goal: Goal) -> io::Result<Outcome> {
    let (post, expected) = text::notification(&clients.host(), size);
    let sessions = clients.len();
    let mut outcome = Outcome::default();
    let mut begun = 0;
    let start = Instant::now();
    while !goal.is_reached(begun, start) {
        begun += sessions as u64;
        let sent = Instant::now();
        let control = clients.posts(0)?;
        control.out().extend_from_slice(&post);
        control.flush()?;
        let mut missing = vec![true; sessions];
        let mut is_accepted = false;
        while (!is_accepted || missing.contains(&true)) && sent.elapsed() < PATIENCE {
            clients.turn(|session, news| match news {
                News::Answer(status) => {
                    is_accepted = true;
                    outcome.wrong += u64::from(status != 202);
                }
                News::Event(Event { name, data }) => {
                    outcome.done += 1;
                    let is_first = std::mem::take(&mut missing[session]);
                    let is_right =
                        name == b"message" && memmem::find(data, expected.as_bytes()).is_some();
                    outcome.wrong += u64::from(!is_first || !is_right);
                }
            })?;
        }
        outcome.took(sent.elapsed());
        let lost = missing.iter().filter(|missing| **missing).count();
        outcome.lost += lost as u64;
        if lost > 0 {
            break;
        }
    }
    outcome.time = start.elapsed();
    Ok(outcome)
}
