use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use crate::work::Call;

use super::{
    clients::{Clients, News},
    events::Event,
    outcome::{Goal, Outcome, PATIENCE},
    text::{self, Pattern},
};

/// The calls on all sessions: how many are in flight in each session, and the text of each call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    pub(crate) in_flight: u64,
    pub(crate) call: Call,
}

/// One session's calls. The next call is sent when a previous one is over: its `202` and its answer are
/// read. All `POST`s of a session use one connection; calls in flight are pipelined.
struct Lane {
    pattern: Pattern,
    begun: u64,
    accepted: u64,
    answered: u64,
    open: VecDeque<(u64, Instant)>,
    has_news: bool,
}

/// Sends calls and checks each answer, until the goal is reached and all calls are answered.
pub(crate) fn call(
    clients: &mut Clients,
    calls: Calls,
    first: u64,
    goal: Goal,
) -> io::Result<Outcome> {
    let host = clients.host();
    let mut lanes: Vec<_> = (0..clients.len())
        .map(|session| Lane::new(Pattern::new(&host, clients.path(session), calls.call)))
        .collect();
    let mut outcome = Outcome::default();
    let mut begun = 0;
    let start = Instant::now();
    let mut last_news = start;
    loop {
        let now = Instant::now();
        let mut is_over = goal.is_reached(begun, start);
        for (session, lane) in lanes.iter_mut().enumerate() {
            if !std::mem::take(&mut lane.has_news) {
                continue;
            }
            last_news = now;
            let connection = clients.posts(session)?;
            while !is_over && lane.in_flight() < calls.in_flight {
                lane.pattern
                    .write(session, first + lane.begun, connection.out());
                lane.open.push_back((first + lane.begun, now));
                lane.begun += 1;
                begun += 1;
                is_over = matches!(goal, Goal::Count(count) if begun >= count);
            }
            connection.flush()?;
        }
        let open: u64 = lanes.iter().map(Lane::in_flight).sum();
        if is_over && open == 0 || last_news.elapsed() > PATIENCE {
            outcome.lost += open;
            break;
        }
        clients.turn(|session, news| lanes[session].note(session, &news, &mut outcome))?;
    }
    outcome.time = start.elapsed();
    Ok(outcome)
}

impl Lane {
    fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            begun: 0,
            accepted: 0,
            answered: 0,
            open: VecDeque::new(),
            has_news: true,
        }
    }

    fn in_flight(&self) -> u64 {
        self.begun - self.accepted.min(self.answered)
    }

    fn note(&mut self, session: usize, news: &News<'_>, outcome: &mut Outcome) {
        self.has_news = true;
        match news {
            News::Answer(status) => {
                self.accepted += 1;
                outcome.wrong += u64::from(*status != 202);
            }
            News::Event(Event { data, .. }) if text::is_ping(data) => {}
            News::Event(Event { name, data }) => {
                self.answered += 1;
                outcome.done += 1;
                match self.take(session, name, data) {
                    Some(latency) => outcome.took(latency),
                    None => outcome.wrong += 1,
                }
            }
        }
    }

    fn take(&mut self, session: usize, name: &[u8], data: &[u8]) -> Option<Duration> {
        let n = self.pattern.answered(session, data)?;
        let place = self.open.iter().position(|(open, _)| *open == n)?;
        let (_, sent) = self.open.remove(place)?;
        (name == b"message").then(|| sent.elapsed())
    }
}
