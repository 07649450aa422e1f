//! Items into records: decodes, filters, stamps, writes, and accounts for every packet. The same for a live run and for
//! a replay, which is why a replay prints the same bytes.

use super::book;
use super::figures::Figures;
use super::gaps::Gaps;
use super::item::{Event, Feed, Frame, FrameKind, GapReason};
use super::lane::{Batch, Item, Lagged};
use super::outputs::Outputs;
use crate::orders::{Orders, Outcome};
use crate::record::Record;
use crate::record::control::{Books, End, Gap, Status};
use crate::record::market::{MarketStatus, MarketType, Unknown};
use crate::record::order::Events;
use crate::sink::WriteFailure;
use crate::wire::depth::{self, Levels};
use crate::wire::feed::{self, Packet};
use crate::wire::{InstrumentKey, Mode};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What a run prints, and when it is done.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which stream it is.
    pub feed: Feed,
    /// Types that are printed (`--only`), as bits `1 << MarketType as u8`; every other packet is filtered.
    pub only: u8,
    /// Whether gap records are printed (not with `--no-gaps`).
    pub gaps: bool,
    /// Whether connection events are records too.
    pub status_records: bool,
    /// End after this many records (`--count`).
    pub count: Option<u64>,
    /// End when each of these was printed once (`--once`).
    pub once: Option<Vec<(InstrumentKey, Mode)>>,
    /// Depth: how books are shown.
    pub view: View,
    /// Depth: levels shown of each side; `None` for all.
    pub top: Option<usize>,
    /// Orders: keep only updates that carry one of these events.
    pub events: Option<Events>,
    /// Orders: how they are read.
    pub orders: crate::orders::Options,
}

/// How books are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Both sides together.
    #[default]
    Book,
    /// Every packet as it came.
    Sides,
}

impl Rules {
    /// Everything is printed.
    pub fn everything(feed: Feed) -> Rules {
        Rules {
            feed,
            only: u8::MAX,
            gaps: true,
            status_records: false,
            count: None,
            once: None,
            view: View::default(),
            top: None,
            events: None,
            orders: crate::orders::Options::default(),
        }
    }
}

/// Why a run is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// It printed what was asked for: `count`, `once`; or it was told to end, with this reason.
    Done(String),
    /// Output failed.
    Output(WriteFailure),
}

/// Malformed frames that get a gap record of their own each second; what comes beyond is counted in the next one.
const MALFORMED_A_SECOND: u32 = 10;

/// Turns items into records.
pub struct Pipeline {
    rules: Rules,
    outputs: Outputs,
    books: Books,
    gaps: Gaps,
    decoder: Decoder,
    figures: Figures,
    symbols: FxHashMap<InstrumentKey, Arc<str>>,
    seen: FxHashSet<InstrumentKey>,
    /// Modes that are wanted, as bits; kept for instruments that were ever unsubscribed from.
    wanted: FxHashMap<InstrumentKey, u8>,
    /// All modes that are subscribed, as bits.
    subscribed: FxHashMap<InstrumentKey, u8>,
    once: Option<FxHashSet<(InstrumentKey, MarketType)>>,
    printed: u64,
    by_type: [u64; MarketType::ALL.len()],
    malformed: MalformedBurst,
    over: Option<Over>,
}

/// What a stream's frames are decoded with.
enum Decoder {
    Market,
    Depth(Levels, book::Books),
    Orders(Box<Orders>),
}

/// Malformed packets that have not been told of yet.
#[derive(Debug, Default)]
struct MalformedBurst {
    second: i64,
    told: u32,
    held: u64,
    from_us: i64,
    conn: u16,
}

impl Pipeline {
    /// A pipeline that began at a moment, µs since the epoch.
    pub fn new(rules: Rules, outputs: Outputs, started_us: i64) -> Pipeline {
        let once = rules.once.as_ref().map(|wanted| {
            wanted.iter().map(|&(instrument, mode)| (instrument, market_type(mode))).collect::<FxHashSet<_>>()
        });
        let decoder = match rules.feed {
            Feed::Market => Decoder::Market,
            Feed::Depth(levels) => Decoder::Depth(levels, book::Books::new(levels, rules.top)),
            Feed::Orders => Decoder::Orders(Box::new(Orders::new(rules.orders))),
        };
        Pipeline {
            rules,
            outputs,
            books: Books::default(),
            gaps: Gaps::default(),
            decoder,
            figures: Figures { started_us, ..Figures::default() },
            symbols: FxHashMap::default(),
            seen: FxHashSet::default(),
            wanted: FxHashMap::default(),
            subscribed: FxHashMap::default(),
            once,
            printed: 0,
            by_type: [0; MarketType::ALL.len()],
            malformed: MalformedBurst::default(),
            over: None,
        }
    }

