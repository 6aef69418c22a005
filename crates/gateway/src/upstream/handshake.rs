//! Connections to an upstream, and handshakes that the client did not ask for.

use std::time::Duration;

use tokio::time::timeout;

use crate::limit::limited;

use super::{
    bridge::Bridge,
    held::Waiting,
    link::{Event, Link, Sent},
    outgoing::{initialized, outgoing},
};

/// How long a handshake that the client did not ask for may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

impl Bridge<'_> {
    pub(super) fn connect(&self) -> Link {
        let largest = usize::try_from(self.upstreams.limits.line).unwrap_or(usize::MAX);
        Link::new(self.tap.clone(), self.server.url.as_str(), largest)
    }

    /// Repeats the client's handshake with a new session of the upstream. The client does not see it.
    pub(super) async fn begin_anew(&mut self, waiting: Option<Waiting>) -> Result<(), Sent> {
        let Some(initialize) = self
            .initialize
            .as_ref()
            .and_then(|message| outgoing(message).ok())
        else {
            return Ok(());
        };
        limited!(
            info,
            "upstream_anew",
            "the upstream's session is begun anew"
        );
        let mut link = self.connect();
        link.send(initialize, None, waiting);
        let answered = async {
            loop {
                match link.next().await {
                    Event::Sent(Sent { result: Ok(()), .. }) => {}
                    Event::Sent(sent) => return Err(sent),
                    Event::Received(_) => return Ok(()),
                    Event::Lost => {
                        return Err(Sent::failed("the upstream failed: the connection was lost"));
                    }
                }
            }
        };
        let late = Err(Sent::failed(
            "the upstream failed: it did not answer the handshake",
        ));
        timeout(HANDSHAKE, answered).await.unwrap_or(late)?;
        link.send(initialized(), None, None);
        self.link = Some(link);
        Ok(())
    }
}
