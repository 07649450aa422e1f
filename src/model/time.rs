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
