//! Requests to the client.

use std::{error::Error, fmt, future::poll_fn};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    calls::{self, MAX_CALLS, Refused},
    message::{InvalidMessage, Message, MessageKind},
};

use super::{close_reason::CloseReason, sender::SessionSender, state::State};

impl SessionSender {
    /// Sends a request to the client, such as `roots/list`, and waits for its answer. The answer does not
    /// appear in the handler's loop, and does not wait behind other messages in the inbox.
    ///
    /// A client that does not know the method answers with an error. Whether it knows it is in the
    /// capabilities of its `initialize`. There is no timeout: use `tokio::time::timeout`. At most 64 requests
    /// of one session wait at the same time.
    ///
    /// *While a handler waits in its loop, it receives no messages.* A handler that serves several requests
    /// at the same time waits in the task of the request.
    ///
    /// ```
    /// use mcp_sse_server::session::{RequestError, SessionSender};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Roots {
    ///     roots: Vec<Root>,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Root {
    ///     uri: String,
    /// }
    ///
    /// async fn roots(client: &SessionSender) -> Result<Vec<Root>, Box<dyn std::error::Error>> {
    ///     let answer = client.request("roots/list", &()).await?;
    ///     let Roots { roots } = answer.result()?;
    ///     Ok(roots)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The client answered with an error, the session is closed, too many requests wait, or `params` are not an
    /// object. See [`RequestError`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before the request was sent, nothing is sent. If it is dropped later,
    /// `notifications/cancelled` is sent if the outbox has room, and an answer of the client is dropped.
    pub fn request<T: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &T,
    ) -> impl Future<Output = Result<Answer, RequestError>> + Send + use<'_, T> {
        let number = self.state().calls().number();
        // Written now, so that the future does not borrow from `params`.
        let request = Message::request(calls::id(number), method, params);
        async move {
            let request = request.map_err(RequestError::Invalid)?;
            let mut call = Call::enter(self, number)?;
            if self.send(request).await.is_err() {
                return Err(RequestError::closed(self.state()));
            }
            call.was_sent = true;
            call.answer().await
        }
    }
}

/// A request that waits for its answer.
struct Call<'a> {
    sender: &'a SessionSender,
    number: u64,
    was_sent: bool,
}

impl<'a> Call<'a> {
    fn enter(sender: &'a SessionSender, number: u64) -> Result<Self, RequestError> {
        match sender.state().calls().enter(number) {
            Ok(()) => Ok(Self {
                sender,
                number,
                was_sent: false,
            }),
            Err(Refused::TooMany) => Err(RequestError::TooMany),
            Err(Refused::Closed) => Err(RequestError::closed(sender.state())),
        }
    }

    async fn answer(&self) -> Result<Answer, RequestError> {
        let state = self.sender.state();
        match poll_fn(|cx| state.calls().poll(self.number, cx)).await {
            Some(answer) if answer.kind() == MessageKind::Error => {
                Err(RequestError::Refused(answer))
            }
            Some(answer) => Ok(Answer(answer)),
            None => Err(RequestError::closed(state)),
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let is_open = self.sender.state().calls().leave(self.number);
        if is_open && self.was_sent {
            let params = json!({ "requestId": calls::id(self.number) });
            if let Ok(cancelled) = Message::notification("notifications/cancelled", &params) {
                // Without room, the client goes on with a request that nobody waits for.
                let _ = self.sender.try_send(cancelled);
            }
        }
    }
}

/// The result of a [request](SessionSender::request) to the client.
#[derive(Clone, Debug)]
pub struct Answer(Message);

impl Answer {
    /// Reads the result as a Rust value. It can borrow from the answer.
    ///
    /// # Errors
    ///
    /// The result does not fit `T`.
    pub fn result<'a, T: Deserialize<'a>>(&'a self) -> Result<T, InvalidMessage> {
        let response = self.0.as_response().expect("an answer is a response");
        response.result()
    }

    /// The client's message, a response.
    pub fn into_message(self) -> Message {
        self.0
    }
}

/// The error of [`SessionSender::request`].
#[derive(Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// The client answered with this error. [`Message::as_error`] reads it.
    Refused(Message),
    /// The session is closed.
    Closed(CloseReason),
    /// 64 requests of this session wait for their answers already.
    TooMany,
    /// The params are not an object, or cannot be written as JSON.
    Invalid(InvalidMessage),
}

impl RequestError {
    fn closed(state: &State) -> Self {
        // The outbox is closed after the reason was set.
        Self::Closed(state.close_reason().unwrap_or(CloseReason::ClientGone))
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Without the client's text, so that it can be logged.
            Self::Refused(error) => match error.as_error() {
                Some(error) => write!(f, "the client answered with the error {}", error.code()),
                None => f.write_str("the client answered with an error"),
            },
            Self::Closed(reason) => write!(f, "the session is closed: {reason}"),
            Self::TooMany => write!(
                f,
                "{MAX_CALLS} requests to the client wait for their answers: await one, or drop one"
            ),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl Error for RequestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(error) => error.source(),
            _ => None,
        }
    }
}
