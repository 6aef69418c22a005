use bytes::Bytes;

use crate::{event, session::Outgoing};

/// Messages that wait at the same time share one frame until it has this many bytes. A message of this
/// size is sent in several frames and is not copied.
pub(super) const FRAME_BYTES: usize = 16 * 1024;
/// The largest frame. The server asks for the next frame when it has written most of this one, so a client
/// that reads a large message slowly is seen to read.
const PIECE_BYTES: usize = 64 * 1024;

/// Makes frames of the messages in the outbox.
#[derive(Default)]
pub(super) struct Frames {
    /// The rest of the frame that was begun.
    rest: Bytes,
    /// Whether the end of a large message must be sent after it.
    is_open: bool,
}

impl Frames {
    /// The rest of a large message, followed by waiting messages. `None` if no large message is unfinished.
    pub(super) fn rest(&mut self, mut next: impl FnMut() -> Option<Outgoing>) -> Option<Bytes> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Some(self.piece(rest));
        }
        if !std::mem::take(&mut self.is_open) {
            return None;
        }
        Some(match next() {
            None => event::END,
            Some(outgoing) => self.fill(event::END.into(), outgoing, next),
        })
    }

    /// The first piece of a frame. The rest is sent later.
    fn piece(&mut self, mut frame: Bytes) -> Bytes {
        if frame.len() > PIECE_BYTES {
            self.rest = frame.split_off(PIECE_BYTES);
        }
        frame
    }

    /// The waiting messages in one frame. The event of a broadcast that is alone in its frame is not copied.
    pub(super) fn frame(
        &mut self,
        first: Outgoing,
        mut next: impl FnMut() -> Option<Outgoing>,
    ) -> Bytes {
        let Outgoing::Event(event) = first else {
            return self.fill(Vec::new(), first, next);
        };
        if event.len() < FRAME_BYTES {
            if let Some(second) = next() {
                return self.fill(event.into(), second, next);
            }
        }
        self.piece(event)
    }

    /// Appends messages until none waits or the frame is large.
    fn fill(
        &mut self,
        mut frame: Vec<u8>,
        first: Outgoing,
        mut next: impl FnMut() -> Option<Outgoing>,
    ) -> Bytes {
        let mut outgoing = Some(first);
        while let Some(some) = outgoing {
            match some {
                Outgoing::Message(message) => {
                    let is_plain = message.is_plain();
                    if is_plain && message.as_bytes().len() >= FRAME_BYTES {
                        self.rest = message.into_bytes();
                        self.is_open = true;
                        if frame.is_empty() {
                            return event::MESSAGE;
                        }
                        frame.extend_from_slice(&event::MESSAGE);
                        return frame.into();
                    }
                    // Most frames hold one message: allocate exactly its size.
                    match frame.is_empty() {
                        true => frame.reserve_exact(event::message_len(message.as_bytes())),
                        false => frame.reserve(event::message_len(message.as_bytes())),
                    }
                    event::message(&mut frame, message.as_bytes(), is_plain);
                }
                Outgoing::Event(event) => frame.extend_from_slice(&event),
            }
            outgoing = match frame.len() < FRAME_BYTES {
                true => next(),
                false => None,
            };
        }
        self.piece(frame.into())
    }
}
