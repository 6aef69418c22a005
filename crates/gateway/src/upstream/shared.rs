//! What all sessions of upstreams share.

use std::sync::Arc;

use http::HeaderName;

use crate::config::Limits;

use super::held::Held;

#[derive(Clone)]
pub(super) struct Shared {
    pub(super) http: reqwest::Client,
    pub(super) forward: Arc<[HeaderName]>,
    pub(super) limits: Limits,
    pub(super) held: Held,
}
