//! Opens and reads websockets and makes HTTP requests. The only folder (with [`server`](crate::server) and
//! [`simulator`](crate::simulator)) that names tokio-tungstenite.
//!
//! [`Connector`] opens connections, [`Connection`] carries messages. Every error of another crate is translated to
//! [`ConnectError`](crate::model::ConnectError) or [`Ended`](crate::model::Ended) before it can be printed:
//! such errors quote addresses, token included.
//!
//! Connecting is written here although crates do it, for what they do not: hyper-util's tunnel drops the proxy's status
//! and its connector tries one address of a family at a time; tokio-tungstenite accepts extensions that were not
//! requested, and keeps a copy of the request, token included, that it does not wipe.

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
pub use crate::model::cause::{ConnectError, ConnectPhase, Ended, TlsKind};
pub use connection::{Connection, Incoming};
pub use connector::{CONNECT_LIMIT, Connector};
pub use handshake::{HandshakeReport, parse_http_date, parse_retry_after};
pub use http::{http_client, is_untrusted, no_connection};
#[cfg(any(test, feature = "testing"))]
pub use http1::{Head, HeadError, read_head};
pub use proxy::Proxies;
pub use resolver::Resolver;
