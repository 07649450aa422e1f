//! Processes what a socket receives: passes frames to the pipeline, and reports their meaning to the session.

use super::Socket;
use crate::clock;
use crate::console::{LogLevel, untrusted};
use crate::model::{Ended, InstrumentKey, Stream};
use crate::net::Incoming;
use crate::pipeline::item::{Event, Frame, FrameKind, GapReason};
use crate::protocol::relay::GapMessage;
use crate::protocol::{DisconnectReason, depth, feed, orders};
use crate::session::Input;
use crate::stream::trace;
use std::borrow::Cow;
use std::rc::Rc;

/// Collects what one wake-up brought.
#[derive(Default)]
struct BatchSummary {
    packets: u32,
    pong: bool,
    /// Whether a text on the order socket is no order message.
    is_no_order: bool,
    disconnect: Option<DisconnectReason>,
    unwanted: Vec<InstrumentKey>,
    /// Gaps that a relay reported.
    gaps: Vec<GapMessage>,
    ended: Option<Ended>,
}

impl Socket {
    /// Processes a message and all others that are available, as one batch.
    pub(super) fn incoming(&mut self, first: Incoming) {
        let shared = Rc::clone(&self.shared);
        let mut batch = shared.pipeline.batch();
        let mut seen = BatchSummary::default();
        let mut next = Some(first);
        // All messages of one read of the socket have the same receive time, so the clock is read once.
        let (mut received, mut recv) = (self.connection_bytes(), clock::now());
        let traces = shared.console.shows(LogLevel::Trace);
        while let Some(incoming) = next {
            if traces {
                self.trace(&incoming);
            }
            let message = match &incoming {
                Incoming::Binary(bytes) => {
                    match (self.feed == Stream::Market).then(|| feed::numbers(bytes)).flatten() {
                        // A packet of numbers has no text that could contain a secret.
                        Some((header, packet)) => {
                            seen.packets += 1;
                            shared.spots.observe(header.instrument, &packet);
                            Some((FrameKind::Binary, Cow::from(&**bytes), Some((header, packet))))
                        }
                        None => {
                            self.binary(bytes, &mut seen);
                            Some((FrameKind::Binary, shared.redactor.redact_bytes(bytes), None))
                        }
                    }
                }
                Incoming::Text(bytes) => match GapMessage::read(bytes) {
                    Some(gap) => {
                        seen.gaps.push(gap);
                        None
                    }
                    None => {
                        if self.feed == Stream::Orders && orders::has_order(bytes) {
                            seen.packets += 1;
                        } else {
                            seen.is_no_order |= self.feed == Stream::Orders;
                            shared.show_text(self.conn, bytes);
                        }
                        Some((FrameKind::Text, shared.redactor.redact_text(bytes), None))
                    }
                },
                Incoming::Ping => None,
                Incoming::Pong => {
                    seen.pong = true;
                    None
                }
                Incoming::Closed(ended) => {
                    seen.ended = Some(ended.clone());
                    None
                }
            };
            if let Some((kind, bytes, packet)) = message {
                if let Some(observer) = &shared.observer {
                    observer.frame(self.conn, kind, &bytes);
                }
                batch.push(&Frame { conn: self.conn, kind, recv, bytes: &bytes, packet });
            }
            next = match (&mut self.connection, &seen.ended) {
                (Some(connection), None) if !batch.is_full() => connection.poll_ready_now(),
                _ => None,
            };
            let bytes = self.connection_bytes();
            if bytes != received {
                (received, recv) = (bytes, clock::now());
            }
        }
        // Frames come first, because events of the connection happened after them.
        batch.done();
        if let Some(observer) = &shared.observer {
            observer.batch_ended();
        }
        for gap in std::mem::take(&mut seen.gaps) {
            self.record_relayed_gap(gap);
        }
        self.report_traffic();
        if seen.pong {
            self.input(Input::Pong);
        }
        if seen.packets > 0 {
            shared.record_data(self.conn, recv);
            self.input(Input::Data { packets: seen.packets });
        }
        if seen.is_no_order {
            self.input(Input::NoOrderMessage);
        }
        for instrument in seen.unwanted {
            self.input(Input::Unwanted(instrument));
        }
        if let Some(reason) = seen.disconnect {
            self.input(Input::ServerDisconnect(reason));
        }
        if let Some(ended) = seen.ended {
            self.closed(ended);
        }
    }

    /// Records a gap that a relay reported: its connection to the server was away, or this program read too slowly.
    fn record_relayed_gap(&self, gap: GapMessage) {
        let reason = GapReason::ALL.into_iter().find(|reason| reason.name() == gap.reason);
        self.shared.pipeline.event(Event::Gap {
            conn: self.conn,
            reason: reason.unwrap_or(GapReason::Disconnected),
            detail: gap.detail.map(|detail| self.shared.masked(untrusted(&detail))),
            from: gap.from,
            to: gap.to.max(gap.from),
            dropped: gap.dropped,
        });
    }

    /// Prints a received message and its headers (`-vv`).
    fn trace(&self, incoming: &Incoming) {
        let words = match incoming {
            Incoming::Binary(bytes) => trace::binary(self.feed, bytes),
            Incoming::Text(bytes) => trace::text(&self.shared.redactor.redact_text(bytes)),
            Incoming::Ping => "ping".to_owned(),
            Incoming::Pong => "pong".to_owned(),
            // The status event reports it.
            Incoming::Closed(_) => return,
        };
        self.shared.console.say(LogLevel::Trace, format_args!("connection {}: {words}", self.conn));
    }

    /// Checks a binary frame's headers: whether it is data, and whether it ends the session.
    fn binary(&self, bytes: &[u8], seen: &mut BatchSummary) {
        match self.feed {
            Stream::Market => {
                for (header, packet) in feed::packets(bytes).flatten() {
                    self.shared.spots.observe(header.instrument, &packet);
                    match packet {
                        feed::Packet::Disconnect(packet) => seen.disconnect = Some(packet.reason()),
                        feed::Packet::Heartbeat => {}
                        _ => seen.packets += 1,
                    }
                }
            }
            Stream::Depth(levels) => {
                for packet in depth::packets(bytes, levels).flatten() {
                    match packet {
                        depth::Packet::Disconnect(reason) => seen.disconnect = Some(reason),
                        depth::Packet::Heartbeat => {}
                        depth::Packet::Side(side) => {
                            seen.packets += 1;
                            if self.session.leaving().any(|leaving| leaving == side.instrument) {
                                seen.unwanted.push(side.instrument);
                            }
                        }
                    }
                }
            }
            // Order updates are texts. A binary frame is the market feed's disconnect packet, or malformed.
            Stream::Orders => {
                for (_, packet) in feed::packets(bytes).flatten() {
                    if let feed::Packet::Disconnect(packet) = packet {
                        seen.disconnect = Some(packet.reason());
                    }
                }
            }
        }
    }
}
