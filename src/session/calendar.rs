//! Computes when each market is open: by segment, on weekdays that are no holiday.
//!
//! The calendar only decides whether silence deserves a message or a reconnect; no data is dropped because of it. A
//! special session on a Saturday streams like any other day, only its silences are not judged.

use crate::clock::{from_ist, ist_civil};
use crate::model::{Micros, Segment};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday, time};
use std::collections::BTreeMap;
use std::fmt;

/// Names a group of segments with the same hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    /// NSE and BSE cash, futures and options, indices.
    Equity,
    /// NSE and BSE currency.
    Currency,
    /// MCX.
    Commodity,
}

impl Market {
    /// Lists every market.
    pub const ALL: [Market; 3] = [Market::Equity, Market::Currency, Market::Commodity];

    /// Returns the market of a segment; an unnamed segment counts as equity, whose hours most segments keep.
    pub const fn of(segment: Segment) -> Market {
        match segment {
            Segment::NSE_CURRENCY | Segment::BSE_CURRENCY => Market::Currency,
            Segment::MCX_COMM => Market::Commodity,
            _ => Market::Equity,
        }
    }

    /// Returns the market's name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Market::Equity => "NSE and BSE cash, F&O and indices",
            Market::Currency => "NSE and BSE currency",
            Market::Commodity => "MCX",
        }
    }

    /// Returns the opening and closing time of a trading day, IST.
    fn hours(self, day: Date) -> (Time, Time) {
        match self {
            Market::Equity => (time(9, 15, 0, 0), time(15, 30, 0, 0)),
            Market::Currency => (time(9, 0, 0, 0), time(17, 0, 0, 0)),
            Market::Commodity if is_summer_in_new_york(day) => (time(9, 0, 0, 0), time(23, 30, 0, 0)),
            Market::Commodity => (time(9, 0, 0, 0), time(23, 55, 0, 0)),
        }
    }

    /// Returns the beginning of the pre-open session, IST.
    const fn pre_open(self) -> Option<Time> {
        match self {
            Market::Equity => Some(time(9, 0, 0, 0)),
            Market::Currency | Market::Commodity => None,
        }
    }
}

/// Returns whether New York has daylight saving time: from the second Sunday of March to the first Sunday of
/// November.
fn is_summer_in_new_york(day: Date) -> bool {
    let sunday =
        |month, nth| Date::new(day.year(), month, 1).and_then(|first| first.nth_weekday_of_month(nth, Weekday::Sunday));
    match (sunday(3, 2), sunday(11, 1)) {
        (Ok(begin), Ok(end)) => (begin..end).contains(&day),
        _ => false,
    }
}

/// Holds a set of markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markets([bool; 3]);

impl Markets {
    /// Returns the markets of these segments; the equity market if there are no segments.
    pub fn of(segments: impl IntoIterator<Item = Segment>) -> Markets {
        let mut set = [false; 3];
        for segment in segments {
            set[Market::of(segment) as usize] = true;
        }
        if set == [false; 3] { Markets::from(Market::Equity) } else { Markets(set) }
    }

    fn each(self) -> impl Iterator<Item = Market> {
        Market::ALL.into_iter().filter(move |market| self.0[*market as usize])
    }

    /// Returns the time of a trading day in which all of them are open, IST.
    fn hours(self, day: Date) -> (Time, Time) {
        let both = |(open, close): (Time, Time), (other_open, other_close): (Time, Time)| {
            (open.max(other_open), close.min(other_close))
        };
        self.each().map(|market| market.hours(day)).reduce(both).unwrap_or_else(|| Market::Equity.hours(day))
    }
}

impl From<Market> for Markets {
    fn from(market: Market) -> Markets {
        let mut set = [false; 3];
        set[market as usize] = true;
        Markets(set)
    }
}

/// Says what a market does at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketPhase {
    /// It is open.
    Open {
        /// Closing time.
        until: Micros,
    },
    /// Orders for the opening are being collected.
    PreOpen {
        /// Opening time.
        opens: Micros,
    },
    /// It is closed.
    Closed {
        /// The reason.
        reason: ClosedReason,
        /// Next opening; `None` if there is none within a year.
        opens: Option<Micros>,
    },
}

