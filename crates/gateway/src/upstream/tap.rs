//! rmcp's HTTP client, with the client's headers, and with a tap on what the server sends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream::BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue};
use rmcp::{
    model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{
        SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
        StreamableHttpResponseLimits,
    },
};
use sse_stream::Sse;

use super::{inbound::Inbound, outgoing::original};

type Events = BoxStream<'static, Result<Sse, SseError>>;
type Headers = HashMap<HeaderName, HeaderValue>;
type Error = StreamableHttpError<reqwest::Error>;

/// An HTTP client for one session. A clone is another handle.
#[derive(Clone)]
pub(super) struct Tap {
    http: reqwest::Client,
    inbound: Arc<Inbound>,
    headers: Arc<Mutex<HeaderMap>>,
}

impl Tap {
    pub(super) fn new(http: reqwest::Client, inbound: Arc<Inbound>) -> Self {
        Self {
            http,
            inbound,
            headers: Arc::default(),
        }
    }

    /// Replaces the headers that each further request has.
    pub(super) fn set_headers(&self, headers: HeaderMap) {
        *self.headers.lock().unwrap_or_else(PoisonError::into_inner) = headers;
    }

    fn with_headers(&self, mut all: Headers) -> Headers {
        let own = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        // A header that is given twice is sent once: rmcp takes a map.
        all.extend(
            own.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        all
    }

    fn tapped(&self, events: Events) -> Events {
        let inbound = Arc::clone(&self.inbound);
        let delivered = move |event: Result<Sse, SseError>| {
            let inbound = Arc::clone(&inbound);
            async move {
                if let Ok(Sse {
                    data: Some(data), ..
                }) = &event
                {
                    inbound.deliver(data).await;
                }
                event
            }
        };
        events.then(delivered).boxed()
    }
}

impl StreamableHttpClient for Tap {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Error> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(
            uri,
            message,
            session_id,
            auth_header,
            headers,
            limits,
        )
        .await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Error> {
        let (message, headers) = (original(message), self.with_headers(headers));
        let id = match &message {
            JsonRpcMessage::Request(request) => Some(request.id.clone()),
            _ => None,
        };
        let response = self.http.post_message_with_response_limits(
            uri,
            message,
            session_id,
            auth_header,
            headers,
            limits,
        );
        Ok(match response.await? {
            StreamableHttpPostResponse::Sse(events, session_id) => {
                StreamableHttpPostResponse::Sse(self.tapped(events), session_id)
            }
            // A server that refuses a request before it reads it does not know the id: TypeScript's writes null,
            // Python's "server-error".
            StreamableHttpPostResponse::Json(JsonRpcMessage::Error(error), session_id) => {
                let error = ServerJsonRpcMessage::error(error.error, id.or(error.id));
                StreamableHttpPostResponse::Json(error, session_id)
            }
            other => other,
        })
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<(), Error> {
        self.http
            .delete_session(uri, session_id, auth_header, self.with_headers(headers))
            .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<Events, Error> {
        let most = StreamableHttpResponseLimits::default().max_sse_event_size;
        self.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            headers,
            most,
        )
        .await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<Events, Error> {
        let (http, headers) = (&self.http, self.with_headers(headers));
        let events = http.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            headers,
            most,
        );
        Ok(self.tapped(events.await?))
    }
}
