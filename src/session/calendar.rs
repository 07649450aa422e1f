//! When the market is open: India's weekdays from 09:15 to 15:30, but for holidays.
//!
//! Never trusted so far that data is lost: it only decides whether silence is worth a word or a reconnect. A special
//! session on a Saturday streams like any other day; only its silences go unjudged.

use crate::clock::{ist_civil, ist_to_us};
use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday, time};
use std::collections::BTreeSet;

/// The cash market opens, IST.
const OPEN: Time = time(9, 15, 0, 0);
/// It closes, IST.
const CLOSE: Time = time(15, 30, 0, 0);

/// The days on which the market opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    holidays: BTreeSet<Date>,
}

impl Calendar {
    /// A calendar with these holidays besides the weekends.
    pub fn new(holidays: impl IntoIterator<Item = Date>) -> Calendar {
        Calendar { holidays: holidays.into_iter().collect() }
    }

    /// Reads a holiday file: a date (`2026-01-26`) a line, what follows it is a remark; blank lines and `#` comments
    /// are skipped. Lines that are none of these are returned with their number from 1; they cost nothing else.
    pub fn parse(text: &str) -> (Calendar, Vec<(usize, String)>) {
        let mut bad = Vec::new();
        let mut holidays = BTreeSet::new();
        for (i, line) in text.lines().enumerate() {
            let content = line.split('#').next().unwrap_or_default().trim();
            match content.split([' ', '\t', ',']).next().map(str::parse::<Date>) {
                _ if content.is_empty() => {}
                Some(Ok(date)) => {
                    holidays.insert(date);
                }
                _ => bad.push((i + 1, content.to_owned())),
            }
        }
        (Calendar { holidays }, bad)
    }

    /// When the session began that goes on at this moment (µs since the epoch, both), if one does.
    pub fn open_since(&self, wall_us: i64) -> Option<i64> {
        let now = ist_civil(wall_us);
        let open = self.is_trading_day(now.date()) && (OPEN..CLOSE).contains(&now.time());
        open.then(|| ist_to_us(now.date().to_datetime(OPEN)))
    }

    /// Whether the market is open at this moment, µs since the epoch.
    pub fn is_open(&self, wall_us: i64) -> bool {
        self.open_since(wall_us).is_some()
    }

    /// When the market opens next after this moment (µs since the epoch, both); `None` where no day within a year is known.
    pub fn next_open(&self, wall_us: i64) -> Option<i64> {
        let now = ist_civil(wall_us);
        (0..366)
            .filter_map(|days| now.date().checked_add(days.days()).ok())
            .filter(|day| self.is_trading_day(*day))
            .map(|day| ist_to_us(day.to_datetime(OPEN)))
            .find(|open| *open > wall_us)
    }

    /// Says that the market is closed, why, and when it opens next; `None` while it is open.
    pub fn closed_words(&self, wall_us: i64) -> Option<String> {
        if self.is_open(wall_us) {
            return None;
        }
        let day = ist_civil(wall_us).date();
        let why = match day.weekday() {
            Weekday::Saturday | Weekday::Sunday => "weekend",
            _ if self.holidays.contains(&day) => "holiday",
            _ => "out of hours",
        };
        let next = self.next_open(wall_us).map(|us| ist_civil(us).strftime("; NSE opens %a %-d %b %H:%M").to_string());
        Some(format!("the market is closed ({why}){}", next.unwrap_or_default()))
    }

    fn is_trading_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        ist_to_us(text.parse().unwrap())
    }

    #[test]
    fn weekdays_from_a_quarter_past_nine_to_half_past_three() {
        let (calendar, bad) = Calendar::parse("# NSE\n2026-11-24 Guru Nanak Jayanti\n\n2026-12-25, Christmas\nsoon\n");
        assert_eq!(bad, [(5, "soon".to_owned())]);
        for (moment, open) in [
            ("2026-11-23T09:14:59", false),
            ("2026-11-23T09:15:00", true),
            ("2026-11-23T15:29:59", true),
            ("2026-11-23T15:30:00", false),
            ("2026-11-24T10:00:00", false),
            ("2026-11-28T10:00:00", false),
            ("2026-11-29T10:00:00", false),
            ("2026-12-25T10:00:00", false),
        ] {
            assert_eq!(calendar.is_open(us(moment)), open, "{moment}");
        }
        assert_eq!(calendar.next_open(us("2026-11-23T09:15:00")), Some(us("2026-11-25T09:15:00")));
        assert_eq!(calendar.next_open(us("2026-11-27T16:00:00")), Some(us("2026-11-30T09:15:00")));
    }

    #[test]
    fn any_clock_has_an_answer() {
        for wall_us in [i64::MIN, -1, 0, i64::MAX] {
            let calendar = Calendar::default();
            let _ = (calendar.is_open(wall_us), calendar.next_open(wall_us));
        }
    }
}
