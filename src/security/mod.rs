//! Who may reach the server: protection against DNS rebinding, on by default.
//!
//! A web page can make a browser send requests to `127.0.0.1`, and by rebinding its own name to that
//! address it can even read the answers (CVE-2025-66414 and CVE-2025-66416 in other servers). Such
//! requests give themselves away: by their `Host`, which is the page's name, or by their `Origin`.
//! [`TransportSecurity`] looks at both, on `GET` and `POST` alike, before anything else of the request
//! counts.
//!
//! | request | default | status | text |
//! |---|---|---|---|
//! | host is `localhost`, `127.0.0.1` or `[::1]`, any port | passes | | |
//! | any other host, none, more than one, one that is no host | refused | 421 | `Invalid Host header` |
//! | no `Origin` | passes | | |
//! | `Origin` is http or https on one of these hosts, any port | passes | | |
//! | any other `Origin`, `null`, more than one | refused | 403 | `Invalid Origin header` |
//! | no `Origin`, but `sec-fetch-site: cross-site` | refused | 403 | `Invalid Origin header` |
//!
//! The host is the `Host` header, or `:authority` on HTTP/2; where a request has both, or an
//! absolute-form target, they must agree. Hosts compare as the web does: case and one dot at the end
//! do not count, addresses compare as addresses.
//!
//! A server that is reached by a name must be told the name:
//!
//! ```
//! use mcp_sse_server::security::TransportSecurity;
//!
//! let security = TransportSecurity::default()
//!     .allow_host("mcp.example.com")?
//!     .allow_origin("https://app.example.com")?;
//! # Ok::<(), mcp_sse_server::security::InvalidPattern>(())
//! ```
//!
//! This is no authentication: it keeps web pages out, not people. See `SECURITY.md` for what is left
//! to other layers.

mod host;
mod origin;
mod pattern;
mod policy;
mod refusal;

pub use self::{pattern::InvalidPattern, policy::TransportSecurity};
