//! Holds what is known of a run: rows of instruments, order books, orders, connections and losses.
//!
//! Records and events come in, without I/O; all times are theirs.

mod chains;
mod countdown;
mod labels;
mod orders;
mod paused;

use super::numbers;
use super::spark::Spark;
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::item::Event;
use crate::pipeline::observer::Symbol;
use crate::protocol::Mode;
use crate::protocol::feed::{Level, Packet};
use crate::record::control::{Gap, GapReason, StatusEvent};
use crate::record::depth::Depth;
use crate::record::order::Order;
use chains::Chains;
use labels::Labels;
pub use orders::OrderRow;
use orders::OrderRows;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use std::sync::Arc;

/// Number of rows and order books kept for instruments that were not subscribed; it bounds the memory when a server
/// invents instruments.
const STRANGERS: usize = 25_000;

/// Holds everything that the view may show.
#[derive(Debug, Clone, Default)]
pub struct Model {
    rows: Vec<TableRow>,
    /// Number of rows that were subscribed when last counted.
    subscribed: usize,
    index: FxHashMap<InstrumentKey, usize>,
    /// Symbols of instruments; they arrive before the rows.
    names: FxHashMap<InstrumentKey, Arc<str>>,
    labels: Labels,
    chains: Chains,
    /// The connections; the first is number 1.
    pub connections: Vec<ConnectionState>,
    /// The order books of the depth streams.
    pub books: FxHashMap<InstrumentKey, ShownBook>,
    /// The orders, newest first.
    pub orders: OrderRows,
    /// The losses.
    pub losses: Losses,
    /// Number of packets shown.
    pub packets: u64,
    /// Receive time of the latest record; [`Micros::EPOCH`] before the first.
    pub last: Micros,
    /// The last message for people.
    pub message: Option<String>,
    /// Number of messages so far.
    pub messages: u64,
    /// Whether the run is ending, so that nothing more comes.
    pub is_over: bool,
    /// Changes whenever something displayed changes.
    pub version: u64,
    /// Changes whenever rows are added, removed, moved or renamed.
    pub arrangement: u64,
}

/// Holds the figures of one instrument.
#[derive(Debug, Clone)]
pub struct TableRow {
    /// The instrument.
    pub instrument: InstrumentKey,
    /// Its symbol, or `SEGMENT:ID`; with its segment in front if several segments have the symbol.
    pub symbol: Arc<str>,
    /// Number of the connection that serves it, from 1; 0 if none does yet.
    pub conn: u16,
    /// The subscribed modes, as bits `1 << Mode`.
    pub modes: u8,
    /// Last traded price in rupees; 0 if unknown.
    pub ltp: f32,
    /// Direction of the last price change.
    pub moved: Ordering,
    /// The previous session's close in rupees; 0 if unknown.
    pub prev_close: f32,
    /// The close in packets: the previous session's until the market closes, then the day's.
    pub close: f32,
    /// The day's open, high and low in rupees; 0 if unknown.
    pub day: [f32; 3],
    /// Volume of the day in units.
    pub volume: u32,
    /// Open interest in units.
    pub oi: u32,
    /// Five levels of both sides, best first, from full packets.
    pub levels: Option<[(Level, Level); 5]>,
    /// Total bid and ask quantity of quote and full packets, in units.
    pub totals: Option<(u32, u32)>,
    /// Receive time of its last packet; [`Micros::EPOCH`] before the first.
    pub recv: Micros,
    /// Its price over the last minutes.
    pub spark: Spark,
}

impl TableRow {
    fn new(instrument: InstrumentKey, symbol: Arc<str>) -> TableRow {
        TableRow {
            instrument,
            symbol,
            conn: 0,
            modes: 0,
            ltp: 0.0,
            moved: Ordering::Equal,
            prev_close: 0.0,
            close: 0.0,
            day: [0.0; 3],
            volume: 0,
            oi: 0,
            levels: None,
            totals: None,
            recv: Micros::EPOCH,
            spark: Spark::default(),
        }
    }

