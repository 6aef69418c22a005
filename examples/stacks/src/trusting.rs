//! A TLS client that trusts one certificate.

use std::{net::SocketAddr, sync::Arc};

use mcp_sse_testkit::within;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName},
    },
};

/// Connects as to `localhost`, with these versions of HTTP.
pub async fn connect(
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    versions: &[&str],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = versions.iter().map(|name| name.as_bytes().into()).collect();
    let stream = TcpStream::connect(address).await.expect("a server");
    stream.set_nodelay(true).expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let connected = within("a handshake", connector.connect(name, stream)).await;
    connected.expect("a handshake")
}
