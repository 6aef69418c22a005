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
//! The answer says so, and names the call that allows more: `Invalid Host header: this server does not allow
//! it, see allow_host`.
//!
//! If clients reach the server under a name, allow the name. A server that listens on `0.0.0.0`, as in a
//! container, is reached under a name or an address that is not loopback, too:
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
//! | call | what it allows |
//! |---|---|
//! | [`allow_host`](TransportSecurity::allow_host), [`allow_hosts`](TransportSecurity::allow_hosts) | requests for this host, or for each of a list |
//! | [`allow_any_host`](TransportSecurity::allow_any_host) | requests for any host; the origin is still checked |
//! | [`allow_origin`](TransportSecurity::allow_origin) | requests that pages of this origin send: a web site, a desktop app, an extension |
//! | [`disabled`](TransportSecurity::disabled) | everything |
//!
//! This is not authentication: it stops web pages, not other clients. `SECURITY.md` lists what other layers
//! must do.

mod host;
mod origin;
mod pattern;
mod policy;
mod refusal;

pub use self::{pattern::InvalidPattern, policy::TransportSecurity};
