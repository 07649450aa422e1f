//! Derives file names from the time: strftime codes, filled in with India's time.

use crate::clock::{IST_OFFSET_US, SECOND_US};
use crate::model::Micros;
use crate::model::exit::Failure;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::{Timestamp, Zoned};
use std::path::PathBuf;

/// A path whose codes change with time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    typed: String,
    /// The path with strftime codes only.
    strftime: String,
    /// Shortest interval in microseconds in which the path may change; `None`: never.
    unit_us: Option<i64>,
    /// Whether it names the files of one record type; then missing folders are created.
    is_of_type: bool,
}

/// Placeholder for the type of a record.
const TYPE: &str = "{type}";

/// Longest time for which a path with codes can stay the same: a leap year.
const LONGEST_US: i64 = 367 * 86_400 * SECOND_US;

impl Pattern {
    /// Parses a pattern with strftime codes, `{date}`, `{hour}`, `{minute}`.
    ///
    /// # Errors
    /// Exit 2; the message names the code that is unknown or changes too fast for a file.
    pub fn parse(typed: &str) -> Result<Pattern, Failure> {
        if typed.is_empty() || typed.contains('\0') {
            return Err(Failure::usage(format!("--output {typed:?} is not a path")));
        }
        let strftime = named_codes(typed)?;
        let mut unit_us = None;
        for code in codes(&strftime).ok_or_else(|| dangling(typed))? {
            let unit = match code {
                '%' | 'Q' | 'Z' | 'z' => continue,
                'S' | 'T' | 's' | 'c' | 'r' | 'X' => SECOND_US,
                'M' | 'R' => 60 * SECOND_US,
                'H' | 'I' | 'k' | 'l' | 'p' | 'P' => 3_600 * SECOND_US,
                'A' | 'a' | 'B' | 'b' | 'h' | 'C' | 'D' | 'd' | 'e' | 'F' | 'G' | 'g' | 'j' | 'm' | 'q' | 'U' | 'u'
                | 'V' | 'W' | 'w' | 'x' | 'Y' | 'y' => 86_400 * SECOND_US,
                'f' | 'N' => {
                    return Err(Failure::usage(format!(
                        "--output {typed:?}: %{code} changes faster than files can; the shortest is %S"
                    )));
                }
                _ => {
                    return Err(Failure::usage(format!(
                        "--output {typed:?}: %{code} is not a time code; write {{date}}, {{hour}}, {{minute}}, a strftime \
                         code such as %F or %H, or %% for a percent sign"
                    )));
                }
            };
            unit_us = Some(unit_us.map_or(unit, |least: i64| least.min(unit)));
        }
        let pattern = Pattern { typed: typed.to_owned(), strftime, unit_us, is_of_type: false };
        let mut probe = String::new();
        if pattern.format(Micros::EPOCH, &mut probe).is_err() {
            return Err(dangling(typed));
        }
        Ok(pattern)
    }

    /// Returns the pattern as typed.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Returns whether the path depends on the record type.
    pub fn has_type(&self) -> bool {
        self.strftime.contains(TYPE)
    }

    /// Returns the pattern for one record type.
    pub fn of_type(&self, kind: &str) -> Pattern {
        Pattern {
            typed: self.typed.replace(TYPE, kind),
            strftime: self.strftime.replace(TYPE, kind),
            unit_us: self.unit_us,
            is_of_type: true,
        }
    }

    /// Returns whether missing folders are created.
    pub fn makes_folders(&self) -> bool {
        self.is_dated() || self.is_of_type
    }

    /// Returns whether the path changes with time.
    pub fn is_dated(&self) -> bool {
        self.unit_us.is_some()
    }

    /// Returns the path at a time.
    pub fn path_at(&self, at: Micros) -> PathBuf {
        PathBuf::from(self.text_at(at))
    }

    /// Returns the part of the path before the first component that changes with time, which must exist.
    pub fn fixed_folder(&self) -> PathBuf {
        let ends = [self.strftime.find('%'), self.strftime.find(TYPE)];
        let upto = ends.into_iter().flatten().min().unwrap_or(self.strftime.len());
        match self.strftime[..upto].rfind('/') {
            Some(0) => PathBuf::from("/"),
            Some(slash) => PathBuf::from(&self.strftime[..slash]),
            None => PathBuf::from("."),
        }
    }

    /// Returns the first time after `at` at which the path changes, or `Micros::MAX` if it never does.
    pub fn boundary_after(&self, at: Micros) -> Micros {
        let Some(unit) = self.unit_us else { return Micros::MAX };
        let now = self.text_at(at);
        // Days, hours and minutes begin by India's wall clock.
        let units = at.plus_us(IST_OFFSET_US).get().div_euclid(unit).saturating_add(1);
        let mut at = Micros::new(units.saturating_mul(unit)).plus_us(-IST_OFFSET_US);
        let last = at.plus_us(LONGEST_US);
        let mut text = String::with_capacity(now.len() + 8);
        while at < last {
            text.clear();
            if self.format(at, &mut text).is_err() {
                break;
            }
            if text != now {
                return at;
            }
            at = at.plus_us(unit);
        }
        Micros::MAX
    }

    fn text_at(&self, at: Micros) -> String {
        let mut text = String::with_capacity(self.strftime.len() + 16);
        match self.format(at, &mut text) {
            Ok(()) => text,
            // For times outside the calendar the codes stay unchanged, which is a path too.
            Err(_) => self.strftime.clone(),
        }
    }

