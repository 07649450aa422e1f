//! Writes times in epoch numbers or in RFC 3339.

use crate::clock::{SECOND_US, ist_civil};
use crate::model::Micros;
use std::io::Write as _;

/// Says how times are written (`--time`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TimeStyle {
    /// As numbers: microseconds or seconds since the epoch.
    #[default]
    Epoch,
    /// As RFC 3339 text with India's offset.
    Iso,
}

/// Writes RFC 3339 text; it computes the calendar once a second, not for each record.
#[derive(Debug, Clone)]
pub(super) struct IsoText {
    second: i64,
    text: [u8; 19],
}

impl Default for IsoText {
    fn default() -> Self {
        IsoText { second: i64::MIN, text: [b'0'; 19] }
    }
}

impl IsoText {
    /// Returns date and time of a second. It caches two seconds, since a record has two: its own and the last
    /// trade's.
    fn second(&mut self, second: i64) -> [u8; 19] {
        if self.second != second {
            let civil = ist_civil(Micros::from_secs(second));
            let _ = write!(&mut self.text[..], "{}", civil.strftime("%Y-%m-%dT%H:%M:%S"));
            self.second = second;
        }
        self.text
    }

    /// Returns a time as `2026-06-10T09:49:57+05:30`.
    pub(super) fn seconds(&mut self, second: i64) -> [u8; 25] {
        let mut text = *b"                   +05:30";
        text[..19].copy_from_slice(&self.second(second));
        text
    }

    /// Returns a time as `2026-06-10T09:49:57.817220+05:30`.
    pub(super) fn micros(&mut self, at: Micros) -> [u8; 32] {
        let mut text = *b"                   .000000+05:30";
        text[..19].copy_from_slice(&self.second(at.seconds()));
        let mut rest = at.get().rem_euclid(SECOND_US);
        for digit in text[20..26].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_indian_time_with_all_their_microseconds() {
        let mut iso = IsoText::default();
        for (us, expected) in [
            (1_781_065_197_817_220, "2026-06-10T09:49:57.817220+05:30"),
            (1_781_065_197_000_001, "2026-06-10T09:49:57.000001+05:30"),
            (1_781_065_198_999_999, "2026-06-10T09:49:58.999999+05:30"),
            (-1, "1970-01-01T05:29:59.999999+05:30"),
        ] {
            assert_eq!(std::str::from_utf8(&iso.micros(Micros::new(us))).unwrap(), expected);
            assert_eq!(expected.parse::<jiff::Timestamp>().unwrap().as_microsecond(), us);
        }
        assert_eq!(&iso.seconds(1_781_065_197), b"2026-06-10T09:49:57+05:30");
    }
}