    /// Returns the previous session's close in rupees, or `None` if unknown. `is_open`: whether the session is open;
    /// after it, a packet's close is the day's own.
    pub fn previous_close(&self, is_open: bool) -> Option<f32> {
        let close = if self.prev_close > 0.0 || !is_open { self.prev_close } else { self.close };
        (close > 0.0 && close.is_finite()).then_some(close)
    }

    /// Returns the best bid that has a price.
    pub fn best_bid(&self) -> Option<Level> {
        self.levels?.into_iter().map(|(bid, _)| bid).find(|level| level.is_priced())
    }

    /// Returns the best ask that has a price.
    pub fn best_ask(&self) -> Option<Level> {
        self.levels?.into_iter().map(|(_, ask)| ask).find(|level| level.is_priced())
    }

    /// Returns the number of decimals of its prices, the same for all of them.
    pub fn decimals(&self) -> usize {
        let levels = [self.best_bid(), self.best_ask()].into_iter().flatten().map(|level| level.price);
        let prices = [self.ltp, self.prev_close, self.close].into_iter().chain(self.day).chain(levels);
        numbers::common_decimals(self.instrument.segment, prices.map(numbers::decimals))
    }

    fn price(&mut self, ltp: f32, recv: Micros) {
        match ltp.partial_cmp(&self.ltp) {
            // The first price is no change, and an unchanged price keeps the colour of the last change.
            _ if self.ltp == 0.0 => {}
            None | Some(Ordering::Equal) => {}
            Some(moved) => self.moved = moved,
        }
        self.ltp = ltp;
        self.spark.add(ltp, recv);
    }
}

/// Describes one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionState {
    /// Its last step; `None` before the first attempt.
    pub event: Option<StatusEvent>,
    /// What is known beyond the step.
    pub detail: Option<String>,
    /// Time of the next attempt, if the step is a wait for it.
    pub next_attempt: Option<Micros>,
    /// Beginning of the open gap; `None` without a gap.
    pub lost: Option<Micros>,
}

impl ConnectionState {
    /// Returns whether data arrives.
    pub fn is_live(&self) -> bool {
        self.event == Some(StatusEvent::Live) && self.lost.is_none()
    }
}

/// Holds the losses of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Losses {
    /// Number of gap records.
    pub gaps: u64,
    /// Duration of all gaps in microseconds.
    pub gap_us: i64,
    /// Number of packets dropped.
    pub dropped: u64,
    /// Number of packets that could not be decoded.
    pub malformed: u64,
    /// Reason of the last gap.
    pub last: Option<GapReason>,
}

/// Holds an order book.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShownBook {
    /// Price in rupees, quantity, orders; highest price first.
    pub bids: Vec<(f64, u32, u32)>,
    /// Price in rupees, quantity, orders; lowest price first.
    pub asks: Vec<(f64, u32, u32)>,
    /// Receive time.
    pub recv: Micros,
}

impl ShownBook {
    /// Returns the total quantities of bids and asks in units.
    pub fn totals(&self) -> (u64, u64) {
        let total = |side: &[(f64, u32, u32)]| side.iter().map(|(_, qty, _)| u64::from(*qty)).sum();
        (total(&self.bids), total(&self.asks))
    }
}

impl Model {
    /// Returns the rows in the order of subscription.
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Returns the row of an instrument.
    pub fn row(&self, instrument: InstrumentKey) -> Option<&TableRow> {
        self.index.get(&instrument).map(|at| &self.rows[*at])
    }

    /// Returns the index of a row in [`Model::rows`].
    pub fn place(&self, instrument: InstrumentKey) -> Option<usize> {
        self.index.get(&instrument).copied()
    }

    /// Returns whether a row is the option whose strike is nearest to the spot of its chain.
    pub fn is_at_the_money(&self, row: &TableRow) -> bool {
        self.chains.is_at_the_money(row)
    }

    fn row_mut(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>) -> &mut TableRow {
        let at = match self.index.get(&instrument) {
            Some(at) => *at,
            None => self.add(instrument, symbol),
        };
        &mut self.rows[at]
    }

