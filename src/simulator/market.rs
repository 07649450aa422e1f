//! Computes prices: a seeded random walk for every instrument, known or not.
//!
//! An instrument takes one step whenever a packet of it is sent to any client. What a client sees therefore depends
//! on the seed and its requests, never on the clock; only the last trade time is the clock's.

use super::options::Follows;
use super::rng::Rng;
use super::{known, master};
use crate::clock;
use crate::model::{InstrumentKey, Micros, Segment};
use crate::protocol::depth::{Row, Side};
use crate::protocol::feed::{IST_SHIFT, Level};
use crate::protocol::{Mode, encode};
use jiff::civil::{Time, Weekday};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Holds every instrument that was requested.
#[derive(Debug)]
pub(crate) struct SimulatedMarket {
    seed: u64,
    instruments: Mutex<HashMap<InstrumentKey, SharedInstrument>>,
}

/// An instrument, shared by the connections that subscribe to it.
pub(crate) type SharedInstrument = Arc<Mutex<Instrument>>;

/// Locks a mutex, even after a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimulatedMarket {
    pub fn new(seed: u64) -> SimulatedMarket {
        SimulatedMarket { seed, instruments: Mutex::default() }
    }

    /// Returns the instrument of a key; an unknown id is created.
    pub fn instrument(&self, key: InstrumentKey) -> SharedInstrument {
        // Looked up before the map is locked, because the underlying is in the map too.
        let follows = master::contract(key)
            .map(|contract| Follows { contract, underlying: self.instrument(contract.underlying) });
        lock(&self.instruments)
            .entry(key)
            .or_insert_with(|| Arc::new(Mutex::new(Instrument::new(self.seed, key).following(follows))))
            .clone()
    }
}

/// Describes the unit in which a segment's prices are counted.
#[derive(Debug, Clone, Copy)]
struct Tick {
    /// `n` ticks are `n * numerator / denominator` rupees, which rounds only once.
    numerator: i64,
    denominator: i64,
}

impl Tick {
    fn of(segment: Segment) -> Tick {
        match segment {
            Segment::NSE_CURRENCY | Segment::BSE_CURRENCY => Tick { numerator: 25, denominator: 10_000 },
            _ => Tick { numerator: 5, denominator: 100 },
        }
    }

    fn rupees(self, ticks: i64) -> f64 {
        (ticks * self.numerator) as f64 / self.denominator as f64
    }
}

/// Holds one instrument's walk. Prices are in ticks.
#[derive(Debug)]
pub(crate) struct Instrument {
    key: InstrumentKey,
    /// The underlying that a contract's price follows.
    follows: Option<Follows>,
    seed: u64,
    rng: Rng,
    tick: Tick,
    /// Lot size of a trade, in units.
    lot: i64,
    step: u64,
    price: i64,
    spread: i64,
    prev_close: i64,
    open: i64,
    high: i64,
    low: i64,
    last_qty: u16,
    volume: u32,
    /// Sum of price in ticks times quantity over the volume.
    turnover: f64,
    buy_qty: u32,
    sell_qty: u32,
    oi: u32,
    oi_high: u32,
    oi_low: u32,
    prev_oi: u32,
}

fn is_derivative(segment: Segment) -> bool {
    !matches!(segment, Segment::IDX_I | Segment::NSE_EQ | Segment::BSE_EQ)
}

impl Instrument {
    fn new(seed: u64, key: InstrumentKey) -> Instrument {
        let seed = Rng::mixed(&[seed, u64::from(key.segment.code()), u64::from(key.security_id)]).next();
        let mut rng = Rng::new(seed);
        let listed = known::find(key)
            .map(|listing| listing.close_paise)
            .or_else(|| master::contract(key).map(|contract| contract.close_paise));
        let prev_close = match listed {
            Some(paise) => paise / 5,
            None => match key.segment {
                Segment::IDX_I => rng.between(100_000, 1_000_000),
                Segment::NSE_FNO | Segment::BSE_FNO => rng.between(400, 12_000),
                Segment::MCX_COMM => rng.between(40_000, 1_600_000),
                Segment::NSE_CURRENCY | Segment::BSE_CURRENCY => rng.between(32_000, 44_000),
                _ => rng.between(2_000, 60_000),
            },
        };
        let lot = match key.segment {
            Segment::NSE_FNO => 65,
            Segment::BSE_FNO => 20,
            _ => 1,
        };
        // The session is under way: there was a gap at the open, and there is a range and a volume.
        let unit = (prev_close / 1_000).max(1);
        let open = (prev_close + rng.between(-5, 5) * unit).max(40);
        let price = (open + rng.between(-5, 5) * unit).max(40);
        let traded = if key.segment == Segment::IDX_I { 0 } else { rng.between(1_000, 90_000) * lot };
        let oi = if is_derivative(key.segment) { (rng.between(2_000, 60_000) * lot) as u32 } else { 0 };
        let mut instrument = Instrument {
            key,
            follows: None,
            seed,
            tick: Tick::of(key.segment),
            lot,
            step: 0,
            price,
            spread: 1,
            prev_close,
            open,
            high: open.max(price) + rng.between(0, 3) * unit,
            low: (open.min(price) - rng.between(0, 3) * unit).max(20),
            last_qty: 0,
            volume: traded as u32,
            turnover: traded as f64 * (open + price) as f64 / 2.0,
            buy_qty: 0,
            sell_qty: 0,
            oi,
            oi_high: oi,
            oi_low: oi,
            prev_oi: oi - oi / 20,
            rng,
        };
        instrument.trade(0);
        instrument
    }

