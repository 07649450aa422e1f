//! Encodes frames and events as bytes, and decodes them. The entries of a block do not depend on earlier blocks.

use super::varint::{Cursor, put, put_signed, put_text};
use crate::model::PacketCounts;
use crate::model::{InstrumentKey, Micros, Segment};
use crate::pipeline::item::{Event, Frame, FrameKind, GapReason, Lagged, StatusEvent};
use crate::protocol::Mode;
use crate::record::chain::Chain;

/// Holds an entry of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<'a> {
    /// A message as it was received.
    Frame(Frame<'a>),
    /// An event.
    Event(Event),
    /// Frames that were lost before they could be captured.
    Lagged(Lagged),
    /// The live run ended within the next frame, after this many of its packets (orders: messages).
    EndsWithin {
        /// Number of packets before the end.
        packets: u32,
        /// The reason of the end.
        reason: String,
    },
    /// The live run printed only one record of each of these.
    Once(Vec<(InstrumentKey, Mode)>),
    /// The live run was a partner's, which prints client ids in full.
    Partner,
    /// The live run ended in an orderly way. Nothing of the session follows.
    Finish(Finish),
    /// An entry that this version does not know.
    Other(u8),
}

/// Describes the end of a live run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// Its time: open gaps end here, and `end` records carry it.
    pub at: Micros,
    /// Its packet counters.
    pub counts: PacketCounts,
    /// Its reason.
    pub reason: String,
}

/// Reports an entry that is incomplete or invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadEntry;

const FRAME: u8 = 0x80;
const CONN: u8 = 0x04;
const LEN: u8 = 0x08;

const SYMBOLS: u8 = 1;
const SUBSCRIBED: u8 = 2;
const UNSUBSCRIBED: u8 = 3;
const LOST: u8 = 4;
const WHOLE: u8 = 5;
const GAP: u8 = 6;
const STATUS: u8 = 7;
const END: u8 = 8;
const LAGGED: u8 = 9;
const ENDS_WITHIN: u8 = 10;
const FINISH: u8 = 11;
const ONCE: u8 = 12;
const PARTNER: u8 = 13;
const CHAIN: u8 = 15;
const CLOCK: u8 = 14;

const KINDS: [FrameKind; 4] =
    [FrameKind::Binary, FrameKind::Text, FrameKind::OrderBookAtStart, FrameKind::OrderBookAfterGap];

fn mode_code(mode: Option<Mode>) -> u8 {
    match mode {
        None => 0,
        Some(Mode::Ticker) => 1,
        Some(Mode::Quote) => 2,
        Some(Mode::Full) => 3,
    }
}

/// Holds values of the previous entry, which the next one may leave out.
#[derive(Debug, Clone, Copy)]
struct Before {
    time: Micros,
    conn: u16,
    len: u64,
}

/// Collects the entries of a block.
#[derive(Debug)]
pub struct Entries {
    bytes: Vec<u8>,
    start: usize,
    /// Offset of the end of the block's number.
    body: usize,
    entries: u64,
    before: Before,
    scratch: Vec<u8>,
}

impl Entries {
    /// Creates an empty block: the `number`th of its session, behind data received at `time`.
    pub fn new(number: u64, time: Micros) -> Entries {
        let mut entries = Entries {
            bytes: Vec::new(),
            start: 0,
            body: 0,
            entries: 0,
            before: Before { time, conn: 0, len: 0 },
            scratch: Vec::new(),
        };
        entries.begin(number);
        entries
    }

    /// Starts the next block, reusing the buffer.
    pub fn begin(&mut self, number: u64) {
        self.bytes.clear();
        self.entries = 0;
        put(&mut self.bytes, number);
        self.body = self.bytes.len();
        put_signed(&mut self.bytes, self.before.time.get());
        self.start = self.bytes.len();
        self.before = Before { conn: 0, len: 0, ..self.before };
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Returns the payload of the block.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the payload of the block without its number.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    /// Appends a frame.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>) {
        let Before { time, conn, len } = self.before;
        let frame_len = frame.bytes.len() as u64;
        let kind = KINDS.iter().position(|kind| *kind == frame.kind).unwrap_or(0) as u8;
        let mut tag = FRAME | kind;
        if frame.conn != conn {
            tag |= CONN;
        }
        if frame_len != len {
            tag |= LEN;
        }
        let out = &mut self.bytes;
        out.push(tag);
        if frame.conn != conn {
            put(out, u64::from(frame.conn));
        }
        if frame_len != len {
            put(out, frame_len);
        }
        put_time(out, frame.recv, time);
        out.extend_from_slice(frame.bytes);
        self.before = Before { time: frame.recv, conn: frame.conn, len: frame_len };
        self.entries += 1;
    }

