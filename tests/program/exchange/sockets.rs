//! A plain websocket client, which shares no code with the program.

use crate::support::PATIENCE;
use dhan::testing::model::InstrumentKey;
use dhan::testing::protocol::{Mode, request};
use dhan::testing::simulator::SimConfig;
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub type Socket = WebSocketStream<TcpStream>;

pub fn quick() -> SimConfig {
    SimConfig { rate: Some(500.0), ..SimConfig::default() }
}

pub async fn subscribe(socket: &mut Socket, mode: Mode, instruments: &[InstrumentKey]) {
    socket.send(Message::text(request::list(mode.subscribe(), instruments))).await.expect("sent");
}

/// Returns the next binary message; `None` at the end of the connection.
pub async fn message(socket: &mut Socket) -> Option<Vec<u8>> {
    message_within(socket, PATIENCE).await
}

/// As [`message`], with another time limit.
pub async fn message_within(socket: &mut Socket, limit: Duration) -> Option<Vec<u8>> {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return Some(bytes.to_vec()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    };
    tokio::time::timeout(limit, next).await.expect("a message in time")
}
