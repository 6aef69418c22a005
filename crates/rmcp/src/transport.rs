use std::io;

use mcp_sse_server::{
    Incoming, Message, Session,
    message::InvalidMessage,
    session::{SessionReceiver, SessionSender, TrySendError},
};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, GetMeta, RequestId,
        ServerJsonRpcMessage,
    },
    transport::{IntoTransport, Transport},
};

use crate::{
    note,
    open::{MAX_OPEN_BYTES, MAX_OPEN_REQUESTS, Open},
    read::{self, Read},
    unsent::Unsent,
};

/// The [`Transport`] over a [`Session`].
///
/// # Cancel safety
///
/// If the future of `receive` is dropped, no message is lost.
#[derive(Debug)]
pub(crate) struct SessionTransport {
    sender: SessionSender,
    receiver: Option<SessionReceiver>,
    open: Open,
    unsent: Unsent,
    /// The value of `unsent.done()` when the last message was received.
    sent: usize,
    /// A response that this transport made itself, and that is not in the outbox yet.
    answer: Option<Message>,
    /// Whether the transport still waits for the request that begins the session.
    begins: bool,
}

/// The marker type of [`Session`]'s implementation of rmcp's [`IntoTransport`]. It has no values.
#[derive(Debug)]
#[non_exhaustive]
pub enum OverSession {}

/// Lets rmcp's `serve`, `serve_with_ct` and `serve_directly` take a [`Session`]. See the
/// [crate docs](crate).
impl IntoTransport<RoleServer, io::Error, OverSession> for Session {
    fn into_transport(self) -> impl Transport<RoleServer, Error = io::Error> + 'static {
        SessionTransport::new(self)
    }
}

impl SessionTransport {
    fn new(session: Session) -> Self {
        let (sender, receiver) = session.split();
        Self {
            sender,
            receiver: Some(receiver),
            open: Open::default(),
            unsent: Unsent::default(),
            sent: 0,
            answer: None,
            begins: false,
        }
    }

    /// Ignores messages before the session's first request. rmcp's `serve` would fail on them.
    pub(crate) fn from_beginning(session: Session) -> Self {
        Self {
            begins: true,
            ..Self::new(session)
        }
    }

    fn read(&mut self, incoming: Incoming) -> Read {
        let bytes = incoming.message.as_bytes().len();
        let read = read::read(incoming);
        let Read::Message(message) = &read else {
            return read;
        };
        if self.begins && !self.begin(message) {
            note::early();
            return Read::Nothing;
        }
        match message {
            ClientJsonRpcMessage::Request(request) => {
                if !self.open.enter(&request.id, bytes) {
                    return too_many(&request.id);
                }
            }
            ClientJsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                {
                    // rmcp sends no response to a cancelled request.
                    if let Some(id) = &cancelled.params.request_id {
                        self.open.leave(id);
                    }
                }
            }
            ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => {}
        }
        read
    }

    /// Whether a message is allowed before the session has begun. Only requests are, because rmcp answers
    /// them.
    fn begin(&mut self, message: &ClientJsonRpcMessage) -> bool {
        let ClientJsonRpcMessage::Request(request) = message else {
            return false;
        };
        self.begins = match &request.request {
            ClientRequest::InitializeRequest(_) => false,
            ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => true,
            // Since MCP 2026-07-28 a session may begin with any request that states its protocol version.
            other => other.get_meta().protocol_version().is_none(),
        };
        true
    }

    fn write(&mut self, item: &ServerJsonRpcMessage) -> io::Result<Message> {
        let answered = match item {
            ServerJsonRpcMessage::Response(response) => Some(&response.id),
            ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        if let Some(id) = answered {
            self.open.leave(id);
        }
        Message::new(item).or_else(|error| {
            note::unwritable(&error);
            // The client waits for this response: answer with an error instead.
            let id = answered.ok_or_else(|| unwritable(&error))?;
            let internal = ErrorData::internal_error(
                format!("the server's response is not a message of MCP: {error}"),
                None,
            );
            Message::new(&ServerJsonRpcMessage::error(internal, Some(id.clone())))
                .map_err(|error| unwritable(&error))
        })
    }
}

impl Transport<RoleServer> for SessionTransport {
    type Error = io::Error;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        // Done before the future is polled, so that messages keep the order of the calls of `send`.
        let sent = self
            .write(&item)
            .and_then(|message| match self.sender.try_send(message) {
                Ok(()) => Ok(None),
                Err(TrySendError::Full(message)) => Ok(Some((message, self.unsent.enter()))),
                Err(TrySendError::Closed(_)) => Err(closed()),
            });
        let sender = self.sender.clone();
        async move {
            if let Some((message, _waiting)) = sent? {
                sender.send(message).await.map_err(|_| closed())?;
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(answer) = &self.answer {
                // An error means that the session is closed. `recv` returns `None` then.
                let _ = self.sender.send(answer.clone()).await;
                self.answer = None;
            }
            self.unsent.moved(self.sent).await;
            let incoming = self.receiver.as_mut()?.recv().await?;
            self.sent = self.unsent.done();
            match self.read(incoming) {
                Read::Message(message) => return Some(message),
                Read::Refused(answer) => self.answer = Some(answer),
                Read::Nothing => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.receiver = None;
        Ok(())
    }
}

fn too_many(id: &RequestId) -> Read {
    let message = format!(
        "too many open requests in this session: the limits are {MAX_OPEN_REQUESTS} requests and \
         {MAX_OPEN_BYTES} bytes in total"
    );
    let error = ErrorData::new(ErrorCode(-32000), message, None);
    let error = ServerJsonRpcMessage::error(error, Some(id.clone()));
    Message::new(&error).map_or(Read::Nothing, Read::Refused)
}

fn closed() -> io::Error {
    let what = "the session is closed, the message was not sent";
    io::Error::new(io::ErrorKind::NotConnected, what)
}

fn unwritable(error: &InvalidMessage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