    fn append(&mut self, tag: u8, fill: impl FnOnce(&mut Vec<u8>, Micros)) {
        self.scratch.clear();
        fill(&mut self.scratch, self.before.time);
        self.bytes.push(tag);
        put(&mut self.bytes, self.scratch.len() as u64);
        self.bytes.extend_from_slice(&self.scratch);
        self.entries += 1;
    }

    /// Appends an event.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Symbols(symbols) => self.append(SYMBOLS, |out, _| {
                put(out, symbols.len() as u64);
                for (instrument, symbol) in symbols {
                    put_instrument(out, *instrument);
                    put_text(out, symbol);
                }
            }),
            Event::Subscribed { conn, instruments } => self.append(SUBSCRIBED, |out, _| {
                put(out, u64::from(*conn));
                put_subscriptions(out, instruments);
            }),
            Event::Unsubscribed { instruments } => {
                self.append(UNSUBSCRIBED, |out, _| put_subscriptions(out, instruments));
            }
            Event::GapOpened { conn, reason, detail, from } => self.append(LOST, |out, time| {
                put(out, u64::from(*conn));
                out.push(reason_code(*reason));
                put_text(out, detail);
                put_time(out, *from, time);
            }),
            Event::Resynced { conn, at } => self.append(WHOLE, |out, time| {
                put(out, u64::from(*conn));
                put_time(out, *at, time);
            }),
            Event::Gap { conn, reason, detail, from, to, dropped } => self.append(GAP, |out, time| {
                put(out, u64::from(*conn));
                out.push(reason_code(*reason));
                put_detail(out, detail.as_deref());
                put_time(out, *from, time);
                put_time(out, *to, time);
                match dropped {
                    None => out.push(0),
                    Some(dropped) => {
                        out.push(1);
                        put(out, *dropped);
                    }
                }
            }),
            Event::Status { conn, event, detail, at } => self.append(STATUS, |out, time| {
                put(out, u64::from(*conn));
                out.push(StatusEvent::ALL.iter().position(|known| known == event).unwrap_or(0) as u8);
                put_detail(out, detail.as_deref());
                put_time(out, *at, time);
            }),
            Event::Chain { chain, at } => self.append(CHAIN, |out, time| {
                put_text(out, &chain.underlying);
                put_text(out, &chain.expiry);
                for price in [chain.spot, chain.atm, chain.step] {
                    out.extend_from_slice(&price.to_bits().to_le_bytes());
                }
                for specs in [&chain.added, &chain.removed] {
                    put(out, specs.len() as u64);
                    specs.iter().for_each(|spec| put_text(out, spec));
                }
                put_time(out, *at, time);
            }),
            Event::Clock { at } => self.append(CLOCK, |out, time| put_time(out, *at, time)),
            Event::End { reason, at } => self.append(END, |out, time| {
                put_text(out, reason);
                put_time(out, *at, time);
            }),
        }
    }

    /// Appends a description of lost frames.
    pub fn lagged(&mut self, lagged: Lagged) {
        self.append(LAGGED, |out, time| {
            put(out, lagged.packets);
            put_time(out, lagged.from, time);
            put_time(out, lagged.to, time);
        });
    }

    /// Appends that the live run ends within the next frame.
    pub fn ends_within(&mut self, packets: u32, reason: &str) {
        self.append(ENDS_WITHIN, |out, _| {
            put(out, u64::from(packets));
            put_text(out, reason);
        });
    }

    /// Appends that the live run prints only one record of each of these.
    pub fn once(&mut self, wanted: &[(InstrumentKey, Mode)]) {
        let wanted: Vec<_> = wanted.iter().map(|(instrument, mode)| (*instrument, Some(*mode))).collect();
        self.append(ONCE, |out, _| put_subscriptions(out, &wanted));
    }

    /// Appends that the live run is a partner's.
    pub fn partner(&mut self) {
        self.append(PARTNER, |_, _| {});
    }

    /// Appends that the live run is over.
    pub fn finish(&mut self, finish: &Finish) {
        self.append(FINISH, |out, time| {
            put_time(out, finish.at, time);
            let PacketCounts { received, written, filtered, dropped, malformed, gaps } = finish.counts;
            for n in [received, written, filtered, dropped, malformed, gaps] {
                put(out, n);
            }
            put_text(out, &finish.reason);
        });
    }
}

