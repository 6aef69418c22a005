//! Runs the rows of a table: through both services, in memory, on HTTP/1.1 and on HTTP/2.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::request::Parts;
use http_body_util::BodyExt;
use mcp_sse_server::{Handler, Session};
use mcp_sse_testkit::{
    messages::{event, ping},
    polled::Server,
};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{
    case::{Case, Verdict, Way},
    wire::{self, Answer, Http2},
};

/// Runs all rows on all ways, and gives back how many requests each way took.
pub(super) async fn run(cases: &[Case]) -> [usize; 4] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut asked = [0; 4];
    for case in cases {
        let ways = [Way::Memory, Way::Http1, Way::Http2, Way::Http2Authority];
        for (way, asked) in ways.into_iter().zip(&mut asked) {
            *asked += usize::from(get(way, case, &listener).await);
            *asked += usize::from(post(way, case, &listener).await);
        }
    }
    asked
}

/// The heads of the requests that a handler was called with.
type Calls = Arc<Mutex<Vec<Parts>>>;

/// A server that notes the calls of its handler, which echoes.
fn server(
    case: &Case,
) -> (
    Server<impl Handler<Future: Send> + Send + Sync + use<>>,
    Calls,
) {
    let calls = Calls::default();
    let noted = Arc::clone(&calls);
    let handler = move |mut session: Session| {
        noted.lock().unwrap().push(session.parts().clone());
        async move {
            while let Some(incoming) = session.recv().await {
                session.send(incoming.message).await.unwrap();
            }
        }
    };
    let security = case.security.clone();
    (
        Server::with(handler, |transport| {
            transport
                .keep_alive(None)
                .stall_timeout(None)
                .security(security)
        }),
        calls,
    )
}

/// A refused GET opens no session and calls no handler.
async fn get(way: Way, case: &Case, listener: &TcpListener) -> bool {
    let (server, calls) = server(case);
    let name = format!("GET {way:?} {}", case.row);
    let check = |answer: Answer| {
        let opened = match case.expected(way) {
            None => {
                assert_eq!(answer.status, 200, "{name}: {answer:?}");
                let event = "event: endpoint\ndata: /messages/?session_id=";
                assert!(answer.text.starts_with(event), "{name}: {answer:?}");
                1
            }
            Some((status, text)) => {
                assert_eq!(answer.status, status, "{name}: {answer:?}");
                is_refusal(&answer.text, text, "\n", &name);
                0
            }
        };
        let calls = calls.lock().unwrap();
        assert_eq!(calls.len(), opened, "{name}: calls of the handler");
        for parts in &*calls {
            case.assert_arrived(way, parts);
        }
        assert_eq!(server.sessions.len(), opened, "{name}: open sessions");
    };
    let asked = ask(way, &server, case, listener, ["GET", "/sse", ""], check).await;
    assert!(server.sessions.is_empty(), "{name}: left open");
    asked
}

/// The answer to a refused request: the words, and the call that allows more. hyper's own answers have no text.
fn is_refusal(answer: &str, words: &str, end: &str, name: &str) {
    let call = match words {
        "" => return assert_eq!(answer, "", "{name}"),
        "Invalid Host header" => "allow_host",
        _ => "allow_origin",
    };
    let (_, what) = call.split_once('_').unwrap();
    let allowed = [
        format!("{words}: this server does not allow it, see {call}{end}"),
        format!("{words}: the request must name one valid {what}{end}"),
    ];
    assert!(
        allowed.iter().any(|text| text == answer),
        "{name}: {answer:?}"
    );
}

/// A refused POST leaves its session as it was.
async fn post(way: Way, case: &Case, listener: &TcpListener) -> bool {
    let (server, _calls) = server(case);
    let mut stream = server.open();
    let name = format!("POST {way:?} {}", case.row);
    let request = ["POST", &stream.uri.clone(), &ping(1)];
    let check = |answer: Answer| {
        let (status, text) = case.expected(way).unwrap_or((202, "Accepted"));
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        match status {
            202 => assert_eq!(answer.text, text, "{name}"),
            _ => is_refusal(&answer.text, text, "", &name),
        }
        if status == 202 {
            assert_eq!(stream.poll(), Some(Some(event(&ping(1)))), "{name}");
        }
        server.post_now(&stream.uri, ping(2));
        assert_eq!(stream.poll(), Some(Some(event(&ping(2)))), "{name}");
        assert_eq!(stream.poll(), None, "{name}");
    };
    ask(way, &server, case, listener, request, check).await
}

/// Asks, has the answer checked while the connection is open, and closes it. `false` if this request
/// cannot come this way.
async fn ask<H>(
    way: Way,
    server: &Server<H>,
    case: &Case,
    listener: &TcpListener,
    [method, path, body]: [&str; 3],
    check: impl FnOnce(Answer),
) -> bool
where
    H: Handler<Future: Send + 'static> + Send + Sync + 'static,
{
    if way == Way::Http1 {
        let (mut client, io) = wire::pair(listener).await;
        let connection = wire::serve(server, io);
        check(wire::http1(&mut client, case.bytes(method, path, body).as_bytes()).await);
        drop(client);
        connection.await.unwrap();
        return true;
    }
    let Some(request) = case.request(way, method, path, body) else {
        let excused = case.verdict == Verdict::Hyper || way == Way::Http2Authority;
        assert!(excused, "{way:?} {}: not even a request", case.row);
        return false;
    };
    if way == Way::Memory {
        if method == "GET" {
            let response = server.sse.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let mut body = response.into_body();
            check(Answer {
                status,
                text: text(body.frame().await.unwrap().unwrap().data_ref().unwrap()),
            });
        } else {
            let response = server.post.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let text = text(&response.into_body().collect().await.unwrap().to_bytes());
            check(Answer { status, text });
        }
        return true;
    }
    let (client, io) = wire::pair(listener).await;
    let connection = wire::serve(server, io);
    let mut client = Http2::new(client).await;
    check(client.ask(request).await);
    client.close().await;
    connection.await.unwrap();
    true
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
