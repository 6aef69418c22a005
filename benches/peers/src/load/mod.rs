//! The load generator. One thread polls the sockets of all sessions. Requests are written by hand. Answers
//! that arrive in one piece are read without a copy.

mod broadcast;
mod calls;
mod churn;
mod clients;
mod connection;
mod events;
mod outcome;
mod response;
mod text;

pub(crate) use self::{
    broadcast::broadcast,
    calls::{Calls, call},
    churn::churn,
    clients::Clients,
    outcome::{Goal, Outcome},
};