    /// Makes a contract's price follow its underlying from now on.
    fn following(mut self, follows: Option<Follows>) -> Instrument {
        self.follows = follows;
        if self.follows.is_some() {
            self.price = self.worth();
            self.trade(0);
        }
        self
    }

    /// Returns the value of a contract in ticks, with a random deviation of one tick; for other instruments the last
    /// price.
    fn worth(&mut self) -> i64 {
        let Some(follows) = &self.follows else { return self.price };
        (follows.worth() / 5 + self.rng.between(-1, 1)).max(20)
    }

    /// Returns the last price in paise.
    pub fn paise(&self) -> i64 {
        self.price * 5
    }

    /// Takes one step of the walk.
    pub fn advance(&mut self) {
        self.step += 1;
        if self.follows.is_some() {
            let lots = self.rng.between(1, 25);
            self.price = self.worth();
            return self.trade(lots);
        }
        let reach = (self.price / 8_000).clamp(1, 40);
        let mut moved = self.rng.between(-reach, reach);
        // Prices stay within a tenth of the previous close, like a circuit limit, and never near zero.
        let band = self.prev_close / 10;
        if (self.price + moved - self.prev_close).abs() > band {
            moved = -moved;
        }
        // Most trades are small.
        let largest = if self.rng.one_in(10) { 400 } else { 25 };
        let lots = self.rng.between(1, largest);
        self.price = (self.price + moved).max(20);
        self.trade(lots);
    }

    fn trade(&mut self, lots: i64) {
        let qty = if self.key.segment == Segment::IDX_I { 0 } else { lots * self.lot };
        self.high = self.high.max(self.price);
        self.low = self.low.min(self.price);
        if qty > 0 {
            // The wire has sixteen bits, in which larger quantities wrap too.
            self.last_qty = qty as u16;
            let grown = self.volume.saturating_add(qty as u32);
            self.turnover += f64::from(grown - self.volume) * self.price as f64;
            self.volume = grown;
        }
        if self.key.segment != Segment::IDX_I {
            self.spread = 1 + self.rng.below(3) as i64;
            self.buy_qty = (self.rng.between(2_000, 40_000) * self.lot) as u32;
            self.sell_qty = (self.rng.between(2_000, 40_000) * self.lot) as u32;
        }
        if self.oi > 0 {
            let moved = self.rng.between(-20, 22) * self.lot;
            self.oi = u32::try_from(i64::from(self.oi) + moved).unwrap_or(self.oi).max(1);
            self.oi_high = self.oi_high.max(self.oi);
            self.oi_low = self.oi_low.min(self.oi);
        }
    }

    /// Returns the instrument's key.
    pub fn key(&self) -> InstrumentKey {
        self.key
    }

    /// Returns whether it has open interest.
    pub fn is_derivative(&self) -> bool {
        is_derivative(self.key.segment)
    }

    /// Returns the last price in rupees.
    pub fn rupees(&self) -> f64 {
        self.tick.rupees(self.price)
    }

    fn f32(&self, ticks: i64) -> f32 {
        self.tick.rupees(ticks) as f32
    }

    /// Returns the best bid in ticks; the best ask is `spread` above it, and the last price lies between them.
    fn best_bid(&self) -> i64 {
        self.price - (self.step as i64 & 1).min(self.spread - 1)
    }