/// Says why a market is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosedReason {
    /// This day is a Saturday or a Sunday.
    Weekend(Date),
    /// It is a holiday: its remark, and the file that lists it.
    Holiday(String, Option<String>),
    /// The market has not opened yet; it opens at this time.
    Before(Time),
    /// The market has closed; it closed at this time.
    After(Time),
}

impl fmt::Display for ClosedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClosedReason::Weekend(day) => write!(f, "weekend, {}", day.strftime("%A")),
            ClosedReason::Holiday(name, file) => {
                f.write_str("holiday")?;
                if !name.is_empty() {
                    write!(f, ", {name}")?;
                }
                file.as_ref().map_or(Ok(()), |file| write!(f, ", by {file}"))
            }
            ClosedReason::Before(open) => write!(f, "it opens at {}", open.strftime("%H:%M")),
            ClosedReason::After(close) => write!(f, "it closed at {}", close.strftime("%H:%M")),
        }
    }
}

/// Holds the days on which the markets open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Remark of each holiday.
    holidays: BTreeMap<Date, String>,
    /// Name of the file that the holidays come from.
    file: Option<String>,
}

impl Calendar {
    /// Parses a holiday file: one date (`2026-01-26`) a line, optionally followed by a remark; blank lines and `#`
    /// comments are skipped. Returns other lines with their number from 1; they are ignored.
    pub fn parse(text: &str) -> (Calendar, Vec<(usize, String)>) {
        let mut bad = Vec::new();
        let mut holidays = BTreeMap::new();
        for (i, line) in text.lines().enumerate() {
            let content = line.split('#').next().unwrap_or_default().trim();
            let (date, remark) = content.split_once([' ', '\t', ',']).unwrap_or((content, ""));
            match date.parse::<Date>() {
                _ if content.is_empty() => {}
                Ok(date) => {
                    holidays.insert(date, remark.trim_matches([' ', '\t', ',']).to_owned());
                }
                Err(_) => bad.push((i + 1, content.to_owned())),
            }
        }
        (Calendar { holidays, file: None }, bad)
    }

    /// Returns the calendar with the name of its holiday file.
    #[must_use]
    pub fn of_file(self, file: String) -> Calendar {
        Calendar { file: Some(file), ..self }
    }

    /// Returns since when all of these markets have been open at a moment, or
    /// `None` if one is closed.
    pub fn open_since(&self, markets: Markets, wall: Micros) -> Option<Micros> {
        let now = ist_civil(wall);
        let (open, close) = markets.hours(now.date());
        let is_open = self.closed_day(now.date()).is_none() && (open..close).contains(&now.time());
        is_open.then(|| from_ist(now.date().to_datetime(open)))
    }

    /// Returns whether all of these markets are open at a moment.
    pub fn is_open(&self, markets: Markets, wall: Micros) -> bool {
        self.open_since(markets, wall).is_some()
    }

    /// Returns when all of these markets are next open after a moment, or
    /// `None` if never within a year.
    pub fn next_open(&self, markets: Markets, wall: Micros) -> Option<Micros> {
        let now = ist_civil(wall);
        (0..366)
            .filter_map(|days| now.date().checked_add(days.days()).ok())
            .filter(|day| self.closed_day(*day).is_none())
            .map(|day| from_ist(day.to_datetime(markets.hours(day).0)))
            .find(|open| *open > wall)
    }

    /// Returns what a market does at a moment.
    pub fn phase(&self, market: Market, wall: Micros) -> MarketPhase {
        let now = ist_civil(wall);
        let (day, at) = (now.date(), now.time());
        let (open, close) = market.hours(day);
        let closed = |reason| MarketPhase::Closed { reason, opens: self.next_open(market.into(), wall) };
        if let Some(reason) = self.closed_day(day) {
            return closed(reason);
        }
        match market.pre_open() {
            _ if (open..close).contains(&at) => MarketPhase::Open { until: from_ist(day.to_datetime(close)) },
            Some(pre_open) if (pre_open..open).contains(&at) => {
                MarketPhase::PreOpen { opens: from_ist(day.to_datetime(open)) }
            }
            _ if at < open => closed(ClosedReason::Before(open)),
            _ => closed(ClosedReason::After(close)),
        }
    }

