//! What an operator is told: spans and events with the feature `tracing`, metrics with the feature
//! `metrics`. Without them all of it is of no size and does nothing.

#[cfg(feature = "tracing")]
mod clip;
#[cfg(feature = "metrics")]
mod names;
mod post;
#[cfg(feature = "tracing")]
mod refusal;
mod relay;
mod session;

#[cfg(feature = "metrics")]
mod meter;
#[cfg(not(feature = "metrics"))]
#[path = "no_meter.rs"]
mod meter;
#[cfg(feature = "metrics")]
mod timer;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "no_trace.rs"]
mod trace;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::meter::Stamp;
/// Of every span and event: what a filter names stays, wherever the code goes.
#[cfg(feature = "tracing")]
const TARGET: &str = "mcp_sse_server";

#[cfg(feature = "tracing")]
pub(crate) use self::refusal::forbidden;
#[cfg(feature = "metrics")]
pub(crate) use self::timer::Stamp;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::trace::forbidden;
pub(crate) use self::{
    meter::{Meter, QueueMeter},
    post::{PostObserver, stream_refused},
    relay::{elsewhere, relay_failed, relay_refused, relayed},
    session::SessionObserver,
    trace::in_current_span,
};
