use std::fmt;

use async_nats::{ClientError, Event, ServerError};

/// A change in the connection of a [`NatsRelay`](crate::NatsRelay).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NatsEvent {
    /// The relay is connected, for the first time or again, and subscribed.
    Connected,
    /// The connection is lost. The client reconnects by itself. Until then, `POST`s for other nodes get 503.
    Disconnected,
    /// Another node has the same name, so each gets messages for the other. Rename one of them.
    NameTaken,
    /// An error of the NATS server or client, such as a missing permission.
    Complaint(Box<str>),
    /// The connection is closed. The client does not reconnect, because the options limit the attempts.
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
            Self::Disconnected => {
                "lost the connection to NATS, sessions of other nodes cannot be reached"
            }
            Self::NameTaken => "another node has the same name, rename one of them",
            Self::Complaint(text) => return write!(f, "NATS: {text}"),
            Self::Closed => {
                "closed the connection to NATS, sessions of other nodes cannot be reached"
            }
        })
    }
}
