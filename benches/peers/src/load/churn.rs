use std::{io, net::SocketAddr, time::Instant};

use mio::{Poll, Token};

use super::{
    clients::wait,
    connection::Connection,
    events::Events,
    outcome::{Goal, Outcome, PATIENCE},
    response::Part,
    text,
};

/// Opens streams, a few at a time, and closes each stream when its endpoint is known.
pub(crate) fn churn(address: SocketAddr, at_a_time: usize, goal: Goal) -> io::Result<Outcome> {
    let mut poll = Poll::new()?;
    let mut ready = mio::Events::with_capacity(1024);
    let mut scratch = vec![0; 64 * 1024];
    let get = text::get(&address.to_string());
    let mut streams: Vec<Option<Stream>> = (0..at_a_time).map(|_| None).collect();
    let mut outcome = Outcome::default();
    let mut begun = 0;
    let start = Instant::now();
    let mut last_news = start;
    loop {
        for (number, stream) in streams.iter_mut().enumerate() {
            if stream.is_none() && !goal.is_reached(begun, start) {
                let opened = Instant::now();
                let mut connection = Connection::open(address, poll.registry(), Token(number))?;
                connection.out().extend_from_slice(&get);
                connection.flush()?;
                *stream = Some(Stream {
                    connection,
                    events: Events::default(),
                    opened,
                });
                begun += 1;
            }
        }
        let open = streams.iter().flatten().count() as u64;
        if open == 0 || last_news.elapsed() > PATIENCE {
            outcome.lost += open;
            break;
        }
        wait(&mut poll, &mut ready)?;
        for ready in ready.iter().filter(|ready| ready.is_readable()) {
            last_news = Instant::now();
            let place = &mut streams[ready.token().0];
            let Some(stream) = place else { continue };
            let Some(is_right) = stream.read(&mut scratch)? else {
                continue;
            };
            outcome.done += 1;
            outcome.wrong += u64::from(!is_right);
            outcome.took(stream.opened.elapsed());
            *place = None;
        }
    }
    outcome.time = start.elapsed();
    Ok(outcome)
}

struct Stream {
    connection: Connection,
    events: Events,
    opened: Instant,
}

impl Stream {
    /// Whether the first event is an endpoint, or `None` until it arrives.
    fn read(&mut self, scratch: &mut [u8]) -> io::Result<Option<bool>> {
        let mut is_right = None;
        let events = &mut self.events;
        self.connection.read(scratch, |part| {
            if let Part::Data(data) = part {
                events.feed(data, |event| {
                    let is_endpoint = event.name == b"endpoint" && event.data.starts_with(b"/");
                    is_right.get_or_insert(is_endpoint);
                });
            }
        })?;
        Ok(is_right)
    }
}
