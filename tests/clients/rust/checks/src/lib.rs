//! The checks, for any client that implements [`Client`].

use std::{
    fmt::Display,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Barrier,
    time::{sleep, timeout},
};

/// An error as a client's user reads it.
pub type Text = String;

/// An initialized session.
pub trait Client: Clone + Send + Sync + 'static {
    fn connect(url: String) -> impl Future<Output = Result<Self, Text>> + Send;
    fn server_name(&self) -> String;
    fn ping(&self) -> impl Future<Output = Result<(), Text>> + Send;
    fn list(&self) -> impl Future<Output = Result<Vec<String>, Text>> + Send;
    /// The text of a tool's result. With `progress` it asks for progress.
    fn call(
        &self,
        tool: &'static str,
        arguments: Value,
        limit: Duration,
        progress: bool,
    ) -> impl Future<Output = Result<String, Text>> + Send;
    /// How often progress was reported.
    fn progress(&self) -> usize;
    fn close(&self) -> impl Future<Output = ()> + Send;
}

const PIECE: &str = "\u{2028} \u{2029} \u{85} 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n";
const SECOND: Duration = Duration::from_secs(1);

fn large() -> String {
    PIECE.repeat(200 * 1024 / PIECE.len())
}

fn tell(check: &str, found: &str, note: &str) {
    println!("{}", json!({ "check": check, "found": found, "note": note }));
}

type Outcome = Result<String, Text>;

async fn check(name: &str, test: impl Future<Output = Outcome>) {
    match timeout(30 * SECOND, test).await {
        Ok(Ok(note)) => tell(name, "ok", &note),
        Ok(Err(error)) => tell(name, &error, ""),
        Err(_) => tell(name, "not done after 30 s", ""),
    }
}

fn equal(found: impl Display, expected: impl Display) -> Outcome {
    let (found, expected) = (found.to_string(), expected.to_string());
    match found == expected {
        true => Ok(String::new()),
        false => Err(format!("{found:.100} is not {expected:.100}")),
    }
}

/// The error of a call, which must come soon.
async fn fails<T>(within: Duration, call: impl Future<Output = Result<T, Text>>) -> Outcome {
    let start = Instant::now();
    let Err(error) = call.await else {
        return Err("no error".to_owned());
    };
    match start.elapsed() {
        took if took > within => Err(format!("error after {:.0} s: {error}", took.as_secs_f32())),
        _ => Ok(error),
    }
}

async fn echo<C: Client>(client: &C, text: String, limit: Duration) -> Outcome {
    let found = client.call("echo", json!({ "text": text }), limit, false).await?;
    match found == text {
        true => Ok(String::new()),
        false => Err("another text".to_owned()),
    }
}

struct Suite {
    server: String,
    proxy: String,
    control: String,
}

impl Suite {
    async fn open<C: Client>(&self, name: &str) -> Result<C, Text> {
        C::connect(format!("{}/{name}/sse", self.server)).await
    }

    /// Cuts all connections that the proxy carries.
    async fn cut(&self) -> Result<(), Text> {
        let address = self.control.trim_start_matches("http://");
        let cut = async {
            let mut control = TcpStream::connect(address).await?;
            control.write_all(b"GET /cut/all HTTP/1.1\r\n\r\n").await?;
            control.read_to_end(&mut Vec::new()).await
        };
        cut.await.map(drop).map_err(|error| error.to_string())
    }

    async fn one_session<C: Client>(&self) {
        let opened = self.open::<C>("all").await;
        let client = match opened {
            Ok(client) => client,
            Err(error) => return tell("connect", &error, ""),
        };
        let client = &client;
        check("connect", async { equal(client.server_name(), "clients") }).await;
        check("ping", async {
            for _ in 0..3 {
                client.ping().await?;
            }
            Ok(String::new())
        })
        .await;
        check("list", async {
            let names = client.list().await?;
            equal(names.iter().filter(|name| ["echo", "end"].contains(&name.as_str())).count(), 2)
        })
        .await;
        check("tools", async {
            echo(client, "Hello".to_owned(), 5 * SECOND).await?;
            equal(client.call("add", json!({ "a": 2, "b": 0.5 }), 5 * SECOND, false).await?, "2.5")
        })
        .await;
        check("progress", async {
            let before = client.progress();
            let text = client.call("count", json!({ "to": 3 }), 5 * SECOND, true).await?;
            equal(text, "counted to 3")?;
            equal(client.progress() - before, 3)
        })
        .await;
        check("error", async {
            let error = fails(SECOND, client.call("fail", json!({}), 5 * SECOND, false)).await?;
            match error.contains("-32000") {
                true => Ok(error),
                false => Err(error),
            }
        })
        .await;
        check("cancel", cancelled(client)).await;
        check("ask", async {
            let arguments = json!({ "method": "roots/list" });
            let answer = client.call("ask", arguments, 5 * SECOND, false).await?;
            match answer.contains("file:///a") {
                true => Ok(String::new()),
                false => Err(answer),
            }
        })
        .await;
        check("text", echo(client, large(), 20 * SECOND)).await;
        check("text_1m", echo(client, large() + &"x".repeat(900 * 1024), 20 * SECOND)).await;
        client.close().await;
    }

