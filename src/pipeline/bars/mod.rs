//! Computes OHLC bars from market packets (contract §3.7) without I/O: packets and times in, bars out.
//!
//! A bar is due one second after its end, by the clock of receiving. That clock is the receive times of frames, and
//! [`Event::Clock`](super::item::Event::Clock) while no frame arrives. A capture keeps both, so a replay finishes
//! every bar at the same place among the packets.

mod interval;
#[cfg(test)]
mod tests;

pub use interval::{Interval, next_due};

use crate::model::{InstrumentKey, Micros};
use crate::record::bar::{Bar, Incomplete};
use interval::{GRACE_US, OPENINGS, opening, start};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Holds what a ticker, quote or full packet says about trades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Last price in rupees.
    pub ltp: f32,
    /// Last trade time in UTC epoch seconds.
    pub ltt: Option<i64>,
    /// Volume of the day in units.
    pub volume: Option<u32>,
    /// Open interest in units.
    pub oi: Option<u32>,
}

/// Holds a bar that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The instrument.
    pub instrument: InstrumentKey,
    /// The record.
    pub bar: Bar,
    /// Receive time that it carries: a second after its end, or the end of the run.
    pub at: Micros,
    /// Number of packets counted with this bar; each packet is counted with one bar only.
    pub packets: u32,
}

/// Computes the bars of a run.
#[derive(Debug)]
pub struct Bars {
    series: Vec<Series>,
    instruments: Vec<State>,
    known: FxHashMap<InstrumentKey, u32>,
    /// Latest time seen.
    clock: Micros,
    /// Time at which the next bar is due.
    due: Micros,
    /// Number of packets in unfinished bars.
    held_packets: u64,
    /// Connections with an open gap, and when it began.
    open_gaps: FxHashMap<u16, Micros>,
    /// End of each connection's last gap; connection 0 stands for all.
    gap_until: BTreeMap<u16, Micros>,
    /// Instruments subscribed on a connection since its last frame.
    new_instruments: FxHashMap<u16, Vec<InstrumentKey>>,
}

/// Holds what is known of an instrument.
#[derive(Debug)]
struct State {
    instrument: InstrumentKey,
    conn: u16,
    opening: u8,
    seen: bool,
    ltt: i64,
    volume: Option<u32>,
    oi: Option<u32>,
    /// Growth of the volume without a trade that showed it.
    carry: u32,
    /// Since when it is observed.
    from: Micros,
}

/// Holds the bars of one interval and one alignment.
#[derive(Debug)]
struct Series {
    interval: Interval,
    length_us: i64,
    opening: usize,
    /// Unfinished intervals by their beginnings: the running one, and for a second the one before it.
    open: Vec<Open>,
    spare: Vec<Open>,
}

/// Holds the bars of one interval.
#[derive(Debug, Default)]
struct Open {
    start: Micros,
    candles: Vec<Candle>,
    /// Position of an instrument's candle, from 1; 0 means none.
    place: Vec<u32>,
}

#[derive(Debug)]
struct Candle {
    instrument: u32,
    open: f32,
    high: f32,
    low: f32,
    close: f32,
    volume: Option<u64>,
    oi: Option<u32>,
    ticks: u32,
    packets: u32,
    gap: bool,
    start: bool,
    end: bool,
}

impl Bars {
    /// Creates the state for bars of these lengths.
    pub fn new(intervals: &[Interval]) -> Bars {
        let mut intervals = intervals.to_vec();
        intervals.sort_by_key(Interval::us);
        intervals.dedup_by_key(|interval| interval.us());
        let series = intervals.iter().flat_map(|interval| {
            (0..OPENINGS.len()).map(|opening| Series {
                interval: interval.clone(),
                length_us: interval.us(),
                opening,
                open: Vec::new(),
                spare: Vec::new(),
            })
        });
        Bars {
            series: series.collect(),
            instruments: Vec::new(),
            known: FxHashMap::default(),
            clock: Micros::MIN,
            due: Micros::MAX,
            held_packets: 0,
            open_gaps: FxHashMap::default(),
            gap_until: BTreeMap::new(),
            new_instruments: FxHashMap::default(),
        }
    }

