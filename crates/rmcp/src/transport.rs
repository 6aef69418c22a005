use std::io;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, GetMeta, RequestId,
        ServerJsonRpcMessage,
    },
    transport::{IntoTransport, Transport},
};

use mcp_sse_server::{
    message::{InvalidMessage, Message},
    session::{Incoming, Session, SessionReceiver, SessionSender, TrySendError},
};

use crate::{
    note,
    open::{MAX_OPEN_BYTES, MAX_OPEN_REQUESTS, Open},
    read::{self, Read},
    unsent::Unsent,
};

/// A [`Session`] as rmcp reads and writes it. A `receive` that is dropped has taken nothing.
#[derive(Debug)]
pub(crate) struct SessionTransport {
    sender: SessionSender,
    receiver: Option<SessionReceiver>,
    open: Open,
    unsent: Unsent,
    /// How many had waited in `unsent` when the last message was taken.
    sent: usize,
    /// What this transport itself answers, until it is in the outbox.
    answer: Option<Message>,
    /// Whether rmcp still waits for the request that a session begins with.
    begins: bool,
}

/// Tells a [`Session`] apart from rmcp's other transports. Never made.
#[derive(Debug)]
#[non_exhaustive]
pub enum OverSession {}

/// What rmcp's `serve`, `serve_with_ct` and `serve_directly` ask for. See the [crate docs](crate).
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

    /// Passes over what comes before the session's first request, which rmcp's `serve` would fail on.
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
                    // rmcp drops its answer.
                    if let Some(id) = &cancelled.params.request_id {
                        self.open.leave(id);
                    }
                }
            }
            ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => {}
        }
        read
    }

    /// Whether a message has a place before the session has begun. Requests have: they are answered.
    fn begin(&mut self, message: &ClientJsonRpcMessage) -> bool {
        let ClientJsonRpcMessage::Request(request) = message else {
            return false;
        };
        self.begins = match &request.request {
            ClientRequest::InitializeRequest(_) => false,
            ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => true,
            // Since MCP 2026-07-28 a session may begin with any request that says its version.
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
            // The client waits for it.
            let id = answered.ok_or_else(|| unwritable(&error))?;
            let internal = ErrorData::internal_error(
                format!("the server's answer is no message of MCP: {error}"),
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
        // At once, so that what is sent first arrives first.
        let sent = self
            .write(&item)
            .and_then(|message| match self.sender.try_send(message) {
                Ok(()) => Ok(None),
                Err(TrySendError::Full(message)) => Ok(Some((message, self.unsent.enter()))),
                Err(TrySendError::Closed(_)) => Err(ended()),
            });
        let sender = self.sender.clone();
        async move {
            if let Some((message, _waiting)) = sent? {
                sender.send(message).await.map_err(|_ended| ended())?;
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(answer) = &self.answer {
                // If the session has ended, `recv` says so.
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
        "too many requests are open in this session: there may be {MAX_OPEN_REQUESTS} at a time, of \
         {MAX_OPEN_BYTES} bytes together"
    );
    let error = ErrorData::new(ErrorCode(-32000), message, None);
    let error = ServerJsonRpcMessage::error(error, Some(id.clone()));
    Message::new(&error).map_or(Read::Nothing, Read::Refused)
}

fn ended() -> io::Error {
    let what = "the session has ended, the message was not sent";
    io::Error::new(io::ErrorKind::NotConnected, what)
}

fn unwritable(error: &InvalidMessage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
