//! Reads the receive time of a line without decoding the rest of it.

use crate::clock::IST_OFFSET_US;
use crate::model::Micros;
use jiff::Timestamp;

/// Returns the receive time of an NDJSON line or a CSV row. It is always the last
/// field: `recv_us` as a number or `recv` as RFC 3339. Returns `None` for lines of another origin.
pub fn recv(line: &[u8]) -> Option<Micros> {
    let line = line.trim_ascii_end();
    match line.strip_suffix(b"}") {
        Some(object) if line.starts_with(b"{") => {
            if let Some(at) = memchr::memmem::rfind(object, b"\"recv_us\":") {
                return number(&object[at + 10..]);
            }
            let at = memchr::memmem::rfind(object, b"\"recv\":\"")?;
            iso(object[at + 8..].strip_suffix(b"\"")?)
        }
        _ => {
            let last = &line[memchr::memrchr(b',', line)? + 1..];
            number(last).or_else(|| iso(last))
        }
    }
}

/// Parses an integer of microseconds.
pub fn number(text: &[u8]) -> Option<Micros> {
    let digits = text.first()?.is_ascii_digit();
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok().map(Micros::new)
}

/// Parses RFC 3339 as `--time iso` writes it.
pub fn iso(text: &[u8]) -> Option<Micros> {
    // The program writes only this zone, so it is parsed without the library: files have millions of times.
    let quick = || {
        let (date_time, zone) = text.split_at_checked(26)?;
        let shape = date_time.iter().zip(b"0000-00-00T00:00:00.000000").all(|(have, want)| match want {
            b'0' => have.is_ascii_digit(),
            _ => have == want,
        });
        if !shape || zone != b"+05:30" {
            return None;
        }
        let part = |from: usize, to: usize| {
            date_time[from..to].iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0'))
        };
        let date = jiff::civil::Date::new(part(0, 4) as i16, part(5, 7) as i8, part(8, 10) as i8).ok()?;
        let days = i64::from(jiff::civil::date(1970, 1, 1).until(date).ok()?.get_days());
        let (hour, minute, second) = (part(11, 13), part(14, 16), part(17, 19));
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Micros::new(seconds * 1_000_000 + part(20, 26) - IST_OFFSET_US))
    };
    quick().or_else(|| {
        let text = std::str::from_utf8(text).ok()?;
        text.parse::<Timestamp>().ok().map(|t| Micros::new(t.as_microsecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_of_both_formats_tell_the_same_moment() {
        let at = Micros::new(1_781_065_197_123_456);
        for line in [
            r#"{"type":"ticker","symbol":"a","recv_us":1781065197123456}"#,
            "{\"type\":\"ticker\",\"recv\":\"2026-06-10T09:49:57.123456+05:30\"}\n",
            "ticker,NSE_EQ,1,,1.0,1781065197123456\r\n",
            "ticker,NSE_EQ,1,,1.0,2026-06-10T09:49:57.123456+05:30",
            "ticker,NSE_EQ,1,,1.0,2026-06-10T04:19:57.123456Z",
        ] {
            assert_eq!(recv(line.as_bytes()), Some(at), "{line}");
        }
    }

    #[test]
    fn what_is_not_ours_has_no_time() {
        for line in [
            "",
            "{}",
            "{\"recv_us\":12",
            "type,segment,recv_us",
            "{\"recv_us\":null}",
            "a,2026-13-40T00:00:00.000000+05:30",
        ] {
            assert_eq!(recv(line.as_bytes()), None, "{line}");
        }
    }
}
