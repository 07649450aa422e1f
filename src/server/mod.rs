//! Provides what every server of Dhan's protocols needs; the simulator and the relay use it.
//!
//! * `address` – where the server is reached.
//! * `listener` – accepts connections and reads each request head in bounded time.
//! * `http` – one request head, one answer.
//! * `route` – which stream a request means, or the status that refuses it.
//! * `request`, `login` – the messages of clients, read leniently.
//! * `packets` – what a server sends besides market data.

pub(crate) mod address;
mod client_stream;
#[cfg(feature = "testing")]
pub(crate) mod deaf;
pub(crate) mod http;
pub(crate) mod listener;
pub(crate) mod login;
pub(crate) mod packets;
pub(crate) mod request;
mod route;

pub(crate) use client_stream::ClientStream;
pub use http::{Request, Response};
pub(crate) use route::{path, route};

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Returns the websocket limits of a server.
pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(1 << 20)).max_frame_size(Some(1 << 20))
}
