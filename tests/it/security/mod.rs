//! Which hosts and origins are allowed: tables, each tested over HTTP/1.1, HTTP/2 and in memory.

mod case;
mod gate;
mod hosts;
mod origins;
mod patterns;
mod properties;
mod run;
mod wire;
