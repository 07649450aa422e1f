//! The depth sockets: 20 levels in stacked messages, 200 levels with varying rows.

use super::config::{DepthUnsubscribe, OverLimit};
use super::market::{self, lock};
use super::request::{self, Request};
use super::rng::Rng;
use super::service::{Out, Pacer, Service, stack};
use super::state::{Broker, Cut, Subscription};
use crate::model::InstrumentKey;
use crate::protocol::depth::{Levels, Row, Side};
use crate::protocol::encode;
use crate::protocol::request::{INSTRUMENTS_PER_MESSAGE, RequestCode};
use std::sync::Arc;
use tokio::time::Instant;

/// One depth connection.
pub(crate) struct Depth {
    broker: Arc<Broker>,
    id: usize,
    levels: Levels,
    rng: Rng,
    entries: Vec<(InstrumentKey, market::Shared)>,
    next: usize,
    pacer: Pacer,
    /// The 20-level header's last word.
    sequence: u32,
    /// An ask whose bid went with the previous message.
    held: Vec<u8>,
    rows: Vec<Row>,
}

impl Depth {
    pub fn new(broker: Arc<Broker>, id: usize, levels: Levels) -> Depth {
        let rng = Rng::mixed(&[broker.config.seed, 2, u64::from(levels.count())]);
        Depth {
            broker,
            id,
            levels,
            rng,
            entries: Vec::new(),
            next: 0,
            pacer: Pacer::new(),
            sequence: 0,
            held: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn rate(&self) -> f64 {
        if self.entries.is_empty() { 0.0 } else { self.broker.rate_for(self.entries.len()) }
    }

    fn subscribe(&mut self, request: &Request, out: &mut Vec<Out>) {
        let known = |key: &InstrumentKey| self.entries.iter().any(|(entry, _)| entry == key);
        let new = request.instruments.iter().filter(|key| !known(key)).count();
        if request.named > INSTRUMENTS_PER_MESSAGE || self.entries.len() + new > self.levels.instruments_per_socket() {
            if self.broker.config.over_limit == OverLimit::Disconnect {
                out.push(Out::End(Cut::Disconnect(804)));
            }
            return;
        }
        // Segments without depth: silence.
        for &key in request.instruments.iter().filter(|key| key.segment.has_depth()) {
            let instrument = self.broker.market.instrument(key);
            let mut message = Vec::new();
            self.pair(&instrument, &mut message);
            out.push(Out::Binary { bytes: message.into(), packets: 2 });
            if self.broker.subscribed(self.id, Subscription { instrument: key, mode: None }) {
                self.entries.push((key, instrument));
            }
        }
    }

    fn unsubscribe(&mut self, request: &Request) {
        for &key in &request.instruments {
            self.broker.unsubscribed(self.id, Subscription { instrument: key, mode: None });
        }
        self.entries.retain(|(key, _)| !request.instruments.contains(key));
        self.held.clear();
    }

    fn is_unsubscribe(&self, code: u64) -> bool {
        let documented = code == u64::from(RequestCode::UNSUBSCRIBE_DEPTH.0);
        let alternate = code == u64::from(RequestCode::UNSUBSCRIBE_DEPTH_ALTERNATE.0);
        match self.broker.config.depth_unsubscribe {
            DepthUnsubscribe::Both => documented || alternate,
            DepthUnsubscribe::Only24 => documented,
            DepthUnsubscribe::Only25 => alternate,
        }
    }

    /// Both sides of an instrument as things stand; returns where the second begins.
    fn pair(&mut self, instrument: &market::Shared, message: &mut Vec<u8>) -> usize {
        let instrument = lock(instrument);
        let mut split = message.len();
        for side in [Side::Bid, Side::Ask] {
            split = message.len();
            self.rows.clear();
            let count = match self.levels {
                Levels::Twenty => 20,
                // A full house as often as not.
                Levels::TwoHundred => self.rng.between(120, 280).min(200) as usize,
            };
            instrument.rows(side, count, &mut self.rows);
            let word = match self.levels {
                Levels::Twenty => {
                    self.sequence = self.sequence.wrapping_add(1);
                    self.sequence
                }
                Levels::TwoHundred => {
                    self.rows.retain(|row| row.is_priced());
                    self.rows.len() as u32
                }
            };
            encode::depth_side(message, instrument.key(), side, word, &self.rows);
        }
        split
    }

    /// One message: one pair, several, or one that the next message completes.
    fn message(&mut self) -> (Vec<u8>, u64) {
        let stacking = self.broker.config.stacking;
        let pairs = stack(stacking, self.broker.config.rate, &mut self.rng);
        let may_split = stacking == super::Stacking::NowAndThen && self.rng.one_in(10);
        let mut message = std::mem::take(&mut self.held);
        let mut packets = u64::from(!message.is_empty());
        self.next = if self.next + 1 < self.entries.len() { self.next + 1 } else { 0 };
        let mut split = 0;
        for snapshot in 0..pairs {
            // Several snapshots of one instrument, as was seen on the wire, or of several.
            if snapshot > 0 && self.rng.one_in(2) {
                self.next = if self.next + 1 < self.entries.len() { self.next + 1 } else { 0 };
            }
            let instrument = self.entries[self.next].1.clone();
            lock(&instrument).advance();
            split = self.pair(&instrument, &mut message);
            packets += 2;
        }
        if may_split {
            self.held = message.split_off(split);
            packets -= 1;
        }
        (message, packets)
    }

    /// One side a message: what [`super::Stacking::Never`] asks for.
    fn single(&mut self) -> (Vec<u8>, u64) {
        if self.held.is_empty() {
            let (mut message, _) = self.message();
            let first = usize::from(u16::from_le_bytes([message[0], message[1]]));
            self.held = message.split_off(first);
            return (message, 1);
        }
        (std::mem::take(&mut self.held), 1)
    }
}

impl Service for Depth {
    fn on_text(&mut self, text: &str, out: &mut Vec<Out>) {
        let Some(request) = request::read(text) else { return };
        if request.code == request::DISCONNECT {
            out.push(Out::End(Cut::Close(1000)));
        } else if request.code == u64::from(RequestCode::SUBSCRIBE_DEPTH.0) {
            self.subscribe(&request, out);
        } else if self.is_unsubscribe(request.code) {
            self.unsubscribe(&request);
        }
        self.pacer.settle();
    }

    fn due(&self) -> Option<Instant> {
        self.pacer.due(self.rate())
    }

    fn on_due(&mut self, out: &mut Vec<Out>) {
        let rate = self.rate();
        if rate <= 0.0 {
            return;
        }
        let mut pacer = std::mem::replace(&mut self.pacer, Pacer::new());
        let mut turn = pacer.turn(rate);
        while turn.goes_on() {
            let (bytes, packets) = match self.broker.config.stacking {
                super::Stacking::Never => self.single(),
                _ => self.message(),
            };
            turn.spend(packets);
            out.push(Out::Binary { bytes: bytes.into(), packets });
        }
        self.pacer = pacer;
    }
}
