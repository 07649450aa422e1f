//! Provides clap parsers of single values: words, durations, sizes, times. An error says what to write instead; clap
//! quotes the typed value and names the option.

use super::plan::Speed;
use crate::clock;
use crate::model::{Levels, Micros};
use crate::protocol::Mode;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::str::FromStr;
use std::time::Duration;

/// Longest duration that an option accepts: a century, so that no sum with a time overflows.
pub const LONGEST: Duration = Duration::from_hours(36_500 * 24);

/// Returns a parser of a fixed set of words, in any case if the argument says so.
pub fn choice<T: Copy + Send + Sync + 'static>(
    words: &[(&'static str, T)],
) -> impl TypedValueParser<Value = T> + use<T> {
    let words = words.to_vec();
    let parser = PossibleValuesParser::new(words.iter().map(|(word, _)| *word).collect::<Vec<_>>());
    parser.try_map(move |typed| {
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&typed));
        found.map(|(_, meant)| *meant).ok_or("no such word")
    })
}

/// Returns a parser of the values of a list, by their names.
pub fn one_of<T: Copy + Send + Sync + 'static>(
    all: &[T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> + use<T> {
    choice(&all.iter().map(|one| (name(*one), *one)).collect::<Vec<_>>())
}

/// Returns the parser of `--mode`.
pub fn modes() -> impl TypedValueParser<Value = Mode> {
    one_of(&Mode::ALL, Mode::name)
}

/// Returns the parser of `--levels`.
pub fn levels() -> impl TypedValueParser<Value = Levels> {
    choice(&[("20", Levels::Twenty), ("200", Levels::TwoHundred)])
}

/// Returns the parser of a replay's `--speed`.
pub fn speeds() -> impl TypedValueParser<Value = Speed> {
    choice(&[("max", Speed::Max), ("1x", Speed::Times(1)), ("10x", Speed::Times(10))])
}

/// Returns the word nearest to a mistyped one, if one is near enough.
pub fn nearest<'a>(typed: &str, words: &[&'a str]) -> Option<&'a str> {
    let typed = typed.trim().to_ascii_lowercase();
    if typed.len() > 64 {
        return None;
    }
    let ranked = words.iter().map(|word| (strsim::damerau_levenshtein(&typed, &word.to_ascii_lowercase()), *word));
    let (off, word) = ranked.min_by_key(|(off, _)| *off)?;
    (off <= 1 + typed.chars().count() / 3 && off < word.chars().count()).then_some(word)
}

/// Parses a duration such as `6h15m`.
///
/// # Errors
/// Names the unit if only a number was typed, and the longest duration if it is exceeded.
pub fn duration(typed: &str) -> Result<Duration, String> {
    let typed = typed.trim();
    let parsed = humantime::parse_duration(typed);
    match parsed {
        Ok(length) if length <= LONGEST => Ok(length),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => {
            Err("longer than the longest length of time, 36500d".to_owned())
        }
        Err(_) if !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit()) => {
            Err(format!("no unit: write {typed}s for seconds, {typed}m for minutes"))
        }
        Err(_) => Err("not a length of time: write one such as 90s, 15m or 6h15m".to_owned()),
    }
}

/// Parses a duration above 0.
///
/// # Errors
/// The same as [`duration`].
pub fn positive_duration(typed: &str) -> Result<Duration, String> {
    match duration(typed)? {
        Duration::ZERO => Err("no time at all: write one such as 90s, or leave it out".to_owned()),
        length => Ok(length),
    }
}

/// Parses a duration of at least a second.
///
/// # Errors
/// The same as [`duration`].
pub fn seconds(typed: &str) -> Result<Duration, String> {
    match duration(typed)? {
        length if length < Duration::from_secs(1) => Err("less than a second: write one such as 60s".to_owned()),
        length => Ok(length),
    }
}

/// Parses an integer of at least 1.
///
/// # Errors
/// Says what to write.
pub fn positive(typed: &str) -> Result<u64, String> {
    let number = typed.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "not a whole number of at least 1".to_owned())
}

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;

    /// Parses `200KB` (200 000 bytes) or `200KiB` (204 800); a number without a unit is ambiguous and refused.
    fn from_str(typed: &str) -> Result<ByteSize, String> {
        const EXAMPLES: &str = "write one such as 200KB (200 000 bytes), 50MiB or 1GB";
        let text = typed.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..digits].parse().map_err(|_| format!("not a size: {EXAMPLES}"))?;
        let unit: u64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
            "" => return Err(format!("no unit: {EXAMPLES}")),
            "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(format!("no such unit: {EXAMPLES}")),
        };
        match number.checked_mul(unit) {
            Some(0) => Err(format!("no size at all: {EXAMPLES}")),
            Some(bytes) => Ok(ByteSize(bytes)),
            None => Err(format!("larger than any disk: {EXAMPLES}")),
        }
    }
}

