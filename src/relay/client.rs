//! Serves one client's websocket: its requests, and the data for it.

use super::Arrived;
use super::hub::Hub;
use super::queue::ClientQueue;
use crate::model::{Levels, Micros, Stream};
use crate::protocol::Mode;
use crate::server::login::OrderLogin;
use crate::server::packets::{DisconnectLayout, disconnect_packet};
use crate::server::request;
use crate::server::{ClientStream, Request, Response, http, route, websocket_config};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocket};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Interval of the server's pings.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Silence of a client after which it is closed, as at Dhan.
const IDLE: Duration = Duration::from_secs(40);
/// Time without taking data after which a client is closed.
const STUCK: Duration = Duration::from_secs(30);
/// Limit in bytes of data that a client does not take, including dropped data.
const UNTAKEN: u64 = 64 << 20;
/// Minimum time between two writes to a client, so that a busy market causes few of them.
const SPACING: Duration = Duration::from_micros(500);
/// Time limit of a plain answer or an orderly end.
const FAREWELL: Duration = Duration::from_secs(2);
/// Number of instruments that one connection of the market feed takes.
const FEED_INSTRUMENTS: usize = 5_000;

/// A connected client.
pub(super) struct RelayClient {
    pub id: u64,
    pub stream: Stream,
    /// Whether it understands gap messages.
    pub reads_gaps: bool,
    tcp: TcpStream,
    queue: RefCell<ClientQueue>,
    /// Its subscriptions by instrument and mode; depth has no modes.
    pub subscriptions: RefCell<super::hub::ClientSubscriptions>,
    last_write: Cell<Instant>,
    /// When it last took data, or had nothing waiting.
    last_taken: Cell<Instant>,
    /// Bytes made for it since then.
    untaken: Cell<u64>,
    /// Time of the first dropped packet that no gap has reported yet, and the number
    /// of dropped packets.
    dropped: Cell<Option<(Micros, u64)>>,
    pub sent: Cell<u64>,
    pub lost: Cell<u64>,
    end: Cell<Option<ClientEnd>>,
    wake: Notify,
}

/// Says how the relay ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientEnd {
    /// A close frame.
    Close(u16),
    /// A disconnect packet, then a close frame.
    Disconnect(u16),
    /// A reset, because the client takes nothing.
    Reset,
}

impl RelayClient {
    pub(super) fn new(id: u64, stream: Stream, reads_gaps: bool, tcp: TcpStream) -> RelayClient {
        let now = Instant::now();
        RelayClient {
            id,
            stream,
            reads_gaps,
            tcp,
            queue: RefCell::default(),
            subscriptions: RefCell::default(),
            last_write: Cell::new(now.checked_sub(SPACING).unwrap_or(now)),
            last_taken: Cell::new(now),
            untaken: Cell::new(0),
            dropped: Cell::new(None),
            sent: Cell::new(0),
            lost: Cell::new(0),
            end: Cell::new(None),
            wake: Notify::new(),
        }
    }

    /// Queues a binary message; [`Client::flush`] sends it.
    pub fn packet(&self, payload: &[u8], packets: u32) {
        self.push(false, payload, packets);
    }

    /// Queues a text message, which counts as one packet, or as none if it is no data.
    pub fn text(&self, payload: &[u8], packets: u32) {
        self.push(true, payload, packets);
    }

    fn push(&self, is_text: bool, payload: &[u8], packets: u32) {
        if self.end.get().is_some() {
            return;
        }
        let mut queue = self.queue.borrow_mut();
        if queue.is_empty() {
            self.last_taken.set(Instant::now());
            self.untaken.set(0);
        }
        queue.push(is_text, payload, packets);
        let untaken = self.untaken.get() + payload.len() as u64;
        self.untaken.set(untaken);
        let dropped = queue.take_dropped();
        if dropped > 0 {
            let (from, before) = self.dropped.get().unwrap_or_else(|| (crate::clock::now(), 0));
            self.dropped.set(Some((from, before + dropped)));
            self.lost.set(self.lost.get() + dropped);
        }
        if untaken > UNTAKEN {
            drop(queue);
            self.end(ClientEnd::Reset);
        }
    }

    /// Ends the connection soon.
    pub fn end(&self, end: ClientEnd) {
        if self.end.get().is_none() {
            self.end.set(Some(end));
            self.wake.notify_one();
        }
    }

    /// Returns whether data waits to be sent.
    pub fn has_waiting(&self) -> bool {
        !self.queue.borrow().is_empty()
    }

    /// Sends the waiting data; returns `false` and sends nothing if the last write was just before.
    pub fn flush_spaced(&self) -> bool {
        if self.last_write.get().elapsed() < SPACING {
            return false;
        }
        self.flush();
        true
    }

