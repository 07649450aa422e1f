//! Defines the lengths of bars and where bars begin.

use crate::clock::{IST_OFFSET_US, SECOND_US};
use crate::model::{Micros, Segment};
use std::sync::Arc;

const DAY: i64 = 86_400;

/// Microseconds that a bar waits for late packets after its end.
pub const GRACE_US: i64 = SECOND_US;

/// Holds the length of a bar: whole seconds that divide the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    seconds: i64,
    text: Arc<str>,
}

impl Interval {
    /// Parses a number and a unit: `30s`, `5m`, `1h`.
    ///
    /// # Errors
    /// Returns a message with what to write instead if the form is wrong or the length does not divide the day.
    pub fn parse(typed: &str) -> Result<Interval, String> {
        let text = typed.trim().to_ascii_lowercase();
        let wrong = || "not a length of bars: write one such as 30s, 1m, 5m or 1h".to_owned();
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
        let unit_seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => return Err(nearest_unit(digits, unit).unwrap_or_else(wrong)),
        };
        let number: i64 = digits.parse().map_err(|_| wrong())?;
        let seconds = number.saturating_mul(unit_seconds);
        if seconds > 0 && seconds <= DAY && DAY % seconds == 0 {
            return Ok(Interval { seconds, text: format!("{number}{unit}").into() });
        }
        let divides = |n: &i64| n * unit_seconds <= DAY && DAY % (n * unit_seconds) == 0;
        let below = (1..number.min(DAY)).rev().find(divides).map(|n| format!("{n}{unit}"));
        let above = (number.min(DAY) + 1..=DAY / unit_seconds).find(divides).map(|n| format!("{n}{unit}"));
        let nearest: Vec<_> = below.into_iter().chain(above).collect();
        Err(format!("it does not divide the day: write {}", nearest.join(" or ")))
    }

    /// Returns the length in microseconds.
    pub fn us(&self) -> i64 {
        self.seconds * SECOND_US
    }

    /// Returns the length as typed, which records carry.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

/// Returns an error message that names the right spelling of a unit, if `unit` is a misspelled one.
fn nearest_unit(digits: &str, unit: &str) -> Option<String> {
    let instead = match unit {
        "sec" | "secs" | "second" | "seconds" => format!("{digits}s"),
        "min" | "mins" | "minute" | "minutes" => format!("{digits}m"),
        "hr" | "hrs" | "hour" | "hours" => format!("{digits}h"),
        "d" | "day" | "days" => "24h".to_owned(),
        _ => return None,
    };
    (!digits.is_empty()).then(|| format!("not a length of bars: write {instead}"))
}

/// Times of day at which sessions open, in seconds of IST; bars are aligned to their segment's opening.
pub const OPENINGS: [i64; 2] = [9 * 3_600 + 15 * 60, 9 * 3_600];

/// Returns the index in [`OPENINGS`] for a segment.
pub fn opening(segment: Segment) -> usize {
    match segment {
        Segment::MCX_COMM | Segment::NSE_CURRENCY | Segment::BSE_CURRENCY => 1,
        _ => 0,
    }
}

/// Returns the beginning of the bar that contains a moment. Because lengths divide
/// the day, every day's opening is the beginning of a bar.
#[inline]
pub fn start(moment: Micros, length_us: i64, opening: usize) -> Micros {
    let offset_us = OPENINGS[opening] * SECOND_US - IST_OFFSET_US;
    moment.plus_us(-moment.plus_us(-offset_us).get().rem_euclid(length_us))
}

/// Returns the first moment after `after` at which bars of any of these lengths may be due.
pub fn next_due(intervals: &[Interval], after: Micros) -> Option<Micros> {
    let next =
        |length_us: i64, opening| start(after.plus_us(-GRACE_US), length_us, opening).plus_us(length_us + GRACE_US);
    let all =
        intervals.iter().flat_map(|interval| (0..OPENINGS.len()).map(move |opening| next(interval.us(), opening)));
    all.min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_ist;

    #[test]
    fn a_length_that_does_not_divide_the_day_names_its_neighbours() {
        for (typed, text, seconds) in [("1m", "1m", 60), (" 05M", "5m", 300), ("1h", "1h", 3_600), ("24h", "24h", DAY)]
        {
            let interval = Interval::parse(typed).unwrap();
            assert_eq!((&*interval.text(), interval.us()), (text, seconds * SECOND_US));
        }
        for (typed, nearest) in [
            ("7m", "write 6m or 8m"),
            ("7s", "write 6s or 8s"),
            ("5h", "write 4h or 6h"),
            ("0m", "write 1m"),
            ("25h", "write 24h"),
        ] {
            let error = Interval::parse(typed).unwrap_err();
            assert!(error.ends_with(nearest), "{error}");
        }
        for (typed, instead) in [("1d", "write 24h"), ("5min", "write 5m"), ("1 day", "1h"), ("30secs", "write 30s")] {
            assert!(Interval::parse(typed).unwrap_err().ends_with(instead), "{typed}");
        }
        for typed in ["", "5", "m", "day", "1.5m", "-1m", "99999999999999999999s"] {
            assert!(Interval::parse(typed).unwrap_err().contains("write one such as 30s"), "{typed}");
        }
        assert!(Interval::parse("9223372036854775807h").unwrap_err().ends_with("write 24h"));
    }

    #[test]
    fn bars_are_aligned_to_the_opening_of_the_segment() {
        let at = |text: &str| from_ist(text.parse().unwrap());
        let hour = 3_600 * SECOND_US;
        for (segment, moment, begins) in [
            (Segment::NSE_EQ, "2026-06-10T09:15:00", "2026-06-10T09:15:00"),
            (Segment::IDX_I, "2026-06-10T10:14:59", "2026-06-10T09:15:00"),
            (Segment::NSE_EQ, "2026-06-10T09:14:59", "2026-06-10T08:15:00"),
            (Segment::MCX_COMM, "2026-06-10T10:14:59", "2026-06-10T10:00:00"),
            (Segment::BSE_CURRENCY, "2026-06-10T09:00:00", "2026-06-10T09:00:00"),
        ] {
            assert_eq!(start(at(moment), hour, opening(segment)), at(begins), "{moment}");
        }
        let intervals = [Interval::parse("1h").unwrap()];
        assert_eq!(next_due(&intervals, at("2026-06-10T10:00:00")), Some(at("2026-06-10T10:00:01")));
        assert_eq!(next_due(&intervals, at("2026-06-10T10:00:01")), Some(at("2026-06-10T10:15:01")));
    }
}
