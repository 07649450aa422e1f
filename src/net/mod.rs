//! Sockets. The only place (with [`simulator`](crate::simulator)) that names tokio-tungstenite.
//!
//! [`Connector`] opens, [`Connection`] carries messages. The upgrade request is written here and not by the websocket
//! crate, because that crate logs and quotes the address, token included; for the same reason every foreign error is
//! translated to [`ConnectError`] or [`Ended`] before anybody can print it.

mod connection;
mod connector;
mod error;
mod handshake;
mod http;
mod http1;
mod nonblocking;
mod proxy;
mod resolver;
mod tcp;
pub mod tls;

pub use crate::model::cause::ConnectClass;
#[cfg(any(test, feature = "testing"))]
pub use crate::model::cause::{ConnectError, Ended, Phase, TlsKind};
pub use connection::{Connection, Incoming};
pub use connector::{CONNECT_LIMIT, Connector};
pub use handshake::{Report, parse_http_date, parse_retry_after};
pub use http::{http_client, no_connection};
#[cfg(any(test, feature = "testing"))]
pub use http1::{Head, HeadError, read_head};
pub use proxy::Proxies;
pub use resolver::Resolver;