    /// Returns the number of packets in unfinished bars.
    pub fn held_packets(&self) -> u64 {
        self.held_packets
    }

    /// Records that a connection serves these instruments from its next frame on.
    pub fn subscribed(&mut self, conn: u16, instruments: impl Iterator<Item = InstrumentKey>) {
        self.new_instruments.entry(conn).or_default().extend(instruments);
    }

    /// Records that these instruments are no longer observed.
    pub fn unsubscribed(&mut self, instruments: &[InstrumentKey]) {
        for at in instruments.iter().filter_map(|instrument| self.known.get(instrument)) {
            for open in self.series.iter_mut().flat_map(|series| &mut series.open) {
                if let Some(candle) = open.candle(*at) {
                    candle.end = true;
                }
            }
            // The first packet after a new subscription shows the state before it, as at the start.
            self.instruments[*at as usize].seen = false;
            self.instruments[*at as usize].from = Micros::MAX;
        }
    }

    /// Records that a gap of a connection opened.
    pub fn gap_opened(&mut self, conn: u16, from: Micros) {
        self.open_gaps.entry(conn).or_insert(from);
    }

    /// Records that a connection has data again.
    pub fn resumed(&mut self, conn: u16) {
        self.open_gaps.remove(&conn);
    }

    /// Records a gap; connection 0 stands for all.
    pub fn gap(&mut self, conn: u16, from: Micros, to: Micros) {
        let until = self.gap_until.entry(conn).or_insert(to);
        *until = (*until).max(to);
        let Bars { series, instruments, .. } = self;
        for Series { length_us, open, .. } in series {
            for open in open.iter_mut().filter(|open| from < open.start.plus_us(*length_us) && to >= open.start) {
                for candle in &mut open.candles {
                    candle.gap |= conn == 0 || instruments[candle.instrument as usize].conn == conn;
                }
            }
        }
    }

    /// Finishes the bars that are due at a moment, the earliest first.
    #[inline]
    pub fn advance(&mut self, now: Micros, each: &mut dyn FnMut(Finished)) {
        self.clock = self.clock.max(now);
        if self.clock >= self.due {
            self.finish_due(each);
        }
    }

    #[cold]
    fn finish_due(&mut self, each: &mut dyn FnMut(Finished)) {
        loop {
            let due = |series: &Series| series.due().filter(|due| *due <= self.clock);
            let next = self.series.iter().enumerate().filter_map(|(i, series)| Some((due(series)?, i))).min();
            let Some((due, i)) = next else { break };
            let open = self.series[i].open.remove(0);
            self.emit(i, open, due, false, each);
        }
        self.due = self.series.iter().filter_map(Series::due).min().unwrap_or(Micros::MAX);
    }

    fn emit(&mut self, series: usize, mut open: Open, at: Micros, ends: bool, each: &mut dyn FnMut(Finished)) {
        let Bars { series: all, instruments, held_packets, open_gaps, .. } = self;
        let Series { interval, length_us, spare, .. } = &mut all[series];
        for candle in open.candles.drain(..) {
            let State { instrument, conn, .. } = &instruments[candle.instrument as usize];
            let is_lost = open_gaps.get(conn).is_some_and(|from| *from < open.start.plus_us(*length_us));
            let incomplete = match (candle.gap || is_lost, candle.start, candle.end || ends) {
                (true, ..) => Some(Incomplete::Gap),
                (_, true, _) => Some(Incomplete::Start),
                (.., true) => Some(Incomplete::End),
                _ => None,
            };
            *held_packets -= u64::from(candle.packets);
            each(Finished {
                instrument: *instrument,
                bar: Bar {
                    interval: interval.text(),
                    start: open.start.seconds(),
                    open: candle.open,
                    high: candle.high,
                    low: candle.low,
                    close: candle.close,
                    volume: candle.volume,
                    oi: candle.oi,
                    ticks: u64::from(candle.ticks),
                    incomplete,
                },
                at,
                packets: candle.packets,
            });
        }
        open.place.fill(0);
        spare.push(open);
    }

