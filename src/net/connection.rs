//! Holds an open websocket: received messages, sent messages, and the reason of its end.

use super::handshake::HandshakeReport;
use super::nonblocking::Nonblocking;
use super::tcp::{Counter, DynStream};
use crate::model::cause::Ended;
use crate::redact::Redactor;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// Limit in bytes of a received message, and of a frame.
pub const MESSAGE_LIMIT: usize = 4 << 20;
/// Limit in bytes of what waits to be sent.
pub const WRITE_LIMIT: usize = 1 << 20;
const READ_BUFFER: usize = 32 << 10;
/// Number of 4 KiB reads that are discarded after a protocol violation.
const SURPLUS_READS: usize = 256;
/// RFC 6455 §5.5.1: a control frame has at most 125 bytes, two of them the code.
const REASON_LIMIT: usize = 123;

/// Holds what was received.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A binary message.
    Binary(Bytes),
    /// A text message; valid UTF-8.
    Text(Bytes),
    /// A ping; its pong is being sent already.
    Ping,
    /// A pong.
    Pong,
    /// The connection has ended; nothing follows.
    Closed(Ended),
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Shows lengths only: a server's text may repeat what was sent to it.
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
/// Sending never waits for the server: what the socket does not take at once is sent by later calls of
/// [`next`](Connection::next), so a server that stops reading cannot block reading from it.
pub struct Connection {
    socket: WebSocket<Nonblocking<DynStream>>,
    counter: Counter,
    report: HandshakeReport,
    redactor: Redactor,
    /// Whether bytes wait in the write buffer.
    unflushed: bool,
    ended: Option<Ended>,
}

impl Connection {
    /// Creates a connection over a stream whose upgrade is complete; `early` are the bytes behind the response's
    /// head.
    pub(super) fn upgraded(
        stream: DynStream,
        early: Vec<u8>,
        counter: Counter,
        report: HandshakeReport,
        redactor: Redactor,
    ) -> Connection {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            // 0: writes are not delayed to make larger ones; requests are few.
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_LIMIT)
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let socket =
            WebSocket::from_partially_read(Nonblocking::new(stream, &early), early, Role::Client, Some(config));
        Connection { socket, counter, report, redactor, unflushed: false, ended: None }
    }

    /// Returns the handshake's report: timings, the server's clock, the address that answered.
    pub fn report(&self) -> &HandshakeReport {
        &self.report
    }

    /// Returns the number of bytes received on the socket, including TLS and partial frames; any growth is traffic.
    pub fn received_bytes(&self) -> u64 {
        self.counter.received()
    }

    /// Waits for the next message. Cancel-safe. After [`Incoming::Closed`] it returns the same end again.
    pub async fn next(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Returns the next message if one is available now, without waiting.
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
        // A failed write is not yet the end: the server's last messages (a disconnect packet, a close frame) may be
        // in the receive buffer, and the read below finds the end.
        if self.unflushed {
            self.flush_now();
        }
        loop {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(error) if would_block(&error) => return None,
                Err(error) => {
                    self.answer_violation(&error);
                    return Some(self.end(ended(&error)));
                }
            };
            return Some(match message {
                Message::Binary(bytes) => Incoming::Binary(bytes),
                Message::Text(text) => Incoming::Text(text.into()),
                Message::Ping(_) => {
                    // The read queued the pong; it is sent now, independent of the next poll.
                    self.flush_now();
                    Incoming::Ping
                }
                Message::Pong(_) => Incoming::Pong,
                Message::Close(frame) => {
                    // The answer to the close frame is queued in the same way.
                    self.flush_now();
                    let (code, reason) = match frame {
                        None => (1005, String::new()),
                        // The crate replaces an invalid code by this one.
                        Some(frame) if frame.code == CloseCode::Protocol => {
                            let replaced = (1002, frame.reason.to_string());
                            self.socket.get_ref().last_close_frame().unwrap_or(replaced)
                        }
                        Some(frame) => (frame.code.into(), frame.reason.to_string()),
                    };
                    let reason = self.close_reason(&reason);
                    self.end(Ended::CloseFrame { code, reason })
                }
                Message::Frame(_) => continue,
            });
        }
    }

    /// Answers a protocol violation with a close frame, as RFC 6455 demands, before the socket is dropped.
    fn answer_violation(&mut self, error: &WsError) {
        let code = match error {
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return,
            WsError::Protocol(_) => CloseCode::Protocol,
            WsError::Utf8(_) => CloseCode::Invalid,
            WsError::Capacity(_) => CloseCode::Size,
            _ => return,
        };
        let _ = self.socket.close(Some(CloseFrame { code, reason: Utf8Bytes::default() }));
        let _ = self.socket.flush();
        // Unread bytes would make the kernel send a reset, which may overtake the close frame.
        let mut surplus = [0; 4096];
        for _ in 0..SURPLUS_READS {
            if !matches!(io::Read::read(self.socket.get_mut(), &mut surplus), Ok(1..)) {
                break;
            }
        }
    }

    fn flush_now(&mut self) {
        self.unflushed = self.socket.flush().is_err_and(|error| would_block(&error));
    }

    /// Returns a close frame's reason for messages: masked, without control characters, at most 123 bytes.
    fn close_reason(&self, reason: &str) -> String {
        let mut clean = self.redactor.mask(&crate::console::untrusted(reason)).into_owned();
        clean.truncate(clean.floor_char_boundary(REASON_LIMIT));
        clean
    }

    fn end(&mut self, ended: Ended) -> Incoming {
        self.ended = Some(ended.clone());
        Incoming::Closed(ended)
    }

    /// Sends a text message: all of it is accepted, or the connection has ended.
    ///
    /// # Errors
    /// [`Ended::WriteStuck`] if more than 1 MiB waits to be sent; otherwise why the connection ended.
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

    /// Sends a ping.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_ping(&mut self) -> Result<(), Ended> {
        self.send(Message::Ping(Bytes::from_static(b"dhan")))
    }

    /// Sends an unsolicited pong: a sign of life while nothing is read, including pings.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn send_pong(&mut self) -> Result<(), Ended> {
        self.send(Message::Pong(Bytes::from_static(b"dhan")))
    }

    /// Sends a close frame (1000) without waiting for the answer. Continue to call [`next`](Connection::next) for
    /// messages that are still arriving, with a time limit.
    ///
    /// # Errors
    /// As [`send_text`](Connection::send_text).
    pub fn close(&mut self) -> Result<(), Ended> {
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

/// Returns whether a read or a write would have to wait.
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
            // rustls returns this when the peer closed without a close_notify.
            io::ErrorKind::UnexpectedEof => Ended::Eof,
            kind => Ended::Io(kind),
        },
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Ended::TooLarge,
        WsError::WriteBufferFull(_) => Ended::WriteStuck,
        // The crate's error for an end without a close frame.
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
