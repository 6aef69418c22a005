//! Clients that disconnect over real TCP, in each way and at each point of a session.

use mcp_sse_server::{
    Handler, Message, Session, SseServerTransport, handler::Spawned, session::SessionId,
};
use mcp_sse_testkit::{HOST, handlers::echo, messages::ping, server::Server, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

/// Sends a message when it is dropped.
struct Gone(mpsc::UnboundedSender<SessionId>, SessionId);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

/// How a client disconnects.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Closes: the server reads the end of the stream.
    Close,
    /// Resets: the server reads an error.
    Reset,
    /// Ends its writing half, and keeps the connection.
    HalfClose,
}

/// How far the client has come when it disconnects.
#[derive(Clone, Copy, Debug)]
enum Point {
    RequestSent,
    FirstByteRead,
    EndpointRead,
    AnswerRead,
    /// The client does not read until the server cannot write any more.
    Stalled,
}

use Point::*;
use Way::*;

/// The connection of a client at this point, and the URI of its session if the client knows it.
async fn come(server: &Server, point: Point) -> (TcpStream, Option<String>) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let get = format!("GET /sse HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    stream.write_all(get.as_bytes()).await.unwrap();
    if let RequestSent = point {
        return (stream, None);
    }
    let mut read = vec![stream.read_u8().await.unwrap()];
    if let FirstByteRead = point {
        return (stream, None);
    }
    let mut until = async |end: &str| {
        while !read.windows(end.len()).any(|part| part == end.as_bytes()) {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        String::from_utf8(read.clone()).unwrap()
    };
    let text = until("\n\n").await;
    let uri = text
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap()
        .to_owned();
    if let AnswerRead = point {
        assert_eq!(server.post(&uri, ping(1)).await.status(), 202);
        until("event: message").await;
    }
    if let Stalled = point {
        let text = "x".repeat(1 << 20);
        let large = format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{text}"}}}}"#);
        while server.post(&uri, &large).await.status() == 202 {}
    }
    (stream, Some(uri))
}

async fn goes<H>(handler: impl Fn(mpsc::UnboundedSender<SessionId>) -> H)
where
    H: Handler + Send + Sync + 'static,
    H::Future: Send + 'static,
{
    let (send, mut gone) = mpsc::unbounded_channel();
    let transport = SseServerTransport::new("/messages/", handler(send)).unwrap();
    let transport = transport.queue_messages(2);
    let transport = transport.delivery_timeout(std::time::Duration::from_millis(1));
    let server = Server::spawn(&transport).await;
    let (kept, mut kept_events) = server.open("/sse").await;

    for point in [
        RequestSent,
        FirstByteRead,
        EndpointRead,
        AnswerRead,
        Stalled,
    ] {
        for way in [Close, Reset, HalfClose] {
            let (mut stream, uri) = come(&server, point).await;
            let kept_open = match way {
                Close => None,
                Reset => {
                    stream.set_zero_linger().unwrap();
                    None
                }
                // A server that cannot write does not read either, so it does not see the end.
                HalfClose if matches!(point, Stalled) => None,
                HalfClose => {
                    stream.shutdown().await.unwrap();
                    Some(&stream)
                }
            };
            if kept_open.is_none() {
                drop(stream);
            }
            // A reset may overtake the request, and then no session was ever opened.
            if !matches!((point, way), (RequestSent, Reset)) {
                let what = format!("the end of the handler: {point:?}, {way:?}");
                let id = within(&what, gone.recv()).await.unwrap();
                if let Some(uri) = &uri {
                    assert!(
                        uri.ends_with(&id.expose_secret().to_string()),
                        "{point:?}, {way:?}"
                    );
                    let answer = server.post(uri, ping(1)).await;
                    assert_eq!(answer.status(), 404, "{point:?}, {way:?}");
                }
            }
        }
    }
    while server.sessions.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.post(&kept, ping(2)).await.status(), 202);
    assert_eq!(kept_events.echoed().await, ping(2));
}

/// Echoes, and sends a message when it is dropped.
fn noted(send: mpsc::UnboundedSender<SessionId>) -> impl Handler<Future: Send> + Send + Sync {
    move |session: Session| {
        let gone = Gone(send.clone(), *session.id());
        async move {
            let _gone = gone;
            echo(session).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_disconnects_closes_its_session() {
    goes(noted).await;
}

#[tokio::test]
async fn a_client_that_disconnects_closes_its_spawned_session() {
    goes(|send| Spawned::new(noted(send))).await;
}

#[tokio::test]
async fn probes_that_connect_and_drop_leave_nothing_behind() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let server = Server::spawn(&transport).await;
    for _ in 0..200 {
        drop(come(&server, EndpointRead).await);
    }
    within("the end of all sessions", async {
        while !server.sessions.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_session_ends_its_response_with_the_last_chunk() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let server = Server::spawn(&transport).await;
    let (uri, mut events) = server.open("/sse").await;
    let id = uri.rsplit('=').next().unwrap().parse().unwrap();
    let sender = server.sessions.get(&id).unwrap();
    let bye = r#"{"jsonrpc":"2.0","method":"bye"}"#;
    sender.send(Message::parse(bye).unwrap()).await.unwrap();
    assert!(server.sessions.close(&id));
    assert_eq!(events.next().await.unwrap().data, bye);
    assert!(
        events.next().await.is_none(),
        "the response ends with the last chunk"
    );
}
