use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::{
    drain::Drain,
    observe::PostObserver,
    response::{self, Rejection, RejectionKind},
};

use super::{body::PostBody, forward::Wait, reading::Reading};

pin_project! {
    /// The response of a [`PostService`](super::PostService).
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it completes, the message is not delivered, unless it is on its way to
    /// [another node](crate::relay).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<B> {
        #[pin]
        pub(super) body: B,
        pub(super) state: State,
        pub(super) observer: PostObserver,
    }
}

pub(super) enum State {
    Refused(Rejection),
    /// Reads the rest of the body, then refuses.
    Draining(Drain, Rejection),
    Reading(Reading),
    /// Waits for room in the inbox, or for another node.
    Waiting(Wait),
    Done,
}

impl State {
    /// Refuses a request by its head.
    pub(super) fn refused<B: Body>(rejection: Rejection, headers: &HeaderMap, body: &B) -> Self {
        match Drain::is_needed(headers, body) {
            true => Self::Draining(Drain::new(), rejection),
            false => Self::Refused(rejection),
        }
    }

    /// Refuses a request whose body may not have arrived yet.
    fn refuse<B: Body>(rejection: Rejection, body: &B) -> Self {
        // A body that broke off or stalled has nothing to drain.
        let is_over = rejection.kind == RejectionKind::BodyUnreadable || body.is_end_stream();
        match is_over {
            true => Self::Refused(rejection),
            false => Self::Draining(Drain::new(), rejection),
        }
    }
}

impl<B: Body> Future for ResponseFuture<B> {
    type Output = Result<Response<PostBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let outcome = loop {
            // Taken out, because its parts move into the next state. A state that waits is put back.
            match std::mem::replace(this.state, State::Done) {
                State::Reading(mut reading) => {
                    let read = {
                        let _in_span = this.observer.enter();
                        reading.poll_read(cx, this.body.as_mut())
                    };
                    let Poll::Ready(read) = read else {
                        *this.state = State::Reading(reading);
                        return Poll::Pending;
                    };
                    let delivered = match read {
                        Ok(text) => reading.deliver(text, this.observer),
                        Err(rejection) => Err(rejection),
                    };
                    match delivered {
                        Ok(None) => break Ok(()),
                        Ok(Some(wait)) => *this.state = State::Waiting(wait),
                        Err(rejection) => *this.state = State::refuse(rejection, &*this.body),
                    }
                }
                State::Waiting(mut wait) => match wait.as_mut().poll(cx) {
                    Poll::Pending => {
                        *this.state = State::Waiting(wait);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(())) => break Ok(()),
                    Poll::Ready(Err(kind)) => *this.state = State::Refused(kind.into()),
                },
                State::Draining(mut drain, rejection) => {
                    match drain.poll_drain(cx, this.body.as_mut()) {
                        Poll::Pending => {
                            *this.state = State::Draining(drain, rejection);
                            return Poll::Pending;
                        }
                        Poll::Ready(()) => *this.state = State::Refused(rejection),
                    }
                }
                State::Refused(rejection) => break Err(rejection),
                State::Done => panic!("polled after completion"),
            }
        };
        Poll::Ready(Ok(match outcome {
            Ok(()) => {
                this.observer.accepted();
                response::text(StatusCode::ACCEPTED, "Accepted".into(), PostBody::text)
            }
            Err(rejection) => {
                this.observer.refused(&rejection);
                rejection.to_response("", PostBody::text)
            }
        }))
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Refused(_) => "refused",
            State::Draining(..) => "draining",
            State::Reading(_) => "reading",
            State::Waiting(_) => "waiting",
            State::Done => "done",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
