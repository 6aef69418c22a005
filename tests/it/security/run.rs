//! Runs the rows of a table: through both services, in memory, on HTTP/1.1 and on HTTP/2.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, Version, request::Parts};
use http_body_util::{BodyExt, Full};
use mcp_sse_server::{Handler, Session, TransportSecurity};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::memory::{Server, event, ping};

use super::wire::{self, Answer, Http2};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Stop,
    /// hyper answers 400 on HTTP/1.1 and its client does not send it on HTTP/2; in memory, if it can be
    /// built at all, it is stopped.
    Hyper,
    /// As HTTP/1.1 takes spaces off around a value, it passes there. Everywhere else it is stopped.
    Trimmed,
}

/// One row of a table.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) security: TransportSecurity,
    /// The absolute-form target or `:authority`: with a scheme, or under `http`.
    pub(super) authority: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) verdict: Verdict,
    pub(super) refusal: (u16, &'static str),
    /// What a failure prints: the row and its reason.
    pub(super) row: String,
}

/// A way that a request can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Memory,
    Http1,
    Http2,
    /// The one `Host` header sent as `:authority` instead.
    Http2Authority,
}

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

impl Case {
    fn expected(&self, way: Way) -> Option<(u16, &'static str)> {
        match (self.verdict, way) {
            (Verdict::Pass, _) | (Verdict::Trimmed, Way::Http1) => None,
            (Verdict::Hyper, Way::Http1) => Some((400, "")),
            _ => Some(self.refusal),
        }
    }

    fn target(&self, path: &str) -> String {
        match self.authority {
            None => path.to_owned(),
            Some(url) if url.contains("://") => format!("{url}{path}"),
            Some(authority) => format!("http://{authority}{path}"),
        }
    }

    /// The request came the way that it was to come, with the parts that it was to have.
    fn assert_arrived(&self, way: Way, parts: &Parts) {
        let http2 = matches!(way, Way::Http2 | Way::Http2Authority);
        assert!(!http2 || parts.version == Version::HTTP_2, "{}", self.row);
        let authority = self.authority.is_some() || way == Way::Http2Authority;
        assert_eq!(parts.uri.authority().is_some(), authority, "{}", self.row);
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| *name != "host" || way != Way::Http2Authority);
        for name in ["host", "origin", "sec-fetch-site"] {
            let sent = headers.iter().filter(|header| header.0 == name).count();
            assert_eq!(
                parts.headers.get_all(name).iter().count(),
                sent,
                "{}",
                self.row
            );
        }
    }

    /// The bytes of a request of HTTP/1.1.
    fn bytes(&self, method: &str, path: &str, body: &str) -> String {
        let mut text = format!("{method} {} HTTP/1.1\r\n", self.target(path));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let len = body.len();
        text + &format!("content-type: application/json\r\ncontent-length: {len}\r\n\r\n{body}")
    }

    /// The request as a value; `None` if there is no such value, or none other than on another way.
    fn request(
        &self,
        way: Way,
        method: &str,
        path: &str,
        body: &str,
    ) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        *request.method_mut() = method.parse().unwrap();
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            headers.append(HeaderName::from_static(name), value);
        }
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let mut target = self.target(path);
        if way == Way::Http2Authority {
            let mut hosts = self.headers.iter().filter(|(name, _)| *name == "host");
            let (Some((_, host)), None, None) = (hosts.next(), hosts.next(), self.authority) else {
                return None;
            };
            headers.remove("host");
            target = format!("http://{host}{path}");
        }
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        let moved = request.uri().path_and_query().map(|both| both.as_str()) != Some(path);
        // The client takes a request without an authority for one to be forwarded, if it is of 1.1.
        let forwarded = request.uri().authority().is_none();
        *request.version_mut() = match forwarded {
            true => Version::HTTP_11,
            false => Version::HTTP_2,
        };
        (!moved).then_some(request)
    }
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
            transport.keep_alive(None).security(security)
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
                assert_eq!((answer.status, &*answer.text), (status, text), "{name}");
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

/// A refused POST leaves its session as it was.
async fn post(way: Way, case: &Case, listener: &TcpListener) -> bool {
    let (server, _calls) = server(case);
    let mut stream = server.open();
    let name = format!("POST {way:?} {}", case.row);
    let request = ["POST", &stream.uri.clone(), &ping(1)];
    let check = |answer: Answer| {
        let (status, text) = case.expected(way).unwrap_or((202, "Accepted"));
        assert_eq!((answer.status, &*answer.text), (status, text), "{name}");
        if status == 202 {
            assert_eq!(stream.poll(), Some(Some(event(&ping(1)))), "{name}");
        }
        server.post_now(&stream.uri, &ping(2));
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
                text: text(body.frame().await.unwrap().unwrap().into_data().unwrap()),
            });
        } else {
            let response = server.post.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let text = text(response.into_body().collect().await.unwrap().to_bytes());
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

fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
