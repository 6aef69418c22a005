//! The bridge from actix-web, which has its own types of requests and responses.

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse, Result, error::ErrorBadRequest, http::StatusCode, web::Bytes,
};
use http::{Request, Response, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use mcp_sse_server::{Handler, PostService, SseService};
use tower::ServiceExt;

/// Answers a request for the stream.
pub async fn stream<H>(sse: SseService<H>, head: HttpRequest) -> Result<HttpResponse>
where
    H: Handler<Future: 'static> + 'static,
{
    let Ok(response) = sse
        .oneshot(Request::from_parts(parts(&head)?, String::new()))
        .await;
    Ok(to_actix(response))
}

/// Answers a request with a message, whose body actix-web has read.
pub async fn message(post: PostService, head: HttpRequest, body: Bytes) -> Result<HttpResponse> {
    let Ok(response) = post.deliver(parts(&head)?, body).await;
    Ok(to_actix(response))
}

fn parts(head: &HttpRequest) -> Result<Parts> {
    let mut request = Request::builder()
        .method(head.method().as_str())
        .uri(head.uri().to_string());
    for (name, value) in head.headers() {
        request = request.header(name.as_str(), value.as_bytes());
    }
    let (parts, ()) = request.body(()).map_err(ErrorBadRequest)?.into_parts();
    Ok(parts)
}

fn to_actix<B>(response: Response<B>) -> HttpResponse
where
    B: Body<Data = Bytes, Error = Infallible> + 'static,
{
    let status = StatusCode::from_u16(response.status().as_u16()).expect("the same status");
    let mut answer = HttpResponse::build(status);
    for (name, value) in response.headers() {
        answer.append_header((name.as_str(), value.as_bytes()));
    }
    answer.streaming(response.into_body().into_data_stream())
}