    /// Returns a message about the closed markets of these segments, or `None` if one of the markets is open.
    pub fn closed_words(&self, segments: impl IntoIterator<Item = Segment>, wall: Micros) -> Option<String> {
        let mut named: BTreeMap<Market, Vec<Segment>> = BTreeMap::new();
        for segment in segments {
            let of_it = named.entry(Market::of(segment)).or_default();
            if !of_it.contains(&segment) {
                of_it.push(segment);
            }
        }
        let mut parts = Vec::new();
        for (market, mut segments) in named {
            segments.sort_unstable();
            let names = segments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            parts.push(match self.phase(market, wall) {
                MarketPhase::Open { .. } => return None,
                MarketPhase::PreOpen { opens } => format!("{names} (pre-open; opens {})", moment(opens)),
                MarketPhase::Closed { reason, opens } => {
                    let opens = opens.map_or_else(|| "is not known".to_owned(), moment);
                    format!("{names} ({reason}; next opening {opens})")
                }
            });
        }
        (!parts.is_empty()).then(|| format!("the market is closed: {}", parts.join(", ")))
    }

    /// Returns why no market opens on a day, or `None` if markets open.
    fn closed_day(&self, day: Date) -> Option<ClosedReason> {
        match (day.weekday(), self.holidays.get(&day)) {
            (Weekday::Saturday | Weekday::Sunday, _) => Some(ClosedReason::Weekend(day)),
            (_, Some(remark)) => Some(ClosedReason::Holiday(remark.clone(), self.file.clone())),
            _ => None,
        }
    }
}

