//! TLS: client and server negotiate the version of HTTP in the handshake.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use mcp_sse_server::{SessionRegistry, SseServerTransport};
use mcp_sse_server_stacks::trusting;
use mcp_sse_testkit::{
    client::{Body, Client, a_session_to_its_end},
    handlers::echo,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    client::TlsStream,
    rustls::{ServerConfig, pki_types::CertificateDer},
};
use tower::{Layer, service_fn};

struct Place {
    address: String,
    sessions: SessionRegistry,
    certificate: CertificateDer<'static>,
}

async fn spawn() -> Place {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(own.cert);
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], own.signing_key.into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let tls = TlsAcceptor::from(Arc::new(config));

    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let hello = service_fn(async |request: Request<Incoming>| {
        let version = format!("{:?}", request.version());
        Ok::<_, std::convert::Infallible>(Response::new(Body::from(version)))
    });
    let app = transport.layer("/sse").unwrap().layer(hello);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (tls, service) = (tls.clone(), TowerToHyperService::new(app.clone()));
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(stream).await else {
                    return;
                };
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Place {
        address: format!("localhost:{}", address.port()),
        sessions: transport.sessions(),
        certificate,
    }
}

async fn connect(place: &Place, versions: &[&str]) -> TlsStream<TcpStream> {
    let port = place.address.trim_start_matches("localhost:");
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    trusting::connect(address, place.certificate.clone(), versions).await
}

fn agreed(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

#[tokio::test]
async fn a_session_over_tls_and_http_2() {
    let place = spawn().await;
    let stream = connect(&place, &["h2", "http/1.1"]).await;
    assert_eq!(agreed(&stream), Some(&b"h2"[..]));
    let Place {
        address, sessions, ..
    } = &place;
    let mut client = Client::http2_over(stream).await;
    let both = (client.another(address).await, client.another(address).await);
    a_session_to_its_end(sessions, both, address, "/sse", "/messages/").await;
    let version = client.get(address, "/").await;
    assert_eq!(version, (200, "HTTP/2.0".to_owned()));
}

#[tokio::test]
async fn a_session_over_tls_and_http_1_1() {
    let place = spawn().await;
    // A client without ALPN speaks HTTP/1.1, too.
    for versions in [&["http/1.1"][..], &[]] {
        let opener = connect(&place, versions).await;
        let expected = versions.first().map(|version| version.as_bytes());
        assert_eq!(agreed(&opener), expected);
        let opener = Client::http1_over(opener).await;
        let poster = Client::http1_over(connect(&place, versions).await).await;
        let mut other = Client::http1_over(connect(&place, versions).await).await;
        let (sessions, address) = (&place.sessions, &place.address);
        let both = (opener, poster);
        a_session_to_its_end(sessions, both, address, "/sse", "/messages/").await;
        let version = other.get(address, "/").await;
        assert_eq!(version, (200, "HTTP/1.1".to_owned()));
    }
}
