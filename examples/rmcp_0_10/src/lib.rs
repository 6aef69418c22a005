//! A session as a transport of rmcp 0.10, which also works for versions up to 1. The page `migration` of
//! `mcp-sse-server-rmcp` shows this file.

use std::io;

use futures_util::{Sink, Stream, sink, stream};
use mcp_sse_server::{Message, Session, message::ErrorCode};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};

/// For `service.serve(transport(session))`.
pub fn transport(
    mut session: Session,
) -> (
    impl Sink<ServerJsonRpcMessage, Error = io::Error> + Send + Unpin + 'static,
    impl Stream<Item = ClientJsonRpcMessage> + Send + Unpin + 'static,
) {
    session.initialize_returning_clients();
    let (sender, receiver) = session.split();
    let refuse = sender.clone();
    let sink = sink::unfold(sender, async |sender, message: ServerJsonRpcMessage| {
        let message = Message::new(&message).map_err(io::Error::other)?;
        sender.send(message).await.map_err(io::Error::other)?;
        Ok(sender)
    });
    let stream = stream::unfold((receiver, refuse), async |(mut receiver, refuse)| {
        loop {
            let incoming = receiver.recv().await?;
            let read = incoming.message.deserialize::<ClientJsonRpcMessage>();
            match (read, incoming.message.as_request()) {
                // rmcp reads a request whose id it cannot hold, such as one beyond 64 bits, as a notification.
                (Ok(ClientJsonRpcMessage::Notification(_)) | Err(_), Some(request)) => {
                    let text = "rmcp cannot read this request";
                    let answer = request.error(ErrorCode::INVALID_REQUEST, text);
                    refuse.send(answer).await.ok()?;
                }
                (Ok(mut message), _) => {
                    // A tool finds the head of the `POST` in its context, as before.
                    message.insert_extension(*incoming.parts);
                    return Some((message, (receiver, refuse)));
                }
                (Err(_), None) => {}
            }
        }
    });
    (Box::pin(sink), Box::pin(stream))
}
