//! An open websocket: messages in, messages out, and why it ended.

use super::handshake::Report;
use super::nonblocking::Nonblocking;
use super::tcp::{Counter, DynStream};
use crate::redact::Redactor;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// The largest message, and the largest frame, that is accepted; bytes.
pub const MESSAGE_LIMIT: usize = 4 << 20;
/// The most that may wait to be sent; bytes.
pub const WRITE_LIMIT: usize = 1 << 20;
const READ_BUFFER: usize = 32 << 10;
/// RFC 6455 §5.5.1: a control frame has at most 125 bytes, two of them the code.
const REASON_LIMIT: usize = 123;

/// What came in.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A binary message.
    Binary(Bytes),
    /// A text message; valid UTF-8.
    Text(Bytes),
    /// A ping; its pong is already on its way.
    Ping,
    /// A pong.
    Pong,
    /// The connection has ended; nothing comes after this.
    Closed(Ended),
}

/// Why a connection ended. Safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The server sent a close frame.
    CloseFrame {
        /// Its code; 1005 where it had none.
        code: u16,
        /// Its reason, masked, without control characters, at most 123 bytes.
        reason: String,
    },
    /// The server closed the connection without a word.
    Eof,
    /// The connection was reset.
    Reset,
    /// The server broke the websocket protocol.
    Protocol {
        /// How.
        detail: &'static str,
    },
    /// A message or frame larger than 4 MiB.
    TooLarge,
    /// More than 1 MiB waits to be sent: the server does not read any more.
    WriteStuck,
    /// Any other failure of the socket.
    Io(io::ErrorKind),
}

impl Ended {
    /// A short word for records: `close_1000`, `eof`, `reset`, …
    pub fn word(&self) -> String {
        match self {
            Ended::CloseFrame { code, .. } => format!("close_{code}"),
            Ended::Eof => "eof".into(),
            Ended::Reset => "reset".into(),
            Ended::Protocol { .. } => "protocol".into(),
            Ended::TooLarge => "too_large".into(),
            Ended::WriteStuck => "write_stuck".into(),
            Ended::Io(_) => "io".into(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::CloseFrame { code, reason } if reason.is_empty() => write!(f, "the server closed it with {code}"),
            Ended::CloseFrame { code, reason } => write!(f, "the server closed it with {code} \"{reason}\""),
            Ended::Eof => f.write_str("the server closed it without a word"),
            Ended::Reset => f.write_str("it was reset"),
            Ended::Protocol { detail } => write!(f, "the server broke the websocket protocol: {detail}"),
            Ended::TooLarge => f.write_str("a message of more than 4 MiB"),
            Ended::WriteStuck => f.write_str("the server does not read what it is sent"),
            Ended::Io(kind) => write!(f, "{kind}"),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Lengths only: what a server says may hold what we said to it.
        match self {
            Incoming::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Incoming::Text(bytes) => write!(f, "Text({} bytes)", bytes.len()),
            Incoming::Ping => f.write_str("Ping"),
            Incoming::Pong => f.write_str("Pong"),
            Incoming::Closed(ended) => f.debug_tuple("Closed").field(ended).finish(),
        }
    }
}

/// An open websocket.
///
/// Sending never waits for the server: what the socket does not take at once is sent by the following calls of
/// [`next`](Connection::next), so a server that stops reading cannot stop us from reading.
pub struct Connection {
    socket: WebSocket<Nonblocking<DynStream>>,
    counter: Counter,
    report: Report,
    redactor: Redactor,
    /// Something waits in the write buffer.
    unflushed: bool,
    ended: Option<Ended>,
}

impl Connection {
    /// A connection over a stream whose upgrade is complete; `early` is what came behind the response's head.
    pub(super) fn upgraded(
        stream: DynStream,
        early: Vec<u8>,
        counter: Counter,
        report: Report,
        redactor: Redactor,
    ) -> Connection {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            // 0: nothing is held back to make larger writes; requests are few.
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_LIMIT)
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let socket = WebSocket::from_partially_read(Nonblocking::new(stream), early, Role::Client, Some(config));
        Connection { socket, counter, report, redactor, unflushed: false, ended: None }
    }

    /// What the handshake told: timings, the server's clock, the address that answered.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Bytes received on the socket so far, TLS and half-received frames included: any growth is traffic.
    pub fn received_bytes(&self) -> u64 {
        self.counter.received()
    }

    /// The next message. Cancel-safe. After [`Incoming::Closed`] it returns the same end again.
    pub async fn next(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The next message if there is one now, without waiting: to gather everything that is ready.
    pub fn poll_ready_now(&mut self) -> Option<Incoming> {
        if self.ended.is_some() {
            return None;
        }
        self.read()
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        if let Some(ended) = &self.ended {
            return Poll::Ready(Incoming::Closed(ended.clone()));
        }
        self.socket.get_mut().wakes(cx.waker());
        self.read().map_or(Poll::Pending, Poll::Ready)
    }

    fn read(&mut self) -> Option<Incoming> {
        // A failed write is not the end yet: what the server said before it (a disconnect packet, a close frame)
        // may still be in the receive buffer, and the read below finds the end by itself.
        if self.unflushed {
            self.flush_now();
        }
        loop {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(error) if would_block(&error) => return None,
                Err(error) => return Some(self.end(ended(&error))),
            };
            return Some(match message {
                Message::Binary(bytes) => Incoming::Binary(bytes),
                Message::Text(text) => Incoming::Text(text.into()),
                Message::Ping(_) => {
                    // The pong was queued by the read; send it now, whoever polls next and when.
                    self.flush_now();
                    Incoming::Ping
                }
                Message::Pong(_) => Incoming::Pong,
                Message::Close(frame) => {
                    // The answer to the close is queued likewise.
                    self.flush_now();
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |f| (f.code.into(), self.close_reason(f.reason.as_str())));
                    self.end(Ended::CloseFrame { code, reason })
                }
                Message::Frame(_) => continue,
            });
        }
    }

