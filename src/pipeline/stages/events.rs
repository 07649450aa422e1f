//! Processes events between frames.

use super::Pipeline;
use super::market::mode_bit;
use crate::model::InstrumentKey;
use crate::pipeline::item::Event;
use crate::protocol::Mode;
use crate::record::control::Status;
use crate::record::{RecordType, TypeSet};

impl Pipeline {
    /// Processes an event.
    pub fn event(&mut self, event: &Event) {
        if let Some(observer) = &mut self.observer {
            observer.event(event);
        }
        match event {
            Event::Symbols(symbols) => {
                self.names.symbols.extend(symbols.iter().cloned());
                self.outputs.forget_symbols();
            }
            Event::Subscribed { conn, instruments } => self.subscribed(*conn, instruments),
            Event::Clock { at } => self.bars_due(*at),
            Event::Unsubscribed { instruments } => self.unsubscribed(instruments),
            Event::GapOpened { conn, reason, detail, from } => {
                let instruments_served: Vec<_> = self.gaps.instruments_of(*conn).collect();
                self.forget_order_books(Some(&instruments_served));
                self.gaps.open(*conn, *reason, Some(detail.clone()), *from);
                if let Some(bars) = &mut self.bars {
                    bars.gap_opened(*conn, *from);
                }
            }
            Event::Resynced { conn, at } => {
                self.bars_due(*at);
                if let Some(gap) = self.gaps.resumed(*conn, *at) {
                    self.print_gap(gap, *at);
                }
            }
            Event::Gap { conn, reason, detail, from, to, dropped } => {
                self.bars_due(*to);
                self.gap(*conn, *reason, detail.clone(), *from, *to, *dropped);
            }
            Event::Status { conn, event, detail, at } => {
                self.bars_due(*at);
                if self.rules.status_records && self.stop_reason.is_none() {
                    let status = Status { feed: self.rules.feed, conn: *conn, event: *event, detail: detail.clone() };
                    let recv = self.outputs.stamp(*at, &self.counts);
                    self.outputs.control(&status, recv, &self.counts);
                }
            }
            Event::Chain { chain, at } => {
                if self.rules.only.contains(RecordType::Chain) && self.stop_reason.is_none() {
                    let recv = self.outputs.stamp(*at, &self.counts);
                    self.outputs.control(chain, recv, &self.counts);
                    // Like other control records it counts for nothing, unless --only asks for it.
                    if self.rules.only != TypeSet::ALL {
                        self.count_printed();
                    }
                }
            }
            Event::End { reason, at } => self.end(reason, *at),
        }
    }

    pub(super) fn subscribed(&mut self, conn: u16, instruments: &[(InstrumentKey, Option<Mode>)]) {
        if let Some(bars) = &mut self.bars {
            bars.subscribed(conn, instruments.iter().map(|(instrument, _)| *instrument));
        }
        self.gaps.subscribed(conn, instruments.iter().map(|(instrument, _)| *instrument));
        self.outputs.set_instruments(self.gaps.requested());
        for &(instrument, mode) in instruments {
            *self.subscribed.entry(instrument).or_default() |= mode.map_or(u8::MAX, mode_bit);
        }
    }

    pub(super) fn unsubscribed(&mut self, instruments: &[(InstrumentKey, Option<Mode>)]) {
        let mut removed = Vec::new();
        for &(instrument, mode) in instruments {
            let bits = self.subscribed.entry(instrument).or_default();
            *bits &= !mode.map_or(u8::MAX, mode_bit);
            self.unsubscribed.insert(instrument);
            if *bits == 0 {
                self.subscribed.remove(&instrument);
                removed.push(instrument);
            }
        }
        if let Some(bars) = &mut self.bars {
            bars.unsubscribed(&removed);
        }
        self.gaps.unsubscribed(&removed);
        self.outputs.set_instruments(self.gaps.requested());
        self.forget_order_books(Some(&removed));
    }
}
