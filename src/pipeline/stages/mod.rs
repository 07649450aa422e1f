//! Turns items into records: decodes, filters, stamps, writes, and counts every packet. A replay uses the same code
//! as a live run and so prints the same bytes.

mod bars;
mod depth;
mod ending;
mod events;
mod losses;
mod market;
mod names;
mod orders;
mod rules;

use crate::model::{InstrumentKey, Micros, PacketCounts, Stream};
pub use ending::EndedWithin;
pub use names::{LookUp, Named, STRANGERS};
pub use rules::{Rules, View};

use super::bars::Bars;
use super::book;
use super::figures::Figures;
use super::gaps::Gaps;
use super::item::{Frame, FrameKind, GapReason};
use super::observer::Observer;
use super::outputs::Outputs;
use crate::output::WriteFailure;
use crate::pipeline::orders::Orders;
use crate::protocol::depth::{Levels, packets as depth_packets};
use crate::protocol::feed::packets as feed_packets;
use crate::record::RecordType;
use crate::record::control::End;
use losses::MalformedBurst;
use rustc_hash::FxHashSet;

/// Says why a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// Everything requested was printed: `count`, `once`; or the run was told to end, with this reason.
    Done(String),
    /// An output failed.
    Output(WriteFailure),
}

/// Turns items into records.
pub struct Pipeline {
    rules: Rules,
    outputs: Outputs,
    counts: PacketCounts,
    gaps: Gaps,
    decoder: Decoder,
    figures: Figures,
    names: names::InstrumentNames,
    /// Instruments that were ever unsubscribed, at least in one mode.
    unsubscribed: FxHashSet<InstrumentKey>,
    /// All subscribed modes as bits.
    subscribed: names::Subscribed,
    once: Option<FxHashSet<(InstrumentKey, RecordType)>>,
    printed: u64,
    by_type: [u64; RecordType::ALL.len()],
    malformed: MalformedBurst,
    stop_reason: Option<StopReason>,
    ending: ending::Ending,
    observer: Option<Box<dyn Observer>>,
    /// Bars of the packets (`--bars`), until the run ends.
    bars: Option<Box<Bars>>,
    /// How long data had been missing when the end began, in microseconds.
    disconnected_us: Option<i64>,
}

/// Decodes a stream's frames.
enum Decoder {
    Market,
    Depth(Levels, book::OrderBooks),
    Orders(Box<Orders>),
}

impl Pipeline {
    /// Creates a pipeline whose run began at a moment.
    pub fn new(mut rules: Rules, mut outputs: Outputs, started: Micros) -> Pipeline {
        outputs.set_stream(rules.feed);
        let decoder = match rules.feed {
            Stream::Market => Decoder::Market,
            Stream::Depth(levels) => Decoder::Depth(levels, book::OrderBooks::new(levels, rules.top)),
            Stream::Orders => Decoder::Orders(Box::new(Orders::new(rules.show_client_ids))),
        };
        let once = rules.once.take();
        let bars = (!rules.bars.is_empty()).then(|| Box::new(Bars::new(&rules.bars)));
        let mut pipeline = Pipeline {
            gaps: Gaps::new(rules.feed),
            rules,
            outputs,
            counts: PacketCounts::default(),
            decoder,
            figures: Figures { started, ..Figures::default() },
            names: names::InstrumentNames::default(),
            unsubscribed: FxHashSet::default(),
            subscribed: names::Subscribed::default(),
            once: None,
            printed: 0,
            by_type: [0; RecordType::ALL.len()],
            malformed: MalformedBurst::default(),
            stop_reason: None,
            ending: ending::Ending::default(),
            observer: None,
            bars,
            disconnected_us: None,
        };
        if let Some(once) = once {
            pipeline.print_once(&once);
        }
        pipeline
    }

    /// Shows the client ids of orders in full from now on.
    pub fn show_client_ids(&mut self) {
        if let Decoder::Orders(orders) = &mut self.decoder {
            orders.show_client_ids = true;
        }
    }

    /// Sets the function that looks up the symbols of instruments that come without one, once each.
    pub fn look_up_with(&mut self, look_up: LookUp) {
        self.names.look_up = Some(look_up);
    }

