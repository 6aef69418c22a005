use std::fmt;

use async_nats::{ClientError, Event, ServerError};

/// What happens to a [`NatsRelay`](crate::NatsRelay) beside its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NatsEvent {
    /// The connection stands, for the first time or again, and so do the subscriptions.
    Connected,
    /// The connection is lost, and will be made again. Until then `POST`s for other nodes get 503.
    Disconnected,
    /// Another node has the name of this one: each gets messages for the other. Rename one.
    NameTaken,
    /// The server, or the client, complains. A permission that is missing is named here.
    Complaint(Box<str>),
    /// The connection is closed for good: the options that were given limit how often it is made.
    Closed,
}

impl NatsEvent {
    pub(crate) fn of(event: &Event) -> Self {
        match event {
            Event::Connected => Self::Connected,
            Event::Disconnected => Self::Disconnected,
            Event::Closed => Self::Closed,
            Event::ServerError(ServerError::Other(text))
            | Event::ClientError(ClientError::Other(text)) => Self::Complaint(text.as_str().into()),
            other => Self::Complaint(other.to_string().into()),
        }
    }
}

impl fmt::Display for NatsEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected to NATS",
            Self::Disconnected => "lost NATS, sessions of other nodes cannot be reached",
            Self::NameTaken => "another node has the name of this one, rename one of them",
            Self::Complaint(text) => return write!(f, "NATS: {text}"),
            Self::Closed => "left NATS for good, sessions of other nodes cannot be reached",
        })
    }
}
