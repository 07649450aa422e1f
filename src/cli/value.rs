//! Single values as typed, as meant. Every error quotes what was typed and says what to write instead.

use crate::clock;
use std::time::Duration;

/// The words nearest to a mistyped one, if any is near enough to be meant.
pub fn nearest<'a>(typed: &str, words: &[&'a str]) -> Option<&'a str> {
    let typed = typed.trim().to_ascii_lowercase();
    let ranked = words.iter().map(|word| (distance(&typed, &word.to_ascii_lowercase()), *word));
    let (off, word) = ranked.min_by_key(|(off, _)| *off)?;
    (off <= 1 + typed.chars().count() / 3 && off < word.chars().count()).then_some(word)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(a[i - 1] != b[j - 1]);
                let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

/// One of a fixed set of words, in any case: its place in the set.
///
/// # Errors
/// Quotes the word, names the nearest one or all.
pub fn word(option: &str, typed: &str, words: &[&str]) -> Result<usize, String> {
    let meant = typed.trim();
    if let Some(at) = words.iter().position(|word| word.eq_ignore_ascii_case(meant)) {
        return Ok(at);
    }
    let hint = match nearest(meant, words) {
        Some(near) => format!("did you mean {near}? "),
        None => String::new(),
    };
    Err(format!("{option} {typed:?} is not known: {hint}write {}", either(words)))
}

/// `a, b or c`.
pub fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The longest duration that an option takes: ten years, far from what a clock overflows with.
const LONGEST_DURATION: Duration = Duration::from_secs(3_650 * 86_400);

/// A length of time such as `6h15m`.
///
/// # Errors
/// Quotes what was typed; adds the unit where only a number was typed.
pub fn duration(option: &str, typed: &str) -> Result<Duration, String> {
    let too_long = || format!("{option} {typed:?} is too long: at most 3650days");
    let parsed = humantime::parse_duration(typed.trim());
    if let Ok(duration) = parsed {
        return if duration <= LONGEST_DURATION { Ok(duration) } else { Err(too_long()) };
    }
    parsed.map_err(|error| {
        let typed = typed.trim();
        if matches!(error, humantime::DurationError::NumberOverflow) {
            return too_long();
        }
        if !typed.is_empty() && typed.bytes().all(|b| b.is_ascii_digit()) {
            return format!("{option} \"{typed}\" has no unit: write {typed}s for seconds, {typed}m for minutes");
        }
        format!("{option} {typed:?} is not a duration: write one such as 90s, 15m or 6h15m")
    })
}

/// A whole number of at least 1.
///
/// # Errors
/// Quotes what was typed.
pub fn positive(option: &str, typed: &str) -> Result<u64, String> {
    match typed.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{option} {typed:?} is not a whole number of at least 1: write one such as {option} 10")),
    }
}

/// A size in bytes: `200KB` is 200 000, `200KiB` 204 800; a bare number is bytes.
///
/// # Errors
/// Quotes what was typed.
pub fn size(option: &str, typed: &str) -> Result<u64, String> {
    let wrong = || format!("{option} {typed:?} is not a size: write one such as 200KB (200 000 bytes), 50MiB or 1GB");
    let text = typed.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit: u64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

/// A moment in µs since the epoch: a time of today in India, or an RFC 3339 instant.
///
/// # Errors
/// Quotes what was typed.
pub fn moment(option: &str, typed: &str, now_us: i64) -> Result<i64, String> {
    let text = typed.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(instant.as_microsecond());
    }
    let shaped = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b':') && text.contains(':');
    let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
    match padded.parse::<jiff::civil::Time>() {
        Ok(time) if shaped => Ok(clock::ist_to_us(clock::ist_civil(now_us).date().to_datetime(time))),
        _ => Err(format!(
            "{option} {typed:?} is not a time: write one of today in India such as 15:30 or 15:30:00, or an instant such \
             as 2026-06-10T15:30:00+05:30"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_gets_the_one_that_was_meant() {
        let modes = ["ticker", "quote", "full"];
        assert_eq!(word("--mode", "QUOTE", &modes), Ok(1));
        for (typed, near) in [("qoute", "quote"), ("ful", "full"), ("tick", "ticker")] {
            let said = word("--mode", typed, &modes).unwrap_err();
            assert!(
                said.contains(&format!("\"{typed}\"")) && said.contains(&format!("did you mean {near}?")),
                "{said}"
            );
        }
        let said = word("--mode", "everything", &modes).unwrap_err();
        assert!(!said.contains("did you mean") && said.contains("ticker, quote or full"), "{said}");
    }

    #[test]
    fn sizes_are_decimal_unless_they_say_ki() {
        for (typed, bytes) in
            [("200KB", 200_000), ("200KiB", 204_800), ("1", 1), ("3 mb", 3_000_000), ("2GiB", 2 << 30)]
        {
            assert_eq!(size("--rotate-size", typed), Ok(bytes), "{typed}");
        }
        for typed in ["", "0", "KB", "-1", "1.5MB", "1XB", "99999999999GB"] {
            assert!(size("--rotate-size", typed).unwrap_err().contains(&format!("{typed:?}")), "{typed}");
        }
    }

    #[test]
    fn a_time_of_today_is_indias_whatever_the_date_is_in_utc() {
        let now = "2026-06-10T20:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond(); // 01:30 on the 11th
        let at = |text: &str| {
            moment("--until", text, now).map(|us| jiff::Timestamp::from_microsecond(us).unwrap().to_string())
        };
        assert_eq!(at("15:30").unwrap(), "2026-06-11T10:00:00Z");
        assert_eq!(at("9:15").unwrap(), "2026-06-11T03:45:00Z");
        assert_eq!(at("15:30:01").unwrap(), "2026-06-11T10:00:01Z");
        assert_eq!(at("2026-06-10T15:30:00+05:30").unwrap(), "2026-06-10T10:00:00Z");
        for typed in ["25:00", "1530", "15", "tomorrow", "", "15:30 IST", "2026-06-10"] {
            assert!(at(typed).unwrap_err().contains("15:30:00"), "{typed}");
        }
    }

    #[test]
    fn a_duration_without_a_unit_is_told_which_units_there_are() {
        assert_eq!(duration("-d", "6h15m"), Ok(Duration::from_secs(22_500)));
        for typed in ["18446744073709551615s", "99999999999999999999s", "3651days"] {
            assert!(duration("-d", typed).unwrap_err().contains("at most 3650days"), "{typed}");
        }
        assert!(duration("-d", "60").unwrap_err().contains("60s"));
        assert!(duration("-d", "soon").unwrap_err().contains("\"soon\""));
    }
}