    /// Shows every record as a value to this observer from now on.
    pub fn observe_with(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Takes the symbols that were looked up since the last call.
    pub fn take_named(&mut self) -> Vec<Named> {
        std::mem::take(&mut self.names.found)
    }

    /// Processes a frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        let was_over = self.stop_reason.is_some();
        if let Some(stepped) = self.outputs.clock(frame.recv) {
            let detail = format!("the clock was set back by {:.6} s", stepped.by_us as f64 / 1e6);
            self.gap(0, GapReason::Clock, Some(detail), stepped.from, frame.recv, None);
        }
        self.bars_due(frame.recv);
        if let Some(bars) = &mut self.bars {
            bars.frame(frame.conn);
        }
        self.figures.last_recv = frame.recv;
        match (&self.decoder, frame.kind) {
            _ if self.stop_reason.is_some() || !self.outputs.has_live() => self.count_undecoded(frame),
            (Decoder::Market, FrameKind::Binary) => match frame.packet {
                Some((header, packet)) if !self.is_after_end(0) => self.market(frame, header, packet),
                _ => self.market_packets(frame),
            },
            (Decoder::Depth(levels, _), FrameKind::Binary) => self.depth(frame, *levels),
            (Decoder::Orders(_), FrameKind::Binary) => self.binary_among_orders(frame),
            (Decoder::Orders(_), _) => self.orders(frame),
            // The binary feeds define no texts; the driver has printed it.
            (Decoder::Market | Decoder::Depth(..), _) => self.filtered(1),
        }
        self.gaps.carried(frame.conn, self.outputs.last_stamp());
        self.end_as_replayed();
        if !was_over && self.stop_reason.is_some() {
            self.record_end();
        }
    }

    /// Counts a frame without decoding it, because the run is over or no output takes records any more.
    #[cold]
    fn count_undecoded(&mut self, frame: &Frame<'_>) {
        let packets = match (&self.decoder, frame.kind) {
            (Decoder::Market, FrameKind::Binary) => feed_packets(frame.bytes).count() as u64,
            (Decoder::Depth(levels, _), FrameKind::Binary) => depth_packets(frame.bytes, *levels).count() as u64,
            _ => 1,
        };
        self.unwritten(packets);
    }

    /// Counts packets that no output takes: as filtered if the run is over, else as dropped.
    fn unwritten(&mut self, packets: u64) {
        self.counts.received += packets;
        if self.stop_reason.is_some() {
            self.counts.filtered += packets;
        } else {
            self.counts.dropped += packets;
        }
    }

    /// Counts a printed record and the packets that it shows for the first time.
    #[inline(always)]
    fn written(&mut self, kind: RecordType, packets: u64) {
        self.counts.received += packets;
        self.counts.written += packets;
        self.by_type[kind as usize] += 1;
        self.count_printed();
    }

    #[inline(always)]
    fn count_printed(&mut self) {
        self.printed += 1;
        if self.rules.count == Some(self.printed) {
            self.stop_reason.get_or_insert(StopReason::Done("count".to_owned()));
        }
    }

    fn filtered(&mut self, packets: u64) {
        self.counts.received += packets;
        self.counts.filtered += packets;
    }

