//! What a transport must know where it is one of several.

use crate::{
    endpoint::{InvalidNodeName, NodeName},
    post::RelayHandle,
    relay::{Inbound, InboundOptions, Relay},
};

use super::SseServerTransport;

impl<H> SseServerTransport<H> {
    /// The name of this server, where several stand behind one address. Default: none.
    ///
    /// Each session's URI carries it, so that a load balancer can send the session's `POST`s to the
    /// server that has it. See [`guide::nodes`](crate::guide::nodes).
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Announced as `/messages/?session_id=..&node=a1`.
    /// let transport = SseServerTransport::new("/messages/", |_: Session| async {})?.node("a1")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `name` is no [`NodeName`].
    pub fn node(mut self, name: impl AsRef<str>) -> Result<Self, InvalidNodeName> {
        let name = NodeName::new(name)?;
        self.post.elsewhere.here = Some(name.clone());
        self.stream.node = Some(name);
        Ok(self)
    }

    /// What takes `POST`s to the other nodes that have their sessions, where the load balancer does not.
    /// Default: nothing, they get 404. See the [module docs](crate::relay).
    ///
    /// Their bodies are read before anybody knows whether there is such a session, so they have a
    /// budget of their own, as large as [`in_flight_bytes`](Self::in_flight_bytes).
    pub fn relay(mut self, relay: impl Relay) -> Self {
        self.post.elsewhere.relay = Some(RelayHandle::new(relay));
        self
    }

    /// Where a [`Relay`] puts what other nodes sent to this one.
    ///
    /// Call it when all options are set. Each call makes a budget of its own, as large as
    /// [`in_flight_bytes`](Self::in_flight_bytes).
    ///
    /// # Panics
    ///
    /// There is no [`node`](Self::node): nobody could send anything here.
    pub fn inbound(&self) -> Inbound {
        let node = self.post.elsewhere.here.clone();
        let options = InboundOptions {
            node: node.expect("a node that others reach must have a name, set by `node`"),
            body_limit: self.post.body_limit,
            in_flight_bytes: self.post.in_flight_bytes.max(self.post.body_limit),
            delivery_timeout: self.post.delivery_timeout,
        };
        Inbound::new(self.registry.clone(), options)
    }
}
