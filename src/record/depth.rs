//! Declares the depth sockets' records (contract: `depth`, `depth_side`), and the rows that both share.

use super::BookLevel;
use super::declare::{record, row};
use crate::protocol::depth::{BookSide, Levels, Side};
use crate::record::market::spread_of_decimals;

/// Lists the words for a side.
const SIDES: [&str; 2] = [Side::Bid.name(), Side::Ask.name()];

/// Holds one side of an order book as records show it: only levels with a price, best first. The buffer is reused for
/// every packet.
#[derive(Debug, Clone, Default)]
pub struct SideRows {
    rows: Vec<BookLevel<f64>>,
    total: u64,
}

impl SideRows {
    /// Replaces the rows with those of a packet.
    pub fn fill(&mut self, side: BookSide<'_>) {
        self.rows.clear();
        self.rows.extend(side.rows().filter(|row| row.is_priced()).map(|row| BookLevel {
            price: row.price,
            qty: row.qty,
            orders: row.orders,
        }));
        self.total = self.rows.iter().map(|row| u64::from(row.qty)).sum();
        // The server's order is not documented but mostly right; sorting would allocate. Prices are finite.
        match side.side {
            Side::Bid if !self.rows.is_sorted_by(|a, b| a.price >= b.price) => {
                self.rows.sort_by(|a, b| b.price.total_cmp(&a.price));
            }
            Side::Ask if !self.rows.is_sorted_by(|a, b| a.price <= b.price) => {
                self.rows.sort_by(|a, b| a.price.total_cmp(&b.price));
            }
            _ => {}
        }
    }

    /// Returns the best `top` levels, best first.
    #[inline]
    pub fn best(&self, top: usize) -> &[BookLevel<f64>] {
        &self.rows[..self.rows.len().min(top)]
    }

    /// Returns the quantity over all levels, in units.
    #[cfg(any(test, feature = "testing"))]
    pub fn total_qty(&self) -> u64 {
        self.total
    }
}

/// Holds both sides of an instrument's order book, each the latest that is known.
#[derive(Debug, Clone, Copy)]
pub struct Depth<'a> {
    /// Number of levels that the socket serves.
    pub levels: Levels,
    /// Buyers, highest price first.
    pub bids: &'a SideRows,
    /// Sellers, lowest price first.
    pub asks: &'a SideRows,
    /// Number of levels shown of each side; `usize::MAX` for all. Totals always cover all levels.
    pub top: usize,
}

/// Holds a row of the depth CSV: one level of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRow {
    /// Number of levels that the socket serves.
    pub levels: Levels,
    /// The side.
    pub side: Side,
    /// Its rank; the best is 1.
    pub level: u32,
    /// The level.
    pub row: BookLevel<f64>,
}

row! {
    for LevelRow |row| {
        /// Number of levels that the socket serves, 20 or 200.
        "levels": uint = row.levels.count(),
        /// Side of the order book.
        "side": word(SIDES) = row.side.name(),
        /// Rank of the level from 1, the best.
        "level": uint = row.level,
        /// Price in rupees.
        "price": price64 = row.row.price,
        /// Quantity in units.
        "qty": uint = row.row.qty,
        /// Number of orders.
        "orders": uint = row.row.orders,
    }
}

fn ranked(levels: Levels, side: Side, rows: &[BookLevel<f64>]) -> impl Iterator<Item = LevelRow> {
    (1..).zip(rows).map(move |(level, row)| LevelRow { levels, side, level, row: *row })
}

impl Depth<'_> {
    /// Returns the rows of the CSV, bids before asks, best first.
    pub fn rows(&self) -> impl Iterator<Item = LevelRow> {
        let bids = ranked(self.levels, Side::Bid, self.bids.best(self.top));
        bids.chain(ranked(self.levels, Side::Ask, self.asks.best(self.top)))
    }
}

record! {
    /// Both sides of an instrument's order book.
    Depth: Book for Depth<'_> |book| {
        let best = |side: &SideRows| side.rows.first().map(|row| row.price);
        let (bid, ask) = (best(book.bids), best(book.asks));
        /// Number of levels that the socket serves, 20 or 200. Source: the run.
        "levels": uint = book.levels.count(),
        /// Best bid in rupees; null without bids. Source: the first level.
        "best_bid": price64_or_null = bid,
        /// Best ask in rupees; null without asks. Source: the first level.
        "best_ask": price64_or_null = ask,
        /// Best ask less best bid in rupees; null when a side is empty. Source: computed.
        "spread": price64_or_null = bid.zip(ask).map(|(bid, ask)| spread64(bid, ask)),
        /// Quantity of all bids in units. Source: computed over all levels.
        "total_buy_qty": count = book.bids.total,
        /// Quantity of all asks in units. Source: computed over all levels.
        "total_sell_qty": count = book.asks.total,
        /// Bids, best first. Source: rows of the bid packet.
        "bids": levels = book.bids.best(book.top),
        /// Asks, best first. Source: rows of the ask packet.
        "asks": levels = book.asks.best(book.top),
        rows LevelRow::FIELDS
    }
}

/// Holds one side of an instrument's order book, as one packet brought it.
#[derive(Debug, Clone, Copy)]
pub struct DepthSide<'a> {
    /// Number of levels that the socket serves.
    pub levels: Levels,
    /// The side.
    pub side: Side,
    /// The header's last word (offset 8), which is a sequence number only at 20 levels.
    pub seq: Option<u32>,
    /// The levels, best first.
    pub rows: &'a SideRows,
    /// Number of levels shown; `usize::MAX` for all.
    pub top: usize,
}