    /// Sends the waiting data, as far as the client takes it.
    pub fn flush(&self) {
        let mut queue = self.queue.borrow_mut();
        let now = Instant::now();
        while !queue.is_empty() {
            match self.tcp.try_write(queue.next()) {
                Ok(taken) if taken > 0 => {
                    self.last_taken.set(now);
                    self.untaken.set(0);
                    self.sent.set(self.sent.get() + queue.sent(taken));
                }
                // The client's task waits for room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wake.notify_one();
                    break;
                }
                // The client has left, so nothing waits for it any more.
                Ok(_) | Err(_) => {
                    queue.clear();
                    self.end(ClientEnd::Reset);
                    break;
                }
            }
        }
        self.last_write.set(now);
        let is_clear = queue.is_empty();
        drop(queue);
        if let (true, Some((from, dropped))) = (is_clear, self.dropped.take())
            && self.reads_gaps
        {
            let gap = crate::protocol::relay::GapMessage {
                reason: "lagged".to_owned(),
                detail: Some("this program read too slowly from the relay".to_owned()),
                from,
                to: crate::clock::now(),
                dropped: Some(dropped),
            };
            self.text(gap.text().as_bytes(), 0);
        }
    }

    fn is_stuck(&self) -> bool {
        self.has_waiting() && self.last_taken.get().elapsed() > STUCK
    }
}

/// The stream that the websocket library reads from and writes to: the socket and the queue.
struct Io {
    client: Rc<RelayClient>,
    early: io::Cursor<Vec<u8>>,
}

impl Read for Io {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.early.read(buf)? {
            0 => self.client.tcp.try_read(buf),
            early => Ok(early),
        }
    }
}

impl Write for Io {
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        self.client.queue.borrow_mut().push_control(frames);
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves a connection from its request to its end.
pub(super) async fn serve(hub: Rc<Hub>, arrived: Arrived) {
    let Arrived { mut stream, request, behind, _done } = arrived;
    let refuse = async |stream: &mut ClientStream, status: u16, why: &str| {
        hub.refused(&request, status);
        let body = Response { body: format!("{why}\n").into_bytes(), ..Response::status(status) };
        let _ = tokio::time::timeout(FAREWELL, http::respond(stream, &body, request.method != "HEAD")).await;
    };
    if !request.is_upgrade() {
        return refuse(&mut stream, 404, "this relay serves Dhan's websockets: /feed, /twentydepth, /, /orders").await;
    }
    let kind = match route(&request) {
        Ok(kind) => kind,
        Err(status) => return refuse(&mut stream, status, "not one of Dhan's websockets, or a key is missing").await,
    };
    if kind != Stream::Orders && !hub.is_welcome(request.query_value("token").as_deref()) {
        return refuse(&mut stream, 401, "this relay wants the token of its --client-token-file").await;
    }
    let Some(key) = request.header("sec-websocket-key").map(str::to_owned) else {
        return refuse(&mut stream, 400, "a websocket needs a Sec-WebSocket-Key").await;
    };
    if !matches!(tokio::time::timeout(FAREWELL, http::accept_upgrade(&mut stream, &key)).await, Ok(Ok(()))) {
        return;
    }
    let tcp = match stream {
        ClientStream::Plain(tcp) => tcp,
        // The relay listens without TLS.
        _ => return,
    };
    let reads_gaps = request.header("dhan-relay") == Some("1");
    let client = Rc::new(RelayClient::new(hub.next_id(), kind, reads_gaps, tcp));
    hub.joined(&client, &request);
    Connection::new(Rc::clone(&hub), Rc::clone(&client), behind).run().await;
    hub.client_left(&client);
}

/// The reading side of a client.
struct Connection {
    hub: Rc<Hub>,
    client: Rc<RelayClient>,
    socket: WebSocket<Io>,
    heard: Instant,
    logged_in: bool,
}

impl Connection {
    fn new(hub: Rc<Hub>, client: Rc<RelayClient>, behind: Vec<u8>) -> Connection {
        let io = Io { client: Rc::clone(&client), early: io::Cursor::new(behind) };
        let socket = WebSocket::from_raw_socket(io, Role::Server, Some(websocket_config()));
        Connection { hub, client, socket, heard: Instant::now(), logged_in: false }
    }

    async fn run(mut self) {
        let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
        // The bytes behind the request head were read already.
        if self.read().is_err() {
            return;
        }
        loop {
            if let Some(end) = self.client.end.get() {
                return self.say_goodbye(end).await;
            }
            let waiting = self.client.has_waiting();
            let client = Rc::clone(&self.client);
            tokio::select! {
                ready = client.tcp.readable() => if ready.is_err() || self.read().is_err() { return },
                ready = client.tcp.writable(), if waiting => match ready {
                    Ok(()) => client.flush(),
                    Err(_) => return,
                },
                () = client.wake.notified() => {}
                _ = ping.tick() => {
                    if client.is_stuck() {
                        return self.client.tcp.set_zero_linger().unwrap_or_default();
                    }
                    if self.heard.elapsed() > IDLE {
                        return self.say_goodbye(ClientEnd::Close(1001)).await;
                    }
                    let _ = self.socket.send(Message::Ping(Bytes::from_static(b"dhan")));
                    client.flush();
                }
            }
        }
    }