fn put_instrument(out: &mut Vec<u8>, instrument: InstrumentKey) {
    out.push(instrument.segment.code());
    put(out, u64::from(instrument.security_id));
}

fn put_subscriptions(out: &mut Vec<u8>, instruments: &[(InstrumentKey, Option<Mode>)]) {
    put(out, instruments.len() as u64);
    for (instrument, mode) in instruments {
        put_instrument(out, *instrument);
        out.push(mode_code(*mode));
    }
}

fn put_detail(out: &mut Vec<u8>, detail: Option<&str>) {
    match detail {
        None => out.push(0),
        Some(detail) => {
            out.push(1);
            put_text(out, detail);
        }
    }
}

fn reason_code(reason: GapReason) -> u8 {
    GapReason::ALL.iter().position(|known| *known == reason).unwrap_or(0) as u8
}

/// Iterates over the entries of a block in order. Ends behind the first incomplete one.
#[derive(Debug, Clone)]
pub struct EntryIter<'a> {
    rest: Cursor<'a>,
    before: Before,
    number: u64,
}

impl<'a> EntryIter<'a> {
    /// Creates an iterator over a block's payload; returns `None` if its beginning is invalid.
    pub fn new(payload: &'a [u8]) -> Option<EntryIter<'a>> {
        let mut rest = Cursor(payload);
        let (number, time) = (rest.unsigned()?, Micros::new(rest.signed()?));
        Some(EntryIter { rest, before: Before { time, conn: 0, len: 0 }, number })
    }

    /// Returns the block's number in its session, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the time up to which it was read.
    pub fn time(&self) -> Micros {
        self.before.time
    }

    #[inline]
    fn frame(&mut self, tag: u8) -> Option<Entry<'a>> {
        let before = &mut self.before;
        if tag & CONN != 0 {
            before.conn = self.rest.small()?;
        }
        if tag & LEN != 0 {
            before.len = self.rest.unsigned()?;
        }
        before.time = moved(before.time, self.rest.signed()?);
        let bytes = self.rest.take(before.len)?;
        let kind = KINDS[usize::from(tag & 3)];
        Some(Entry::Frame(Frame { conn: before.conn, kind, recv: before.time, bytes, packet: None }))
    }

    fn other(&mut self, tag: u8) -> Option<Entry<'a>> {
        let n = self.rest.unsigned()?;
        let mut body = Cursor(self.rest.take(n)?);
        read(tag, &mut body, self.before.time)
    }
}

impl<'a> Iterator for EntryIter<'a> {
    type Item = Result<Entry<'a>, BadEntry>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = match self.rest.byte()? {
            tag if tag & !(3 | CONN | LEN) == FRAME => self.frame(tag),
            tag if tag & FRAME != 0 => None,
            tag => self.other(tag),
        };
        if entry.is_none() {
            self.rest = Cursor(&[]);
        }
        Some(entry.ok_or(BadEntry))
    }
}

/// Skips an entry with a value that a newer version may have added.
macro_rules! known {
    ($value:expr, $tag:expr) => {
        match $value {
            Some(value) => value,
            None => return Some(Entry::Other($tag)),
        }
    };
}

/// Appends the distance of a time from the one before; it wraps, so that every time can be written.
fn put_time(out: &mut Vec<u8>, at: Micros, before: Micros) {
    put_signed(out, at.get().wrapping_sub(before.get()));
}

/// Returns the time at a distance that [`put_time`] wrote.
fn moved(before: Micros, us: i64) -> Micros {
    Micros::new(before.get().wrapping_add(us))
}