    /// Adds a row; returns its index.
    #[cold]
    fn add(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>) -> usize {
        if self.rows.len() >= self.subscribed + STRANGERS {
            self.rows.retain(|row| row.modes != 0);
            self.subscribed = self.rows.len();
            self.rearranged();
            self.books.retain(|instrument, _| self.index.contains_key(instrument));
        }
        let name = self.names.get(&instrument).cloned().or_else(symbol);
        let name = name.unwrap_or_else(|| instrument.to_string().into());
        self.rows.push(TableRow::new(instrument, Arc::clone(&name)));
        self.index.insert(instrument, self.rows.len() - 1);
        self.arrangement += 1;
        self.label(instrument, &name);
        self.rows.len() - 1
    }

    /// Computes what depends on the order of the rows, after rows were removed or moved.
    fn rearranged(&mut self) {
        self.arrangement += 1;
        self.index = self.rows.iter().enumerate().map(|(at, row)| (row.instrument, at)).collect();
        for instrument in self.labels.keep(|instrument| self.index.contains_key(&instrument)) {
            self.relabel(&instrument);
        }
    }

    /// Gives an instrument the name, and its label to every row with that name.
    fn label(&mut self, instrument: InstrumentKey, name: &Arc<str>) {
        for instrument in self.labels.set(instrument, name) {
            self.relabel(&instrument);
        }
    }

    fn relabel(&mut self, instrument: &InstrumentKey) {
        if let Some(row) = self.index.get(instrument).and_then(|at| self.rows.get_mut(*at))
            && let Some(label) = self.labels.of(*instrument)
        {
            row.symbol = label;
            self.arrangement += 1;
        }
    }

    /// Processes a packet of the market feed.
    pub fn market(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>, packet: &Packet<'_>, recv: Micros) {
        self.touch(recv);
        let row = match packet {
            // These are not about an instrument.
            Packet::Heartbeat | Packet::Disconnect(_) | Packet::MarketStatus(_) | Packet::Unknown(_) => return,
            _ => self.row_mut(instrument, symbol),
        };
        row.recv = recv;
        match packet {
            Packet::Ticker(p) => row.price(p.ltp(), recv),
            Packet::Quote(p) => {
                row.price(p.ltp(), recv);
                row.close = p.close();
                row.day = [p.day_open(), p.day_high(), p.day_low()];
                row.volume = p.volume();
                row.totals = Some((p.total_buy_qty(), p.total_sell_qty()));
            }
            Packet::Full(p) => {
                row.price(p.ltp(), recv);
                row.close = p.close();
                row.day = [p.day_open(), p.day_high(), p.day_low()];
                row.volume = p.volume();
                row.oi = p.oi();
                row.levels = Some(p.levels().map(|pair| (pair.bid(), pair.ask())));
                row.totals = Some((p.total_buy_qty(), p.total_sell_qty()));
            }
            Packet::OpenInterest(p) => row.oi = p.oi(),
            Packet::PrevClose(p) => row.prev_close = p.prev_close(),
            Packet::Heartbeat | Packet::Disconnect(_) | Packet::MarketStatus(_) | Packet::Unknown(_) => {}
        }
    }

    /// Processes an order book of a depth stream.
    pub fn depth(&mut self, instrument: InstrumentKey, symbol: &Symbol<'_>, depth: &Depth<'_>, recv: Micros) {
        self.touch(recv);
        self.row_mut(instrument, symbol).recv = recv;
        let book = self.books.entry(instrument).or_default();
        let fill = |levels: &mut Vec<_>, side: &crate::record::depth::SideRows| {
            levels.clear();
            levels.extend(side.best(usize::MAX).iter().map(|level| (level.price, level.qty, level.orders)));
        };
        fill(&mut book.bids, depth.bids);
        fill(&mut book.asks, depth.asks);
        book.recv = recv;
    }

    /// Processes an order.
    pub fn order(&mut self, order: &Order, recv: Micros) {
        self.touch(recv);
        self.orders.add(order, recv);
    }

