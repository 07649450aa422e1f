//! Makes bars of packets, between decoding and encoding.

use super::{Pipeline, StopReason};
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::bars::{Bars, Finished, Price};
use crate::protocol::feed::{self, Packet};
use crate::record::RecordType;

impl Pipeline {
    /// Prints the bars that are due at a moment, before anything else of that moment.
    #[inline(always)]
    pub(super) fn bars_due(&mut self, now: Micros) {
        if self.bars.is_some() {
            self.with_bars(|bars, each| bars.advance(now, each));
        }
    }

    /// Prints every unfinished bar, because the run ends at a moment.
    pub(super) fn finish_bars(&mut self, end: Micros) {
        self.with_bars(|bars, each| bars.finish(end, each));
        self.bars = None;
    }

    #[inline(never)]
    fn with_bars(&mut self, work: impl FnOnce(&mut Bars, &mut dyn FnMut(Finished))) {
        let Some(mut bars) = self.bars.take() else { return };
        work(&mut bars, &mut |finished| self.print_bar(&finished));
        self.bars = Some(bars);
    }

    /// Prints a bar and counts its packets: only now is it known whether they were written.
    fn print_bar(&mut self, Finished { instrument, bar, at, packets }: &Finished) {
        let count = u64::from(*packets);
        if self.stop_reason.is_some() || !self.outputs.has_live() {
            return self.unwritten(count);
        }
        let recv = self.outputs.stamp(*at, &self.counts);
        let symbol = self.names.symbol(*instrument);
        self.outputs.lines(*packets, |encoder, out| {
            encoder.rare_line(out, *instrument, symbol.as_deref(), bar, recv);
        });
        self.written(RecordType::Bar, count);
    }

    /// Passes a packet to the bars; returns whether it is only part of a bar and becomes no record of its own.
    #[cold]
    #[inline(never)]
    pub(super) fn is_only_in_bars(&mut self, conn: u16, instrument: InstrumentKey, packet: &Packet<'_>) -> bool {
        let (kind, price) = match packet {
            Packet::Ticker(p) => {
                let price = Price { ltp: p.ltp(), ltt: feed::utc(p.ltt_raw()), volume: None, oi: None };
                (RecordType::Ticker, price)
            }
            Packet::Quote(p) => {
                let price = Price { ltp: p.ltp(), ltt: feed::utc(p.ltt_raw()), volume: Some(p.volume()), oi: None };
                (RecordType::Quote, price)
            }
            Packet::Full(p) => {
                let (volume, oi) = (Some(p.volume()), Some(p.oi()));
                (RecordType::Full, Price { ltp: p.ltp(), ltt: feed::utc(p.ltt_raw()), volume, oi })
            }
            Packet::OpenInterest(p) => {
                if self.unsubscribed.is_empty() || !self.is_unwanted(instrument, RecordType::Oi) {
                    self.bars.iter_mut().for_each(|bars| bars.open_interest(instrument, conn, p.oi()));
                }
                return false;
            }
            _ => return false,
        };
        if !self.unsubscribed.is_empty() && self.is_unwanted(instrument, kind) {
            return false;
        }
        let is_record = self.rules.only.contains(kind);
        self.names.see(instrument, &self.subscribed);
        // Bars are kept for subscribed instruments, and for as many others as are remembered.
        if !self.names.seen.contains(&instrument) {
            return false;
        }
        let Some(bars) = &mut self.bars else { return false };
        bars.price(instrument, conn, price, !is_record) && !is_record
    }

    /// Ends the run for this reason; unfinished bars are printed as they are.
    pub(super) fn end(&mut self, reason: &str, at: Micros) {
        if self.stop_reason.is_none() {
            self.finish_bars(at);
        }
        self.stop_reason.get_or_insert_with(|| StopReason::Done(reason.to_owned()));
    }
}
