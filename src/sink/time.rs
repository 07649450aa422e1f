//! How moments are written.

use super::text::Out;
use crate::clock::{SECOND_US, ist_civil};
use std::io::Write as _;

/// How moments are written (`--time`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TimeStyle {
    /// Numbers: µs or seconds since the epoch.
    #[default]
    Epoch,
    /// RFC 3339 text with India's offset.
    Iso,
}

/// Writes RFC 3339 text; the calendar is asked once a second, not once a record.
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
    fn second(&mut self, out: &mut Out, second: i64) {
        if self.second != second {
            let civil = ist_civil(second.saturating_mul(SECOND_US));
            let _ = write!(&mut self.text[..], "{}", civil.strftime("%Y-%m-%dT%H:%M:%S"));
            self.second = second;
        }
        out.bytes(&self.text);
    }

    /// `2026-06-10T09:49:57+05:30`
    pub(super) fn seconds(&mut self, out: &mut Out, second: i64) {
        self.second(out, second);
        out.bytes(b"+05:30");
    }

    /// `2026-06-10T09:49:57.817220+05:30`
    pub(super) fn micros(&mut self, out: &mut Out, us: i64) {
        self.second(out, us.div_euclid(SECOND_US));
        let micros = us.rem_euclid(SECOND_US);
        let mut digits = *b".000000";
        let mut rest = micros;
        for digit in digits[1..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.bytes(&digits);
        out.bytes(b"+05:30");
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
            let mut out = Out::new();
            iso.micros(&mut out, us);
            assert_eq!(std::str::from_utf8(out.as_bytes()).unwrap(), expected);
            assert_eq!(expected.parse::<jiff::Timestamp>().unwrap().as_microsecond(), us);
        }
        let mut out = Out::new();
        iso.seconds(&mut out, 1_781_065_197);
        assert_eq!(out.as_bytes(), b"2026-06-10T09:49:57+05:30");
    }
}