    async fn others<C: Client>(&self) {
        for (name, how) in [
            ("end_close", "close"),
            ("end_return", "return"),
            ("end_fail", "fail"),
            ("end_panic", "panic"),
            ("end_deadline", "deadline"),
        ] {
            check(name, async {
                let client: C = self.open(&format!("end-{how}")).await?;
                let end = client.call("end", json!({ "how": how }), 5 * SECOND, false);
                fails(SECOND * 3 / 2, end).await
            })
            .await;
        }
        check("end_idle", async {
            let client: C = self.open("idle").await?;
            let wait = client.call("wait", json!({ "ms": 60_000 }), 10 * SECOND, false);
            fails(4 * SECOND, wait).await
        })
        .await;
        check("drain", async {
            let client: C = self.open("drain").await?;
            let end = client.call("end", json!({ "how": "drain" }), 5 * SECOND, false);
            equal(end.await?, "done")
        })
        .await;
        check("body_5m", async {
            let client: C = self.open("all").await?;
            fails(5 * SECOND, echo(&client, "x".repeat(5_000_000), 10 * SECOND)).await
        })
        .await;
        check("body_gone", async {
            let client: C = self.open("gone").await?;
            let close = json!({ "how": "close" });
            let _ = client.call("end", close, SECOND / 2, false).await;
            fails(5 * SECOND, echo(&client, "x".repeat(3_000_000), 10 * SECOND)).await
        })
        .await;
        check("sessions", self.side_by_side::<C>()).await;
    }

    async fn side_by_side<C: Client>(&self) -> Outcome {
        const SESSIONS: usize = 20;
        let here = Arc::new(Barrier::new(SESSIONS));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..SESSIONS {
            let client: C = self.open("all").await?;
            let here = Arc::clone(&here);
            tasks.spawn(async move {
                here.wait().await;
                for turn in 0..10 {
                    echo(&client, format!("session {number}, turn {turn}"), 20 * SECOND).await?;
                }
                client.close().await;
                Ok::<_, Text>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(|error| error.to_string())??;
        }
        Ok(String::new())
    }

    async fn silence<C: Client>(&self) -> Outcome {
        let client: C = self.open("silence").await?;
        sleep(14 * SECOND).await;
        echo(&client, "still here".to_owned(), 5 * SECOND).await
    }

    async fn keep_alive<C: Client>(&self) -> Outcome {
        let client: C = self.open("fast").await?;
        for turn in 0..65 {
            echo(&client, turn.to_string(), 5 * SECOND).await?;
            sleep(SECOND / 20).await;
        }
        Ok(String::new())
    }

    async fn comes_back<C: Client>(&self) -> Outcome {
        let client = C::connect(format!("{}/back/sse", self.proxy)).await?;
        echo(&client, "before".to_owned(), 5 * SECOND).await?;
        self.cut().await?;
        let mut last = String::new();
        for _ in 0..6 {
            match echo(&client, "after".to_owned(), 2 * SECOND).await {
                Ok(note) => return Ok(note),
                Err(error) => last = error,
            }
            sleep(SECOND).await;
        }
        Err(format!("never: {last}"))
    }

    async fn cut_open<C: Client>(&self) -> Outcome {
        let client = C::connect(format!("{}/back-open/sse", self.proxy)).await?;
        let cut = async {
            sleep(SECOND * 3 / 10).await;
            self.cut().await
        };
        let wait = client.call("wait", json!({ "ms": 60_000 }), 5 * SECOND, false);
        let (cut, found) = tokio::join!(cut, fails(4 * SECOND, wait));
        cut?;
        found
    }
}

async fn cancelled<C: Client>(client: &C) -> Outcome {
    let before = client.call("cancelled", json!({}), 5 * SECOND, false).await?;
    let _ = client.call("wait", json!({ "ms": 10_000 }), SECOND * 3 / 10, false).await;
    for _ in 0..50 {
        if client.call("cancelled", json!({}), 5 * SECOND, false).await? != before {
            return Ok(String::new());
        }
        sleep(SECOND / 50).await;
    }
    Err("the server was not told".to_owned())
}

/// Runs all checks.
pub async fn run<C: Client>() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("SERVER PROXY CONTROL");
    let suite = Suite { server: next(), proxy: next(), control: next() };
    tokio::join!(
        async {
            suite.one_session::<C>().await;
            suite.others::<C>().await;
        },
        check("silence", suite.silence::<C>()),
        check("keep_alive", suite.keep_alive::<C>()),
        async {
            // One after the other: a cut is for all connections.
            check("cut_open", suite.cut_open::<C>()).await;
            check("cut", suite.comes_back::<C>()).await;
        },
    );
}