    fn quote(&self, ltt_raw: u32) -> encode::Quote {
        let average = if self.volume == 0 { 0.0 } else { self.turnover / f64::from(self.volume) };
        let paise = average * self.tick.numerator as f64 * 100.0 / self.tick.denominator as f64;
        encode::Quote {
            ltp: self.f32(self.price),
            ltq: self.last_qty,
            ltt_raw,
            atp: (paise.round() / 100.0) as f32,
            volume: self.volume,
            total_sell_qty: self.sell_qty,
            total_buy_qty: self.buy_qty,
            day_open: self.f32(self.open),
            close: self.f32(self.prev_close),
            day_high: self.f32(self.high),
            day_low: self.f32(self.low),
        }
    }

    fn full(&self, ltt_raw: u32) -> encode::Full {
        let mut rng = self.book_rng();
        let bid = self.best_bid();
        let mut level = |ticks: i64| Level {
            // The server writes this price for an empty level.
            price: if ticks > 0 { self.f32(ticks) } else { -0.01 },
            qty: if ticks > 0 { (rng.between(1, 400) * self.lot) as u32 } else { 0 },
            orders: if ticks > 0 { rng.between(1, 30) as u16 } else { 0 },
        };
        let bids = std::array::from_fn(|i| level(bid - i as i64));
        let asks = std::array::from_fn(|i| level(bid + self.spread + i as i64));
        encode::Full { quote: self.quote(ltt_raw), oi: [self.oi, self.oi_high, self.oi_low], bids, asks }
    }

    /// Appends the packet of a mode. Returns false for a full packet of an index, which the server does not send.
    pub fn packet(&self, mode: Mode, ltt_raw: u32, out: &mut Vec<u8>) -> bool {
        match mode {
            Mode::Ticker => encode::ticker(out, self.key, self.f32(self.price), ltt_raw),
            Mode::Quote => encode::quote(out, self.key, &self.quote(ltt_raw)),
            Mode::Full if self.key.segment == Segment::IDX_I => return false,
            Mode::Full => encode::full(out, self.key, &self.full(ltt_raw)),
        }
        true
    }

    /// Appends the previous-close packet.
    pub fn prev_close_packet(&self, out: &mut Vec<u8>) {
        encode::prev_close(out, self.key, self.f32(self.prev_close), self.prev_oi);
    }

    /// Appends the open-interest packet.
    pub fn oi_packet(&self, out: &mut Vec<u8>) {
        encode::open_interest(out, self.key, self.oi);
    }

    /// Returns the generator of the order book, which depends only on the step, so that other clients change nothing.
    fn book_rng(&self) -> Rng {
        Rng::mixed(&[self.seed, self.step])
    }

    /// Appends `count` rows of one side, best first; rows below zero are empty (price 0).
    pub fn rows(&self, side: Side, count: usize, out: &mut Vec<Row>) {
        let mut rng = self.book_rng();
        if side == Side::Ask {
            rng = Rng::mixed(&[rng.next(), 1]);
        }
        let (mut ticks, away) = match side {
            Side::Bid => (self.best_bid(), -1),
            Side::Ask => (self.best_bid() + self.spread, 1),
        };
        for _ in 0..count {
            out.push(if ticks > 0 {
                Row {
                    price: self.tick.rupees(ticks),
                    qty: (rng.between(1, 900) * self.lot) as u32,
                    orders: rng.between(1, 60) as u32,
                }
            } else {
                Row { price: 0.0, qty: 0, orders: 0 }
            });
            // Far from the best price, not every tick has orders.
            ticks += away * if rng.one_in(6) { 2 } else { 1 };
        }
    }
}

/// Returns a time as the server writes last trade times: India's wall clock as epoch seconds.
pub(crate) fn ltt_raw(now: Micros) -> u32 {
    u32::try_from(now.seconds()).unwrap_or(0).saturating_add(IST_SHIFT)
}

/// Returns the time of the last close before `now` by weekdays: 15:29:59 in India.
pub(crate) fn last_close(now: Micros) -> Micros {
    let now = clock::ist_civil(now);
    let mut day = now.date();
    if now.time() < CLOSE {
        day = day.yesterday().unwrap_or(day);
    }
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.yesterday().unwrap_or(day);
    }
    clock::from_ist(day.to_datetime(CLOSE)) - Duration::from_secs(1)
}