    /// Finishes every bar, because the run ends at this moment.
    pub fn finish(&mut self, end: Micros, each: &mut dyn FnMut(Finished)) {
        self.advance(end, each);
        let end = self.clock;
        let mut rest = Vec::new();
        for (i, series) in self.series.iter_mut().enumerate() {
            for open in series.open.drain(..) {
                let until = open.start.plus_us(series.length_us);
                // An interval that is over only waits for late packets, so the run did not end within it.
                let (at, ends) = if until <= end { (until.plus_us(GRACE_US), false) } else { (end, true) };
                rest.push((at, i, open, ends));
            }
        }
        rest.sort_by_key(|(at, i, ..)| (*at, *i));
        for (at, i, open, ends) in rest {
            self.emit(i, open, at, ends, each);
        }
        self.due = Micros::MAX;
    }

    /// Records that a frame of a connection arrived: instruments subscribed before it are observed from now on.
    #[inline]
    pub fn frame(&mut self, conn: u16) {
        if !self.new_instruments.is_empty()
            && let Some(instruments) = self.new_instruments.remove(&conn)
        {
            for instrument in instruments {
                let at = self.state(instrument, conn);
                let state = &mut self.instruments[at as usize];
                if !state.seen {
                    state.from = self.clock;
                }
            }
        }
    }

    fn state(&mut self, instrument: InstrumentKey, conn: u16) -> u32 {
        let Bars { known, instruments, clock, .. } = self;
        *known.entry(instrument).or_insert_with(|| {
            let at = instruments.len() as u32;
            instruments.push(State {
                instrument,
                conn,
                opening: opening(instrument.segment) as u8,
                seen: false,
                ltt: i64::MIN,
                volume: None,
                oi: None,
                carry: 0,
                from: *clock,
            });
            at
        })
    }

    /// Records an open interest that came in a packet of its own.
    pub fn open_interest(&mut self, instrument: InstrumentKey, conn: u16, oi: u32) {
        let at = self.state(instrument, conn);
        let Bars { series, instruments, clock, .. } = self;
        instruments[at as usize].oi = Some(oi);
        running_oi(series, at, usize::from(instruments[at as usize].opening), *clock, oi);
    }