    /// Reads all available messages; an error ends the connection.
    fn read(&mut self) -> Result<(), ()> {
        loop {
            match self.socket.read() {
                Ok(message) => {
                    self.heard = Instant::now();
                    match message {
                        Message::Text(text) => self.handle_request(&text),
                        // The official client sends 83 bytes when it leaves.
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                        Message::Close(_) => {
                            let _ = self.socket.flush();
                            self.client.flush();
                        }
                    }
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Pongs wait in the library until something is written.
                    let _ = self.socket.flush();
                    self.client.flush();
                    return Ok(());
                }
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return Err(()),
                Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => {
                    self.hub.garbage(&self.client);
                    self.client.end(ClientEnd::Close(1002));
                    return Ok(());
                }
                Err(_) => return Err(()),
            }
            if self.client.end.get().is_some() {
                return Ok(());
            }
        }
    }

    fn handle_request(&mut self, text: &str) {
        let client = Rc::clone(&self.client);
        if client.stream == Stream::Orders {
            return self.log_in(text);
        }
        let Some(request) = request::read(text) else { return };
        if request.code == request::DISCONNECT {
            return client.end(ClientEnd::Close(1000));
        }
        let fits = match client.stream {
            Stream::Market => {
                let now = client.subscriptions.borrow().len();
                request.named <= 100 && now + request.instruments.len() <= FEED_INSTRUMENTS
            }
            Stream::Depth(levels) => {
                let subscriptions = client.subscriptions.borrow();
                let new = request.instruments.iter().filter(|key| !subscriptions.contains_key(key)).count();
                request.named <= 100 && subscriptions.len() + new <= levels.instruments_per_socket()
            }
            Stream::Orders => true,
        };
        let subscribes = match client.stream {
            Stream::Market => Mode::ALL.iter().any(|mode| request.code == u64::from(mode.subscribe().0)),
            _ => request.code == 23,
        };
        if subscribes && !fits {
            return client.end(ClientEnd::Disconnect(804));
        }
        match client.stream {
            Stream::Market => {
                for mode in Mode::ALL {
                    if request.code == u64::from(mode.subscribe().0) {
                        self.hub.subscribe(&client, mode, &request.instruments);
                    } else if request.code == u64::from(mode.unsubscribe().0) {
                        self.hub.unsubscribe(&client, mode, &request.instruments);
                    }
                }
            }
            Stream::Depth(levels) => match request.code {
                23 => self.hub.subscribe_depth(&client, levels, &request.instruments),
                24 | 25 => self.hub.unsubscribe_depth(&client, levels, &request.instruments),
                _ => {}
            },
            Stream::Orders => {}
        }
        client.flush();
    }

    fn log_in(&mut self, text: &str) {
        let Some(login) = OrderLogin::read(text) else { return };
        if !self.hub.is_welcome(Some(login.secret())) {
            return self.client.end(ClientEnd::Disconnect(808));
        }
        if !std::mem::replace(&mut self.logged_in, true) {
            self.hub.subscribe_orders(&self.client);
        }
    }

    /// Ends the connection in the decided way.
    async fn say_goodbye(mut self, end: ClientEnd) {
        let code = match end {
            ClientEnd::Reset => return self.client.tcp.set_zero_linger().unwrap_or_default(),
            ClientEnd::Close(code) => code,
            ClientEnd::Disconnect(reason) => {
                let packet = disconnect_packet(self.client.stream, DisconnectLayout::A, reason);
                self.client.queue.borrow_mut().push(false, &packet, 1);
                1000
            }
        };
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        let _ = self.socket.close(Some(frame));
        let _ = self.socket.flush();
        let farewell = async {
            while self.client.has_waiting() {
                self.client.flush();
                if self.client.has_waiting() && self.client.tcp.writable().await.is_err() {
                    return;
                }
            }
            // Unread bytes would turn the close into a reset.
            loop {
                match self.socket.read() {
                    Ok(_) => {}
                    Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                        if self.client.tcp.readable().await.is_err() {
                            return;
                        }
                    }
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}

/// Returns the client program's name in a request, for a log line.
pub(super) fn agent(request: &Request) -> String {
    request.header("user-agent").map(|agent| format!(" by {}", crate::console::untrusted(agent))).unwrap_or_default()
}

/// Returns the index of a depth stream among the hub's order books.
pub(super) const fn depth_index(levels: Levels) -> usize {
    match levels {
        Levels::Twenty => 0,
        Levels::TwoHundred => 1,
    }
}
