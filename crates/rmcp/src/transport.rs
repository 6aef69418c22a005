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
    running::{Running, Total},
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
/// [crate docs](crate). All sessions of a process that are served like this share the bounds of all sessions.
/// [`Bounds::transport`](crate::Bounds::transport) gives a session others.
impl IntoTransport<RoleServer, io::Error, OverSession> for Session {
    fn into_transport(self) -> impl Transport<RoleServer, Error = io::Error> + 'static {
        SessionTransport::by_hand(self, Total::of_process())
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

    /// For any service, which rmcp serves by hand.
    pub(crate) fn by_hand(mut session: Session, total: Arc<Total>) -> Self {
        // rmcp depends on the handshake.
        session.initialize_returning_clients();
        let running = Running::new(total);
        Self::new(session, |session| Intake::any(session, running))
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

#[cfg(test)]
mod tests {
    use mcp_sse_server::session::Peer;

    use super::*;
    use crate::running::Limits;

    async fn ping(peer: &Peer, id: i64) {
        let ping = Message::request(id, "ping", &()).unwrap();
        peer.post(ping).await.unwrap();
    }

    /// The only test here that uses the total of the process.
    #[tokio::test]
    async fn sessions_by_hand_share_one_total_whoever_leaves_and_comes_again() {
        let Limits {
            session_tasks,
            total_tasks,
            ..
        } = Limits::DEFAULT;
        // What rmcp would run, with its place. The clients are gone.
        let mut running = Vec::new();
        while running.len() < total_tasks {
            let (session, peer) = Session::pair();
            let mut transport = session.into_transport();
            for id in 0..session_tasks as i64 {
                ping(&peer, id).await;
                running.push(transport.receive().await.unwrap());
            }
        }
        let (session, mut peer) = Session::pair();
        let mut transport = session.into_transport();
        ping(&peer, 1).await;
        let _first = transport.receive().await.unwrap();
        ping(&peer, 2).await;
        let answer = tokio::select! {
            answer = peer.next() => answer.unwrap(),
            _ = transport.receive() => panic!("there is no bound"),
        };
        let answer = answer.as_str();
        assert!(
            answer.contains(r#""id":2,"error":{"code":-32000"#),
            "{answer}"
        );
        assert!(answer.contains("too much runs on this server"), "{answer}");
        assert!(answer.contains("16384 requests"), "{answer}");
        assert!(answer.contains("`Bounds`"), "{answer}");
        drop(running);
        ping(&peer, 3).await;
        assert!(transport.receive().await.is_some());
    }
}
