//! A server behind the gateway.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use http::HeaderMap;
use reqwest::Url;

/// A server and the path where clients open their streams.
#[derive(Debug)]
pub(crate) struct Server {
    /// `None` for the server without a name.
    pub(crate) name: Option<String>,
    pub(crate) path: String,
    pub(crate) target: Target,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Child(ChildCommand),
    Upstream(UpstreamServer),
}

/// How to start a stdio server.
#[derive(Clone, Debug)]
pub(crate) struct ChildCommand {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) folder: Option<PathBuf>,
}

/// Where a Streamable HTTP server is, and the headers that each request to it has.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamServer {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}