    /// Records a packet with a price, received at the moment of the last [`advance`](Bars::advance); returns whether
    /// it is a trade that a bar includes. `counts`: the packet is to be counted with the first bar that includes it.
    pub fn price(&mut self, instrument: InstrumentKey, conn: u16, price: Price, counts: bool) -> bool {
        let at = self.state(instrument, conn);
        let Bars { series, instruments, clock: now, gap_until, due, held_packets, .. } = self;
        let now = *now;
        let state = &mut instruments[at as usize];
        state.conn = conn;
        let first = !std::mem::replace(&mut state.seen, true);
        if first {
            state.carry = 0;
            if state.from == Micros::MAX {
                state.from = now;
            }
        }
        let is_later = price.ltt.is_some_and(|ltt| ltt > state.ltt);
        let (is_more, growth) = match (price.volume, state.volume) {
            _ if first => (false, 0),
            (Some(volume), Some(last)) if volume >= last => (volume > last, volume - last),
            // When the volume falls, a new day has begun, whose volume started at 0.
            (Some(volume), Some(_)) => (false, volume),
            _ => (false, 0),
        };
        state.ltt = price.ltt.unwrap_or(state.ltt);
        state.volume = price.volume.or(state.volume);
        if let Some(oi) = price.oi.filter(|oi| state.oi != Some(*oi)) {
            state.oi = Some(oi);
            running_oi(series, at, usize::from(state.opening), now, oi);
        }
        let is_trade = price.ltp.is_finite() && (first || is_later || is_more);
        state.carry = state.carry.saturating_add(growth);
        if !is_trade {
            return false;
        }
        // A ticker has no volume to show; what grew waits for a packet that has.
        let growth = if price.volume.is_some() { std::mem::take(&mut state.carry) } else { 0 };
        let traded = price.ltt.map(Micros::from_secs);
        let mut taken = false;
        for series in series.iter_mut().filter(|series| series.opening == usize::from(state.opening)) {
            let Series { length_us, opening, .. } = *series;
            let begin = |moment| start(moment, length_us, opening);
            let running = begin(now);
            // The first packet shows the state before, unless its trade lies in the running interval.
            if first && traded.is_none_or(|traded| begin(traded) != running) {
                continue;
            }
            let is_open = |traded: Micros| traded <= now && begin(traded).plus_us(length_us + GRACE_US) > now;
            let start = traded.filter(|traded| is_open(*traded)).map_or(running, begin);
            *due = (*due).min(start.plus_us(length_us + GRACE_US));
            let open = series.at(start);
            let candle = open.candle_or(at, || {
                let gap = |conn: u16| gap_until.get(&conn).is_some_and(|until| *until >= start);
                Candle {
                    instrument: at,
                    open: price.ltp,
                    high: price.ltp,
                    low: price.ltp,
                    close: price.ltp,
                    volume: None,
                    oi: state.oi,
                    ticks: 0,
                    packets: 0,
                    gap: gap(0) || gap(conn),
                    start: state.from > start,
                    end: false,
                }
            });
            candle.high = candle.high.max(price.ltp);
            candle.low = candle.low.min(price.ltp);
            candle.close = price.ltp;
            candle.oi = price.oi.or(candle.oi);
            if price.volume.is_some() {
                *candle.volume.get_or_insert(0) += u64::from(growth);
            }
            candle.ticks += 1;
            if counts && !taken {
                candle.packets += 1;
                *held_packets += 1;
            }
            taken = true;
        }
        taken
    }
}

/// Sets the open interest in the running bars of an instrument.
fn running_oi(series: &mut [Series], at: u32, opening: usize, now: Micros, oi: u32) {
    for series in series.iter_mut().filter(|series| series.opening == opening) {
        let start = start(now, series.length_us, opening);
        if let Some(open) = series.open.iter_mut().find(|open| open.start == start)
            && let Some(candle) = open.candle(at)
        {
            candle.oi = Some(oi);
        }
    }
}

impl Series {
    fn due(&self) -> Option<Micros> {
        self.open.first().map(|open| open.start.plus_us(self.length_us + GRACE_US))
    }

    /// Returns the bars of the interval that begins at a moment.
    fn at(&mut self, start: Micros) -> &mut Open {
        // There are at most two, and the running one is last.
        let place = self.open.iter().rposition(|open| open.start <= start);
        if let Some(place) = place.filter(|place| self.open[*place].start == start) {
            return &mut self.open[place];
        }
        let place = place.map_or(0, |place| place + 1);
        let open = Open { start, ..self.spare.pop().unwrap_or_default() };
        self.open.insert(place, open);
        &mut self.open[place]
    }
}

impl Open {
    fn candle(&mut self, instrument: u32) -> Option<&mut Candle> {
        let place = self.place.get(instrument as usize).filter(|place| **place > 0)?;
        self.candles.get_mut(*place as usize - 1)
    }

    #[inline]
    fn candle_or(&mut self, instrument: u32, candle: impl FnOnce() -> Candle) -> &mut Candle {
        let index = instrument as usize;
        if self.place.len() <= index {
            self.place.resize((index + 1).next_multiple_of(64), 0);
        }
        if self.place[index] == 0 {
            self.candles.push(candle());
            self.place[index] = self.candles.len() as u32;
        }
        let at = self.place[index] as usize - 1;
        &mut self.candles[at]
    }
}
