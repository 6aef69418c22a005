use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::{
    message::Message,
    observe::PostObserver,
    response::{self, Rejection, RejectionKind},
    session::{DeliveryError, Incoming, Offer},
};

use super::{
    body::PostBody,
    deliver::Delivery,
    lease::{Lease, NoRoom},
    read::{Read, ReadError},
    relay::{Forward, Relaying},
};

pin_project! {
    /// The response of a [`PostService`](super::PostService).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the message is not delivered; but one that is on its way to
    /// [another node](crate::relay) may be.
    #[must_use = "futures do nothing unless polled"]
    #[project = ResponseFutureProj]
    pub struct ResponseFuture<B> {
        #[pin]
        state: State<B>,
        observer: PostObserver,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<B> {
        Refused { rejection: Rejection },
        Reading { #[pin] read: Read<B>, parts: Option<Box<Parts>>, forward: Option<Box<Forward>> },
        Delivering { delivery: Delivery, lease: Lease },
        Relaying { relaying: Relaying, lease: Lease },
        Done,
    }
}

impl<B: Body> ResponseFuture<B> {
    pub(super) fn refused(rejection: Rejection, observer: PostObserver) -> Self {
        let state = State::Refused { rejection };
        Self { state, observer }
    }

    /// Without parts, the body is too large from the start. With a way, it goes to another node.
    pub(super) fn reading(
        read: Read<B>,
        parts: Option<Box<Parts>>,
        forward: Option<Box<Forward>>,
        observer: PostObserver,
    ) -> Self {
        let state = State::Reading {
            read,
            parts,
            forward,
        };
        Self { state, observer }
    }
}

impl<B: Body> Future for ResponseFuture<B> {
    type Output = Result<Response<PostBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ResponseFutureProj {
            mut state,
            observer,
        } = self.project();
        let outcome = loop {
            match state.as_mut().project() {
                StateProj::Refused { rejection } => break Err(*rejection),
                StateProj::Reading {
                    read,
                    parts,
                    forward,
                } => {
                    let read = observer.in_scope(|| read.poll_read(cx));
                    let read = ready!(read).map_err(refuse_body);
                    let delivered = read.and_then(|(body, lease)| {
                        let parts = parts.take().ok_or(RejectionKind::BodyTooLarge)?;
                        if let Some(forward) = forward.take() {
                            let relaying = forward.start(body, &parts, observer)?;
                            return Ok(Some(State::Relaying { relaying, lease }));
                        }
                        let delivery = deliver(body, parts, &lease, observer)?;
                        Ok(delivery.map(|delivery| State::Delivering { delivery, lease }))
                    });
                    match delivered {
                        Ok(Some(delivering)) => state.set(delivering),
                        Ok(None) => break Ok(()),
                        Err(rejection) => break Err(rejection),
                    }
                }
                StateProj::Delivering { delivery, .. } => {
                    break ready!(Pin::new(delivery).poll(cx)).map_err(refuse_delivery);
                }
                StateProj::Relaying { relaying, .. } => {
                    break ready!(Pin::new(relaying).poll(cx)).map_err(Rejection::from);
                }
                StateProj::Done => panic!("polled after completion"),
            }
        };
        state.set(State::Done);
        Poll::Ready(Ok(match outcome {
            Ok(()) => {
                observer.accepted();
                response::text(StatusCode::ACCEPTED, "Accepted", PostBody::text)
            }
            Err(rejection) => {
                observer.refused(rejection.kind);
                rejection.into_response(PostBody::text)
            }
        }))
    }
}

/// Puts the message into the inbox. If that is full, what is left to wait for comes back.
fn deliver(
    body: Bytes,
    parts: Box<Parts>,
    lease: &Lease,
    observer: &mut PostObserver,
) -> Result<Option<Delivery>, Rejection> {
    let message = Message::parse(body).map_err(|_| RejectionKind::InvalidMessage)?;
    observer.parsed(&message);
    let channel = lease.channel().ok_or(RejectionKind::SessionNotFound)?;
    match channel.offer(Incoming::new(message, parts)) {
        Offer::Taken => Ok(None),
        Offer::Full(incoming) => {
            let channel = Arc::clone(channel);
            Ok(Some(Delivery::new(channel, incoming, lease.patience())))
        }
        Offer::Ended => Err(refuse_delivery(DeliveryError::Ended)),
    }
}

fn refuse_body(error: ReadError) -> Rejection {
    match error {
        ReadError::TooLarge => RejectionKind::BodyTooLarge.into(),
        ReadError::Broken => RejectionKind::BodyUnreadable.into(),
        ReadError::NoRoom(NoRoom::InSession) => RejectionKind::SessionBusy.into(),
        ReadError::NoRoom(NoRoom::InAll) => RejectionKind::ServerBusy.into(),
        ReadError::NoRoom(NoRoom::SessionEnded) => RejectionKind::SessionNotFound.into(),
    }
}

fn refuse_delivery(error: DeliveryError) -> Rejection {
    match error {
        DeliveryError::Busy => RejectionKind::SessionBusy.into(),
        DeliveryError::Ended => RejectionKind::SessionNotFound.into(),
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Refused { .. } => "refused",
            State::Reading { .. } => "reading",
            State::Delivering { .. } => "delivering",
            State::Relaying { .. } => "relaying",
            State::Done => "done",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
