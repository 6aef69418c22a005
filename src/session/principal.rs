/// The sender of a request, as found by the application's authentication.
///
/// Put it into the extensions of `GET` and `POST` requests in an authentication middleware. A session
/// belongs to the principal that opened it. Any other principal, or none, gets the same answer as for an
/// unknown session.
///
/// Two principals are equal if all three parts are: one client may act for many users, and two issuers
/// may give different users the same name.
///
/// ```
/// use mcp_sse_server::session::Principal;
///
/// let principal = Principal::new("inspector")
///     .with_issuer("https://auth.example.com")
///     .with_subject("alice");
/// let mut request = http::Request::get("/sse").body(())?;
/// request.extensions_mut().insert(principal);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    client_id: Box<str>,
    issuer: Option<Box<str>>,
    subject: Option<Box<str>>,
}

impl Principal {
    /// A principal with the id of an OAuth client, or another name of the program that sends requests.
    pub fn new(client_id: impl Into<Box<str>>) -> Self {
        Self {
            client_id: client_id.into(),
            issuer: None,
            subject: None,
        }
    }

    /// Adds the issuer of the credential: the `iss` of a token.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Adds the user for whom the credential was issued: the `sub` of a token.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<Box<str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The length of all parts, in bytes.
    pub(super) fn len(&self) -> usize {
        let part = |part: &Option<Box<str>>| part.as_ref().map_or(0, |part| part.len());
        self.client_id.len() + part(&self.issuer) + part(&self.subject)
    }

    /// The id of the OAuth client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The issuer of the credential.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The user for whom the credential was issued.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}
