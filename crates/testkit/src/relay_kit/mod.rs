//! The checks that every relay engine must pass.
//!
//! Implement [`Engine`], and await [`check`] in a test. It panics with the name of the check that fails.

mod answers;
mod engine;
mod node;
mod order;
mod what_arrives;

pub use self::engine::{Engine, Serving};

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
