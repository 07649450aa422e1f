//! Turns order messages into records.

use super::{Decoder, Pipeline};
use crate::pipeline::item::{Frame, FrameKind};
use crate::pipeline::orders::Outcome;
use crate::protocol::feed::{self, Packet};
use crate::record::RecordType;

impl Pipeline {
    pub(super) fn orders(&mut self, frame: &Frame<'_>) {
        // The snapshot at the start is the state before the stream; the one after a gap closes the gap by itself.
        let Decoder::Orders(orders) = &mut self.decoder else { return };
        let mut outcomes = Vec::new();
        let mut take = |outcome| outcomes.push(outcome);
        match frame.kind {
            FrameKind::OrderBookAtStart => orders.on_snapshot(frame.bytes, true, frame.recv, &mut take),
            FrameKind::OrderBookAfterGap => orders.on_snapshot(frame.bytes, false, frame.recv, &mut take),
            FrameKind::Text | FrameKind::Binary => orders.on_text(frame.bytes, frame.recv, &mut take),
        }
        // A text that is no order, such as a refusal in words, says nothing about the stream.
        let is_order = |outcome: &Outcome| matches!(outcome, Outcome::Record(_) | Outcome::Repeat);
        if self.gaps.any_open() && frame.kind == FrameKind::Text && outcomes.iter().any(is_order) {
            self.resumed(frame);
        }
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                _ if self.is_after_end(n) => self.filtered(1),
                Outcome::Record(order) if self.rules.events.is_none_or(|wanted| order.events.intersects(wanted)) => {
                    let recv = self.outputs.stamp(frame.recv, &self.counts);
                    self.outputs.lines(1, |encoder, out| encoder.line(out, order.as_ref(), recv));
                    if let Some(observer) = &mut self.observer {
                        observer.order(&order, recv);
                    }
                    self.written(RecordType::Order, 1);
                }
                Outcome::Record(_) | Outcome::Repeat | Outcome::NotAnOrder => self.filtered(1),
                Outcome::Malformed(detail) => {
                    self.counts.received += 1;
                    self.counts.malformed += 1;
                    self.report_malformed(frame, 1, Some(detail.to_owned()));
                }
            }
        }
    }

    /// Counts a binary frame: order updates are texts, so it is a disconnect packet or unknown.
    pub(super) fn binary_among_orders(&mut self, frame: &Frame<'_>) {
        let is_known =
            matches!(feed::packets(frame.bytes).next(), Some(Ok((_, Packet::Disconnect(_) | Packet::Heartbeat))));
        if is_known {
            return self.filtered(1);
        }
        // It counts as one message, whatever packets it may contain.
        self.counts.received += 1;
        self.counts.malformed += 1;
        self.report_malformed(frame, 1, Some("a binary message among order updates".to_owned()));
    }
}
