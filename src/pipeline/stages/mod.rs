//! Items into records: decodes, filters, stamps, writes, and accounts for every packet. The same for a live run and for
//! a replay, which is why a replay prints the same bytes.

mod depth;
mod ending;
mod events;
mod losses;
mod market;
mod names;
mod orders;
mod rules;

use crate::model::{PacketCounts, Stream};
pub use ending::EndedWithin;
pub use names::{LookUp, Named};
pub use rules::{Rules, View};

use super::book;
use super::figures::Figures;
use super::gaps::Gaps;
use super::item::{Frame, FrameKind, GapReason};
use super::lane::{Batch, Item};
use super::observer::Observer;
use super::outputs::Outputs;
use crate::model::InstrumentKey;
use crate::output::WriteFailure;
use crate::pipeline::orders::Orders;
use crate::protocol::depth::{Levels, packets as depth_packets};
use crate::protocol::feed::packets as feed_packets;
use crate::record::RecordType;
use crate::record::control::End;
use losses::{MalformedBurst, Untaken};
use rustc_hash::{FxHashMap, FxHashSet};

/// Why a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// It printed what was asked for: `count`, `once`; or it was told to end, with this reason.
    Done(String),
    /// Output failed.
    Output(WriteFailure),
}

/// Turns items into records.
pub struct Pipeline {
    rules: Rules,
    outputs: Outputs,
    books: PacketCounts,
    gaps: Gaps,
    decoder: Decoder,
    figures: Figures,
    names: names::Names,
    /// Modes that are wanted, as bits; kept for instruments that were ever unsubscribed from.
    wanted: FxHashMap<InstrumentKey, u8>,
    /// All modes that are subscribed, as bits.
    subscribed: FxHashMap<InstrumentKey, u8>,
    once: Option<FxHashSet<(InstrumentKey, RecordType)>>,
    printed: u64,
    by_type: [u64; RecordType::ALL.len()],
    malformed: MalformedBurst,
    over: Option<Over>,
    ending: ending::Ending,
    untaken: Option<Untaken>,
    observer: Option<Box<dyn Observer>>,
    /// When the latest packet was received whose lines were handed over, as far as outputs took them.
    handed_us: i64,
}

/// What a stream's frames are decoded with.
enum Decoder {
    Market,
    Depth(Levels, book::Books),
    Orders(Box<Orders>),
}

impl Pipeline {
    /// A pipeline that began at a moment, µs since the epoch.
    pub fn new(mut rules: Rules, outputs: Outputs, started_us: i64) -> Pipeline {
        let decoder = match rules.feed {
            Stream::Market => Decoder::Market,
            Stream::Depth(levels) => Decoder::Depth(levels, book::Books::new(levels, rules.top)),
            Stream::Orders => Decoder::Orders(Box::new(Orders::new(rules.orders))),
        };
        let once = rules.once.take();
        let mut pipeline = Pipeline {
            rules,
            outputs,
            books: PacketCounts::default(),
            gaps: Gaps::default(),
            decoder,
            figures: Figures { started_us, ..Figures::default() },
            names: names::Names::default(),
            wanted: FxHashMap::default(),
            subscribed: FxHashMap::default(),
            once: None,
            printed: 0,
            by_type: [0; RecordType::ALL.len()],
            malformed: MalformedBurst::default(),
            over: None,
            ending: ending::Ending::default(),
            untaken: None,
            observer: None,
            handed_us: i64::MAX,
        };
        if let Some(once) = once {
            pipeline.print_once(&once);
        }
        pipeline
    }

    /// Shows the client ids of orders whole from now on.
    pub fn show_client_ids(&mut self) {
        if let Decoder::Orders(orders) = &mut self.decoder {
            orders.show_client_ids();
        }
    }

    /// Asks this for the names of instruments that come without one, once each.
    pub fn look_up_with(&mut self, look_up: LookUp) {
        self.names.look_up_with(look_up);
    }

