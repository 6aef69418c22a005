use std::{collections::HashMap, sync::Arc};

use mcp_sse_server::{
    Incoming, Message,
    message::{ErrorCode, MessageKind},
    session::SessionSender,
};
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, GetExtensions, GetMeta, RequestId,
};

use crate::{
    note,
    read::{self, Instead},
    running::{Excess, Running, Ticket},
    weigh::Values,
};

/// Takes a client's messages in: checks their bounds, then reads them.
#[derive(Debug)]
pub(crate) struct Intake {
    session: SessionSender,
    running: Arc<Running>,
    /// The places of requests whose service may drop its ticket before it has ended, that is, of a service
    /// that is not [`Guarded`](crate::Guarded).
    held: Option<HashMap<RequestId, Ticket>>,
    /// Whether the session still waits for the request that begins it.
    begins: bool,
}

impl Intake {
    /// For the [`Guarded`](crate::Guarded) service of a handler. Messages before the first request are
    /// ignored, because rmcp's `serve` would fail on them.
    pub(crate) fn guarded(session: SessionSender, running: Arc<Running>) -> Self {
        Self {
            session,
            running,
            held: None,
            begins: true,
        }
    }

    /// For any service, also one that is served without a handshake.
    pub(crate) fn any(session: SessionSender, running: Arc<Running>) -> Self {
        Self {
            held: Some(HashMap::new()),
            begins: false,
            ..Self::guarded(session, running)
        }
    }

    /// Reads a message, or says what replaces it.
    pub(crate) fn take(&mut self, incoming: Incoming) -> Result<ClientJsonRpcMessage, Instead> {
        let message = &incoming.message;
        match message.kind() {
            MessageKind::Request => self.request(incoming),
            MessageKind::Notification => self.notification(incoming),
            MessageKind::Response | MessageKind::Error => {
                if self.begins {
                    note::early();
                    return Err(Instead::Nothing);
                }
                if Values::count(message.as_bytes()).general() > self.running.limits().session_bytes
                {
                    return Err(self.refused(message, Excess::Message));
                }
                read::general(message).ok_or_else(|| read::unreadable(message))
            }
        }
    }

    fn request(&mut self, incoming: Incoming) -> Result<ClientJsonRpcMessage, Instead> {
        let message = &incoming.message;
        let id = message.id().and_then(|id| read::request_id(&id));
        let id = id.ok_or_else(|| read::unreadable(message))?;
        let values = Values::count(message.as_bytes());
        let enter = |bytes| {
            let place = self.running.enter(Some(&id), bytes);
            place.map_err(|excess| self.refused(message, excess))
        };
        let mut place = None;
        let mut request = None;
        if read::is_direct(message) {
            place = Some(enter(values.direct())?);
            request = read::by_method(message);
        }
        if request.is_none() {
            drop(place.take());
            place = Some(enter(values.general())?);
            request = read::by_method(message);
        }
        let mut request = match request {
            Some(request) => request,
            None => match read::general(message) {
                Some(ClientJsonRpcMessage::Request(read)) => read.request,
                _ => return Err(read::unreadable(message)),
            },
        };
        if self.begins {
            self.begins = !begins(&request);
        }
        let ticket = place.map(Ticket::from);
        if let (Some(held), Some(ticket)) = (&mut self.held, &ticket) {
            held.insert(id.clone(), ticket.clone());
        }
        self.extend(&mut request, incoming, ticket);
        Ok(ClientJsonRpcMessage::request(request, id))
    }

    fn notification(&mut self, incoming: Incoming) -> Result<ClientJsonRpcMessage, Instead> {
        let message = &incoming.message;
        if self.begins {
            note::early();
            return Err(Instead::Nothing);
        }
        let bytes = Values::count(message.as_bytes()).general();
        let place = self.running.enter(None, bytes);
        if let Err(excess @ Excess::Message) = place {
            return Err(self.refused(message, excess));
        }
        let Some(ClientJsonRpcMessage::Notification(mut read)) = read::general(message) else {
            return Err(Instead::Nothing);
        };
        // Each running request can be cancelled, whatever else runs.
        let is_cancelled = self.cancel(&read.notification);
        let ticket = match place {
            Ok(place) => Some(Ticket::from(place)),
            Err(_) if is_cancelled => None,
            Err(excess) => return Err(self.refused(message, excess)),
        };
        self.extend(&mut read.notification, incoming, ticket);
        Ok(ClientJsonRpcMessage::Notification(read))
    }

    /// Notes that rmcp has answered a request.
    pub(crate) fn answered(&mut self, id: &RequestId) {
        if let Some(held) = &mut self.held {
            held.remove(id);
        }
    }

    fn cancel(&mut self, notification: &ClientNotification) -> bool {
        let ClientNotification::CancelledNotification(cancelled) = notification else {
            return false;
        };
        let Some(id) = &cancelled.params.request_id else {
            return false;
        };
        // rmcp sends no response to a cancelled request.
        self.answered(id);
        self.running.cancel(id)
    }

    /// Adds what a service can know about a message besides its text.
    fn extend(&self, message: &mut impl GetExtensions, incoming: Incoming, ticket: Option<Ticket>) {
        let extensions = message.extensions_mut();
        extensions.insert(*incoming.parts);
        extensions.insert(*self.session.id());
        extensions.insert(self.session.clone());
        if let Some(ticket) = ticket {
            extensions.insert(ticket);
        }
    }

    fn refused(&self, message: &Message, excess: Excess) -> Instead {
        if message.kind() == MessageKind::Notification {
            note::dropped(excess);
        }
        let limits = self.running.limits();
        let code = match excess {
            Excess::Id => ErrorCode::INVALID_REQUEST,
            _ => TOO_MUCH,
        };
        read::instead(message, code, |what| match excess {
            Excess::Id => format!("a request with the same id is still running, {what} is refused"),
            Excess::Message => format!(
                "{what} takes too much memory: more than the {} bytes of a session. Send less, or raise \
                 `session_bytes` of `RmcpHandler` or `Bounds`",
                limits.session_bytes
            ),
            Excess::Session => format!(
                "too much runs in this session: the limits are {} requests and notifications, and {} \
                 bytes. Wait for responses, or raise `session_bytes` of \
                 `RmcpHandler` or `Bounds`",
                limits.session_tasks, limits.session_bytes
            ),
            Excess::Total => format!(
                "too much runs on this server: the limits are {} requests and notifications, and {} \
                 bytes. Try again later, or raise `total_bytes` of \
                 `RmcpHandler` or `Bounds`",
                limits.total_tasks, limits.total_bytes
            ),
        })
    }
}

/// The code of the error for a request that is over a bound.
const TOO_MUCH: ErrorCode = ErrorCode(-32000);

/// Whether a request begins a session.
fn begins(request: &ClientRequest) -> bool {
    match request {
        ClientRequest::InitializeRequest(_) => true,
        ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
        // Since MCP 2026-07-28 a session may begin with any request that states its protocol version.
        other => other.get_meta().protocol_version().is_some(),
    }
}
