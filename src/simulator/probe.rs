//! Provides a view of a running simulator: its addresses. Tests can do more with it (`control`).

use super::state::Broker;
use crate::model::Stream;
use crate::server::{address, path};
use std::net::SocketAddr;
use std::sync::Arc;

/// A view of a running simulator. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Probe(pub(crate) Arc<Broker>);

impl Probe {
    /// Returns the address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Returns the address of a socket, for `DHAN_WS_…_URL`.
    pub fn url(&self, kind: Stream) -> String {
        let scheme = if self.0.config.tls().is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{}", address::reached_at(self.addr()), path(kind))
    }

    /// Returns the address of a plain HTTP path, which is given without its leading slash.
    pub fn http_url(&self, path: &str) -> String {
        let scheme = if self.0.config.tls().is_some() { "https" } else { "http" };
        format!("{scheme}://{}/{path}", address::reached_at(self.addr()))
    }

    /// Returns the environment variables that point `dhan` to it: names and values.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = address::stream_variables(|kind| self.url(kind));
        environment.push(("DHAN_API_URL", self.http_url("v2")));
        environment.push(("DHAN_AUTH_URL", self.http_url("").trim_end_matches('/').to_owned()));
        environment.push(("DHAN_INSTRUMENTS_URL", self.http_url("master.csv")));
        environment
    }
}
