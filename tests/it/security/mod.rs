//! Which hosts and origins reach the services: tables, on every way that a request can come.

mod case;
mod gate;
mod hosts;
mod origins;
mod patterns;
mod properties;
mod run;
mod wire;