    /// Shows this every record as a value, from now on.
    pub fn observe_with(&mut self, observer: Box<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Names that were looked up since this was asked last.
    pub fn take_named(&mut self) -> Vec<Named> {
        self.names.take_found()
    }

    /// Takes an item.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Frames(batch) => self.batch(batch),
            Item::Event(event) => self.event(event),
            Item::Lagged(lagged) => self.lagged(*lagged),
        }
    }

    /// Whether handing lines over may wait for a reader or a disk. If not, those that are not taken at once stay pending.
    pub fn set_patient(&mut self, patient: bool) {
        self.outputs.set_patient(patient);
    }

    /// Whether the outputs take lines at once, as a rule.
    pub fn is_prompt(&self) -> bool {
        self.outputs.is_prompt()
    }

    /// Whether lines wait to be handed over.
    pub fn is_pending(&self) -> bool {
        self.outputs.is_pending()
    }

    fn batch(&mut self, batch: &Batch) {
        for (i, frame) in batch.frames().enumerate() {
            let was_over = self.over.is_some();
            self.frame(frame);
            if !was_over && self.over.is_some() {
                self.note_end(i);
            }
        }
    }

    /// Takes a frame.
    pub fn frame(&mut self, frame: Frame<'_>) {
        if let Some(stepped) = self.outputs.clock(frame.recv_us) {
            let detail = format!("the clock was set back by {:.6} s", stepped.by_us as f64 / 1e6);
            self.gap(0, GapReason::Clock, Some(detail), stepped.from_us, frame.recv_us, None);
        }
        self.figures.last_recv_us = frame.recv_us;
        match (&self.decoder, frame.kind) {
            _ if self.outputs.failure().is_some() => self.nowhere_to_go(frame),
            _ if self.over.is_some() => self.after_the_end(frame),
            (Decoder::Market, FrameKind::Binary) => self.market(frame),
            (Decoder::Depth(levels, _), FrameKind::Binary) => self.depth(frame, *levels),
            (Decoder::Orders(_), FrameKind::Binary) => self.binary_among_orders(frame),
            (Decoder::Orders(_), _) => self.orders(frame),
            // No text is known on the binary feeds; the driver has shown it.
            (Decoder::Market | Decoder::Depth(..), _) => self.filtered(),
        }
        self.gaps.carried(frame.conn, self.outputs.last_stamp());
        self.end_as_asked();
    }

    /// Nothing takes records any more: what comes is counted, undecoded.
    #[cold]
    fn nowhere_to_go(&mut self, frame: Frame<'_>) {
        let packets = count_packets(self.rules.feed, frame);
        self.books.received += packets;
        if self.over.is_some() {
            self.books.filtered += packets;
        } else {
            self.books.dropped += packets;
            self.not_taken(packets, frame.recv_us);
        }
    }

    /// What comes after the end was decided is filtered.
    fn after_the_end(&mut self, frame: Frame<'_>) {
        let packets = count_packets(self.rules.feed, frame);
        self.books.received += packets;
        self.books.filtered += packets;
    }

    /// Counts a record that was printed.
    #[inline(always)]
    fn printed(&mut self) {
        self.printed += 1;
        if self.rules.count == Some(self.printed) {
            self.over.get_or_insert(Over::Done("count".to_owned()));
        }
    }

    fn filtered(&mut self) {
        self.books.received += 1;
        self.books.filtered += 1;
    }

    /// Whether the run is over, and why.
    pub fn over(&self) -> Option<Over> {
        self.outputs.failure().map(|why| Over::Output(why.clone())).or_else(|| self.over.clone())
    }

    /// Hands everything that is pending to the destinations, as far as they take it.
    pub fn flush(&mut self) {
        let at_us = self.figures.last_recv_us;
        self.outputs.flush(at_us, &self.books);
        self.count_lost();
        self.handed_us = at_us;
    }

    fn count_lost(&mut self) {
        let lost = self.outputs.take_lost();
        if lost > 0 {
            self.books.written -= lost.min(self.books.written);
            self.books.dropped += lost;
            self.not_taken(lost, self.handed_us.min(self.figures.last_recv_us));
        }
    }

    /// After a panic: hands over the lines that are whole, and nothing else. Files keep their markers, so that the next
    /// run says what happened to them.
    pub fn salvage(&mut self, now_us: i64) {
        self.outputs.salvage(now_us);
    }

    /// Called about once a second of wall-clock time. `idle`: everything that was received before has been taken.
    pub fn tick(&mut self, now_us: i64, idle: bool) {
        for truncated in self.outputs.tick(now_us, idle, &self.books) {
            self.gap(0, GapReason::Lagged, Some(truncated.detail), truncated.from_us, now_us, None);
        }
    }

    /// Re-opens files by their paths.
    pub fn reopen(&mut self, now_us: i64) {
        self.outputs.reopen(now_us);
    }

    /// The figures up to now.
    pub fn figures(&mut self) -> &Figures {
        self.figures.books = self.books;
        self.figures.requested = self.gaps.requested();
        self.figures.seen = self.names.seen().len();
        self.figures.bytes_written = self.outputs.bytes_written();
        for kind in RecordType::ALL {
            if self.by_type[kind as usize] > 0 {
                self.figures.records.insert(kind.name(), self.by_type[kind as usize]);
            }
        }
        &self.figures
    }

    /// Instruments that were asked for and of which nothing came.
    pub fn never_seen(&self) -> Vec<InstrumentKey> {
        self.gaps.requested_keys().filter(|instrument| !self.names.seen().contains(instrument)).collect()
    }

    /// Ends the run: prints what is still open, closes every destination, and tells what it all came to.
    pub fn finish(mut self, now_us: i64) -> Summary {
        let over = self.over.clone();
        let reason = match &over {
            Some(Over::Done(reason)) => reason.clone(),
            Some(Over::Output(_)) => "output".to_owned(),
            None => "end of input".to_owned(),
        };
        let disconnected_us = self.gaps.open_for_us(now_us);
        if self.malformed.held > 0 {
            self.told_malformed(now_us, None);
        }
        self.forget_books(None);
        for gap in self.gaps.unresolved(self.rules.feed, now_us) {
            self.print_gap(gap, now_us);
        }
        self.flush();
        self.tell_untaken(now_us);
        self.outputs.finish(&End { books: self.books, reason: reason.clone() }, now_us, self.rules.status_records);
        self.count_lost();
        self.tell_untaken(now_us);
        let failure = self.outputs.failure().cloned();
        self.figures();
        Summary {
            books: self.books,
            reason,
            failure,
            gap_us: self.gaps.total_us(),
            disconnected_us,
            never_seen: self.never_seen(),
            figures: self.figures,
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The books, closed.
    pub books: PacketCounts,
    /// Why it ended.
    pub reason: String,
    /// Why output ended before the run did, if so.
    pub failure: Option<WriteFailure>,
    /// How long all gaps lasted, µs.
    pub gap_us: i64,
    /// For how long data had been missing at the end, µs.
    pub disconnected_us: Option<i64>,
    /// Instruments that were asked for and of which nothing came.
    pub never_seen: Vec<InstrumentKey>,
    /// All figures.
    pub figures: Figures,
}

/// How many packets (orders: messages) a frame holds, as the books count them.
pub fn count_packets(feed: Stream, frame: Frame<'_>) -> u64 {
    match (feed, frame.kind) {
        (Stream::Market, FrameKind::Binary) => feed_packets(frame.bytes).count() as u64,
        (Stream::Depth(levels), FrameKind::Binary) => depth_packets(frame.bytes, levels).count() as u64,
        _ => 1,
    }
}