fn read<'a>(tag: u8, body: &mut Cursor<'_>, time: Micros) -> Option<Entry<'a>> {
    let moment = |body: &mut Cursor<'_>| Some(moved(time, body.signed()?));
    let event = match tag {
        SYMBOLS => {
            let n = body.small::<usize>()?;
            // Bounded by the payload, whatever the number says.
            let mut symbols = Vec::with_capacity(n.min(body.0.len() / 3));
            for _ in 0..n {
                symbols.push((instrument(body)?, body.text()?.into()));
            }
            Event::Symbols(symbols)
        }
        SUBSCRIBED => Event::Subscribed { conn: body.small()?, instruments: known!(subscriptions(body)?, tag) },
        UNSUBSCRIBED => Event::Unsubscribed { instruments: known!(subscriptions(body)?, tag) },
        LOST => {
            let conn = body.small()?;
            let reason = known!(reason(body)?, tag);
            Event::GapOpened { conn, reason, detail: body.text()?.to_owned(), from: moment(body)? }
        }
        WHOLE => Event::Resynced { conn: body.small()?, at: moment(body)? },
        GAP => {
            let conn = body.small()?;
            let reason = known!(reason(body)?, tag);
            let detail = detail(body)?;
            let (from, to) = (moment(body)?, moment(body)?);
            let dropped = if body.byte()? == 0 { None } else { Some(body.unsigned()?) };
            Event::Gap { conn, reason, detail, from, to, dropped }
        }
        STATUS => {
            let conn = body.small()?;
            let event = *known!(StatusEvent::ALL.get(usize::from(body.byte()?)), tag);
            Event::Status { conn, event, detail: detail(body)?, at: moment(body)? }
        }
        CHAIN => {
            let (underlying, expiry) = (body.text()?.to_owned(), body.text()?.to_owned());
            let (spot, atm, step) = (price(body)?, price(body)?, price(body)?);
            let (added, removed) = (texts(body)?, texts(body)?);
            let chain = Chain { underlying, expiry, spot, atm, step, added, removed };
            Event::Chain { chain, at: moment(body)? }
        }
        CLOCK => Event::Clock { at: moment(body)? },
        END => Event::End { reason: body.text()?.to_owned(), at: moment(body)? },
        LAGGED => {
            let packets = body.unsigned()?;
            return Some(Entry::Lagged(Lagged { packets, from: moment(body)?, to: moment(body)? }));
        }
        ENDS_WITHIN => {
            return Some(Entry::EndsWithin { packets: body.small()?, reason: body.text()?.to_owned() });
        }
        ONCE => {
            let wanted = known!(subscriptions(body)?, tag);
            return Some(Entry::Once(wanted.into_iter().filter_map(|(key, mode)| Some((key, mode?))).collect()));
        }
        PARTNER => return Some(Entry::Partner),
        FINISH => {
            let at = moment(body)?;
            let mut n = || body.unsigned();
            let counts = PacketCounts {
                received: n()?,
                written: n()?,
                filtered: n()?,
                dropped: n()?,
                malformed: n()?,
                gaps: n()?,
            };
            return Some(Entry::Finish(Finish { at, counts, reason: body.text()?.to_owned() }));
        }
        _ => return Some(Entry::Other(tag)),
    };
    Some(Entry::Event(event))
}

fn instrument(body: &mut Cursor<'_>) -> Option<InstrumentKey> {
    Some(InstrumentKey::new(Segment::from_code(body.byte()?), body.small()?))
}

/// Reads subscriptions. The outer `None` means incomplete, the inner one a mode that has no name yet.
#[expect(clippy::type_complexity, reason = "a list of subscriptions that may not be whole, or not be known")]
fn subscriptions(body: &mut Cursor<'_>) -> Option<Option<Vec<(InstrumentKey, Option<Mode>)>>> {
    let n = body.small::<usize>()?;
    let mut list = Vec::with_capacity(n.min(body.0.len() / 3));
    for _ in 0..n {
        let instrument = instrument(body)?;
        let mode = match body.byte()? {
            0 => None,
            code => match Mode::ALL.into_iter().find(|mode| mode_code(Some(*mode)) == code) {
                Some(mode) => Some(mode),
                None => return Some(None),
            },
        };
        list.push((instrument, mode));
    }
    Some(Some(list))
}

fn reason(body: &mut Cursor<'_>) -> Option<Option<GapReason>> {
    Some(GapReason::ALL.get(usize::from(body.byte()?)).copied())
}

fn price(body: &mut Cursor<'_>) -> Option<f64> {
    let mut bytes = [0; 8];
    for byte in &mut bytes {
        *byte = body.byte()?;
    }
    Some(f64::from_bits(u64::from_le_bytes(bytes)))
}

fn texts(body: &mut Cursor<'_>) -> Option<Vec<String>> {
    let n = body.small::<usize>()?;
    // Bounded by the payload, whatever the number says.
    let mut texts = Vec::with_capacity(n.min(body.0.len()));
    for _ in 0..n {
        texts.push(body.text()?.to_owned());
    }
    Some(texts)
}

fn detail(body: &mut Cursor<'_>) -> Option<Option<String>> {
    if body.byte()? == 0 { Some(None) } else { Some(Some(body.text()?.to_owned())) }
}
