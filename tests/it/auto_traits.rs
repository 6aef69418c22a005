//! The public types can be sent to and shared between threads, as documented.

use std::{fmt::Debug, future::Pending};

use mcp_sse_server::{
    Incoming, Message, MountPath, PostService, Session, SessionRegistry, SseServerTransport,
    SseService,
    endpoint::{InvalidEndpoint, InvalidNodeName, NodeName},
    handler::{Spawned, SpawnedFuture},
    message::{
        ErrorCode, ErrorResponse, InvalidMessage, InvalidMessageKind, MessageKind, Notification,
        OwnedRequestId, Request, RequestFailed, RequestId, Response,
    },
    post::{self, PostBody},
    relay::{Inbound, Relay, RelayError, RelayFuture},
    response::RejectionKind,
    session::{InvalidSessionId, SendError, SessionId, SessionReceiver, SessionSender},
    sse::{self, SseBody},
};

type Handler = fn(Session) -> Pending<()>;

fn send<T: Send + 'static>() {}
fn sync<T: Sync>() {}
fn debug<T: Debug>() {}
fn clone<T: Clone>() {}
fn unpin<T: Unpin>() {}

macro_rules! everywhere {
    ($($type:ty),* $(,)?) => { $( send::<$type>(); sync::<$type>(); debug::<$type>(); )* };
}

#[test]
fn public_types_have_the_traits_that_servers_need() {
    everywhere!(
        SseServerTransport<Handler>,
        SseService<Handler>,
        PostService,
        SessionRegistry,
        Session,
        SessionSender,
        SessionReceiver,
        SessionId,
        Incoming,
        Message,
        MessageKind,
        RequestId<'static>,
        OwnedRequestId,
        Request<'static>,
        RequestFailed,
        Notification<'static>,
        Response<'static>,
        ErrorResponse<'static>,
        ErrorCode,
        InvalidMessage,
        InvalidMessageKind,
        MountPath,
        NodeName,
        InvalidEndpoint,
        InvalidNodeName,
        InvalidSessionId,
        Inbound,
        RelayError,
        SendError,
        RejectionKind,
        PostBody,
        Spawned<Handler>,
        SpawnedFuture,
        SseBody<Pending<()>>,
        sse::ResponseFuture<Pending<()>, PostBody>,
    );
    send::<Box<dyn Relay>>();
    sync::<Box<dyn Relay>>();
    send::<RelayFuture<'static>>();
    send::<post::ResponseFuture<PostBody>>();
    debug::<post::ResponseFuture<PostBody>>();
    clone::<SseService<Handler>>();
    clone::<PostService>();
    clone::<SessionRegistry>();
    clone::<SessionSender>();
    clone::<Message>();
    unpin::<SseBody<Pending<()>>>();
}