    fn flush_now(&mut self) {
        self.unflushed = self.socket.flush().is_err_and(|error| would_block(&error));
    }

    /// A close frame's reason as it may be shown: masked, no control characters, at most 123 bytes.
    fn close_reason(&self, reason: &str) -> String {
        let mut clean = self.redactor.mask(&crate::console::untrusted(reason)).into_owned();
        clean.truncate(clean.floor_char_boundary(REASON_LIMIT));
        clean
    }

    fn end(&mut self, ended: Ended) -> Incoming {
        self.ended = Some(ended.clone());
        Incoming::Closed(ended)
    }

    /// Sends a text message: all of it is accepted, or the connection is beyond saving.
    ///
    /// # Errors
    /// [`Ended::WriteStuck`] when more than 1 MiB waits to be sent; otherwise why the connection ended.
    pub fn send_text(&mut self, text: &str) -> Result<(), Ended> {
        self.send(Message::Text(Utf8Bytes::from(text)))
    }

    /// Sends a text message that holds a secret: the order login.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_secret(&mut self, text: &SecretString) -> Result<(), Ended> {
        self.send(Message::Text(Utf8Bytes::from(text.expose_secret())))
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_binary(&mut self, bytes: Bytes) -> Result<(), Ended> {
        self.send(Message::Binary(bytes))
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_ping(&mut self) -> Result<(), Ended> {
        self.send(Message::Ping(Bytes::from_static(b"dhan")))
    }

    /// Sends a pong that nobody asked for: a sign of life while nothing is read, and pings with it.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_pong(&mut self) -> Result<(), Ended> {
        self.send(Message::Pong(Bytes::from_static(b"dhan")))
    }

    /// Sends a close frame (1000) without waiting for the answer; keep calling [`next`](Connection::next) for what is
    /// still on its way, with a limit of the caller's.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn close(&mut self) -> Result<(), Ended> {
        use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
        self.send(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() })))
    }

    fn send(&mut self, message: Message) -> Result<(), Ended> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        // What the socket does not take now waits in the buffer, which has its own limit.
        let sent = match self.socket.write(message) {
            Err(error) if !would_block(&error) => Err(ended(&error)),
            _ => Ok(()),
        };
        self.flush_now();
        sent
    }
}

/// Whether a read or a write would have had to wait.
fn would_block(error: &WsError) -> bool {
    matches!(error, WsError::Io(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Translates the websocket crate's error; nothing of its text is kept.
fn ended(error: &WsError) -> Ended {
    match error {
        WsError::ConnectionClosed | WsError::AlreadyClosed => Ended::Eof,
        WsError::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Ended::Reset
            }
            // rustls says this when the peer went away without a close_notify.
            io::ErrorKind::UnexpectedEof => Ended::Eof,
            kind => Ended::Io(kind),
        },
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Ended::TooLarge,
        WsError::WriteBufferFull(_) => Ended::WriteStuck,
        // The crate's name for an end without a close frame.
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ended::Eof,
        WsError::Protocol(error) => Ended::Protocol { detail: protocol_words(error) },
        WsError::Utf8(_) => Ended::Protocol { detail: "a text message that is not UTF-8" },
        _ => Ended::Protocol { detail: "something that is not websocket" },
    }
}

fn protocol_words(error: &ProtocolError) -> &'static str {
    match error {
        ProtocolError::SendAfterClosing => "sent after closing",
        ProtocolError::ReceivedAfterClosing => "data after its close frame",
        ProtocolError::NonZeroReservedBits => "reserved bits are set (an extension nobody asked for)",
        ProtocolError::UnmaskedFrameFromClient | ProtocolError::MaskedFrameFromServer => "a masked frame",
        ProtocolError::FragmentedControlFrame => "a control frame in pieces",
        ProtocolError::ControlFrameTooBig => "a control frame of more than 125 bytes",
        ProtocolError::UnknownControlFrameType(_) | ProtocolError::UnknownDataFrameType(_) => "an unknown opcode",
        ProtocolError::UnexpectedContinueFrame => "a continuation of nothing",
        ProtocolError::ExpectedFragment(_) => "a new message inside another one",
        ProtocolError::InvalidCloseSequence => "a broken close frame",
        ProtocolError::InvalidOpcode(_) => "an unknown opcode",
        _ => "a broken frame",
    }
}
