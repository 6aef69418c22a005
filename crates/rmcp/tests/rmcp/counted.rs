use std::{
    future::pending,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use mcp_sse_server::session::SessionSender;
use rmcp::{
    Peer, RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::ServerNotification,
    schemars,
    service::{NotificationContext, RequestContext},
    tool, tool_handler, tool_router,
};
use tokio::sync::{Notify, Semaphore};

/// Counts the live services and tool calls of a server.
#[derive(Default)]
pub(crate) struct Alive {
    pub(crate) services: AtomicUsize,
    pub(crate) calls: AtomicUsize,
    /// Notified when one of them ends.
    ended: Notify,
    /// The permits of the tool `finish`: each call needs one.
    pub(crate) finish: Gate,
}

pub(crate) struct Gate(pub(crate) Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Alive {
    pub(crate) fn counts(&self) -> [usize; 2] {
        [&self.services, &self.calls].map(|count| count.load(SeqCst))
    }

    pub(crate) async fn are(&self, counts: [usize; 2]) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.counts() == counts {
                return;
            }
            ended.await;
        }
    }

    fn guard(self: &Arc<Self>, count: fn(&Self) -> &AtomicUsize) -> Guard {
        count(self).fetch_add(1, SeqCst);
        self.ended.notify_waiters();
        Guard {
            alive: Arc::clone(self),
            count,
        }
    }
}

struct Guard {
    alive: Arc<Alive>,
    count: fn(&Alive) -> &AtomicUsize,
}

impl Drop for Guard {
    fn drop(&mut self) {
        (self.count)(&self.alive).fetch_sub(1, SeqCst);
        self.alive.ended.notify_waiters();
    }
}

/// A service that counts itself and the calls of its tools.
pub(crate) struct Counted {
    alive: Arc<Alive>,
    _guard: Guard,
}

impl Counted {
    pub(crate) fn new(alive: &Arc<Alive>) -> Self {
        Self {
            alive: Arc::clone(alive),
            _guard: alive.guard(|alive| &alive.services),
        }
    }

    fn called(&self) -> Guard {
        self.alive.guard(|alive| &alive.calls)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Size {
    bytes: usize,
}

#[tool_router]
#[expect(
    deprecated,
    reason = "roots are, and clients of this transport have them"
)]
impl Counted {
    #[tool(description = "Works until it is cancelled.")]
    async fn work(&self, context: RequestContext<RoleServer>) -> String {
        let _called = self.called();
        context.ct.cancelled().await;
        "cancelled".to_owned()
    }

    #[tool(description = "Works for ever, whatever is cancelled.")]
    async fn ignore(&self) -> String {
        let _called = self.called();
        pending().await
    }

    #[tool(description = "Works for ever, and panics when it is dropped.")]
    async fn panic_at_end(&self) -> String {
        struct Bomb(Option<Guard>);

        impl Drop for Bomb {
            fn drop(&mut self) {
                drop(self.0.take());
                panic!("a tool that panics when it is dropped");
            }
        }

        let _bomb = Bomb(Some(self.called()));
        pending().await
    }

    #[tool(description = "Works until the client answers.")]
    async fn ask(&self, peer: Peer<RoleServer>) -> String {
        let _called = self.called();
        format!("{:?}", peer.list_roots().await.map(|_roots| ()))
    }

    #[tool(description = "Works until the test lets it finish.")]
    async fn finish(&self) -> String {
        let _called = self.called();
        self.alive.finish.0.acquire().await.unwrap().forget();
        "finished".to_owned()
    }

    #[tool(description = "Works until the server shuts down, then tells and asks the client.")]
    async fn until_drained(&self, context: RequestContext<RoleServer>) -> String {
        let _called = self.called();
        let session = context.extensions.get::<SessionSender>().unwrap();
        session.draining().await;
        context.peer.notify_tool_list_changed().await.unwrap();
        let roots = context.peer.list_roots().await.unwrap();
        assert!(roots.roots.is_empty());
        "drained".to_owned()
    }

    #[tool(description = "Sends notifications until the client is gone.")]
    async fn tell(&self, peer: Peer<RoleServer>) -> String {
        let _called = self.called();
        let note = || rmcp::model::ToolListChangedNotification {
            method: Default::default(),
            extensions: Default::default(),
        };
        while peer
            .send_notification(ServerNotification::ToolListChangedNotification(note()))
            .await
            .is_ok()
        {}
        "told".to_owned()
    }

    #[tool(description = "Answers with so many bytes.")]
    async fn text(&self, Parameters(Size { bytes }): Parameters<Size>) -> String {
        let _called = self.called();
        "x".repeat(bytes)
    }
}

/// Made once, since its schemas take longer than all the rest of a session.
static TOOLS: LazyLock<ToolRouter<Counted>> = LazyLock::new(Counted::tool_router);

#[tool_handler(router = TOOLS)]
#[expect(
    deprecated,
    reason = "roots are, and clients of this transport have them"
)]
impl ServerHandler for Counted {
    async fn on_roots_list_changed(&self, context: NotificationContext<RoleServer>) {
        let _called = self.called();
        let _ = context.peer.list_roots().await;
    }
}
