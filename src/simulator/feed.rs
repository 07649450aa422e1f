//! Serves the market feed: subscriptions, first packets, and the stream.

use super::market::{self, lock, ltt_raw};
use super::rng::Rng;
#[cfg(feature = "testing")]
use super::service::Flood;
use super::service::{Pacer, Service, ServiceOutput, stack};
use super::state::{Broker, ClientSubscription, Cut};
use crate::clock;
use crate::model::{InstrumentKey, Segment};
use crate::protocol::Mode;
use crate::protocol::request::INSTRUMENTS_PER_MESSAGE;
use crate::server::request::{self, ClientRequest};
#[cfg(feature = "testing")]
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// Number of instruments that one socket accepts.
const INSTRUMENTS_PER_SOCKET: usize = 5_000;

struct Entry {
    instrument: market::SharedInstrument,
    key: InstrumentKey,
    mode: Mode,
}

impl Entry {
    /// Returns whether nothing is sent: the server sends no full packets of an index.
    fn is_silent(&self) -> bool {
        self.mode == Mode::Full && self.key.segment == Segment::IDX_I
    }
}

/// One market-feed connection.
pub(crate) struct FeedService {
    broker: Arc<Broker>,
    id: usize,
    rng: Rng,
    entries: Vec<Entry>,
    silent: usize,
    next: usize,
    pacer: Pacer,
    #[cfg(feature = "testing")]
    blasted: bool,
}

impl FeedService {
    pub fn new(broker: Arc<Broker>, id: usize) -> FeedService {
        let rng = Rng::mixed(&[broker.config.seed, 1]);
        FeedService {
            broker,
            id,
            rng,
            entries: Vec::new(),
            silent: 0,
            next: 0,
            pacer: Pacer::new(),
            #[cfg(feature = "testing")]
            blasted: false,
        }
    }

    fn rate(&self) -> f64 {
        if self.entries.len() == self.silent || self.broker.config.is_closed() || self.is_flooding() {
            return 0.0;
        }
        self.broker.rate_for(self.entries.len())
    }

    #[cfg(feature = "testing")]
    fn is_flooding(&self) -> bool {
        self.broker.config.is_flooding()
    }

    #[cfg(not(feature = "testing"))]
    fn is_flooding(&self) -> bool {
        false
    }

    fn ltt(&self) -> u32 {
        let now = clock::now().plus_us(-self.broker.config.delay_us());
        ltt_raw(if self.broker.config.is_closed() { market::last_close(now) } else { now })
    }

    fn stack(&mut self) -> usize {
        stack(&self.broker.config, &mut self.rng)
    }

    fn subscribe(&mut self, request: &ClientRequest, mode: Mode, out: &mut Vec<ServiceOutput>) {
        if request.named > INSTRUMENTS_PER_MESSAGE
            || self.entries.len() + request.instruments.len() > INSTRUMENTS_PER_SOCKET
        {
            out.extend(self.broker.config.excess().map(ServiceOutput::End));
            return;
        }
        let mut first = Vec::new();
        for &key in &request.instruments {
            let instrument = self.broker.market.instrument(key);
            self.first_packets(&lock(&instrument), mode, &mut first);
            if self.broker.subscribed(self.id, ClientSubscription { instrument: key, mode: Some(mode) }) {
                let entry = Entry { instrument, key, mode };
                self.silent += usize::from(entry.is_silent());
                self.entries.push(entry);
            }
        }
        if !self.is_flooding() {
            let mut rest = first.as_slice();
            while !rest.is_empty() {
                let (message, after) = rest.split_at(self.stack().min(rest.len()));
                out.push(ServiceOutput::Binary { packets: message.len() as u64, bytes: message.concat().into() });
                rest = after;
            }
        }
    }

    /// Appends what an instrument sends once when it is subscribed, even if the market is closed.
    fn first_packets(&self, instrument: &market::Instrument, mode: Mode, out: &mut Vec<Vec<u8>>) {
        let mut packet = Vec::new();
        if !instrument.packet(mode, self.ltt(), &mut packet) {
            return;
        }
        out.push(std::mem::take(&mut packet));
        let is_index = instrument.key().segment == Segment::IDX_I;
        if self.broker.config.sends_prev_close(is_index) {
            instrument.prev_close_packet(&mut packet);
            out.push(std::mem::take(&mut packet));
        }
        if mode == Mode::Quote && instrument.is_derivative() {
            instrument.oi_packet(&mut packet);
            out.push(packet);
        }
    }

