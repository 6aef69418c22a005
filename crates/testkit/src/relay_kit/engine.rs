use mcp_sse_server::relay::{Inbound, Relay};
use tokio::task::JoinHandle;

/// An engine under test.
pub trait Engine {
    /// One node's connection to the engine.
    type End: Relay + Clone;

    /// A new connection, over which all other nodes of this engine can be reached.
    fn connect(&self) -> impl Future<Output = Self::End>;

    /// Receives for a node until the guard is dropped. What is sent to the node from now on reaches it.
    fn serve(&self, end: &Self::End, inbound: Inbound) -> impl Future<Output = Serving>;

    /// The largest message in bytes, if there is a limit.
    fn limit(&self) -> impl Future<Output = Option<usize>>;
}

/// Stops the receiving half of a node when it is dropped.
pub struct Serving(pub JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}