    /// Takes an item.
    pub fn item(&mut self, item: &Item) {
        match item {
            Item::Frames(batch) => self.batch(batch),
            Item::Event(event) => self.event(event),
            Item::Lagged(lagged) => self.lagged(*lagged),
        }
    }

    fn batch(&mut self, batch: &Batch) {
        for frame in batch.frames() {
            self.frame(frame);
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
        }
    }

    /// What comes after the end was decided is filtered.
    fn after_the_end(&mut self, frame: Frame<'_>) {
        let packets = count_packets(self.rules.feed, frame);
        self.books.received += packets;
        self.books.filtered += packets;
    }

    fn market(&mut self, frame: Frame<'_>) {
        let mut malformed = 0;
        let mut whose = None;
        for packet in feed::packets(frame.bytes) {
            match packet {
                // `--count` may have been reached within this frame.
                _ if self.over.is_some() => self.filtered(),
                Ok((_, Packet::Heartbeat | Packet::Disconnect(_))) => self.filtered(),
                Ok((header, packet)) => {
                    if self.gaps.any_open() {
                        self.resumed(frame);
                    }
                    let instrument = header.instrument;
                    match packet {
                        Packet::Ticker(p) => {
                            self.late(frame.recv_us, p.ltt_raw());
                            self.packet(instrument, MarketType::Ticker, &p, frame.recv_us);
                        }
                        Packet::Quote(p) => {
                            self.late(frame.recv_us, p.ltt_raw());
                            self.packet(instrument, MarketType::Quote, &p, frame.recv_us);
                        }
                        Packet::Full(p) => {
                            self.late(frame.recv_us, p.ltt_raw());
                            self.packet(instrument, MarketType::Full, &p, frame.recv_us);
                        }
                        Packet::OpenInterest(p) => self.packet(instrument, MarketType::Oi, &p, frame.recv_us),
                        Packet::PrevClose(p) => self.packet(instrument, MarketType::PrevClose, &p, frame.recv_us),
                        Packet::MarketStatus(payload) => {
                            self.packet(instrument, MarketType::MarketStatus, &MarketStatus(payload), frame.recv_us);
                        }
                        Packet::Unknown(payload) => {
                            let record = Unknown { code: header.code, payload };
                            self.packet(instrument, MarketType::Unknown, &record, frame.recv_us);
                        }
                        Packet::Heartbeat | Packet::Disconnect(_) => {}
                    }
                }
                Err(bad) => {
                    self.books.received += 1;
                    self.books.malformed += 1;
                    malformed += 1;
                    whose = bad.code.or(whose);
                }
            }
        }
        if malformed > 0 {
            self.tell_malformed(frame, malformed, whose.map(|code| format!("code {code}")));
        }
    }

