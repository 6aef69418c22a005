use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// The body of a [`PostService`](super::PostService) response: a line of plain text.
///
/// It is also the body of a request whose body was [already read](super::PostService::deliver). The
/// default is an empty body, for middleware that answers without calling the service.
#[derive(Clone, Debug, Default)]
pub struct PostBody(Full<Bytes>);

impl PostBody {
    pub(super) fn text(text: Bytes) -> Self {
        Self(Full::new(text))
    }
}

impl Body for PostBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
