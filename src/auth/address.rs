//! Holds an address with a secret in it, and the form that may be shown.

use super::endpoint::BaseUrl;
use super::{Credentials, mask_client_id};
use crate::model::Stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use url::Position;

/// RFC 3986's unreserved characters are not encoded.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address to connect to. `Display` and `Debug` show it redacted; only the upgrade request contains the secret.
#[derive(Clone)]
pub struct Address {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    /// Path and query as they are sent.
    target: SecretString,
    shown: String,
    secrets: Vec<SecretString>,
}

impl Address {
    pub(super) fn build(base: &BaseUrl, credentials: Option<&Credentials>) -> Address {
        let tls = base.url.scheme() == "wss";
        let encoded = |text: &str| utf8_percent_encode(text, QUERY_VALUE).to_string();
        let own = base.url.query().unwrap_or_default();
        let mut address = Address {
            tls,
            host: base.host().to_owned(),
            port: base.url.port().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority(base).to_owned(),
            target: SecretString::from(target(base, own, None)),
            shown: shown(base, None),
            secrets: Vec::new(),
        };
        // The order socket takes the credentials in a message.
        if let Some(Credentials { client_id, token }) = credentials.filter(|_| base.endpoint != Stream::Orders) {
            let (sent_token, sent_id) = (encoded(token.expose_secret()), encoded(client_id));
            address.target = SecretString::from(target(base, own, Some([&sent_token, &sent_id])));
            address.shown = shown(base, Some(["[redacted]", &mask_client_id(client_id)]));
            address.secrets.push(token.clone());
        }
        address
    }

    /// Returns whether the scheme is `wss://`.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Returns the host; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns host and port in the form of the `Host` header; safe to show.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns path and query as they are sent.
    pub(crate) fn target(&self) -> &SecretString {
        &self.target
    }

    /// Returns the secrets in it, for the redactor.
    pub(crate) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }
}

/// Returns host and port; like a browser, the port only if it is not the scheme's default.
fn authority(base: &BaseUrl) -> &str {
    &base.url[Position::BeforeHost..Position::AfterPort]
}

/// Returns path and query: the user's own query, then the broker's with a token and a client id.
fn target(base: &BaseUrl, own: &str, login: Option<[&str; 2]>) -> String {
    let broker = match (base.endpoint, login) {
        (Stream::Market, Some([token, id])) => format!("version=2&token={token}&clientId={id}&authType=2"),
        (Stream::Depth(_), Some([token, id])) => format!("token={token}&clientId={id}&authType=2"),
        _ => String::new(),
    };
    let query = [own, &broker].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    if query.is_empty() { base.url.path().to_owned() } else { format!("{}?{query}", base.url.path()) }
}

/// Returns the address for people, without the user's own query.
pub(super) fn shown(base: &BaseUrl, login: Option<[&str; 2]>) -> String {
    let own = base.url.query().filter(|query| !query.is_empty()).map_or("", |_| "[redacted]");
    format!("{}://{}{}", base.url.scheme(), authority(base), target(base, own, login))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}
