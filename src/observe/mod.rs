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
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "no_trace.rs"]
mod trace;

#[cfg(feature = "tracing")]
pub(crate) use self::refusal::forbidden;
#[cfg(feature = "nats")]
pub(crate) use self::relay::nats;
#[cfg(not(feature = "tracing"))]
pub(crate) use self::trace::forbidden;
pub(crate) use self::{
    meter::{Meter, QueueMeter, Stamp},
    post::{PostObserver, stream_refused},
    relay::{elsewhere, relay_failed, relay_refused},
    session::SessionObserver,
    trace::in_current_span,
};
