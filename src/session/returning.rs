use std::task::{Context, Poll, ready};

use http::{HeaderMap, header::USER_AGENT};
use serde_json::json;

use crate::message::{Message, MessageKind};

use super::{handshake::INITIALIZE_ID, incoming::Incoming, state::State};

/// Initialises a session for a client that comes back: its first message needs a handshake, and it made
/// that handshake in an earlier session.
pub(super) enum Returning {
    /// No message has decided yet whether the client comes back.
    Undecided,
    /// The handler has the `initialize` request. The client's message waits.
    Initializing(Box<Incoming>),
    /// The handler has `notifications/initialized`. The client's message is next.
    Initialized(Box<Incoming>),
    /// Nothing more to do.
    Done,
}

/// What a message says about its client.
enum Sign {
    /// It may precede a handshake.
    None,
    /// It makes a handshake, or needs none.
    New,
    /// It needs a handshake.
    Back,
}

const VERSION_OF_MESSAGE: [&str; 2] = ["_meta", "io.modelcontextprotocol/protocolVersion"];
const INITIALIZED: &str = "notifications/initialized";

impl Returning {
    /// The next message for the handler.
    #[inline]
    pub(super) fn poll_recv(
        &mut self,
        state: &State,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Incoming>> {
        match self {
            Self::Done => state.poll_recv(cx),
            _ => self.poll_step(state, cx),
        }
    }

    fn poll_step(&mut self, state: &State, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        match self {
            Self::Done => state.poll_recv(cx),
            Self::Undecided => {
                let first = ready!(state.poll_recv(cx));
                Poll::Ready(first.map(|first| self.begin(state, first)))
            }
            Self::Initializing(_) | Self::Initialized(_) if state.close_reason().is_some() => {
                Poll::Ready(None)
            }
            Self::Initializing(_) => {
                let answer = state.handshake.poll_answer(cx);
                // A close after the check above woke nothing if no waker was stored then.
                if answer.is_pending() && state.close_reason().is_some() {
                    return Poll::Ready(None);
                }
                let is_error = ready!(answer);
                Poll::Ready(self.proceed(is_error))
            }
            Self::Initialized(_) => Poll::Ready(self.proceed(true)),
        }
    }

    /// Decides with a message.
    fn begin(&mut self, state: &State, first: Incoming) -> Incoming {
        match Sign::of(&first.message) {
            Sign::None => first,
            Sign::New => {
                *self = Self::Done;
                first
            }
            Sign::Back => {
                state.handshake.begin();
                state.observer.came_back();
                let initialize = first.beside(initialize(&first.parts.headers));
                *self = Self::Initializing(Box::new(first));
                initialize
            }
        }
    }

    /// The message after the handler's answer. If that was an error, the client's message is next.
    fn proceed(&mut self, skips_initialized: bool) -> Option<Incoming> {
        let (Self::Initializing(first) | Self::Initialized(first)) =
            std::mem::replace(self, Self::Done)
        else {
            return None;
        };
        if skips_initialized || first.message.method() == Some(INITIALIZED) {
            return Some(*first);
        }
        let initialized = Message::notification(INITIALIZED, &()).expect("there are no params");
        let initialized = first.beside(initialized);
        *self = Self::Initialized(first);
        Some(initialized)
    }
}

impl Sign {
    fn of(message: &Message) -> Self {
        if message.kind() != MessageKind::Request {
            return Self::Back;
        }
        match message.method() {
            Some("initialize") => Self::New,
            // Since MCP 2026-07-28, a request can state its version, and then needs no handshake.
            _ if message.field(&VERSION_OF_MESSAGE).is_some() => Self::New,
            Some("ping" | "server/discover") => Self::None,
            _ => Self::Back,
        }
    }
}

/// Makes the `initialize` request. Only the headers of the `POST` tell anything about its client.
fn initialize(headers: &HeaderMap) -> Message {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let params = json!({
        "protocolVersion": header("mcp-protocol-version").unwrap_or("2024-11-05"),
        "capabilities": {},
        "clientInfo": { "name": header(USER_AGENT.as_str()).unwrap_or("unknown"), "version": "" },
    });
    Message::request(INITIALIZE_ID, "initialize", &params).expect("params are an object")
}
