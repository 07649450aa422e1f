//! Holds an address with a secret in it, and the form that may be shown.

use super::endpoint::BaseUrl;
use super::{Credentials, mask_client_id};
use crate::model::Stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;

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
        let host = base.url.host_str().unwrap_or_default().to_owned();
        let port = base.url.port().unwrap_or(if tls { 443 } else { 80 });
        // Like a browser, add the port only if it is not the scheme's default.
        let authority = match base.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let mut sent = base.url.path().to_owned();
        let mut shown = format!("{}://{authority}{}", base.url.scheme(), base.url.path());
        let mut separator = '?';
        let mut add = |key: &str, value: &str, shown_value: &str| {
            sent.push(separator);
            shown.push(separator);
            separator = '&';
            for (text, value) in [(&mut sent, value), (&mut shown, shown_value)] {
                text.push_str(key);
                if !key.is_empty() && !value.is_empty() {
                    text.push('=');
                }
                text.push_str(value);
            }
        };
        if let Some(query) = base.url.query().filter(|q| !q.is_empty()) {
            add("", query, "[redacted]");
        }
        let mut secrets = Vec::new();
        if let (Some(credentials), false) = (credentials, base.endpoint == Stream::Orders) {
            if base.endpoint == Stream::Market {
                add("version", "2", "2");
            }
            let token: String = utf8_percent_encode(credentials.token.expose_secret(), QUERY_VALUE).collect();
            let id: String = utf8_percent_encode(&credentials.client_id, QUERY_VALUE).collect();
            add("token", &token, "[redacted]");
            add("clientId", &id, &mask_client_id(&credentials.client_id));
            add("authType", "2", "2");
            secrets.push(credentials.token.clone());
        }
        Address { tls, host, port, authority, target: SecretString::from(sent), shown, secrets }
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
