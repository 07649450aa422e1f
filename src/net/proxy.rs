//! Connects through HTTP proxies by curl's rules and environment variables: a tunnel (CONNECT), so that the proxy
//! sees only host and port.

use super::http1::{self, HeadError};
use super::tcp::DynStream;
use crate::model::cause::{ConnectClass, ConnectError, ConnectPhase};
use crate::model::exit::Failure;
use hyper_util::client::proxy::matcher::Matcher;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// Says which proxy to use for which host.
#[derive(Clone)]
pub struct Proxies(Arc<Matcher>);

/// A proxy to connect through.
pub(super) struct Via {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    authorization: Option<http::HeaderValue>,
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case.
    pub fn from_env() -> Proxies {
        Proxies(Arc::new(Matcher::from_env()))
    }

    /// Returns a configuration without proxies.
    pub fn none() -> Proxies {
        Proxies(Arc::new(Matcher::builder().build()))
    }

    /// Returns a configuration with one proxy for all hosts except those of `no` (as in `NO_PROXY`).
    #[cfg(any(test, feature = "testing"))]
    pub fn all(proxy: &str, no: &str) -> Proxies {
        Proxies(Arc::new(Matcher::builder().all(proxy.to_owned()).no(no.to_owned()).build()))
    }

    /// Checks that the proxy for a `wss` or `https` host, if there is one, is supported.
    ///
    /// # Errors
    /// Returns a usage error that names the scheme.
    pub fn check(&self, authority: &str) -> Result<(), Failure> {
        self.for_host(authority).map(drop).map_err(|error| Failure::usage(error.detail))
    }

    /// Returns the proxy for a `wss` or `https` host and the host behind it, for messages, or `None` without a proxy.
    pub(super) fn peer(&self, authority: &str) -> Option<String> {
        match self.for_host(authority) {
            Ok(via) => via.map(|via| via.peer(authority)),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Returns the proxy for a `wss` or `https` host. Unencrypted connections are loopback only and never use a
    /// proxy.
    pub(super) fn for_host(&self, authority: &str) -> Result<Option<Via>, ConnectError> {
        let Ok(uri) = http::Uri::builder().scheme("https").authority(authority).path_and_query("/").build() else {
            return Ok(None);
        };
        let Some(intercept) = self.0.intercept(&uri) else { return Ok(None) };
        let proxy = intercept.uri();
        let tls = match proxy.scheme_str() {
            Some("http") | None => false,
            Some("https") => true,
            Some(other) => {
                return Err(ConnectError::new(
                    ConnectClass::Proxy { status: None },
                    format!(
                        "the proxy for {authority} has the scheme {other:?}, which is not supported; write http:// or \
                         https:// into HTTPS_PROXY or ALL_PROXY, or the host into NO_PROXY"
                    ),
                ));
            }
        };
        let host = proxy.host().unwrap_or_default().to_owned();
        let port = proxy.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Some(Via { tls, host, port, authorization: intercept.basic_auth().cloned() }))
    }
}

impl Via {
    /// Returns the proxy for messages: `host:port`, never its password.
    pub(super) fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns the proxy and the host behind it, for messages.
    pub(super) fn peer(&self, authority: &str) -> String {
        format!("the proxy {} for {authority}", self.shown())
    }

    /// Requests a tunnel to `authority` (`host:port`).
    pub(super) async fn tunnel(&self, stream: &mut DynStream, authority: &str) -> Result<(), ConnectError> {
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        if let Some(value) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        let failed = |error: &std::io::Error| ConnectError::io(ConnectPhase::Proxy, &self.shown(), error);
        stream.write_all(&request).await.map_err(|e| failed(&e))?;
        stream.flush().await.map_err(|e| failed(&e))?;
        let refused = |status, words: &str| {
            ConnectError::new(ConnectClass::Proxy { status }, format!("the proxy {}: {words}", self.shown()))
        };
        match http1::read_head(stream.as_mut()).await {
            Ok((head, early)) if (200..300).contains(&head.status) => {
                // TLS follows, in which the client sends first, so any bytes here are not the server's.
                if early.is_empty() { Ok(()) } else { Err(refused(None, "sent data before the tunnel was used")) }
            }
            Ok((head, _)) if head.status == 407 => Err(refused(
                Some(407),
                "it wants a user and password (407): write them into the proxy variable, http://USER:PASSWORD@HOST:PORT",
            )),
            Ok((head, _)) => {
                Err(refused(Some(head.status), &format!("it refuses a tunnel to {authority} ({})", head.status)))
            }
            Err(HeadError::Io(error)) => Err(failed(&error)),
            Err(HeadError::Eof) => Err(refused(None, "it closed the connection")),
            Err(HeadError::TooLarge | HeadError::NotHttp) => Err(refused(None, "its answer is not HTTP")),
        }
    }
}
