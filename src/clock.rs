//! Reads the clock in microseconds since the epoch and converts to India's wall clock.
//!
//! India has one zone, UTC+05:30, without daylight saving. It is compiled in, so neither `TZ` nor a missing zone
//! database can shift a trading day.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds by which India's wall clock is ahead of UTC.
pub const IST_OFFSET_US: i64 = 19_800 * SECOND_US;

/// Returns India's time zone.
pub fn ist() -> TimeZone {
    TimeZone::fixed(Offset::constant(5).saturating_add(jiff::SignedDuration::from_mins(30)))
}

/// Returns the current time in microseconds since the epoch; a clock set before 1970 counts as the epoch.
pub fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

/// Returns India's wall-clock date and time at a moment, clamped to the calendar's range.
pub fn ist_civil(us: i64) -> DateTime {
    let timestamp = Timestamp::from_microsecond(us).unwrap_or(if us < 0 { Timestamp::MIN } else { Timestamp::MAX });
    ist().to_datetime(timestamp)
}

/// Returns the moment of an IST wall-clock date and time in microseconds since the epoch.
pub fn ist_to_us(civil: DateTime) -> i64 {
    ist().to_timestamp(civil).map_or(0, |t| t.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ist_is_half_past_five_ahead_whatever_the_machine_thinks() {
        let us = 1_781_065_197_000_000; // 2026-06-10 04:19:57Z
        assert_eq!(ist_civil(us).to_string(), "2026-06-10T09:49:57");
        assert_eq!(ist_to_us(ist_civil(us)), us);
    }
}