    /// Prints one packet as a record, or filters it.
    #[inline(always)]
    fn packet<R: Record>(&mut self, instrument: InstrumentKey, kind: MarketType, record: &R, recv_us: i64) {
        if self.rules.only & (1 << kind as u8) == 0
            || (!self.wanted.is_empty() && self.is_unwanted(instrument, kind))
            || (self.once.is_some() && !self.is_due_once(instrument, kind))
        {
            self.seen.insert(instrument);
            return self.filtered();
        }
        let recv_us = self.outputs.stamp(recv_us, &self.books);
        let Pipeline { outputs, symbols, seen, .. } = self;
        // Asked once an instrument and type, so that this is also where an instrument is seen first.
        let symbol = || {
            seen.insert(instrument);
            symbols.get(&instrument).cloned()
        };
        outputs.instrument(kind as u8, instrument, symbol, record, recv_us);
        self.books.received += 1;
        self.books.written += 1;
        self.by_type[kind as usize] += 1;
        self.printed();
        if self.once.as_ref().is_some_and(FxHashSet::is_empty) {
            self.over.get_or_insert(Over::Done("once".to_owned()));
        }
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

    fn depth(&mut self, frame: Frame<'_>, levels: Levels) {
        let mut malformed = 0;
        let mut whose = None;
        for packet in depth::packets(frame.bytes, levels) {
            match packet {
                _ if self.over.is_some() => self.filtered(),
                Ok(depth::Packet::Heartbeat | depth::Packet::Disconnect(_)) => self.filtered(),
                Ok(depth::Packet::Side(side)) => {
                    if self.gaps.any_open() {
                        self.resumed(frame);
                    }
                    self.side(side, frame.recv_us);
                }
                Err(bad) => {
                    self.books.received += 1;
                    self.books.malformed += 1;
                    malformed += 1;
                    whose = bad.code.or(whose);
                }
            }
        }
        if malformed > 0 {
            self.tell_malformed(frame, malformed, whose.map(|code| format!("code {code}")));
        }
    }

    /// Takes one side of a book. A packet that waits for its other side is in no book yet: it is received when it is known
    /// what became of it, so that the books balance at every moment.
    fn side(&mut self, side: depth::BookSide<'_>, recv_us: i64) {
        let instrument = side.instrument;
        self.seen.insert(instrument);
        if self.wanted.get(&instrument) == Some(&0) {
            return self.filtered();
        }
        let Decoder::Depth(_, assembler) = &mut self.decoder else { return };
        let symbol = || self.symbols.get(&instrument).cloned();
        if self.rules.view == View::Sides {
            let record = assembler.side(side);
            let recv_us = self.outputs.stamp(recv_us, &self.books);
            self.outputs.lines(1, |encoder, out| encoder.depth_side(out, instrument, symbol, &record, recv_us));
            self.books.received += 1;
            self.books.written += 1;
            *self.figures.records.entry(record.kind()).or_default() += 1;
            return self.printed();
        }
        let pushed = assembler.push(side);
        self.books.received += pushed.filtered;
        self.books.filtered += pushed.filtered;
        if let Some(record) = pushed.record {
            let recv_us = self.outputs.stamp(recv_us, &self.books);
            let packets = pushed.written as u32;
            self.outputs.lines(packets, |encoder, out| encoder.depth(out, instrument, symbol, &record, recv_us));
            self.books.received += pushed.written;
            self.books.written += pushed.written;
            *self.figures.records.entry(record.kind()).or_default() += 1;
            self.printed();
        }
    }

    /// Forgets half a book: no side from before a loss is paired with one from after it.
    fn forget_books(&mut self, instruments: &[InstrumentKey]) {
        let Decoder::Depth(_, assembler) = &mut self.decoder else { return };
        let filtered: u64 = instruments.iter().map(|instrument| assembler.forget(*instrument)).sum();
        self.books.received += filtered;
        self.books.filtered += filtered;
    }

    fn orders(&mut self, frame: Frame<'_>) {
        // The order book of the start is the state of before the stream; the one after a gap closes it by itself.
        if self.gaps.any_open() && frame.kind == FrameKind::Text {
            self.resumed(frame);
        }
        let Decoder::Orders(orders) = &mut self.decoder else { return };
        let mut outcomes = Vec::new();
        let mut take = |outcome| outcomes.push(outcome);
        match frame.kind {
            FrameKind::OrderBookAtStart => orders.on_order_book(frame.bytes, true, frame.recv_us, &mut take),
            FrameKind::OrderBookAfterGap => orders.on_order_book(frame.bytes, false, frame.recv_us, &mut take),
            FrameKind::Text | FrameKind::Binary => orders.on_text(frame.bytes, frame.recv_us, &mut take),
        }
        for outcome in outcomes {
            match outcome {
                _ if self.over.is_some() => self.filtered(),
                Outcome::Record(order) if self.rules.events.is_none_or(|wanted| order.events.intersects(wanted)) => {
                    let recv_us = self.outputs.stamp(frame.recv_us, &self.books);
                    self.outputs.lines(1, |encoder, out| encoder.line(out, order.as_ref(), recv_us));
                    self.books.received += 1;
                    self.books.written += 1;
                    *self.figures.records.entry(order.kind()).or_default() += 1;
                    self.printed();
                }
                Outcome::Record(_) | Outcome::Repeat | Outcome::NotAnOrder { .. } => self.filtered(),
                Outcome::Malformed { detail } => {
                    self.books.received += 1;
                    self.books.malformed += 1;
                    self.tell_malformed(frame, 1, Some(detail));
                }
            }
        }
    }

    /// Order updates are text: a binary frame is a disconnect packet, or nothing we know.
    fn binary_among_orders(&mut self, frame: Frame<'_>) {
        for packet in feed::packets(frame.bytes) {
            match packet {
                Ok((_, Packet::Disconnect(_) | Packet::Heartbeat)) => self.filtered(),
                _ => {
                    self.books.received += 1;
                    self.books.malformed += 1;
                    self.tell_malformed(frame, 1, Some("a binary message among order updates".to_owned()));
                }
            }
        }
    }

    #[cold]
    fn is_unwanted(&self, instrument: InstrumentKey, kind: MarketType) -> bool {
        let Some(&wanted) = self.wanted.get(&instrument) else { return false };
        match kind {
            MarketType::Ticker | MarketType::Quote | MarketType::Full => wanted & (1 << kind as u8) == 0,
            _ => wanted == 0,
        }
    }

    /// Whether `--once` still waits for this record; from now on it does not.
    fn is_due_once(&mut self, instrument: InstrumentKey, kind: MarketType) -> bool {
        self.once.as_mut().is_some_and(|due| due.remove(&(instrument, kind)))
    }

    #[inline(always)]
    fn late(&mut self, recv_us: i64, ltt_raw: u32) {
        if let Some(ltt) = feed::utc(ltt_raw) {
            self.figures.lag.note(recv_us - ltt * 1_000_000);
        }
    }

    #[cold]
    fn resumed(&mut self, frame: Frame<'_>) {
        if let Some(gap) = self.gaps.resumed(self.rules.feed, frame.conn, frame.recv_us) {
            self.print_gap(gap, frame.recv_us);
        }
    }

    #[cold]
    fn tell_malformed(&mut self, frame: Frame<'_>, packets: u64, detail: Option<String>) {
        let second = frame.recv_us.div_euclid(1_000_000);
        if second != self.malformed.second {
            self.malformed = MalformedBurst { second, ..std::mem::take(&mut self.malformed) };
            self.malformed.told = 0;
        }
        if self.malformed.held == 0 {
            self.malformed.from_us = frame.recv_us;
            self.malformed.conn = frame.conn;
        }
        self.malformed.held += packets;
        if self.malformed.told < MALFORMED_A_SECOND {
            self.malformed.told += 1;
            self.told_malformed(frame.recv_us, detail);
        }
    }

    fn told_malformed(&mut self, to_us: i64, detail: Option<String>) {
        let MalformedBurst { held, from_us, conn, .. } = self.malformed;
        self.malformed.held = 0;
        self.gap(conn, GapReason::Malformed, detail, from_us, to_us, Some(held));
    }

    /// Prints and counts a gap that is over.
    fn gap(
        &mut self,
        conn: u16,
        reason: GapReason,
        detail: Option<String>,
        from_us: i64,
        to_us: i64,
        dropped: Option<u64>,
    ) {
        let gap = self.gaps.record(self.rules.feed, conn, reason, detail, from_us, to_us, dropped);
        self.print_gap(gap, to_us);
    }

    fn print_gap(&mut self, gap: Gap, at_us: i64) {
        self.books.gaps += 1;
        if self.rules.gaps {
            let recv_us = self.outputs.stamp(at_us, &self.books);
            self.outputs.control(&gap, recv_us);
        }
    }

    fn lagged(&mut self, lagged: Lagged) {
        self.books.received += lagged.packets;
        if self.over.is_some() {
            self.books.filtered += lagged.packets;
            return;
        }
        self.books.dropped += lagged.packets;
        self.gap(0, GapReason::Lagged, None, lagged.from_us, lagged.to_us, Some(lagged.packets));
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Symbols(symbols) => {
                self.symbols.extend(symbols.iter().cloned());
            }
            Event::Subscribed { conn, instruments } => self.subscribed(*conn, instruments),
            Event::Unsubscribed { instruments } => self.unsubscribed(instruments),
            Event::Lost { conn, reason, detail, from_us } => {
                let served: Vec<_> = self.gaps.served(*conn).collect();
                self.forget_books(&served);
                self.gaps.lost(*conn, *reason, Some(detail.clone()), *from_us);
            }
            Event::Whole { conn, at_us } => {
                if let Some(gap) = self.gaps.resumed(self.rules.feed, *conn, *at_us) {
                    self.print_gap(gap, *at_us);
                }
            }
            Event::Gap { conn, reason, detail, from_us, to_us, dropped } => {
                self.gap(*conn, *reason, detail.clone(), *from_us, *to_us, *dropped);
            }
            Event::Status { conn, event, detail, at_us } => {
                if self.rules.status_records && self.over.is_none() {
                    let status = Status { feed: self.rules.feed, conn: *conn, event: *event, detail: detail.clone() };
                    let recv_us = self.outputs.stamp(*at_us, &self.books);
                    self.outputs.control(&status, recv_us);
                }
            }
            Event::End { reason, .. } => {
                self.over.get_or_insert(Over::Done(reason.clone()));
            }
        }
    }

