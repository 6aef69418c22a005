//! The configuration: flags that were checked together.

mod files;
mod servers;
mod tokens;

use std::{path::Path, time::Duration};

use http::{HeaderName, header::AUTHORIZATION};
use mcp_sse_server::TransportSecurity;
use reqwest::Certificate;

use crate::{
    cli::{Flags, LogFormat},
    values::Variable,
};

pub(crate) use self::{
    servers::{ChildCommand, Server, Target, UpstreamServer},
    tokens::Tokens,
};

pub(crate) struct Config {
    pub(crate) listen: String,
    pub(crate) servers: Vec<Server>,
    pub(crate) messages_path: String,
    pub(crate) prefix: Option<String>,
    pub(crate) health_path: String,
    pub(crate) metrics: Option<std::net::SocketAddr>,
    /// The certificate chain and its private key, in PEM.
    pub(crate) tls: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) security: TransportSecurity,
    /// Whether a host or each host was allowed.
    pub(crate) names_host: bool,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) env: Vec<Variable>,
    pub(crate) forward: Vec<HeaderName>,
    /// Authorities that upstreams' certificates may have, beside those of the system.
    pub(crate) upstream_ca: Vec<Certificate>,
    pub(crate) limits: Limits,
    pub(crate) initialize: bool,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) children: u16,
    pub(crate) children_per_name: Option<u16>,
    pub(crate) line: u32,
    pub(crate) body: u32,
    pub(crate) keep_alive: Duration,
    pub(crate) idle: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) upstream: Duration,
}

impl Config {
    /// Checks the flags and reads the files that they name.
    ///
    /// `tokens` is the value of `MCP_SSE_GATEWAY_TOKENS`.
    pub(crate) fn new(flags: Flags, tokens: Option<String>) -> Result<Self, String> {
        for (at, variable) in flags.env_from_header.iter().enumerate() {
            let name = &variable.name;
            if flags.env_from_header[..at]
                .iter()
                .any(|other| other.name == *name)
            {
                return Err(format!(
                    "--env-from-header: {name} is set from two headers, use each variable once"
                ));
            }
        }
        let servers = servers::all(&flags)?;
        paths_differ(&flags, &servers)?;
        let tokens = Tokens::read(flags.tokens_file.as_deref(), tokens)?;
        if tokens.is_none() && flags.max_children_per_name.is_some() {
            return Err("--max-children-per-name needs names: give --tokens-file".to_owned());
        }
        let mut forward = flags.forward_header.clone();
        // With tokens, `authorization` holds a token of the gateway, which no other server may see.
        if tokens.is_none() && !forward.contains(&AUTHORIZATION) {
            forward.push(AUTHORIZATION);
        }
        let tls = match (&flags.tls_cert, &flags.tls_key) {
            (Some(cert), Some(key)) => Some((
                files::read("--tls-cert", cert)?,
                files::read("--tls-key", key)?,
            )),
            _ => None,
        };
        let upstream_ca = match &flags.upstream_ca {
            Some(path) => authorities(path)?,
            None => Vec::new(),
        };
        Ok(Self {
            security: security(&flags)?,
            names_host: flags.allow_any_host || !flags.allow_host.is_empty(),
            limits: Limits {
                children: flags.max_children.get(),
                children_per_name: flags.max_children_per_name.map(Into::into),
                line: flags.max_line.get(),
                body: flags.max_body.get(),
                keep_alive: flags.keep_alive,
                idle: flags.idle_timeout,
                shutdown: flags.shutdown_window,
                upstream: flags.upstream_timeout,
            },
            listen: flags.listen,
            servers,
            messages_path: flags.messages_path,
            prefix: flags.prefix,
            health_path: flags.health_path,
            metrics: flags.metrics,
            tls,
            tokens,
            env: flags.env_from_header,
            forward,
            upstream_ca,
            initialize: !flags.no_initialize,
            log_format: flags.log_format,
            log_level: flags.log_level,
        })
    }
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, String> {
    let text = files::read("--upstream-ca", path)?;
    let refuse = |rule: String| format!("--upstream-ca {}: {rule}", path.display());
    match Certificate::from_pem_bundle(&text) {
        Ok(all) if all.is_empty() => Err(refuse("has no certificate in PEM".to_owned())),
        Ok(all) => Ok(all),
        Err(error) => Err(refuse(error.to_string())),
    }
}

fn security(flags: &Flags) -> Result<TransportSecurity, String> {
    let mut security = TransportSecurity::default();
    for host in &flags.allow_host {
        security = security
            .allow_host(host)
            .map_err(|error| format!("--allow-host {error}"))?;
    }
    for origin in &flags.allow_origin {
        security = security
            .allow_origin(origin)
            .map_err(|error| format!("--allow-origin {error}"))?;
    }
    match flags.allow_any_host {
        true => Ok(security.allow_any_host()),
        false => Ok(security),
    }
}

fn paths_differ(flags: &Flags, servers: &[Server]) -> Result<(), String> {
    let bare = |path: &str| path.trim_matches('/').to_owned();
    let (messages, health) = (bare(&flags.messages_path), bare(&flags.health_path));
    if messages == health {
        return Err("--messages-path and --health-path must differ".to_owned());
    }
    for server in servers {
        for (other, flag) in [(&messages, "--messages-path"), (&health, "--health-path")] {
            if bare(&server.path) == *other {
                return Err(format!(
                    "{flag} and the path {} of a server must differ, see --sse-path",
                    server.path
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
