//! Opens sockets. Only this module and [`simulator`](crate::simulator) use tokio-tungstenite.
//!
//! [`Connector`] opens connections, [`Connection`] carries messages. The upgrade request is made here and not by the
//! websocket crate, because that crate logs and quotes the address with its token. For the same reason every error of
//! another crate is translated to [`ConnectError`] or [`Ended`] before it can be printed.

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