/// Closing time of NSE and BSE.
const CLOSE: Time = Time::constant(15, 30, 0, 0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::feed::{self, Packet};

    fn keys() -> Vec<InstrumentKey> {
        let mut keys: Vec<_> = known::KNOWN.iter().map(|(key, _)| *key).collect();
        for segment in Segment::ALL {
            keys.extend((1..40).map(|id| InstrumentKey::new(segment, id * 977)));
        }
        keys
    }

    #[test]
    fn every_walk_stays_plausible_for_a_long_time() {
        for key in keys() {
            let mut instrument = Instrument::new(7, key);
            let mut volume = 0;
            for step in 0..2_000 {
                let full = instrument.full(1);
                let q = full.quote;
                assert!(q.volume >= volume, "{key}: volume fell at step {step}");
                volume = q.volume;
                assert!(q.ltp > 0.0 && q.day_low <= q.ltp && q.ltp <= q.day_high, "{key} step {step}: {q:?}");
                assert!(full.bids[0].price < full.asks[0].price, "{key} step {step}");
                assert!(full.bids[0].price <= q.ltp && q.ltp <= full.asks[0].price, "{key} step {step}");
                assert!(q.volume == 0 || (q.day_low - 0.01..=q.day_high + 0.01).contains(&q.atp), "{key}: {q:?}");
                instrument.advance();
            }
            assert_eq!(volume == 0, key.segment == Segment::IDX_I, "{key}");
        }
    }

    #[test]
    fn prices_lie_on_the_tick() {
        for key in keys() {
            let mut instrument = Instrument::new(3, key);
            for _ in 0..200 {
                instrument.advance();
                let per_rupee = if key.segment.name().is_some_and(|name| name.contains("CURR")) { 400.0 } else { 20.0 };
                let ticks = instrument.rupees() * per_rupee;
                assert!((ticks - ticks.round()).abs() < 1e-6, "{key}: {}", instrument.rupees());
            }
        }
    }

    #[test]
    fn what_one_client_looks_at_does_not_change_what_another_sees() {
        let key = InstrumentKey::new(Segment::NSE_EQ, 1333);
        let (mut plain, mut watched) = (Instrument::new(1, key), Instrument::new(1, key));
        for _ in 0..50 {
            watched.rows(Side::Ask, 200, &mut Vec::new());
            let (mut a, mut b) = (Vec::new(), Vec::new());
            plain.packet(Mode::Full, 9, &mut a);
            watched.packet(Mode::Full, 9, &mut b);
            assert_eq!(a, b);
            plain.advance();
            watched.advance();
        }
    }

    #[test]
    fn seeds_and_neighbouring_ids_differ() {
        let price = |seed, id| {
            let mut instrument = Instrument::new(seed, InstrumentKey::new(Segment::NSE_EQ, id));
            (0..10).map(|_| (instrument.advance(), instrument.price).1).collect::<Vec<_>>()
        };
        assert_eq!(price(1, 777), price(1, 777));
        assert_ne!(price(1, 777), price(2, 777));
        assert_ne!(price(1, 777), price(1, 778));
    }

    #[test]
    fn both_sides_of_the_book_are_sorted_and_apart() {
        let mut instrument = Instrument::new(5, InstrumentKey::new(Segment::NSE_FNO, 45_000));
        for _ in 0..100 {
            let (mut bids, mut asks) = (Vec::new(), Vec::new());
            instrument.rows(Side::Bid, 200, &mut bids);
            instrument.rows(Side::Ask, 200, &mut asks);
            assert!(bids[0].price < asks[0].price);
            assert!(asks.windows(2).all(|pair| pair[0].price < pair[1].price));
            let priced: Vec<_> = bids.iter().filter(|row| row.is_priced()).collect();
            assert!(priced.windows(2).all(|pair| pair[0].price > pair[1].price));
            instrument.advance();
        }
    }

    #[test]
    fn the_last_close_is_of_the_last_weekday_that_has_closed() {
        let at = |text: &str| clock::from_ist(text.parse().unwrap());
        for (now, close) in [
            ("2026-11-27T16:00:00", "2026-11-27T15:29:59"),
            ("2026-11-27T15:00:00", "2026-11-26T15:29:59"),
            ("2026-11-29T05:55:00", "2026-11-27T15:29:59"),
            ("2026-11-30T09:00:00", "2026-11-27T15:29:59"),
        ] {
            assert_eq!(last_close(at(now)), at(close), "{now}");
        }
    }

    #[test]
    fn an_index_has_no_full_packet() {
        let instrument = Instrument::new(1, InstrumentKey::new(Segment::IDX_I, 13));
        let mut out = Vec::new();
        assert!(!instrument.packet(Mode::Full, 1, &mut out) && out.is_empty());
        assert!(instrument.packet(Mode::Quote, 1, &mut out));
        let (_, packet) = feed::packets(&out).next().unwrap().unwrap();
        assert!(matches!(packet, Packet::Quote(quote) if quote.ltp() > 20_000.0));
    }

    #[test]
    fn last_trade_times_carry_the_shift() {
        assert_eq!(ltt_raw(Micros::new(1_781_065_197_817_000)), 1_781_084_997);
    }
}
