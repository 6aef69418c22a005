use std::{
    borrow::Cow,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use rmcp::{
    ErrorData, RoleServer, Service,
    model::{ClientNotification, ClientRequest, ProtocolVersion, ServerConfig, ServerResult},
    service::{NotificationContext, RequestContext},
};

/// A service that answers a request with an error if its handler panics. rmcp runs each request in a
/// detached task. Without this service, the client would get no response after a panic.
///
/// Catching the panic here is as unwind safe as catching it at the task: the future that panicked is
/// dropped, and the service continues.
#[derive(Debug)]
pub(crate) struct Caught<S>(pub(super) S);

impl<S: Service<RoleServer>> Service<RoleServer> for Caught<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let mut answer = pin!(self.0.handle_request(request, context));
        poll_fn(|cx| {
            catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))).unwrap_or_else(|_panic| {
                let what = "the handler of the request panicked";
                Poll::Ready(Err(ErrorData::internal_error(what, None)))
            })
        })
        .await
    }

    fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + Send + '_ {
        self.0.handle_notification(notification, context)
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }
}
