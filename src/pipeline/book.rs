//! Combines the sides of order books: the depth sockets send bids and asks in separate packets, and users want both.
//!
//! Packets in, records out, without I/O; every packet is counted exactly once. A packet is *written* if its rows were
//! in a record, and *filtered* if another packet of its side replaced it before any record showed it, or if nothing
//! followed it.
//!
//! # When an order book is printed
//!
//! Nothing is printed before both sides of the instrument were seen. Then it is printed
//! * when the other side follows an unpaired side, which completes the pair;
//! * when the same side follows again: the latest of both sides is better than nothing. That side stays unpaired, so
//!   the other one still completes the pair.

use crate::model::InstrumentKey;
use crate::protocol::depth::{BookSide, Levels, Side};
use crate::record::depth::{Depth, DepthSide, SideRows};
use std::collections::HashMap;

/// Number of order books above which those of instruments that were not subscribed are dropped: ten times what an
/// account may subscribe.
const CROWD: usize = 2_500;

/// Says what a packet led to.
#[derive(Debug, Clone, Copy)]
pub struct Pushed<'a> {
    /// The order book, if it is time to print it.
    pub record: Option<Depth<'a>>,
    /// Number of packets that this record shows for the first time: 0, 1 or 2.
    pub written: u64,
    /// Number of packets that this one replaced before any record showed them: 0 or 1.
    pub filtered: u64,
}

/// Holds the latest rows of one side.
#[derive(Debug, Default)]
struct Half {
    rows: SideRows,
    seen: bool,
    /// Whether it holds a packet that no record has shown.
    unshown: bool,
}

#[derive(Debug, Default)]
struct OrderBook {
    bid: Half,
    ask: Half,
    /// The side of the instrument's previous packet.
    last: Option<Side>,
    /// The side that waits for the other one.
    open: Option<Side>,
}

impl OrderBook {
    /// Records a side; returns whether to print, and whether a packet was replaced unseen.
    fn take(&mut self, side: BookSide<'_>) -> (bool, bool) {
        let half = match side.side {
            Side::Bid => &mut self.bid,
            Side::Ask => &mut self.ask,
        };
        let replaced = std::mem::replace(&mut half.unshown, true);
        half.seen = true;
        half.rows.fill(side);
        let twice = self.last.replace(side.side) == Some(side.side);
        let closes = !twice && self.open.is_some();
        self.open = (!closes).then_some(side.side);
        (self.bid.seen && self.ask.seen && (twice || closes), replaced)
    }

    /// Marks both sides as shown; returns for how many packets it is the first time.
    fn show(&mut self) -> u64 {
        u64::from(std::mem::take(&mut self.bid.unshown)) + u64::from(std::mem::take(&mut self.ask.unshown))
    }
}

/// Holds the order books of all instruments of a run.
#[derive(Debug)]
pub struct OrderBooks {
    levels: Levels,
    top: usize,
    books: HashMap<InstrumentKey, OrderBook>,
    /// Number of order books above which strangers are dropped.
    crowd: usize,
    /// Rows of the last side in the `sides` view.
    single: SideRows,
}

impl OrderBooks {
    /// Creates an empty set. `top`: levels to show of each side; `None` for all.
    pub fn new(levels: Levels, top: Option<usize>) -> OrderBooks {
        let (top, single) = (top.unwrap_or(usize::MAX), SideRows::default());
        OrderBooks { levels, top, books: HashMap::new(), crowd: CROWD, single }
    }