impl DepthSide<'_> {
    /// Returns the rows of the CSV, best first.
    pub fn rows(&self) -> impl Iterator<Item = LevelRow> {
        ranked(self.levels, self.side, self.rows.best(self.top))
    }
}

record! {
    /// One side of an instrument's order book, as a packet brought it (`--view sides`).
    DepthSide: Book for DepthSide<'_> |side| {
        /// Number of levels that the socket serves, 20 or 200. Source: the run.
        "levels": uint = side.levels.count(),
        /// Side of the order book. Source: byte 2 of the packet.
        "side": word(SIDES) = side.side.name(),
        /// Sequence number at 20 levels, null at 200. Source: bytes 8 to 11 of the packet.
        "seq": int_or_null = side.seq.map(i64::from),
        /// Levels, best first. Source: rows of the packet.
        "rows": levels = side.rows.best(side.top),
        rows LevelRow::FIELDS
    }
}

/// Returns ask − bid in rupees without float noise: the difference of the two decimal numbers as written.
#[inline]
pub fn spread64(bid: f64, ask: f64) -> f64 {
    // Nearly all prices are whole paise. Above 2^43 rupees an `f64` cannot hold two decimals.
    const PAISE: f64 = 100.0;
    const MOST: f64 = 8e14;
    let (bid_paise, ask_paise) = ((bid * PAISE).round(), (ask * PAISE).round());
    if bid_paise < MOST && ask_paise < MOST && bid_paise / PAISE == bid && ask_paise / PAISE == ask {
        return (ask_paise - bid_paise) / PAISE;
    }
    spread_of_decimals(zmij::Buffer::new().format_finite(bid), zmij::Buffer::new().format_finite(ask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InstrumentKey, Segment};
    use crate::protocol::depth::{Packet, Row, packets};
    use crate::protocol::encode;
    use proptest::prelude::*;

    fn side(side: Side, rows: &[(f64, u32, u32)]) -> SideRows {
        let rows: Vec<Row> = rows.iter().map(|&(price, qty, orders)| Row { price, qty, orders }).collect();
        let mut bytes = Vec::new();
        encode::depth_side(&mut bytes, InstrumentKey::new(Segment::NSE_EQ, 1), side, rows.len() as u32, &rows);
        let mut filled = SideRows::default();
        match packets(&bytes, Levels::TwoHundred).next() {
            Some(Ok(Packet::Side(side))) => filled.fill(side),
            other => panic!("{other:?}"),
        }
        filled
    }

    fn shown(side: &SideRows) -> Vec<(f64, u32, u32)> {
        side.best(usize::MAX).iter().map(|row| (row.price, row.qty, row.orders)).collect()
    }

    #[test]
    fn sides_are_best_first_whatever_the_servers_order_and_equal_prices_keep_theirs() {
        let rows = [(10.1, 1, 1), (10.3, 2, 1), (10.2, 3, 1), (10.3, 4, 1)];
        assert_eq!(shown(&side(Side::Bid, &rows)), [(10.3, 2, 1), (10.3, 4, 1), (10.2, 3, 1), (10.1, 1, 1)]);
        assert_eq!(shown(&side(Side::Ask, &rows)), [(10.1, 1, 1), (10.2, 3, 1), (10.3, 2, 1), (10.3, 4, 1)]);
    }

    #[test]
    fn rows_without_a_price_are_no_levels_and_count_in_no_total() {
        let rows =
            [(0.0, 7, 1), (-0.01, 7, 1), (f64::NAN, 7, 1), (f64::INFINITY, 7, 1), (5.0, u32::MAX, 2), (4.0, 1, 1)];
        let filled = side(Side::Bid, &rows);
        assert_eq!(shown(&filled), [(5.0, u32::MAX, 2), (4.0, 1, 1)]);
        assert_eq!(filled.total_qty(), 1 << 32);
        assert_eq!(shown(&side(Side::Ask, &[])), []);
    }

    #[test]
    fn csv_rows_are_ranked_from_one_and_top_cuts_each_side() {
        let (bids, asks) = (side(Side::Bid, &[(2.0, 1, 1), (1.0, 1, 1)]), side(Side::Ask, &[(3.0, 1, 1), (4.0, 1, 1)]));
        let depth = |top| Depth { levels: Levels::Twenty, bids: &bids, asks: &asks, top };
        let rows = |top| depth(top).rows().map(|row| (row.side.name(), row.level, row.row.price)).collect::<Vec<_>>();
        assert_eq!(rows(usize::MAX), [("bid", 1, 2.0), ("bid", 2, 1.0), ("ask", 1, 3.0), ("ask", 2, 4.0)]);
        assert_eq!(rows(1), [("bid", 1, 2.0), ("ask", 1, 3.0)]);
    }

    #[test]
    fn a_spread_has_no_float_noise() {
        for (bid, ask, expected) in [
            (100.05, 100.15, 0.1),
            (1689.2, 1689.25, 0.05),
            (100.15, 100.05, -0.1),
            (83.4525, 83.455, 0.0025),
            (0.05, 0.1, 0.05),
            (5.0, 5.0, 0.0),
            (1e15, 1e15 + 1.0, 1.0),
        ] {
            assert_eq!(spread64(bid, ask), expected, "{bid} {ask}");
        }
        assert!(spread64(1e-300, 1e300).is_finite());
    }

    proptest! {
        #[test]
        fn a_spread_of_ticks_is_the_shortest_text_of_that_many_ticks(bid in 1i64..100_000_000, gap in -5_000i64..5_000, decimals in 0u32..5) {
            let scale = 10f64.powi(decimals as i32);
            let spread = spread64(bid as f64 / scale, (bid + gap) as f64 / scale);
            prop_assert_eq!(spread, gap as f64 / scale);
        }
    }
}
