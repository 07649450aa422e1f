//! Reads the clock and converts to India's wall clock.
//!
//! India has one zone, UTC+05:30, without daylight saving. It is compiled in, so neither `TZ` nor a missing zone
//! database can shift a trading day.

use crate::model::Micros;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
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

/// Returns the current time; a clock set before 1970 counts as the epoch.
pub fn now() -> Micros {
    from_system(SystemTime::now()).unwrap_or_default()
}

/// Returns a time of the operating system, or `None` before the epoch.
pub fn from_system(time: SystemTime) -> Option<Micros> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(Micros::EPOCH + since)
}

/// Returns a time in the calendar library's type, clamped to the calendar's range.
pub fn timestamp(at: Micros) -> Timestamp {
    Timestamp::from_microsecond(at.get()).unwrap_or(if at < Micros::EPOCH { Timestamp::MIN } else { Timestamp::MAX })
}

/// Returns India's wall-clock date and time at a moment, clamped to the calendar's range.
pub fn ist_civil(at: Micros) -> DateTime {
    ist().to_datetime(timestamp(at))
}

/// Returns today's date in India.
pub fn ist_today() -> Date {
    ist_civil(now()).date()
}

/// Returns the moment of an IST wall-clock date and time.
pub fn from_ist(civil: DateTime) -> Micros {
    ist().to_timestamp(civil).map_or(Micros::EPOCH, |t| Micros::new(t.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ist_is_half_past_five_ahead_whatever_the_machine_thinks() {
        let at = Micros::from_secs(1_781_065_197); // 2026-06-10 04:19:57Z
        assert_eq!(ist_civil(at).to_string(), "2026-06-10T09:49:57");
        assert_eq!(from_ist(ist_civil(at)), at);
    }
}
