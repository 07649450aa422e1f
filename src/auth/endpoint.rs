//! Finds the server of a stream: the default, an environment variable or `--url`; without secrets.

use super::address::{self, Address};
use super::loopback::{self, Reach};
use super::{Credentials, Environment};
use crate::model::{Failure, Stream};
use url::Url;

impl Stream {
    /// Returns Dhan's address of the stream.
    pub const fn default_url(self) -> &'static str {
        match self {
            Stream::Market => "wss://api-feed.dhan.co/",
            Stream::DEPTH_20 => "wss://depth-api-feed.dhan.co/twentydepth",
            Stream::DEPTH_200 => "wss://full-depth-api.dhan.co/",
            Stream::Orders => "wss://api-order-update.dhan.co/",
        }
    }

    /// Returns the environment variable that overrides the address.
    pub const fn variable(self) -> &'static str {
        match self {
            Stream::Market => "DHAN_WS_MARKET_FEED_URL",
            Stream::DEPTH_20 => "DHAN_WS_MARKET_DEPTH_URL",
            Stream::DEPTH_200 => "DHAN_WS_MARKET_DEPTH_200_URL",
            Stream::Orders => "DHAN_WS_ORDER_URL",
        }
    }

    /// Returns the server to use: `--url`, else the environment, else the default. An empty variable counts as unset.
    ///
    /// # Errors
    /// Returns a usage error that quotes the address without its query.
    pub fn resolve(self, url: Option<&str>, environment: &Environment) -> Result<BaseUrl, Failure> {
        let named = url.map(|u| (u.to_owned(), "--url"));
        let named = named.or_else(|| environment.text(self.variable()).map(|u| (u, self.variable())));
        match named {
            Some((text, source)) => BaseUrl::parse(self, &text, source, true),
            None => BaseUrl::parse(self, self.default_url(), "the default", false),
        }
    }
}

/// Holds a checked server address without secrets, Dhan's or the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    pub(super) endpoint: Stream,
    pub(super) url: Url,
    named: bool,
}

impl BaseUrl {
    fn parse(endpoint: Stream, text: &str, source: &str, named: bool) -> Result<BaseUrl, Failure> {
        let url = checked(text, source, ["wss", "ws"])?;
        Ok(BaseUrl { endpoint, url, named })
    }

    /// Returns its host, for messages.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Returns whether it is unencrypted; then it is this host, and no proxy is used.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "ws"
    }

    /// Returns `host:port`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host(), self.url.port_or_known_default().unwrap_or(443))
    }

    /// Returns whether the user gave the address; it is Dhan's otherwise.
    pub fn is_named_by_user(&self) -> bool {
        self.named
    }

    /// Returns the other path that the same server may serve: 200-level depth is documented at `/twohundreddepth` and
    /// was seen only at `/`. Returns `None` if the user gave the address, which is used unchanged.
    pub fn alternative(&self) -> Option<BaseUrl> {
        if self.named || self.endpoint != Stream::DEPTH_200 || self.url.path() != "/" {
            return None;
        }
        let mut other = self.clone();
        other.url.set_path("/twohundreddepth");
        Some(other)
    }

    /// Returns the address to connect to, with the credentials in its query if the stream needs them. Only this
    /// function builds an address with a secret in it.
    pub fn address(&self, credentials: &Credentials) -> Address {
        Address::build(self, Some(credentials))
    }

    /// Returns the address to connect to in the form that may be shown, for credentials that are not read.
    pub fn redacted(&self) -> String {
        address::shown(self, Some(["[redacted]"; 2]))
    }

    /// Returns the address of a stream that logs in with a message (orders).
    pub fn bare_address(&self) -> Address {
        Address::build(self, None)
    }
}

/// Holds the checked base address of REST calls, or of calls that make tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase(pub(crate) Url);

impl ApiBase {
    /// Environment variable that overrides the address of REST calls.
    pub const VARIABLE: &str = "DHAN_API_URL";
    const DEFAULT: &str = "https://api.dhan.co/v2";
    /// Environment variable that overrides the address of calls that make tokens.
    pub const AUTH_VARIABLE: &str = "DHAN_AUTH_URL";
    const AUTH_DEFAULT: &str = "https://auth.dhan.co";

    /// Returns the address in `DHAN_API_URL`, else Dhan's.
    ///
    /// # Errors
    /// Returns a usage error that quotes the address without its query.
    pub fn resolve(environment: &Environment) -> Result<ApiBase, Failure> {
        ApiBase::named(environment, ApiBase::VARIABLE, ApiBase::DEFAULT)
    }

    /// Returns the address in `DHAN_AUTH_URL`, else Dhan's.
    ///
    /// # Errors
    /// Returns a usage error that quotes the address without its query.
    pub fn resolve_auth(environment: &Environment) -> Result<ApiBase, Failure> {
        ApiBase::named(environment, ApiBase::AUTH_VARIABLE, ApiBase::AUTH_DEFAULT)
    }

    fn named(environment: &Environment, variable: &str, default: &str) -> Result<ApiBase, Failure> {
        match environment.text(variable) {
            Some(text) => checked(&text, variable, ["https", "http"]).map(ApiBase),
            None => checked(default, "the default", ["https", "http"]).map(ApiBase),
        }
    }

    /// Returns the address of a call below the base.
    pub fn join(&self, call: &str) -> Url {
        let mut url = self.0.clone();
        let path = format!("{}/{call}", self.0.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    /// Returns its host, for messages.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns whether it is this host, unencrypted; then no proxy is used.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

/// Parses an address that a token may be sent to. `schemes` are the encrypted scheme and the plain one, which is
/// allowed for loopback only.
fn checked(text: &str, source: &str, schemes: [&str; 2]) -> Result<Url, Failure> {
    let [encrypted, plain] = schemes;
    let shown = shown(text);
    let wrong = |why: String| Failure::usage(format!("{source}: {shown:?}: {why}"));
    let url = Url::parse(text.trim())
        .map_err(|_| wrong(format!("not an address; one looks like {encrypted}://host:port/path")))?;
    if url.scheme() != encrypted && url.scheme() != plain {
        return Err(wrong(format!("the scheme must be {encrypted}:// (or {plain}:// on this host)")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a user or password does not belong in the address".to_owned()));
    }
    if url.fragment().is_some() {
        return Err(wrong("an address has no #fragment".to_owned()));
    }
    let Some(host) = url.host() else {
        return Err(wrong("the host is missing".to_owned()));
    };
    if url.scheme() == plain {
        let why = match loopback::reach(&host) {
            Reach::Loopback => return Ok(url),
            Reach::Elsewhere(ip) => format!("{host} is {ip}, which is not this host"),
            Reach::Unknown => format!("{host} cannot be looked up, so it is not known to be this host"),
        };
        return Err(wrong(format!(
            "{plain}:// would send the access token in the clear, and {why}; write {encrypted}://, or a server on this \
             host (127.0.0.1 or ::1)"
        )));
    }
    Ok(url)
}

/// Returns an address as typed for a message, without its query and without the part before an `@`.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match text.rfind('@') {
        Some(at) => format!("[redacted]{}", &text[at..]),
        None => text.to_owned(),
    };
    crate::console::untrusted(&text)
}
