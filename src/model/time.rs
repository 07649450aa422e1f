//! Writes durations in words.

use std::time::Duration;

/// Returns a duration in words, with no more detail than helps a reader (`1m 30s`, `450ms`).
pub fn words(duration: Duration) -> String {
    let rounded = match duration.as_millis() {
        0..1_000 => Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(0)),
        _ => Duration::from_secs((duration + Duration::from_millis(500)).as_secs()),
    };
    humantime::format_duration(rounded).to_string()
}

/// Returns the detail of a wait for the next attempt: `in 15s: connection refused`.
pub fn retry_detail(wait: Duration, why: &str) -> String {
    format!("in {}: {why}", words(wait))
}

/// Reads the wait and its reason from [`retry_detail`], since captures keep only the text.
pub fn read_retry_detail(detail: &str) -> Option<(Duration, &str)> {
    let (wait, why) = detail.strip_prefix("in ")?.split_once(": ")?;
    Some((humantime::parse_duration(wait).ok()?, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_the_next_attempt_is_read_as_it_is_written() {
        for ms in [0, 250, 15_000, 60_000, 90_000] {
            let wait = Duration::from_millis(ms);
            assert_eq!(
                read_retry_detail(&retry_detail(wait, "HTTP 429: slow down")),
                Some((wait, "HTTP 429: slow down"))
            );
        }
        assert_eq!(read_retry_detail("waiting for other credentials: in vain"), None);
    }
}
