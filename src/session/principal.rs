use std::{borrow::Cow, fmt, sync::Arc};

use http::Extensions;

/// Who a request comes from, as the application's authentication says.
///
/// Put it into the extensions of `GET` and `POST` requests in an authentication middleware. The session
/// remembers who opened it, and answers a `POST` by anyone else, or by nobody, as if it did not exist.
///
/// Two principals are the same if all three parts are: a client may act for many users, and two
/// issuers may name different users alike.
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
    /// The OAuth client, or whatever else names the program that asks.
    pub fn new(client_id: impl Into<Box<str>>) -> Self {
        Self {
            client_id: client_id.into(),
            issuer: None,
            subject: None,
        }
    }

    /// Who issued the credential: the `iss` of a token.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// For whom it was issued: the `sub` of a token.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<Box<str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The OAuth client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Who issued the credential.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// For whom it was issued.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

/// Where a request's principal is found.
#[derive(Clone, Default)]
pub(crate) enum PrincipalSource {
    /// In the extensions, as itself.
    #[default]
    Extension,
    /// In the extensions, as something that the application knows.
    Hook(Arc<PrincipalHook>),
}

pub(crate) type PrincipalHook = dyn Fn(&Extensions) -> Option<Principal> + Send + Sync;

impl PrincipalSource {
    pub(crate) fn of<'a>(&self, extensions: &'a Extensions) -> Option<Cow<'a, Principal>> {
        match self {
            Self::Extension => extensions.get().map(Cow::Borrowed),
            Self::Hook(hook) => hook(extensions).map(Cow::Owned),
        }
    }
}

impl fmt::Debug for PrincipalSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Extension => "Extension",
            Self::Hook(_) => "Hook(<fn>)",
        })
    }
}