    fn unsubscribe(&mut self, request: &ClientRequest, mode: Mode) {
        for &key in &request.instruments {
            self.broker.unsubscribed(self.id, ClientSubscription { instrument: key, mode: Some(mode) });
        }
        self.entries.retain(|entry| entry.mode != mode || !request.instruments.contains(&entry.key));
        self.silent = self.entries.iter().filter(|entry| entry.is_silent()).count();
    }

    /// Appends the next packet of the instrument whose turn it is. The caller ensures that there is one.
    fn tick(&mut self, ltt: u32, message: &mut Vec<u8>) {
        loop {
            self.next = if self.next + 1 < self.entries.len() { self.next + 1 } else { 0 };
            let entry = &self.entries[self.next];
            let is_index = entry.key.segment == Segment::IDX_I;
            // Indices tick at every turn, other instruments skip some.
            if entry.is_silent() || (!is_index && self.rng.one_in(4)) {
                continue;
            }
            let mut instrument = lock(&entry.instrument);
            if entry.mode == Mode::Quote && instrument.is_derivative() && self.rng.one_in(6) {
                instrument.oi_packet(message);
            } else {
                instrument.advance();
                instrument.packet(entry.mode, ltt, message);
            }
            return;
        }
    }
}

impl Service for FeedService {
    fn on_text(&mut self, text: &str, out: &mut Vec<ServiceOutput>) {
        let Some(request) = request::read(text) else { return };
        if request.code == request::DISCONNECT {
            out.push(ServiceOutput::End(Cut::Close(1000)));
            return;
        }
        for mode in Mode::ALL {
            if request.code == u64::from(mode.subscribe().0) {
                self.subscribe(&request, mode, out);
            } else if request.code == u64::from(mode.unsubscribe().0) {
                self.unsubscribe(&request, mode);
            }
        }
        self.pacer.settle();
    }

    fn due(&self) -> Option<Instant> {
        #[cfg(feature = "testing")]
        if self.is_flooding() && !self.blasted && !self.entries.is_empty() {
            return self.pacer.due(1e9);
        }
        self.pacer.due(self.rate())
    }

    fn on_due(&mut self, out: &mut Vec<ServiceOutput>) {
        let rate = self.rate();
        if rate <= 0.0 {
            return;
        }
        let ltt = self.ltt();
        let mut pacer = std::mem::replace(&mut self.pacer, Pacer::new());
        let mut turn = pacer.turn(rate);
        while turn.goes_on() {
            let packets = self.stack();
            let mut message = Vec::with_capacity(packets * 64);
            for _ in 0..packets {
                self.tick(ltt, &mut message);
            }
            turn.spend(packets as u64);
            out.push(ServiceOutput::Binary { bytes: message.into(), packets: packets as u64 });
        }
        self.pacer = pacer;
    }

    #[cfg(feature = "testing")]
    fn blast(&mut self) -> Option<Flood> {
        /// Approximate number of packets in a chunk.
        const CHUNK: usize = 8_192;
        let blast = self.broker.config.blast.filter(|_| !self.blasted)?;
        if self.entries.len() == self.silent || self.pacer.due(1e9)? > Instant::now() {
            return None;
        }
        self.blasted = true;
        let (per_message, ltt) = (blast.per_message.max(1), self.ltt());
        let message = |feed: &mut FeedService, packets: usize, chunk: &mut Vec<u8>| {
            let mut message = Vec::new();
            for _ in 0..packets {
                feed.tick(ltt, &mut message);
            }
            put_frame(&message, chunk);
        };
        let messages = CHUNK.div_ceil(per_message);
        let packets_per_chunk = (messages * per_message) as u64;
        let (mut chunk, mut tail) = (Vec::new(), Vec::new());
        for _ in 0..messages {
            message(self, per_message, &mut chunk);
        }
        let mut remaining = (blast.packets % packets_per_chunk) as usize;
        while remaining > 0 {
            let packets = remaining.min(per_message);
            message(self, packets, &mut tail);
            remaining -= packets;
        }
        Some(Flood {
            chunk: Bytes::from(chunk),
            packets_per_chunk,
            repeats: blast.packets / packets_per_chunk,
            tail: Bytes::from(tail),
            tail_packets: blast.packets % packets_per_chunk,
        })
    }
}

/// Appends a server's binary message in wire form: one frame, unmasked.
#[cfg(feature = "testing")]
fn put_frame(payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x82);
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=65_535 => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}
