//! Builds the HTTP client of all requests except websockets: REST calls and downloads.

use super::tls::{self, LazyTls, without_roots};
use super::{Proxies, Resolver};
use crate::model::cause::{ConnectError, ConnectPhase};
use crate::model::exit::{Exit, Failure};
use reqwest::ClientBuilder;
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Time limit of connecting, including TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Returns an HTTP client with this program's TLS configuration, look-ups and proxies, which follows no redirect.
/// `is_encrypted` says whether its addresses are `https://`; others are this host's, need no roots and take no proxy.
/// `limits` sets the timeouts of its requests.
///
/// # Errors
/// As [`LazyTls::config`].
pub fn http_client(
    tls: &LazyTls,
    resolver: &Resolver,
    is_encrypted: bool,
    limits: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<reqwest::Client, Failure> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_only()
        .user_agent(concat!("dhan/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT);
    let builder = if is_encrypted {
        let tls = Arc::unwrap_or_clone(tls.config()?);
        builder.dns_resolver(Arc::new(resolver.clone())).tls_backend_preconfigured(tls)
    } else {
        let resolver = Arc::new(resolver.loopback_only());
        builder.dns_resolver(resolver).no_proxy().tls_backend_preconfigured(without_roots()?)
    };
    limits(builder).build().map_err(|_| Failure::new(Exit::Bug, "the HTTP client cannot be set up"))
}

/// Returns whether a request failed because the server's certificate cannot be trusted.
pub fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(found) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = found.downcast_ref() {
            return true;
        }
        // An I/O error does not return its inner error as its `source`.
        cause = match found.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => found.source(),
        };
    }
    false
}

/// Returns why an HTTP client has no connection to `authority` (`HOST[:PORT]`), naming the proxy in between.
///
/// The client's own text holds the whole address and is dropped.
pub fn no_connection(error: &reqwest::Error, authority: &str, is_encrypted: bool) -> String {
    let proxy = if is_encrypted { Proxies::from_env().peer(authority) } else { None };
    let peer = proxy.as_deref().unwrap_or(authority);
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<ConnectError>() {
            return error.to_string();
        }
        if let Some(mut error) = source.downcast_ref::<io::Error>() {
            // The client wraps TLS errors twice.
            while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
                error = inner;
            }
            let translated = tls::translate(authority, error);
            return translated.unwrap_or_else(|| ConnectError::io(ConnectPhase::Tcp, peer, error)).to_string();
        }
        cause = source.source();
    }
    match proxy {
        Some(proxy) => format!("{proxy}: it gives no tunnel"),
        None => format!("{authority}: no answer within {} s", CONNECT_LIMIT.as_secs()),
    }
}
