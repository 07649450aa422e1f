//! Builds the HTTP client of every request that is no websocket: REST calls and downloads.

use super::Resolver;
use super::tls::{LazyTls, without_roots};
use crate::model::exit::{Exit, Failure};
use reqwest::ClientBuilder;
use std::sync::Arc;
use std::time::Duration;

/// The longest time a connection may take, TLS included.
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
