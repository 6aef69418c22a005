//! An rmcp handler over this crate, on plain hyper.

use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tower::{Layer, service_fn};

fn main() {
    let inner = service_fn(async |_: Request<Incoming>| {
        Ok::<_, std::convert::Infallible>(hyper::Response::new(String::new()))
    });
    let transport = peer_handler::transport();
    let app = transport.layer("/sse").expect("a plain path").layer(inner);
    peer::run(|listener| {
        peer::accept(listener, move |stream| {
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                // A lost connection is normal.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        })
    });
}