    fn format(&self, at: Micros, text: &mut String) -> Result<(), jiff::Error> {
        let us = at.get().clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond() - LONGEST_US);
        let zoned = Zoned::new(Timestamp::from_microsecond(us)?, crate::clock::ist());
        BrokenDownTime::from(&zoned).format(&self.strftime, text)
    }
}

fn dangling(typed: &str) -> Failure {
    Failure::usage(format!("--output {typed:?}: a lone % is not a time code; write %% for a percent sign"))
}

/// Replaces `{date}`, `{hour}`, `{minute}` by strftime codes; `{type}` stays.
fn named_codes(typed: &str) -> Result<String, Failure> {
    let mut strftime = String::with_capacity(typed.len());
    let mut rest = typed;
    while let Some(open) = rest.find('{') {
        strftime.push_str(&rest[..open]);
        let tail = &rest[open..];
        let Some(close) = tail.find('}') else {
            rest = tail;
            break;
        };
        match &tail[1..close] {
            "date" => strftime.push_str("%F"),
            "hour" => strftime.push_str("%H"),
            "minute" => strftime.push_str("%M"),
            "type" => strftime.push_str(TYPE),
            other => {
                return Err(Failure::usage(format!(
                    "--output {typed:?}: {{{other}}} is not known; there are {{date}}, {{hour}}, {{minute}} and {{type}}"
                )));
            }
        }
        rest = &tail[close + 1..];
    }
    strftime.push_str(rest);
    Ok(strftime)
}

/// Returns the letters of all codes, or `None` if the text ends within a code.
fn codes(strftime: &str) -> Option<Vec<char>> {
    let mut found = Vec::new();
    let mut chars = strftime.chars();
    while let Some(c) = chars.next() {
        if c == '%' {
            let is_modifier = |c: &char| matches!(c, '_' | '-' | '^' | '#' | '.' | ':') || c.is_ascii_digit();
            found.push(chars.by_ref().find(|c| !is_modifier(c))?);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_ist;
    use jiff::civil::datetime;
    use proptest::prelude::*;

    fn at(text: &str) -> Micros {
        from_ist(text.parse().unwrap())
    }

    #[test]
    fn codes_are_filled_in_with_indian_time_whatever_way_they_are_written() {
        let time = at("2026-06-10T09:49:57.123456");
        for (typed, path) in [
            ("plain.ndjson", "plain.ndjson"),
            ("d/{date}.csv", "d/2026-06-10.csv"),
            ("{date}T{hour}-{minute}.ndjson.zst", "2026-06-10T09-49.ndjson.zst"),
            ("%Y%m%d/%H%M%S-100%%.gz", "20260610/094957-100%.gz"),
            ("%-d.%b", "10.Jun"),
        ] {
            assert_eq!(Pattern::parse(typed).unwrap().path_at(time), PathBuf::from(path), "{typed}");
        }
    }

    #[test]
    fn what_means_nothing_is_a_usage_error_that_names_it() {
        for (typed, word) in [
            ("x-%", "%%"),
            ("x-%E.csv", "%E"),
            ("x-%f", "%f"),
            ("x-%n", "%n"),
            ("x-{day}.csv", "{day}"),
            ("", "not a path"),
            ("a\0b", "not a path"),
        ] {
            let failure = Pattern::parse(typed).unwrap_err();
            assert_eq!(failure.exit, crate::model::exit::Exit::Usage, "{typed:?}");
            assert!(failure.message.contains(word), "{typed:?}: {}", failure.message);
        }
    }

    #[test]
    fn files_turn_over_at_the_clock_not_after_a_period() {
        let time = from_ist(datetime(2026, 11, 22, 23, 59, 30, 0));
        for (typed, next) in [
            ("x-%S", "2026-11-22T23:59:31"),
            ("x-{minute}", "2026-11-23T00:00"),
            ("x-{hour}", "2026-11-23T00:00"),
            ("x-{date}", "2026-11-23T00:00"),
            ("x-%m", "2026-12-01T00:00"),
            ("x-%Y", "2027-01-01T00:00"),
            ("x-%V", "2026-11-23T00:00"),
        ] {
            assert_eq!(Pattern::parse(typed).unwrap().boundary_after(time), at(next), "{typed}");
        }
        assert_eq!(Pattern::parse("x-%%").unwrap().boundary_after(time), Micros::MAX);
    }

    #[test]
    fn only_the_part_before_the_first_code_has_to_exist() {
        for (typed, folder) in
            [("x", "."), ("a/b/x-%F", "a/b"), ("a/%F/x", "a"), ("/%F/x", "/"), ("a/b-%F/x", "a"), ("/a/x", "/a")]
        {
            assert_eq!(Pattern::parse(typed).unwrap().fixed_folder(), PathBuf::from(folder), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_boundary_and_everything_at_it(
            us in 0i64..4_000_000_000_000_000,
            typed in prop::sample::select(vec!["%F", "%H", "%M", "%F-%H%M%S", "%I", "%p", "%b", "%j-%H", "%G-%V", "%a%M"]),
            part in 0.0f64..1.0,
        ) {
            let pattern = Pattern::parse(typed).unwrap();
            let time = Micros::new(us);
            let boundary = pattern.boundary_after(time);
            prop_assert!(boundary > time);
            prop_assert_ne!(pattern.path_at(boundary), pattern.path_at(time));
            let last = boundary.plus_us(-1);
            prop_assert_eq!(pattern.path_at(last), pattern.path_at(time));
            let between = time.plus_us((boundary.us_since(time) as f64 * part) as i64);
            prop_assert_eq!(pattern.path_at(between.min(last)), pattern.path_at(time));
            prop_assert_eq!(pattern.boundary_after(last), boundary);
        }
    }
}
