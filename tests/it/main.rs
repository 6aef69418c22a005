//! Behaviour of the transport, one module a topic.
