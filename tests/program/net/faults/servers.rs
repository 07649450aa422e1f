//! Servers that behave in ways the simulator cannot.

use crate::net::authority::Authority;
use dhan::testing::simulator::{SimConfig, SimHandle};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Starts a simulator behind TLS, and returns it with its certificate authority.
pub fn over_tls(config: SimConfig) -> (SimHandle, Authority) {
    let authority = Authority::new();
    let tls = authority.server("127.0.0.1", |_| {});
    (crate::support::simulator(SimConfig { tls: Some(tls), ..config }), authority)
}

/// A websocket server that upgrades every client and hands the raw socket to a function.
pub struct Raw {
    pub addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Raw {
    /// Starts the server. Its thread is never joined.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("its address");
        let (accepted, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
        let theirs = Arc::clone(&accepted);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                theirs.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    if let Some(socket) = upgrade(socket) {
                        serve(socket);
                    }
                });
            }
        });
        Raw { addr, accepted }
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn upgrade(mut socket: TcpStream) -> Option<TcpStream> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.trim().as_bytes());
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    socket.write_all(reply.as_bytes()).ok()?;
    Some(socket)
}
