//! Behaviour of the transport, one module a topic.

mod bad_messages;
mod delivery;
mod good_messages;
mod http_edge;
mod message_properties;
mod mount_path;
mod post_body;
mod post_body_wire;
mod post_rows;
mod post_table;
mod servers;
mod stream_head;
mod support;
