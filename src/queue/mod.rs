//! A bounded queue and byte budgets. None of them knows what a session is.

mod bounded;
mod budget;
mod budgets;

pub(crate) use self::{
    bounded::{Capacity, PushError, Queue},
    budgets::{Budgets, Size},
};
