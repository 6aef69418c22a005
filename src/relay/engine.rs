use std::pin::Pin;

use bytes::Bytes;

use crate::endpoint::NodeName;

use super::RelayError;

/// What carries a `POST` to the node that has its session, and the answer back.
///
/// See the [module docs](crate::relay) for what an engine must hold to.
pub trait Relay: Send + Sync + 'static {
    /// Gives `post` to the [`Inbound`](super::Inbound) of `node`, once, and gives out its answer.
    ///
    /// It must be over in a time that clients wait for: some give up after 5 s.
    ///
    /// # Errors
    ///
    /// There is no answer, see [`RelayError`] for which error means what. The error says whether the
    /// message may have been delivered: when in doubt, it may.
    ///
    /// # Cancel safety
    ///
    /// Dropped when the client gives up. The message may be delivered all the same.
    fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a>;
}

/// The answer of another node, to come.
pub type RelayFuture<'a> = Pin<Box<dyn Future<Output = Result<Bytes, RelayError>> + Send + 'a>>;
