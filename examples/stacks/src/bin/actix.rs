//! A complete MCP server in actix-web, which takes no tower services: a bridge of 40 lines.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin actix
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin actix -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/
//! ```
//!
//! Ctrl-C ends the open streams and stops the server.

use std::{error::Error, net::TcpListener};

use actix_web::{App, HttpServer, web};
use mcp_sse_server::SseServerTransport;
use mcp_sse_server_stacks::actix;
use mcp_sse_testkit::demo;
use tokio::signal;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(&address).map_err(|error| format!("{address}: {error}"))?;
    let url = format!("http://{}/sse", listener.local_addr()?);

    let transport = SseServerTransport::new("/messages/", demo::serve)?;
    let (sse, post) = transport.services();
    let server = HttpServer::new(move || {
        let (sse, post) = (sse.clone(), post.clone());
        App::new()
            // actix-web's own limit is 256 KiB. The transport's `body_limit` is 4 MiB.
            .app_data(web::PayloadConfig::new(4 << 20))
            .route(
                "/sse",
                web::to(move |head| actix::stream(sse.clone(), head)),
            )
            .service(web::resource(["/messages/", "/messages"]).route(web::to(
                move |head, body| actix::message(post.clone(), head, body),
            )))
            .route("/", web::get().to(async || "MCP over HTTP+SSE at /sse\n"))
    })
    .tcp_nodelay(true)
    .listen(listener)?
    .disable_signals()
    .run();
    println!("MCP over HTTP+SSE at {url}");

    let handle = server.handle();
    let server = actix_web::rt::spawn(server);
    signal::ctrl_c().await?;
    // The graceful shutdown would wait for open streams, up to 30 s.
    transport.sessions().shutdown().await;
    handle.stop(true).await;
    server.await??;
    Ok(())
}
