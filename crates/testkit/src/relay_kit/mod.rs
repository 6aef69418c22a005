//! The checks that every relay engine must pass.
//!
//! Implement [`Engine`], and await [`check`] in a test. It panics with the name of the check that fails.

mod answers;
mod node;
mod order;
mod what_arrives;

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

/// Runs all checks, one after the other.
pub async fn check(engine: &impl Engine) {
    what_arrives::the_message_its_request_and_its_principal(engine).await;
    answers::unknown_sessions_and_those_of_others_are_not_found(engine).await;
    answers::a_node_that_is_not_there_has_no_sessions(engine).await;
    answers::a_full_inbox_is_busy_and_gets_nothing(engine).await;
    answers::what_is_too_large_is_refused_and_the_rest_carried(engine).await;
    answers::a_node_that_does_not_answer_may_have_it_once(engine).await;
    answers::a_node_that_leaves_takes_its_sessions_along(engine).await;
    order::one_after_the_other_arrives_in_order_by_any_way(engine).await;
    order::side_by_side_each_arrives_once(engine).await;
}
