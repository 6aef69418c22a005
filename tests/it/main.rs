//! The behaviour of the transport, with one module for each topic.

mod answers;
mod auto_traits;
mod axum_router;
mod bad_messages;
mod bounds;
mod calls;
mod caps;
mod close_reason;
mod delivery;
mod demo;
mod disconnect;
mod dripping;
mod endpoints;
mod good_messages;
mod handler;
mod http_edge;
mod hyper_layer;
mod ids;
mod keep_alive;
mod layer;
mod layer_paths;
mod message_properties;
#[cfg(feature = "metrics")]
mod metrics;
mod middleware;
mod mount_path;
mod pair;
mod panics;
mod post_body;
mod post_body_wire;
mod post_rows;
mod post_table;
mod principal;
mod quickstart;
mod registry;
mod relay;
mod returning;
mod security;
mod servers;
mod session;
mod shutdown;
mod stall;
mod stream;
mod stream_head;
#[cfg(feature = "tracing")]
mod trace;
