//! Turns depth frames into order books.

use super::losses::FrameDamage;
use super::{Decoder, Pipeline, View};
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::item::Frame;
use crate::protocol::depth::{self, Levels};
use crate::record::RecordType;

impl Pipeline {
    pub(super) fn depth(&mut self, frame: &Frame<'_>, levels: Levels) {
        let mut damage = FrameDamage::default();
        for (n, packet) in depth::packets(frame.bytes, levels).enumerate() {
            match packet {
                _ if self.is_after_end(n) => self.filtered(1),
                Ok(depth::Packet::Heartbeat | depth::Packet::Disconnect(_)) => self.filtered(1),
                Ok(depth::Packet::Side(side)) => {
                    if self.gaps.any_open() {
                        self.resumed(frame);
                    }
                    self.side(side, frame.recv);
                }
                Err(malformed) => self.malformed(&malformed, &mut damage),
            }
        }
        self.report_damage(frame, damage);
    }

    /// Processes one side of an order book. A packet that waits for its other side is counted as received only when
    /// its outcome is known, so that the packet counters balance at every moment.
    pub(super) fn side(&mut self, side: depth::BookSide<'_>, recv: Micros) {
        let instrument = side.instrument;
        self.names.see(instrument, &self.subscribed);
        if self.unsubscribed.contains(&instrument) && !self.subscribed.contains_key(&instrument) {
            return self.filtered(1);
        }
        let Decoder::Depth(_, assembler) = &mut self.decoder else { return };
        let symbol = || self.names.symbol(instrument);
        if self.rules.view == View::Sides {
            let record = assembler.side(side);
            let recv = self.outputs.stamp(recv, &self.counts);
            self.outputs.lines(1, |encoder, out| encoder.depth_side(out, instrument, symbol, &record, recv));
            return self.written(RecordType::DepthSide, 1);
        }
        if assembler.are_crowded() {
            let filtered = assembler.forget_others(|instrument| self.subscribed.contains_key(instrument));
            self.counts.received += filtered;
            self.counts.filtered += filtered;
        }
        let pushed = assembler.push(side);
        self.counts.received += pushed.filtered;
        self.counts.filtered += pushed.filtered;
        if let Some(record) = pushed.record {
            let recv = self.outputs.stamp(recv, &self.counts);
            let packets = pushed.written as u32;
            self.outputs.lines(packets, |encoder, out| encoder.depth(out, instrument, symbol, &record, recv));
            if let Some(observer) = &mut self.observer {
                observer.depth(instrument, &symbol, &record, recv);
            }
            let written = pushed.written;
            self.written(RecordType::Depth, written);
        }
    }

    /// Drops unpaired sides, of these instruments or of all: no side from before a gap is paired with one from after
    /// it.
    pub(super) fn forget_order_books(&mut self, instruments: Option<&[InstrumentKey]>) {
        let Decoder::Depth(_, assembler) = &mut self.decoder else { return };
        let filtered: u64 = match instruments {
            Some(instruments) => instruments.iter().map(|instrument| assembler.forget(*instrument)).sum(),
            None => assembler.forget_all(),
        };
        self.filtered(filtered);
    }
}