    /// Processes a gap record.
    pub fn gap(&mut self, gap: &Gap) {
        self.version += 1;
        self.losses.gaps += 1;
        self.losses.gap_us += gap.to.us_since(gap.from).max(0);
        self.losses.last = Some(gap.reason);
        let lost = gap.dropped.unwrap_or(0);
        match gap.reason {
            GapReason::Malformed => self.losses.malformed += lost,
            _ => self.losses.dropped += lost,
        }
        if let Some(connection) = self.connection(gap.conn) {
            connection.lost = None;
        }
    }

    /// Processes an event between frames.
    pub fn event(&mut self, event: &Event) {
        self.version += 1;
        match event {
            Event::Symbols(symbols) => {
                symbols.iter().for_each(|(instrument, symbol)| self.set_symbol(*instrument, symbol))
            }
            Event::Subscribed { conn, instruments } => {
                for &(instrument, mode) in instruments {
                    let row = self.row_mut(instrument, &|| None);
                    row.conn = *conn;
                    row.modes |= mode.map_or(u8::MAX, mode_bit);
                }
                self.sort_chains();
            }
            Event::Unsubscribed { instruments } => {
                for &(instrument, mode) in instruments {
                    if let Some(&at) = self.index.get(&instrument) {
                        self.rows[at].modes &= !mode.map_or(u8::MAX, mode_bit);
                    }
                }
                self.rows.retain(|row| row.modes != 0 || !instruments.iter().any(|(key, _)| *key == row.instrument));
                self.rearranged();
            }
            Event::Clock { .. } => {}
            Event::GapOpened { conn, from, .. } => {
                if let Some(connection) = self.connection(*conn) {
                    connection.lost.get_or_insert(*from);
                }
            }
            Event::Resynced { conn, .. } => {
                if let Some(connection) = self.connection(*conn) {
                    connection.lost = None;
                }
            }
            Event::Status { conn, event, detail, at } => {
                self.is_over |= *event == StatusEvent::Stopping;
                if let Some(connection) = self.connection(*conn) {
                    connection.step(*event, detail.as_deref(), *at);
                }
            }
            Event::End { .. } => self.is_over = true,
            Event::Chain { chain, .. } => {
                self.chains.change(chain);
                self.sort_chains();
            }
            Event::Gap { .. } => {}
        }
    }

    /// Sorts the options of every chain among the rows, where the chain's first option stands.
    fn sort_chains(&mut self) {
        if self.chains.sort(&mut self.rows) {
            self.rearranged();
        }
    }

    /// Sets the symbol of an instrument.
    fn set_symbol(&mut self, instrument: InstrumentKey, symbol: &Arc<str>) {
        self.names.insert(instrument, Arc::clone(symbol));
        if self.index.contains_key(&instrument) {
            self.label(instrument, symbol);
        }
    }

    /// Sets the last message for people.
    pub fn set_message(&mut self, message: &str) {
        self.version += 1;
        self.messages += 1;
        self.message = Some(message.to_owned());
    }

    /// Returns the connection with a number, and creates it and those below if needed.
    fn connection(&mut self, conn: u16) -> Option<&mut ConnectionState> {
        let at = usize::from(conn).checked_sub(1)?;
        if self.connections.len() <= at {
            self.connections.resize(at + 1, ConnectionState::default());
        }
        self.connections.get_mut(at)
    }

    fn touch(&mut self, recv: Micros) {
        self.version += 1;
        self.packets += 1;
        self.last = self.last.max(recv);
    }
}

fn mode_bit(mode: Mode) -> u8 {
    1 << mode as u8
}

/// Returns a gap record that ended now, for the tests of the view.
#[cfg(test)]
pub(super) fn tests_gap(reason: GapReason, length_us: i64, dropped: Option<u64>) -> Gap {
    Gap {
        feed: crate::model::Stream::Market,
        conn: 1,
        reason,
        detail: None,
        from: Micros::EPOCH,
        to: Micros::new(length_us),
        instruments: 2,
        ids: None,
        dropped,
    }
}
