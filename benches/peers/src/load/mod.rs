//! The load generator: sessions over sockets that one thread polls, with requests written by hand and
//! answers read without a copy where they come in one piece.

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
