//! A bounded queue and a byte budget. Neither knows what a session is.

mod bounded;
mod budget;

pub(crate) use self::{
    bounded::{Capacity, PushError, Queue},
    budget::Budget,
};
