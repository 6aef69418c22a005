//! The options of a transport.

use std::{fmt, sync::Arc, time::Duration};

use http::Extensions;

use crate::{
    endpoint::{Endpoint, MountPath, NodeName},
    queue::{Budgets, Capacity},
    security::TransportSecurity,
};

/// All options of a transport. Its services and its [`Inbound`](crate::relay::Inbound) share them.
///
/// [`SseServerTransport`](crate::SseServerTransport) has a setter for each option, which documents it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) endpoint: Endpoint,
    pub(crate) mount_path: MountPath,
    pub(crate) carry_query: bool,
    pub(crate) node: Option<NodeName>,
    pub(crate) security: TransportSecurity,
    pub(crate) identify: Option<Identify>,
    pub(crate) max_sessions: usize,
    pub(crate) max_sessions_per_principal: Option<usize>,
    /// The capacity of each inbox and of each outbox.
    pub(crate) queue: Capacity,
    pub(crate) body_limit: usize,
    pub(crate) in_flight_bytes: usize,
    /// Made from the two options before. All that share these options share it.
    pub(crate) bodies: Bodies,
    pub(crate) delivery_timeout: Duration,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) stall_timeout: Option<Duration>,
}

/// The budgets for the bodies of `POST`s that are on their way into an inbox.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    /// For sessions of this node.
    pub(crate) here: Arc<Budgets>,
    /// For sessions that another node may have. A client can send such bodies without a session, so they
    /// have a budget of their own.
    pub(crate) elsewhere: Arc<Budgets>,
    bytes: usize,
    body_limit: usize,
}

impl Bodies {
    pub(crate) fn new(bytes: usize, body_limit: usize) -> Self {
        let budgets = || Arc::new(Budgets::new(bytes, body_limit));
        Self {
            here: budgets(),
            elsewhere: budgets(),
            bytes,
            body_limit,
        }
    }

    /// The budgets of one session.
    pub(crate) fn session(&self) -> Budgets {
        Budgets::new(self.bytes / 16, self.body_limit)
    }
}

const BODY_LIMIT: usize = 4 * 1024 * 1024;
const IN_FLIGHT_BYTES: usize = 64 * 1024 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::default(),
            mount_path: MountPath::default(),
            carry_query: false,
            node: None,
            security: TransportSecurity::default(),
            identify: None,
            max_sessions: 10_000,
            max_sessions_per_principal: None,
            queue: Capacity {
                items: 32,
                bytes: 1024 * 1024,
            },
            body_limit: BODY_LIMIT,
            in_flight_bytes: IN_FLIGHT_BYTES,
            bodies: Bodies::new(IN_FLIGHT_BYTES, BODY_LIMIT),
            delivery_timeout: Duration::from_secs(3),
            keep_alive: Some(Duration::from_secs(8)),
            idle_timeout: None,
            stall_timeout: Some(Duration::from_secs(60)),
        }
    }
}

/// Finds the principal of a request and puts it into the request's extensions.
#[derive(Clone)]
pub(crate) struct Identify(pub(crate) Arc<dyn Fn(&mut Extensions) + Send + Sync>);

impl fmt::Debug for Identify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<fn>")
    }
}
