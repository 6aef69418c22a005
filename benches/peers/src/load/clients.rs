use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Poll, Token};

use super::{
    connection::Connection,
    events::{Event, Events},
    outcome::PATIENCE,
    response::Part,
    text,
};

/// How many streams are opened at the same time.
const OPENING: usize = 64;
const SCRATCH: usize = 256 * 1024;

/// Open sessions, each with a connection for its stream and one for its `POST`s.
#[derive(Debug)]
pub(crate) struct Clients {
    address: SocketAddr,
    poll: Poll,
    ready: mio::Events,
    scratch: Vec<u8>,
    sessions: Vec<Session>,
    /// Whether each session begins with MCP's handshake.
    begins: bool,
}

#[derive(Debug)]
struct Session {
    stream: Connection,
    events: Events,
    path: String,
    posts: Option<Connection>,
}

/// What arrives on a session's connections.
#[derive(Debug)]
pub(crate) enum News<'a> {
    Event(Event<'a>),
    /// The status of a `POST`.
    Answer(u16),
}

impl Clients {
    pub(crate) fn new(address: SocketAddr, begins: bool) -> io::Result<Self> {
        Ok(Self {
            address,
            poll: Poll::new()?,
            ready: mio::Events::with_capacity(1024),
            scratch: vec![0; SCRATCH],
            sessions: Vec::new(),
            begins,
        })
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// The path of a session's `POST`s.
    pub(crate) fn path(&self, session: usize) -> &str {
        &self.sessions[session].path
    }

    /// Opens sessions until there are `sessions` of them.
    pub(crate) fn open(&mut self, sessions: usize) -> io::Result<()> {
        let get = text::get(&self.host());
        while self.len() < sessions {
            let first = self.len();
            let last = sessions.min(first + OPENING);
            for session in first..last {
                let token = Token(session * 2);
                let mut stream = Connection::open(self.address, self.poll.registry(), token)?;
                stream.out().extend_from_slice(&get);
                stream.flush()?;
                self.sessions.push(Session {
                    stream,
                    events: Events::default(),
                    path: String::new(),
                    posts: None,
                });
            }
            self.await_endpoints(first)?;
            if self.begins {
                self.begin(first)?;
            }
        }
        Ok(())
    }

    /// Makes the handshake of all sessions from `first` on.
    fn begin(&mut self, first: usize) -> io::Result<()> {
        let host = self.host();
        for session in first..self.len() {
            let posts = text::handshake(&host, self.path(session));
            let connection = self.posts(session)?;
            connection.out().extend_from_slice(&posts);
            connection.flush()?;
        }
        // Two accepted `POST`s and one answer.
        let mut missing = vec![3; self.len() - first];
        let start = Instant::now();
        while missing.iter().any(|missing| *missing > 0) {
            self.turn(|session, news| {
                if session >= first && !matches!(news, News::Answer(status) if status != 202) {
                    missing[session - first] -= 1;
                }
            })?;
            if start.elapsed() > 3 * PATIENCE {
                return Err(io::Error::other("a session did not begin"));
            }
        }
        // A client that is idle has no connection for its next `POST`.
        for session in &mut self.sessions[first..] {
            session.posts = None;
        }
        Ok(())
    }

    fn await_endpoints(&mut self, first: usize) -> io::Result<()> {
        let mut paths = vec![String::new(); self.len() - first];
        let start = Instant::now();
        while paths.iter().any(String::is_empty) {
            self.turn(|session, news| {
                if let News::Event(Event { name, data }) = news
                    && name == b"endpoint"
                {
                    paths[session - first] = String::from_utf8_lossy(data).into_owned();
                }
            })?;
            if start.elapsed() > 3 * PATIENCE {
                return Err(io::Error::other("a stream did not start with its endpoint"));
            }
        }
        for (session, path) in self.sessions[first..].iter_mut().zip(paths) {
            session.path = path;
        }
        Ok(())
    }

    /// The connection for a session's `POST`s.
    pub(crate) fn posts(&mut self, session: usize) -> io::Result<&mut Connection> {
        let posts = &mut self.sessions[session].posts;
        if posts.is_none() {
            let token = Token(session * 2 + 1);
            let registry = self.poll.registry();
            *posts = Some(Connection::open(self.address, registry, token)?);
        }
        posts.as_mut().ok_or(io::ErrorKind::NotConnected.into())
    }

    /// Waits for events on the sockets, and passes them on.
    pub(crate) fn turn(&mut self, mut on: impl FnMut(usize, News<'_>)) -> io::Result<()> {
        wait(&mut self.poll, &mut self.ready)?;
        for ready in &self.ready {
            let number = ready.token().0 / 2;
            let session = &mut self.sessions[number];
            let is_stream = ready.token().0 % 2 == 0;
            let connection = if is_stream {
                &mut session.stream
            } else {
                session.posts.as_mut().ok_or(io::ErrorKind::NotConnected)?
            };
            if ready.is_writable() {
                connection.flush()?;
            }
            if !ready.is_readable() {
                continue;
            }
            if is_stream {
                let events = &mut session.events;
                connection.read(&mut self.scratch, |part| {
                    if let Part::Data(data) = part {
                        events.feed(data, |event| on(number, News::Event(event)));
                    }
                })?;
            } else {
                connection.read(&mut self.scratch, |part| {
                    if let Part::Status(status) = part {
                        on(number, News::Answer(status));
                    }
                })?;
            }
        }
        Ok(())
    }
}

/// Waits a short time for events on the sockets.
pub(super) fn wait(poll: &mut Poll, ready: &mut mio::Events) -> io::Result<()> {
    match poll.poll(ready, Some(Duration::from_millis(100))) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}