    /// Records a packet in the `book` view; returns what to print and count now.
    pub fn push(&mut self, side: BookSide<'_>) -> Pushed<'_> {
        let book = self.books.entry(side.instrument).or_default();
        let (print, replaced) = book.take(side);
        let written = if print { book.show() } else { 0 };
        let record =
            print.then_some(Depth { levels: self.levels, bids: &book.bid.rows, asks: &book.ask.rows, top: self.top });
        Pushed { record, written, filtered: u64::from(replaced) }
    }

    /// Returns a packet for the `sides` view, best level first. It is always printed and counted as written.
    pub fn side(&mut self, side: BookSide<'_>) -> DepthSide<'_> {
        self.single.fill(side);
        DepthSide {
            levels: self.levels,
            side: side.side,
            seq: (self.levels == Levels::Twenty).then_some(side.word),
            rows: &self.single,
            top: self.top,
        }
    }

    /// Drops an instrument (it was unsubscribed, or its connection was lost, so that no side from before is paired
    /// with one from after). Returns the number of packets to count as filtered: those that no record has shown.
    #[must_use]
    pub fn forget(&mut self, instrument: InstrumentKey) -> u64 {
        self.books.remove(&instrument).map_or(0, |mut book| book.show())
    }

    /// Returns whether a server sends far more instruments than can be subscribed.
    pub fn are_crowded(&self) -> bool {
        self.books.len() >= self.crowd
    }

    /// Drops the instruments that were not subscribed. Returns the number of packets to count as filtered: those that
    /// no record has shown.
    #[must_use]
    pub fn forget_others(&mut self, is_asked_for: impl Fn(&InstrumentKey) -> bool) -> u64 {
        let mut filtered = 0;
        self.books.retain(|instrument, book| {
            let stays = is_asked_for(instrument);
            filtered += if stays { 0 } else { book.show() };
            stays
        });
        // The remaining instruments were subscribed; the limit counts only others.
        self.crowd = self.books.len() + CROWD;
        filtered
    }

    /// Drops all order books (the run ends, or packets of unknown instruments were lost). Returns the number of
    /// packets to count as filtered: those that no record has shown.
    #[must_use]
    pub fn forget_all(&mut self) -> u64 {
        self.books.drain().map(|(_, mut book)| book.show()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;
    use crate::protocol::depth::{Packet, Row, packets};
    use crate::protocol::encode;
    use proptest::prelude::*;

    const ONE: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 1333);
    const TWO: InstrumentKey = InstrumentKey::new(Segment::NSE_FNO, 1333);

    /// Returns the bytes of a side whose rows carry `mark` as their quantity.
    fn bytes(instrument: InstrumentKey, side: Side, mark: u32) -> Vec<u8> {
        let mut out = Vec::new();
        encode::depth_side(&mut out, instrument, side, mark, &[Row { price: 100.05, qty: mark, orders: 1 }]);
        out
    }

    fn each(frame: &[u8], levels: Levels, mut take: impl FnMut(BookSide<'_>)) {
        for packet in packets(frame, levels) {
            match packet {
                Ok(Packet::Side(side)) => take(side),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Returns what is printed after each packet (`b3a2`: bids of packet 3, asks of packet 2), and the counts of
    /// written and filtered.
    fn play(sides: &str) -> (Vec<String>, u64, u64) {
        let mut books = OrderBooks::new(Levels::Twenty, None);
        let (mut printed, mut written, mut filtered) = (Vec::new(), 0, 0);
        for (mark, letter) in (1u32..).zip(sides.chars()) {
            let side = if letter == 'B' { Side::Bid } else { Side::Ask };
            each(&bytes(ONE, side, mark), Levels::Twenty, |side| {
                let pushed = books.push(side);
                if let Some(record) = pushed.record {
                    printed.push(format!("b{}a{}", record.bids.total_qty(), record.asks.total_qty()));
                }
                written += pushed.written;
                filtered += pushed.filtered;
            });
        }
        (printed, written, filtered + books.forget_all())
    }

    #[test]
    fn a_book_is_printed_exactly_when_the_contract_says() {
        for (sides, printed, written, filtered) in [
            ("", "", 0, 0),
            ("B", "", 0, 1),
            ("A", "", 0, 1),
            ("BB", "", 0, 2),
            ("BA", "b1a2", 2, 0),
            ("AB", "b2a1", 2, 0),
            ("BBA", "b2a3", 2, 1),
            ("BBBA", "b3a4", 2, 2),
            // A paired order book waits for its next pair.
            ("BAB", "b1a2", 2, 1),
            ("BABA", "b1a2 b3a4", 4, 0),
            ("BAAB", "b1a2 b1a3 b4a3", 4, 0),
            // The same side twice, paired before: printed at once, and unpaired for the other side.
            ("BAA", "b1a2 b1a3", 3, 0),
            ("BAAA", "b1a2 b1a3 b1a4", 4, 0),
            ("BAAAB", "b1a2 b1a3 b1a4 b5a4", 5, 0),
            ("BAAABA", "b1a2 b1a3 b1a4 b5a4", 5, 1),
            // The same side twice, the first of them unpaired: the second replaces it unseen.
            ("BABB", "b1a2 b4a2", 3, 1),
            ("BABBA", "b1a2 b4a2 b4a5", 4, 1),
            ("BABBBA", "b1a2 b4a2 b5a2 b5a6", 5, 1),
            ("BABBAB", "b1a2 b4a2 b4a5", 4, 2),
            ("BABBAA", "b1a2 b4a2 b4a5 b4a6", 5, 1),
            ("ABABAB", "b2a1 b4a3 b6a5", 6, 0),
        ] {
            let expected: Vec<String> = printed.split_whitespace().map(str::to_owned).collect();
            assert_eq!(play(sides), (expected, written, filtered), "{sides}");
        }
    }

    proptest! {
        /// States the rule again, from the complete history instead of from kept state.
        #[test]
        fn every_packet_is_counted_once_and_printing_follows_the_rule(sides in "[AB]{0,40}") {
            let letters = sides.as_bytes();
            let (mut expected, mut pair_begins, mut shown) = (Vec::new(), 0, vec![false; letters.len()]);
            for i in 0..letters.len() {
                let newest = |side| letters[..=i].iter().rposition(|&letter| letter == side);
                let (Some(bid), Some(ask)) = (newest(b'B'), newest(b'A')) else { continue };
                let twice = i > 0 && letters[i - 1] == letters[i];
                // Whether a packet precedes this one since the last completed pair.
                let closes = !twice && pair_begins < i;
                if twice || closes {
                    expected.push(format!("b{}a{}", bid + 1, ask + 1));
                    (shown[bid], shown[ask]) = (true, true);
                }
                if closes {
                    pair_begins = i + 1;
                }
            }
            let (printed, written, filtered) = play(&sides);
            prop_assert_eq!(printed, expected);
            prop_assert_eq!(written, shown.iter().filter(|shown| **shown).count() as u64);
            prop_assert_eq!(written + filtered, letters.len() as u64);
        }
    }

    #[test]
    fn instruments_do_not_mix_even_with_the_same_id() {
        let mut books = OrderBooks::new(Levels::Twenty, None);
        let mut printed = 0;
        for (instrument, side) in [(ONE, Side::Bid), (TWO, Side::Ask), (TWO, Side::Bid), (ONE, Side::Ask)] {
            each(&bytes(instrument, side, 1), Levels::Twenty, |side| {
                printed += u32::from(books.push(side).record.is_some());
            });
        }
        assert_eq!((printed, books.forget_all()), (2, 0));
    }

    #[test]
    fn a_forgotten_instrument_starts_over_and_its_open_side_is_filtered() {
        let mut books = OrderBooks::new(Levels::Twenty, None);
        let push = |books: &mut OrderBooks, side| {
            let mut printed = false;
            each(&bytes(ONE, side, 1), Levels::Twenty, |side| printed = books.push(side).record.is_some());
            printed
        };
        assert!(!push(&mut books, Side::Bid));
        assert!(push(&mut books, Side::Ask));
        assert!(!push(&mut books, Side::Bid));
        assert_eq!(books.forget(ONE), 1);
        assert!(!push(&mut books, Side::Ask), "no bid of before may be paired with it");
        assert!(push(&mut books, Side::Bid));
        assert_eq!((books.forget(ONE), books.forget(TWO), books.forget_all()), (0, 0, 0));
    }

    #[test]
    fn a_crowd_that_nobody_asked_for_is_forgotten_and_its_open_sides_are_filtered() {
        let mut books = OrderBooks::new(Levels::Twenty, None);
        let mut filtered = 0;
        for id in 1..=10_000 {
            if books.are_crowded() {
                filtered += books.forget_others(|instrument| *instrument == ONE);
            }
            for instrument in [ONE, InstrumentKey::new(Segment::NSE_FNO, id)] {
                each(&bytes(instrument, Side::Bid, 1), Levels::Twenty, |side| filtered += books.push(side).filtered);
            }
            assert!(books.books.len() <= CROWD + 1);
        }
        assert!(books.books.contains_key(&ONE), "what was asked for stays");
        filtered += books.forget_all();
        assert_eq!(filtered, 20_000, "every packet is counted");
    }

    #[test]
    fn the_last_header_word_is_a_sequence_at_20_levels_only() {
        for (levels, seq) in [(Levels::Twenty, Some(1)), (Levels::TwoHundred, None)] {
            let mut books = OrderBooks::new(levels, Some(1));
            each(&bytes(ONE, Side::Ask, 1), levels, |side| {
                let record = books.side(side);
                assert_eq!((record.seq, record.side, record.rows().count()), (seq, Side::Ask, 1));
            });
        }
    }
}