/// Holds a time as typed: a time of today in India, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A time on the day on which the run is planned.
    Today(jiff::civil::Time),
    /// An RFC 3339 instant.
    Instant(jiff::Timestamp),
}

impl Moment {
    /// Returns the time, for a run that is planned at `now`.
    pub fn time(self, now: Micros) -> Micros {
        match self {
            Moment::Today(time) => clock::from_ist(clock::ist_civil(now).date().to_datetime(time)),
            Moment::Instant(instant) => Micros::new(instant.as_microsecond()),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(typed: &str) -> Result<Moment, String> {
        let text = typed.trim();
        if let Ok(instant) = text.parse() {
            return Ok(Moment::Instant(instant));
        }
        let shaped = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b':') && text.contains(':');
        let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
        match padded.parse() {
            Ok(time) if shaped => Ok(Moment::Today(time)),
            _ => Err("not a time: write one of today in India such as 15:30 or 15:30:00, or an instant such as \
                      2026-06-10T15:30:00+05:30"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_gets_the_one_that_was_meant() {
        let words = ["NSE_EQ", "NSE_FNO", "IDX_I"];
        for (typed, near) in
            [("NSE_FO", Some("NSE_FNO")), ("nse_qe", Some("NSE_EQ")), ("IDX", Some("IDX_I")), ("LONDON", None)]
        {
            assert_eq!(nearest(typed, &words), near, "{typed}");
        }
    }

    #[test]
    fn sizes_are_decimal_unless_they_say_ki_and_never_without_a_unit() {
        let size = |typed: &str| typed.parse::<ByteSize>();
        for (typed, bytes) in
            [("200KB", 200_000), ("200KiB", 204_800), ("1b", 1), ("3 mb", 3_000_000), ("2GiB", 2 << 30)]
        {
            assert_eq!(size(typed), Ok(ByteSize(bytes)), "{typed}");
        }
        for (typed, says) in [
            ("300", "no unit"),
            ("", "not a size"),
            ("KB", "not a size"),
            ("-1KB", "not a size"),
            ("1.5MB", "no such unit"),
            ("0KB", "no size at all"),
            ("99999999999GB", "larger than any disk"),
        ] {
            let error = size(typed).unwrap_err();
            assert!(
                error.starts_with(says) && error.ends_with("200KB (200 000 bytes), 50MiB or 1GB"),
                "{typed}: {error}"
            );
        }
    }

    #[test]
    fn a_time_of_today_is_indias_whatever_the_date_is_in_utc() {
        let now = "2026-06-10T20:00:00Z".parse::<Moment>().unwrap().time(Micros::EPOCH); // 01:30 on the 11th
        let at = |text: &str| text.parse::<Moment>().map(|m| clock::timestamp(m.time(now)).to_string());
        assert_eq!(at("15:30").unwrap(), "2026-06-11T10:00:00Z");
        assert_eq!(at("9:15").unwrap(), "2026-06-11T03:45:00Z");
        assert_eq!(at("15:30:01").unwrap(), "2026-06-11T10:00:01Z");
        assert_eq!(at("2026-06-10T15:30:00+05:30").unwrap(), "2026-06-10T10:00:00Z");
        for typed in ["25:00", "1530", "15", "tomorrow", "", "15:30 IST", "2026-06-10"] {
            assert!(at(typed).unwrap_err().contains("15:30:00"), "{typed}");
        }
    }

    #[test]
    fn a_length_of_time_has_a_unit_and_a_longest() {
        assert_eq!(duration("6h15m"), Ok(Duration::from_secs(22_500)));
        assert_eq!(duration("36500d"), Ok(LONGEST));
        assert!(duration("60").unwrap_err().contains("60s"));
        assert!(duration("soon").unwrap_err().contains("90s"));
        for typed in ["18446744073709551615s", "36501d", "99999999999999999999h", "18446744073709551615h"] {
            assert!(duration(typed).unwrap_err().contains("36500d"), "{typed}: {:?}", duration(typed));
        }
        assert!(positive_duration("0s").is_err() && seconds("10ms").is_err());
    }
}
