//! Serves the depth sockets: 20 levels in stacked messages, 200 levels with varying row counts.

use super::market::{self, lock};
use super::rng::Rng;
use super::service::{Pacer, Service, ServiceOutput, stack};
use super::state::{Broker, ClientSubscription, Cut};
use crate::model::InstrumentKey;
use crate::protocol::depth::{Levels, Row, Side};
use crate::protocol::encode;
use crate::protocol::request::{INSTRUMENTS_PER_MESSAGE, RequestCode};
use crate::server::request::{self, ClientRequest};
use std::sync::Arc;
use tokio::time::Instant;

/// One depth connection.
pub(crate) struct DepthService {
    broker: Arc<Broker>,
    id: usize,
    levels: Levels,
    rng: Rng,
    entries: Vec<(InstrumentKey, market::SharedInstrument)>,
    next: usize,
    pacer: Pacer,
    /// The last word of the 20-level header.
    sequence: u32,
    /// An ask whose bid was sent with the previous message.
    held: Vec<u8>,
    rows: Vec<Row>,
    /// Instruments that were unsubscribed, with the number of pairs that still follow.
    ghosts: Vec<(market::SharedInstrument, u32)>,
}

impl DepthService {
    pub fn new(broker: Arc<Broker>, id: usize, levels: Levels) -> DepthService {
        let rng = Rng::mixed(&[broker.config.seed, 2, u64::from(levels.count())]);
        DepthService {
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
            ghosts: Vec::new(),
        }
    }

    fn rate(&self) -> f64 {
        match self.entries.len() + self.ghosts.len() {
            0 => 0.0,
            _ if self.broker.config.is_closed() => 0.0,
            subscriptions => self.broker.rate_for(subscriptions),
        }
    }

    fn subscribe(&mut self, request: &ClientRequest, out: &mut Vec<ServiceOutput>) {
        let known = |key: &InstrumentKey| self.entries.iter().any(|(entry, _)| entry == key);
        let new = request.instruments.iter().filter(|key| !known(key)).count();
        if request.named > INSTRUMENTS_PER_MESSAGE || self.entries.len() + new > self.levels.instruments_per_socket() {
            out.extend(self.broker.config.excess().map(ServiceOutput::End));
            return;
        }
        // The server sends nothing for segments without depth.
        for &key in request.instruments.iter().filter(|key| key.segment.has_depth()) {
            let instrument = self.broker.market.instrument(key);
            let mut message = Vec::new();
            self.pair(&instrument, &mut message);
            out.push(ServiceOutput::Binary { bytes: message.into(), packets: 2 });
            if self.broker.subscribed(self.id, ClientSubscription { instrument: key, mode: None }) {
                self.entries.push((key, instrument));
            }
        }
    }

    fn unsubscribe(&mut self, request: &ClientRequest) {
        for &key in &request.instruments {
            self.broker.unsubscribed(self.id, ClientSubscription { instrument: key, mode: None });
        }
        let ghosts = self.broker.config.ghosts();
        let removed = self.entries.extract_if(.., |(key, _)| request.instruments.contains(key));
        self.ghosts.extend(removed.map(|(_, instrument)| (instrument, ghosts)).filter(|_| ghosts > 0));
        self.held.clear();
    }

    /// Appends both sides of an instrument; returns the offset of the second.
    fn pair(&mut self, instrument: &market::SharedInstrument, message: &mut Vec<u8>) -> usize {
        let instrument = lock(instrument);
        let mut split = message.len();
        for side in [Side::Bid, Side::Ask] {
            split = message.len();
            self.rows.clear();
            let count = match self.levels {
                Levels::Twenty => 20,
                // Half of the packets have all rows.
                Levels::TwoHundred => self.rng.between(120, 280).min(200) as usize,
            };
            instrument.rows(side, count, &mut self.rows);
            let word = match self.levels {
                Levels::Twenty => {
                    let sequence = self.sequence;
                    self.sequence = self.sequence.wrapping_add(1);
                    sequence
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

    /// Returns a pair of an unsubscribed instrument, until enough were sent.
    fn ghost(&mut self) -> Option<(Vec<u8>, u64)> {
        let (instrument, left) = self.ghosts.last_mut()?;
        let instrument = instrument.clone();
        *left -= 1;
        if *left == 0 {
            self.ghosts.pop();
        }
        let mut message = Vec::new();
        lock(&instrument).advance();
        self.pair(&instrument, &mut message);
        Some((message, 2))
    }

    /// Returns one message: one pair, several, or a part that the next message completes.
    fn message(&mut self) -> (Vec<u8>, u64) {
        if let Some(ghost) = self.ghost() {
            return ghost;
        }
        let pairs = stack(&self.broker.config, &mut self.rng);
        let may_split = self.broker.config.splits_pairs(&mut self.rng);
        let mut message = std::mem::take(&mut self.held);
        let mut packets = u64::from(!message.is_empty());
        self.next = if self.next + 1 < self.entries.len() { self.next + 1 } else { 0 };
        let mut split = 0;
        for snapshot in 0..pairs {
            // Several snapshots of one instrument, as was seen on the wire, or of several instruments.
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

    /// Returns a message with one side.
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

impl Service for DepthService {
    fn on_text(&mut self, text: &str, out: &mut Vec<ServiceOutput>) {
        let Some(request) = request::read(text) else { return };
        if request.code == request::DISCONNECT {
            out.push(ServiceOutput::End(Cut::Close(1000)));
        } else if request.code == u64::from(RequestCode::SUBSCRIBE_DEPTH.0) {
            self.subscribe(&request, out);
        } else if self.broker.config.ends_depth(request.code) {
            self.unsubscribe(&request);
        }
        self.pacer.settle();
    }

    fn due(&self) -> Option<Instant> {
        self.pacer.due(self.rate())
    }

    fn on_due(&mut self, out: &mut Vec<ServiceOutput>) {
        let rate = self.rate();
        if rate <= 0.0 {
            return;
        }
        let mut pacer = std::mem::replace(&mut self.pacer, Pacer::new());
        let mut turn = pacer.turn(rate);
        while turn.goes_on() {
            if self.entries.is_empty() && self.ghosts.is_empty() {
                break;
            }
            let (bytes, packets) =
                if self.broker.config.is_one_side_a_message() { self.single() } else { self.message() };
            turn.spend(packets);
            out.push(ServiceOutput::Binary { bytes: bytes.into(), packets });
        }
        self.pacer = pacer;
    }
}