    fn subscribed(&mut self, conn: u16, instruments: &[(InstrumentKey, Option<Mode>)]) {
        self.gaps.subscribed(conn, instruments.iter().map(|(instrument, _)| *instrument));
        for &(instrument, mode) in instruments {
            let bits = self.subscribed.entry(instrument).or_default();
            *bits |= mode.map_or(u8::MAX, mode_bit);
            if let Some(wanted) = self.wanted.get_mut(&instrument) {
                *wanted = *bits;
            }
        }
    }

    fn unsubscribed(&mut self, instruments: &[(InstrumentKey, Option<Mode>)]) {
        let mut gone = Vec::new();
        for &(instrument, mode) in instruments {
            let bits = self.subscribed.entry(instrument).or_default();
            *bits &= !mode.map_or(u8::MAX, mode_bit);
            self.wanted.insert(instrument, *bits);
            if *bits == 0 {
                self.subscribed.remove(&instrument);
                gone.push(instrument);
            }
        }
        self.gaps.unsubscribed(&gone);
        self.forget_books(&gone);
    }

    /// Whether the run is over, and why.
    pub fn over(&self) -> Option<Over> {
        self.outputs.failure().map(|why| Over::Output(why.clone())).or_else(|| self.over.clone())
    }

    /// Hands everything that is pending to the destinations.
    pub fn flush(&mut self) {
        let at_us = self.figures.last_recv_us;
        self.outputs.flush(at_us, &self.books);
        self.count_lost();
    }

