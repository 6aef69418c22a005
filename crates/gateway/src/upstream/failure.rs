//! Why a message could not be sent to an upstream.

use std::{error::Error, io};

use http::HeaderValue;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rustls::CertificateError;

/// How many bytes of an upstream's text are passed on.
const MOST: usize = 300;

#[derive(Debug)]
pub(super) struct Failure {
    /// The reason, for the client and the log.
    pub(super) text: String,
    /// The challenge, if the upstream answered 401.
    pub(super) challenge: Option<HeaderValue>,
}

impl From<StreamableHttpError<reqwest::Error>> for Failure {
    fn from(error: StreamableHttpError<reqwest::Error>) -> Self {
        let challenge = match &error {
            StreamableHttpError::AuthRequired(required) => {
                required.www_authenticate_header.parse().ok()
            }
            // Without a challenge.
            StreamableHttpError::UnexpectedServerResponse(text) if text.starts_with("HTTP 401") => {
                Some(HeaderValue::from_static("Bearer"))
            }
            _ => None,
        };
        let text = match error {
            // A URL may contain secrets.
            StreamableHttpError::Client(error) if is_unknown_issuer(&error) => {
                "the system does not know the authority of its certificate, --upstream-ca FILE trusts it"
                    .to_owned()
            }
            StreamableHttpError::Client(error) => causes(&error.without_url()),
            StreamableHttpError::AuthRequired(_) => "HTTP 401 Unauthorized".to_owned(),
            StreamableHttpError::TransportChannelClosed => "the connection was lost".to_owned(),
            error => causes(&error),
        };
        let end = (0..=MOST.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        Self {
            text: format!("the upstream failed: {}", &text[..end]),
            challenge,
        }
    }
}

/// Whether the upstream's certificate was issued by an authority that is not trusted.
fn is_unknown_issuer(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
            return *error == unknown;
        }
        // The source of an I/O error is that of the error in it.
        cause = match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    false
}

/// Returns an error's text and those of its causes.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
