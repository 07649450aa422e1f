//! Servers for the network tests.

use crate::net::authority::Authority;
pub use crate::support::SENTINEL;
use crate::support::secrets;
use dhan::testing::auth::{Address, Credentials, Environment};
use dhan::testing::model::Stream;
use dhan::testing::net::tls::LazyTls;
use dhan::testing::net::{Connection, Connector, Proxies};
use dhan::testing::redact::Redactor;
use secrecy::SecretString;
use std::fmt::{Debug, Display};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub fn credentials() -> Credentials {
    Credentials { client_id: "1000000001".into(), token: SecretString::from(SENTINEL) }
}

pub fn address(url: &str) -> Address {
    let none = Environment::of::<String, String>([]);
    Stream::Market.resolve(Some(url), &none).expect("a good address").address(&credentials())
}

pub fn connector() -> Connector {
    let redactor = Redactor::default();
    // The reader of credentials does the same.
    redactor.add_client_id("1000000001");
    Connector::new(LazyTls::default(), Proxies::none(), redactor)
}

/// Fails if a text form of a value contains a part of a token.
pub fn assert_clean(value: &(impl Debug + Display)) {
    for text in [format!("{value}"), format!("{value:?}"), format!("{value:#?}")] {
        assert_text_clean(&text);
    }
}

pub fn assert_text_clean(text: &str) {
    secrets::assert_clean("a text", text.as_bytes());
}

pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

/// Reads the head of a request.
pub async fn read_head(socket: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && socket.read(&mut byte).await.is_ok_and(|n| n == 1) {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).expect("a text head")
}

/// Starts a server that answers one request with these bytes, closes, and returns the head of the request.
pub async fn answer_with(reply: impl Into<Vec<u8>>) -> (SocketAddr, JoinHandle<String>) {
    let reply = reply.into();
    let (listener, at) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let head = read_head(&mut socket).await;
        let _ = socket.write_all(&reply).await;
        let _ = socket.shutdown().await;
        head
    });
    (at, server)
}

/// Ends a socket with a reset.
pub fn reset(socket: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).expect("lingering set");
    drop(socket);
}

/// Reads the request of an upgrade; returns its head, and the key that accepts it.
pub async fn read_upgrade(socket: &mut (impl tokio::io::AsyncRead + Unpin)) -> (String, String) {
    let head = read_head(socket).await;
    let key = head.lines().find_map(|l| l.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes());
    (head, accept)
}

/// Serves one connection over TLS as `localhost`: completes the upgrade, sends a binary message, and returns the head of
/// the request and the stream, which ends without close_notify, as from a killed server.
pub fn serve_over_tls(
    authority: &Authority,
    listener: TcpListener,
    message: &'static [u8],
) -> JoinHandle<(String, impl tokio::io::AsyncRead + Send + 'static)> {
    let acceptor = authority.acceptor("localhost", |_| {});
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a caller");
        let mut stream = acceptor.accept(socket).await.expect("TLS");
        let head = accept_upgrade(&mut stream).await;
        stream.write_all(&frame(2, message)).await.expect("sent");
        stream.flush().await.expect("flushed");
        (head, stream)
    })
}

/// Completes the upgrade, so that the test has the raw socket.
pub async fn accept_upgrade(socket: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin)) -> String {
    let (head, accept) = read_upgrade(socket).await;
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    socket.write_all(reply.as_bytes()).await.expect("answered");
    head
}

/// Returns a connection and the server's raw socket behind the upgrade.
pub async fn connected() -> (Connection, TcpStream) {
    let (listener, at) = listen().await;
    let server = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        accept_upgrade(&mut socket).await;
        socket
    };
    let address = address(&format!("ws://{at}/"));
    let connector = connector();
    let (connection, socket) = tokio::join!(connector.connect(&address), server);
    (connection.expect("connected"), socket)
}

/// Returns a final, unmasked frame.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        n @ 0..126 => bytes.push(n as u8),
        n @ 126..65_536 => {
            bytes.push(126);
            bytes.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            bytes.push(127);
            bytes.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}