    fn count_lost(&mut self) {
        let lost = self.outputs.take_lost();
        self.books.written -= lost.min(self.books.written);
        self.books.dropped += lost;
    }

    /// Called about once a second of wall-clock time.
    pub fn tick(&mut self, now_us: i64) {
        for truncated in self.outputs.tick(now_us) {
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
        self.figures.seen = self.seen.len();
        self.figures.bytes_written = self.outputs.bytes_written();
        for kind in MarketType::ALL {
            if self.by_type[kind as usize] > 0 {
                self.figures.records.insert(kind.name(), self.by_type[kind as usize]);
            }
        }
        &self.figures
    }

    /// Instruments that were asked for and of which nothing came.
    pub fn never_seen(&self) -> Vec<InstrumentKey> {
        self.gaps.requested_keys().filter(|instrument| !self.seen.contains(instrument)).collect()
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
        if let Decoder::Depth(_, assembler) = &mut self.decoder {
            let unpaired = assembler.finish();
            self.books.received += unpaired;
            self.books.filtered += unpaired;
        }
        for gap in self.gaps.unresolved(self.rules.feed, now_us) {
            self.print_gap(gap, now_us);
        }
        self.flush();
        self.outputs.finish(&End { books: self.books, reason: reason.clone() }, now_us, self.rules.status_records);
        self.count_lost();
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
    pub books: Books,
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
pub fn count_packets(feed: Feed, frame: Frame<'_>) -> u64 {
    match (feed, frame.kind) {
        (Feed::Market, FrameKind::Binary) => feed::packets(frame.bytes).count() as u64,
        (Feed::Depth(levels), FrameKind::Binary) => depth::packets(frame.bytes, levels).count() as u64,
        _ => 1,
    }
}

/// The record type that a mode yields.
fn market_type(mode: Mode) -> MarketType {
    match mode {
        Mode::Ticker => MarketType::Ticker,
        Mode::Quote => MarketType::Quote,
        Mode::Full => MarketType::Full,
    }
}

fn mode_bit(mode: Mode) -> u8 {
    1 << market_type(mode) as u8
}