/// Returns a time in India for people: `Mon 2026-11-30 09:15 IST`.
pub fn moment(at: Micros) -> String {
    ist_civil(at).strftime("%a %F %H:%M IST").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Micros {
        from_ist(text.parse().unwrap())
    }

    fn calendar() -> Calendar {
        let (calendar, bad) = Calendar::parse("# NSE\n2026-11-24 Guru Nanak Jayanti\n\n2026-12-25, Christmas\nsoon\n");
        assert_eq!(bad, [(5, "soon".to_owned())]);
        calendar.of_file("holidays".to_owned())
    }

    #[test]
    fn each_segment_has_its_hours() {
        let calendar = calendar();
        for (segment, moment, open) in [
            (Segment::NSE_EQ, "2026-11-23T09:14:59", false),
            (Segment::NSE_EQ, "2026-11-23T09:15:00", true),
            (Segment::BSE_FNO, "2026-11-23T15:29:59", true),
            (Segment::IDX_I, "2026-11-23T15:30:00", false),
            (Segment::NSE_EQ, "2026-11-24T10:00:00", false),
            (Segment::MCX_COMM, "2026-11-24T10:00:00", false),
            (Segment::NSE_EQ, "2026-11-28T10:00:00", false),
            (Segment::MCX_COMM, "2026-11-29T10:00:00", false),
            (Segment::NSE_CURRENCY, "2026-11-23T08:59:59", false),
            (Segment::NSE_CURRENCY, "2026-11-23T09:00:00", true),
            (Segment::BSE_CURRENCY, "2026-11-23T16:59:59", true),
            (Segment::BSE_CURRENCY, "2026-11-23T17:00:00", false),
            (Segment::MCX_COMM, "2026-11-23T09:00:00", true),
            (Segment::MCX_COMM, "2026-11-23T23:54:59", true),
            (Segment::MCX_COMM, "2026-11-23T23:55:00", false),
            // New York's summer: 8 March to 31 October 2026.
            (Segment::MCX_COMM, "2026-03-06T23:45:00", true),
            (Segment::MCX_COMM, "2026-03-09T23:29:59", true),
            (Segment::MCX_COMM, "2026-03-09T23:30:00", false),
            (Segment::MCX_COMM, "2026-10-30T23:45:00", false),
            (Segment::MCX_COMM, "2026-11-02T23:45:00", true),
            (Segment::from_code(14), "2026-11-23T16:00:00", false),
        ] {
            assert_eq!(calendar.is_open(Markets::of([segment]), time(moment)), open, "{segment} {moment}");
            let phase = calendar.phase(Market::of(segment), time(moment));
            assert_eq!(matches!(phase, MarketPhase::Open { .. }), open, "{segment} {moment}: {phase:?}");
        }
    }

    #[test]
    fn the_next_opening_leaves_out_weekends_and_holidays() {
        for (segment, after, next) in [
            (Segment::NSE_EQ, "2026-11-23T09:15:00", "2026-11-25T09:15:00"),
            (Segment::NSE_EQ, "2026-11-27T16:00:00", "2026-11-30T09:15:00"),
            (Segment::MCX_COMM, "2026-11-27T16:00:00", "2026-11-30T09:00:00"),
            (Segment::NSE_CURRENCY, "2026-11-27T08:00:00", "2026-11-27T09:00:00"),
        ] {
            assert_eq!(
                calendar().next_open(Markets::of([segment]), time(after)),
                Some(time(next)),
                "{segment} {after}"
            );
        }
    }

    #[test]
    fn several_markets_are_open_together_only_while_each_is() {
        let both = Markets::of([Segment::NSE_EQ, Segment::MCX_COMM]);
        let since = |moment| calendar().open_since(both, time(moment));
        assert_eq!(since("2026-11-23T09:05:00"), None);
        assert_eq!(since("2026-11-23T10:00:00"), Some(time("2026-11-23T09:15:00")));
        assert_eq!(since("2026-11-23T16:00:00"), None);
        assert_eq!(calendar().next_open(both, time("2026-11-27T16:00:00")), Some(time("2026-11-30T09:15:00")));
    }

    #[test]
    fn a_closed_market_is_named_with_its_reason_and_its_next_opening() {
        for (segments, moment, words) in [
            (
                vec![Segment::NSE_EQ, Segment::IDX_I, Segment::NSE_EQ],
                "2026-11-28T10:00:00",
                "the market is closed: IDX_I, NSE_EQ (weekend, Saturday; next opening Mon 2026-11-30 09:15 IST)",
            ),
            (
                vec![Segment::MCX_COMM],
                "2026-11-24T10:00:00",
                "the market is closed: MCX_COMM (holiday, Guru Nanak Jayanti, by holidays; next opening Wed 2026-11-25 09:00 IST)",
            ),
            (
                vec![Segment::NSE_FNO, Segment::BSE_CURRENCY],
                "2026-11-23T18:00:00",
                "the market is closed: NSE_FNO (it closed at 15:30; next opening Wed 2026-11-25 09:15 IST), \
                 BSE_CURRENCY (it closed at 17:00; next opening Wed 2026-11-25 09:00 IST)",
            ),
            (
                vec![Segment::NSE_EQ],
                "2026-11-23T08:00:00",
                "the market is closed: NSE_EQ (it opens at 09:15; next opening Mon 2026-11-23 09:15 IST)",
            ),
            (
                vec![Segment::NSE_EQ],
                "2026-11-23T09:05:00",
                "the market is closed: NSE_EQ (pre-open; opens Mon 2026-11-23 09:15 IST)",
            ),
        ] {
            assert_eq!(calendar().closed_words(segments, time(moment)).as_deref(), Some(words));
        }
        let evening = time("2026-11-23T20:00:00");
        assert_eq!(calendar().closed_words([Segment::MCX_COMM, Segment::NSE_EQ], evening), None);
        assert_eq!(calendar().closed_words([], evening), None);
    }

    #[test]
    fn a_clock_that_is_wildly_wrong_finds_a_closed_market_or_an_open_one_but_no_panic() {
        for wall in [Micros::MIN, Micros::new(-1), Micros::EPOCH, Micros::MAX] {
            for market in Market::ALL {
                let phase = Calendar::default().phase(market, wall);
                let open = Calendar::default().is_open(market.into(), wall);
                assert_eq!(matches!(phase, MarketPhase::Open { .. }), open, "{market:?} {wall:?}");
            }
        }
    }
}
