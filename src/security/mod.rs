//! Allowed hosts and origins: protection against DNS rebinding, on by default.
//!
//! A web page can make a browser send requests to `127.0.0.1`. If the page rebinds its own host name to this
//! address, it can also read the responses (CVE-2025-66414 and CVE-2025-66416 in other servers). Such a
//! request is recognised by its `Host`, which is the page's name, or by its `Origin`. [`TransportSecurity`]
//! checks both, for `GET` and `POST`, before a session is opened or looked up.
//!
//! | request | default | status | text |
//! |---|---|---|---|
//! | host is `localhost`, `127.0.0.1` or `[::1]`, any port | passes | | |
//! | any other host, no host, several hosts, an invalid host | refused | 421 | `Invalid Host header` |
//! | no `Origin` | passes | | |
//! | `Origin` is http or https on one of these hosts, any port | passes | | |
//! | any other `Origin`, `null`, several origins | refused | 403 | `Invalid Origin header` |
//! | no `Origin`, but `sec-fetch-site: cross-site` | refused | 403 | `Invalid Origin header` |
//!
//! The host is the `Host` header, or `:authority` on HTTP/2. If a request has both, or a target in absolute
//! form, they must agree. Hosts are compared as browsers compare them: case and one trailing dot are ignored,
//! and addresses are compared as addresses.
//!
//! If clients reach the server under a name, allow the name:
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
//! This is not authentication: it stops web pages, not other clients. `SECURITY.md` lists what other layers
//! must do.

mod host;
mod origin;
mod pattern;
mod policy;
mod refusal;

pub use self::{pattern::InvalidPattern, policy::TransportSecurity};
