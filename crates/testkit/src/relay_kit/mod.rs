//! What every relay between nodes must do, to be run against any engine.
//!
//! Include this folder as a module, implement [`Engine`] and await [`check`] in a test, with a tokio
//! runtime of several threads or one. It needs the crates `bytes`, `http`, `http-body-util`, `tokio` and
//! `tower`. It panics with the name of what does not hold.

mod answers;
mod node;
mod order;
mod what_arrives;

use std::time::Duration;

use mcp_sse_server::relay::{Inbound, Relay};

pub(crate) use self::node::Node;

/// What is to be checked.
pub(crate) trait Engine {
    /// One node's end of it.
    type End: Relay + Clone;

    /// A new end, which reaches all others of this engine.
    async fn connect(&self) -> Self::End;

    /// Takes in for a node, until it is dropped. Those that send to it from now on reach it.
    async fn serve(&self, end: &Self::End, inbound: Inbound) -> Serving;

    /// How many bytes it carries at most, if it has a limit.
    async fn limit(&self) -> Option<usize>;
}

/// Ends the receiving half of a node when it is dropped.
pub(crate) struct Serving(pub(crate) tokio::task::JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Far beyond any wait that is right.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs all checks, one after the other.
pub(crate) async fn check(engine: &impl Engine) {
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