    /// Returns why the run is over, or `None` if it is not.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.outputs.failure().map(|why| StopReason::Output(why.clone())).or_else(|| self.stop_reason.clone())
    }

    /// Submits all pending lines to the outputs.
    pub fn flush(&mut self) {
        self.outputs.flush(&self.counts);
    }

    /// Submits only the complete lines, after a panic. Files keep their markers, so that the next run reports what
    /// happened.
    pub fn salvage(&mut self, now: Micros) {
        self.outputs.salvage(now);
    }

    /// Does periodic work; called about once a second.
    pub fn tick(&mut self, now: Micros) {
        self.outputs.tick(now, &self.counts);
    }

    /// Processes the news of outputs: files that were moved, deleted or truncated, and failures.
    pub fn look(&mut self, now: Micros) {
        self.outputs.look(now, &self.counts);
    }

    /// Re-opens files by their paths.
    pub fn reopen(&mut self, now: Micros) {
        self.outputs.reopen(now, &self.counts);
    }

    /// Returns the run's packet counters, as if every output took every line.
    pub fn counts(&self) -> &PacketCounts {
        &self.counts
    }

    /// Returns the outputs.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Returns the counters in which packets that no output took count as dropped, with the gaps of single outputs
    /// added.
    fn counts_outside(&self) -> PacketCounts {
        let lost = self.outputs.lost(&self.counts);
        let own_gaps = self.outputs.own_gaps().len() as u64;
        let PacketCounts { written, dropped, gaps, .. } = self.counts;
        PacketCounts {
            written: written.saturating_sub(lost),
            dropped: dropped + lost,
            gaps: gaps + own_gaps,
            ..self.counts
        }
    }

    /// Returns the figures up to now.
    pub fn figures(&mut self) -> &Figures {
        self.figures.counts = self.counts_outside();
        // Packets in unfinished bars are received, but not yet written or filtered.
        self.figures.counts.received += self.bars.as_ref().map_or(0, |bars| bars.held_packets());
        self.figures.requested = self.gaps.requested();
        self.figures.seen = self.names.seen.len();
        self.figures.strangers = self.names.strangers;
        self.figures.bytes_written = self.outputs.bytes_written();
        for kind in RecordType::ALL {
            if self.by_type[kind as usize] > 0 {
                self.figures.records.insert(kind.name(), self.by_type[kind as usize]);
            }
        }
        &self.figures
    }

    /// Returns the subscribed instruments of which no packet arrived.
    pub fn never_seen(&self) -> Vec<InstrumentKey> {
        self.gaps.requested_keys().filter(|instrument| !self.names.seen.contains(instrument)).collect()
    }

    /// Returns why the run ends.
    pub fn reason(&self) -> String {
        match &self.stop_reason {
            Some(StopReason::Done(reason)) => reason.clone(),
            Some(StopReason::Output(_)) => "output".to_owned(),
            None => "end of input".to_owned(),
        }
    }

    /// Starts the end of the run: prints what is open, and gives every output its last item.
    pub fn begin_end(&mut self, now: Micros) {
        let reason = self.reason();
        self.disconnected_us = self.gaps.open_for_us(now);
        self.finish_bars(now);
        if self.malformed.held > 0 {
            self.print_malformed(now, None);
        }
        self.forget_order_books(None);
        for gap in self.gaps.unresolved(now) {
            self.print_gap(gap, now);
        }
        self.flush();
        self.outputs.finish(&End { counts: self.counts, reason }, now, self.rules.status_records);
    }

    /// Abandons outputs that have not ended.
    pub fn abandon(&mut self, now: Micros) {
        self.outputs.abandon(now, &self.counts);
    }

    /// Returns the summary of the run, once every output has ended. `own_gaps` are those of a capture.
    pub fn summary(&mut self, own_gaps: &[(Micros, Micros)]) -> RunSummary {
        self.outputs.look_at_failures();
        let mut counts = self.counts_outside();
        counts.gaps += own_gaps.len() as u64;
        for (from, to) in self.outputs.own_gaps().iter().chain(own_gaps) {
            self.gaps.cover(*from, *to);
        }
        self.figures();
        RunSummary {
            counts,
            reason: self.reason(),
            failure: self.outputs.failure().cloned(),
            gap_us: self.gaps.total_us(),
            disconnected_us: self.disconnected_us,
            figures: std::mem::take(&mut self.figures),
        }
    }

    /// Ends a run whose outputs write on the caller's thread.
    pub fn finish(mut self, now: Micros) -> RunSummary {
        self.begin_end(now);
        self.summary(&[])
    }
}

/// Summarizes a run.
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// The final packet counters.
    pub counts: PacketCounts,
    /// Why it ended.
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "golden tests read it"))]
    pub reason: String,
    /// Why output ended before the run did, if so.
    pub failure: Option<WriteFailure>,
    /// Duration of all gaps in microseconds.
    pub gap_us: i64,
    /// How long data had been missing at the end, in microseconds.
    pub disconnected_us: Option<i64>,
    /// All figures.
    pub figures: Figures,
}
