use std::pin::Pin;

use bytes::Bytes;

use crate::endpoint::NodeName;

use super::RelayError;

/// Forwards a `POST` to the node that has its session, and brings the answer back.
///
/// The [module docs](crate::relay) list the rules that an engine must keep.
pub trait Relay: Send + Sync + 'static {
    /// Passes `post` to the [`Inbound`](super::Inbound) of `node`, once, and returns the answer.
    ///
    /// The future must complete before clients give up. Some clients give up after 5 s.
    ///
    /// # Errors
    ///
    /// There is no answer. The [`RelayError`] says whether the message may have been delivered. In doubt,
    /// it must be [`NoAnswer`](RelayError::NoAnswer).
    ///
    /// # Cancel safety
    ///
    /// If the client gives up, the future is dropped. The message may still be delivered.
    fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a>;
}

/// The future of [`Relay::forward`]: the answer of another node.
pub type RelayFuture<'a> = Pin<Box<dyn Future<Output = Result<Bytes, RelayError>> + Send + 'a>>;
