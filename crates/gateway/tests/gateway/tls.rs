//! TLS of the gateway and of its upstreams, with a certificate authority of the test.

use std::{
    path::PathBuf,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use reqwest::Certificate;
use serde_json::{Value, json};

use crate::{
    served::{Gateway, child},
    streamable::Streamable,
};

/// A certificate authority, and a certificate of it for `localhost` and 127.0.0.1.
pub(crate) struct Authority {
    authority: String,
    certificate: String,
    key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let provider = rustls::crypto::ring::default_provider();
            provider.install_default().unwrap();
        });
        let mut params = CertificateParams::new([]).unwrap();
        // A certificate of another authority with the same name would have a bad signature.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("authority {}", NUMBER.fetch_add(1, Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let own_key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&own_key).unwrap().pem();
        let issuer = Issuer::new(params, own_key);

        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        Self {
            authority,
            certificate: params.signed_by(&key, &issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn chain(&self) -> Vec<u8> {
        self.certificate.clone().into_bytes()
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        self.key.clone().into_bytes()
    }

    /// A client that trusts this authority and no other one.
    fn client(&self) -> reqwest::Client {
        let authority = Certificate::from_pem(self.authority.as_bytes()).unwrap();
        let client = reqwest::Client::builder().no_proxy();
        client.tls_certs_only([authority]).build().unwrap()
    }
}

/// Files that are removed at the end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = format!("gateway-tls-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The events of a stream, from the chunks of its response.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let data = data.map(str::to_owned);
                self.text = rest.to_owned();
                match data {
                    Some(data) => return data,
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.unwrap().expect("an event");
            let chunk = String::from_utf8(chunk.to_vec()).unwrap();
            self.text.push_str(&chunk.replace("\r\n", "\n"));
        }
    }
}

#[tokio::test]
async fn clients_connect_over_tls_with_http_1_and_http_2() {
    let (authority, files) = (Authority::new(), Files::new("own"));
    let cert = files.write("cert.pem", &authority.chain());
    let key = files.write("key.pem", &authority.key());
    let gateway = Gateway::start(&["--tls-cert", &cert, "--tls-key", &key]);
    let base = format!("https://localhost:{}", gateway.address.port());

    let client = authority.client();
    let response = client.get(format!("{base}/sse")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.version(), http::Version::HTTP_2);
    let mut events = Events {
        response,
        text: String::new(),
    };
    let uri = events.next().await;
    let ask = json!({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"over": "tls"}});
    let post = client.post(format!("{base}{uri}"));
    let post = post.header("content-type", "application/json");
    let posted = post.body(ask.to_string()).send().await.unwrap();
    assert_eq!(posted.status(), 202);
    let answer: Value = serde_json::from_str(&events.next().await).unwrap();
    assert_eq!(answer["result"]["params"], json!({"over": "tls"}));

    let old = reqwest::Client::builder().no_proxy().http1_only();
    let trusted = Certificate::from_pem(authority.authority.as_bytes()).unwrap();
    let old = old.tls_certs_only([trusted]).build().unwrap();
    let response = old.get(format!("{base}/health")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, http::Version::HTTP_11)
    );

    // A client that does not trust the authority, and one without TLS.
    let stranger = Authority::new().client();
    assert!(stranger.get(format!("{base}/health")).send().await.is_err());
    let plain = format!("http://localhost:{}/health", gateway.address.port());
    assert!(client.get(plain).send().await.is_err());
}

#[test]
fn files_without_a_certificate_or_its_key_are_refused_at_the_start() {
    let (one, other, files) = (Authority::new(), Authority::new(), Files::new("wrong"));
    let cert = files.write("cert.pem", &one.chain());
    let key = files.write("key.pem", &other.key());
    let empty = files.write("empty.pem", b"");
    for (cert, key) in [(&cert, &key), (&empty, &key), (&cert, &empty)] {
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            cert,
            "--tls-key",
            key,
            "cat",
        ];
        let output = crate::served::command(&flags).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.contains("error: --tls-cert and --tls-key: "),
            "{stderr}"
        );
        assert_eq!(output.status.code(), Some(1), "{stderr}");
    }
}

/// The answer to the handshake of a new session.
async fn handshake(gateway: &Gateway) -> Value {
    let mut talk = gateway.open().await;
    let info = json!({"name": "c", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info});
    talk.tell("initialize", &params).await;
    talk.next().await.expect("an answer")
}

#[tokio::test]
async fn an_upstream_with_a_private_authority_is_served_if_that_is_trusted() {
    let (authority, files) = (Authority::new(), Files::new("upstream"));
    let server = Streamable::start_with_tls(&authority).await;
    let ca = files.write("ca.pem", authority.authority.as_bytes());
    let url = server.url();

    let gateway = Gateway::start_as_is(&["--upstream", &url, "--upstream-ca", &ca], &[], &[]);
    let answer = handshake(&gateway).await;
    assert_eq!(
        answer["result"]["serverInfo"]["name"], "streamable",
        "{answer}"
    );

    // The file that OpenSSL's programs read instead of the system's.
    let gateway = Gateway::start_as_is(&["--upstream", &url], &[], &[("SSL_CERT_FILE", &ca)]);
    let answer = handshake(&gateway).await;
    assert_eq!(
        answer["result"]["serverInfo"]["name"], "streamable",
        "{answer}"
    );

    let other = files.write("other.pem", Authority::new().authority.as_bytes());
    for flags in [
        &["--upstream", &url] as &[_],
        &["--upstream", &url, "--upstream-ca", &other],
    ] {
        let gateway = Gateway::start_as_is(flags, &[], &[]);
        let answer = handshake(&gateway).await;
        let reason = "the upstream failed: the system does not know the authority of its certificate, \
                      --upstream-ca FILE trusts it";
        assert_eq!(answer["error"]["message"], reason, "{answer}");
    }
}

#[tokio::test]
async fn a_machine_without_authorities_can_run_stdio_servers_and_trust_a_file() {
    let none = [
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_DIR", "/dev/null"),
    ];
    let child = child();
    let gateway = Gateway::start_with(&[], &child.each_ref().map(String::as_str), &none);
    gateway.open().await.works().await;

    let (authority, files) = (Authority::new(), Files::new("none"));
    let server = Streamable::start_with_tls(&authority).await;
    let ca = files.write("ca.pem", authority.authority.as_bytes());
    let flags = ["--upstream", &server.url(), "--upstream-ca", &ca];
    let gateway = Gateway::start_as_is(&flags, &[], &none);
    let answer = handshake(&gateway).await;
    assert_eq!(answer["result"]["serverInfo"]["name"], "streamable");
}
