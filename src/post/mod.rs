//! The messages: `POST`, answered when the message is in its session's inbox.
//!
//! A `POST` is checked from the outside in, and the first check that fails answers, in plain text:
//!
//! | check | status | text |
//! |---|---|---|
//! | the method is `POST` | 405, `allow: POST` | `Method Not Allowed` |
//! | the media type is `application/json`, in any case, with any parameters | 400 | `Invalid Content-Type header` |
//! | the host is [allowed](crate::security) | 421 | `Invalid Host header` |
//! | the origin, if there is one, is allowed | 403 | `Invalid Origin header` |
//! | a declared `content-length` is within the limit | 413 | `Request body too large` |
//! | the query has a `session_id` | 400 | `session_id is required` |
//! | it is a UUID, given once | 400 | `Invalid session ID` |
//! | the session is open, and the [principal](crate::session::Principal)'s own | 404 | `Could not find session` |
//! | the body stays within the limit | 413 | `Request body too large` |
//! | the session's other bodies leave room for it, or it comes in time | 503, `retry-after` | `Session is busy` |
//! | all sessions' bodies leave room for it, or it comes in time | 503, `retry-after` | `Server is busy` |
//! | the body arrives whole, and does not stall | 400 | `Could not read request body` |
//! | it is one [`Message`](crate::message) | 400 | `Could not parse message` |
//! | the inbox has room, or gets it in time | 503, `retry-after` | `Session is busy` |
//! | the session is still open | 404 | `Could not find session` |
//! | none fails: the message **is in the inbox** | 202 | `Accepted` |
//!
//! A body is read only for a session that is open. A refusal changes nothing: the session, and the
//! messages before and after, are as if the `POST` had not been.
//!
//! Where there is a [relay](crate::relay), a session that is not here may be at another node. A body is
//! read for it, too, and there is more that may be answered.

mod body;
mod body_wait;
mod drain;
mod forward;
mod future;
mod reading;
mod service;

pub use self::{body::PostBody, future::ResponseFuture, service::PostService};
