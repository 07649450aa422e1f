//! Turns market feed frames into records.

use super::losses::FrameDamage;
use super::{Pipeline, StopReason};
use crate::clock::SECOND_US;
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::figures::Lag;
use crate::pipeline::item::Frame;
use crate::protocol::Mode;
use crate::protocol::feed::{self, Header, Packet};
use crate::record::market::{MarketStatus, Unknown};
use crate::record::{Record, RecordType};
use rustc_hash::FxHashSet;

impl Pipeline {
    /// Decodes and processes a frame packet by packet.
    #[inline(never)]
    pub(super) fn market_packets(&mut self, frame: &Frame<'_>) {
        let mut damage = FrameDamage::default();
        for (n, packet) in feed::packets(frame.bytes).enumerate() {
            match packet {
                // `--count` may have been reached within this frame.
                _ if self.is_after_end(n) => self.filtered(1),
                Ok((_, Packet::Heartbeat | Packet::Disconnect(_))) => self.filtered(1),
                Ok((header, packet)) => self.market(frame, header, packet),
                Err(malformed) => self.malformed(&malformed, &mut damage),
            }
        }
        self.report_damage(frame, damage);
    }

    /// Processes a data packet.
    #[inline(always)]
    pub(super) fn market(&mut self, frame: &Frame<'_>, header: Header, packet: Packet<'_>) {
        if self.gaps.any_open() {
            self.resumed(frame);
        }
        let (instrument, recv) = (header.instrument, frame.recv);
        if self.bars.is_some() && self.is_only_in_bars(frame.conn, instrument, &packet) {
            return;
        }
        let is_printed = match packet {
            Packet::Ticker(p) => {
                self.record_lag(recv, p.ltt_raw());
                self.packet(instrument, &p, recv)
            }
            Packet::Quote(p) => {
                self.record_lag(recv, p.ltt_raw());
                self.packet(instrument, &p, recv)
            }
            Packet::Full(p) => {
                self.record_lag(recv, p.ltt_raw());
                self.packet(instrument, &p, recv)
            }
            Packet::OpenInterest(p) => self.packet(instrument, &p, recv),
            Packet::PrevClose(p) => self.packet(instrument, &p, recv),
            Packet::MarketStatus(payload) => self.packet(instrument, &MarketStatus(payload), recv),
            Packet::Unknown(payload) => {
                let record = Unknown { code: header.code, payload };
                self.packet(instrument, &record, recv)
            }
            Packet::Heartbeat | Packet::Disconnect(_) => false,
        };
        if is_printed && self.observer.is_some() {
            self.notify_observer(instrument, &packet);
        }
    }

    /// Passes a printed packet to the observer.
    #[cold]
    fn notify_observer(&mut self, instrument: InstrumentKey, packet: &Packet<'_>) {
        let Pipeline { observer, names, outputs, subscribed, .. } = self;
        if let Some(observer) = observer {
            // The outputs notice an instrument; a view runs without any.
            names.see(instrument, subscribed);
            observer.market(instrument, &|| names.symbol(instrument), packet, outputs.last_stamp());
        }
    }

    /// Prints one packet as a record, or filters it; returns whether it was printed.
    #[inline(always)]
    pub(super) fn packet<R: Record>(&mut self, instrument: InstrumentKey, record: &R, recv: Micros) -> bool {
        let kind = R::TYPE;
        if !self.rules.only.contains(kind)
            || (!self.unsubscribed.is_empty() && self.is_unwanted(instrument, kind))
            || (self.once.is_some() && !self.is_due_once(instrument, kind))
        {
            self.names.see(instrument, &self.subscribed);
            self.filtered(1);
            return false;
        }
        let recv = self.outputs.stamp(recv, &self.counts);
        let Pipeline { outputs, names, subscribed, .. } = self;
        // Called once for each instrument and type, so the first packet of an instrument is noticed here too.
        let symbol = || {
            names.see(instrument, subscribed);
            names.symbol(instrument)
        };
        outputs.instrument(instrument, symbol, record, recv);
        self.written(kind, 1);
        if self.once.as_ref().is_some_and(FxHashSet::is_empty) {
            self.stop_reason.get_or_insert(StopReason::Done("once".to_owned()));
        }
        true
    }

    #[cold]
    pub(super) fn is_unwanted(&self, instrument: InstrumentKey, kind: RecordType) -> bool {
        if !self.unsubscribed.contains(&instrument) {
            return false;
        }
        let wanted = self.subscribed.get(&instrument).copied().unwrap_or(0);
        match kind {
            RecordType::Ticker | RecordType::Quote | RecordType::Full => wanted & (1 << kind as u8) == 0,
            _ => wanted == 0,
        }
    }

    /// Returns whether `--once` still waits for this record, and marks it as done.
    pub(super) fn is_due_once(&mut self, instrument: InstrumentKey, kind: RecordType) -> bool {
        self.once.as_mut().is_some_and(|due| due.remove(&(instrument, kind)))
    }

    #[inline(always)]
    pub(super) fn record_lag(&mut self, recv: Micros, ltt_raw: u32) {
        // Only a trade later than all others shows how late trades are; the rest repeat old ones.
        if let Some(ltt) = feed::utc(ltt_raw)
            && ltt > self.figures.newest_ltt
            && let lag_us = recv.us_since(Micros::from_secs(ltt))
            && lag_us >= -SECOND_US
        {
            self.figures.newest_ltt = ltt;
            if lag_us <= Lag::LONGEST_US {
                self.figures.lag.add(lag_us);
            }
        }
    }
}

/// Returns the record type of a mode.
pub(super) fn market_type(mode: Mode) -> RecordType {
    match mode {
        Mode::Ticker => RecordType::Ticker,
        Mode::Quote => RecordType::Quote,
        Mode::Full => RecordType::Full,
    }
}

pub(super) fn mode_bit(mode: Mode) -> u8 {
    1 << market_type(mode) as u8
}
