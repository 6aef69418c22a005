//! What comes back from an upstream.

use mcp_sse_server::{
    Message,
    message::{MessageKind, OwnedRequestId},
};
use tokio::time::Instant;

use crate::{answers, limit::limited};

use super::{
    bridge::Bridge,
    link::{Event, Sent},
};

impl Bridge<'_> {
    pub(super) async fn event(&mut self, event: Event) {
        match event {
            Event::Sent(sent) => self.sent(sent).await,
            Event::Received(message) => {
                self.heard = Instant::now();
                // The tap has passed on what came as an event. What is left came as plain JSON, or is rmcp's own.
                match Message::new(&*message) {
                    Ok(message)
                        if matches!(message.kind(), MessageKind::Response | MessageKind::Error) =>
                    {
                        self.inbound.pass(message).await;
                    }
                    Ok(_) => {}
                    Err(error) => limited!(
                        warn,
                        "upstream_skipped",
                        "skipped a message of the upstream: {error}"
                    ),
                }
            }
            Event::Lost => {
                self.link = None;
                limited!(warn, "upstream_lost", "the upstream's session was lost");
                let reason = "the upstream's session was lost, the next message begins a new one";
                answers::fail_all(&self.inbound.sender, &self.inbound.open, reason).await;
            }
        }
    }

    /// Handles the end of a send: a failed request is answered.
    pub(super) async fn sent(&mut self, sent: Sent) {
        let Err(failure) = sent.result else {
            return self.hold.release();
        };
        limited!(warn, "upstream_failed", "{}", failure.text);
        if let Some(challenge) = failure.challenge {
            self.hold.again();
            let refused = sent
                .waiting
                .is_some_and(|waiting| waiting.refuse(challenge));
            if refused {
                // The client knows from its POST, and may send the request again under the same id.
                if let Some(id) = sent.id {
                    self.inbound.open.take(&id);
                }
                return;
            }
        }
        self.fail(sent.id, &failure.text).await;
    }

    /// Answers a request that was not answered yet.
    pub(super) async fn fail(&mut self, id: Option<OwnedRequestId>, reason: &str) {
        if let Some(id) = id.filter(|id| self.inbound.open.take(id)) {
            answers::error(&self.inbound.sender, &id, reason).await;
        }
    }

    /// Answers the requests that wait for too long, unless the upstream sends something meanwhile.
    pub(super) async fn expire(&mut self) {
        let limit = self.upstreams.limits.upstream;
        let Some(before) = Instant::now().checked_sub(limit) else {
            return;
        };
        if self.heard > before {
            return;
        }
        let reason = format!(
            "the upstream did not answer within {} s, see --upstream-timeout",
            limit.as_secs_f64()
        );
        for id in self.inbound.open.take_older(before) {
            limited!(warn, "upstream_late", "{reason}");
            answers::error(&self.inbound.sender, &id, &reason).await;
        }
    }
}
