use std::{io, sync::Arc};

use mcp_sse_server::{
    Message, Session,
    session::{SessionReceiver, SessionSender},
};
use rmcp::{
    RoleServer,
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::{IntoTransport, Transport},
};

use crate::{
    intake::Intake,
    outgoing::{Outgoing, Sent},
    read::Instead,
    running::{Limits, Running, Total},
    write,
};

/// The [`Transport`] over a [`Session`].
///
/// # Cancel safety
///
/// If the future of `receive` is dropped, no message is lost.
#[derive(Debug)]
pub(crate) struct SessionTransport {
    receiver: Option<SessionReceiver>,
    intake: Intake,
    outgoing: Outgoing,
    /// The value of `outgoing.done()` when the last message was received.
    sent: usize,
    /// A response that this transport made itself, and that is not in the outbox yet.
    answer: Option<Message>,
}

/// The marker type of [`Session`]'s implementation of rmcp's [`IntoTransport`]. It has no values.
#[derive(Debug)]
#[non_exhaustive]
pub enum OverSession {}

/// Lets rmcp's `serve`, `serve_with_ct` and `serve_directly` take a [`Session`]. See the
/// [crate docs](crate).
impl IntoTransport<RoleServer, io::Error, OverSession> for Session {
    fn into_transport(mut self) -> impl Transport<RoleServer, Error = io::Error> + 'static {
        // rmcp depends on the handshake.
        self.initialize_returning_clients();
        let running = Running::new(Total::new(Limits::DEFAULT));
        SessionTransport::new(self, |session| Intake::any(session, running))
    }
}

impl SessionTransport {
    fn new(session: Session, intake: impl FnOnce(SessionSender) -> Intake) -> Self {
        let (sender, receiver) = session.split();
        Self {
            receiver: Some(receiver),
            intake: intake(sender.clone()),
            outgoing: Outgoing::new(sender),
            sent: 0,
            answer: None,
        }
    }

    /// For the [`Guarded`](crate::Guarded) service of a handler, whose sessions share a total.
    pub(crate) fn guarded(session: Session, total: Arc<Total>) -> Self {
        let running = Running::new(total);
        Self::new(session, |session| Intake::guarded(session, running))
    }
}

impl Transport<RoleServer> for SessionTransport {
    type Error = io::Error;

    fn send(
        &mut self,
        item: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let Some(id) = write::answered(&item) {
            self.intake.answered(id);
        }
        match write::write(&item) {
            Ok(message) => self.outgoing.send(message),
            Err(error) => Sent::now(Err(error)),
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(answer) = &self.answer {
                // An error means that the session is closed. `recv` returns `None` then.
                let _ = self.outgoing.sender().send(answer.clone()).await;
                self.answer = None;
            }
            self.outgoing.moved(self.sent).await;
            let incoming = self.receiver.as_mut()?.recv().await?;
            self.sent = self.outgoing.done();
            match self.intake.take(incoming) {
                Ok(message) => return Some(message),
                Err(Instead::Message(message)) => return Some(*message),
                Err(Instead::Answer(answer)) => self.answer = Some(answer),
                Err(Instead::Nothing) => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.receiver = None;
        Ok(())
    }
}
