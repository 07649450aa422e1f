//! Counts down to a connection's next attempt.

use super::ConnectionState;
use crate::model::Micros;
use crate::model::time::{read_retry_detail, retry_detail};
use crate::record::control::StatusEvent;
use std::time::Duration;

impl ConnectionState {
    /// Records a step. `at`: its time, from which a wait counts.
    pub(super) fn step(&mut self, event: StatusEvent, detail: Option<&str>, at: Micros) {
        let wait = detail.filter(|_| event == StatusEvent::Retrying).and_then(read_retry_detail);
        self.event = Some(event);
        self.next_attempt = wait.map(|(wait, _)| at + wait);
        self.detail = wait.map(|(_, why)| why).or(detail).map(str::to_owned);
    }

    /// Returns what is known beyond the step at a time, with the time that a wait has left.
    pub fn detail_at(&self, now: Micros) -> Option<String> {
        let detail = self.detail.as_deref()?;
        let Some(next) = self.next_attempt else { return Some(detail.to_owned()) };
        // Rounded up, so that the last second is 1 and not 0.
        let seconds = u64::try_from(next.us_since(now).max(0)).unwrap_or(0).div_ceil(1_000_000);
        Some(match seconds {
            0 => format!("now: {detail}"),
            seconds => retry_detail(Duration::from_secs(seconds), detail),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_shows_the_time_that_is_left() {
        let mut connection = ConnectionState::default();
        let at = Micros::from_secs(1_000);
        connection.step(StatusEvent::Retrying, Some("in 1m: cooling off"), at);
        for (after, text) in [
            (0, "in 1m: cooling off"),
            (600, "in 1m: cooling off"),
            (1_000, "in 59s: cooling off"),
            (59_900, "in 1s: cooling off"),
            (60_000, "now: cooling off"),
            (75_000, "now: cooling off"),
        ] {
            assert_eq!(connection.detail_at(at.plus_us(after * 1_000)).as_deref(), Some(text), "after {after} ms");
        }
        connection.step(StatusEvent::Retrying, Some("waiting for other credentials: no"), at);
        assert_eq!(connection.detail_at(at).as_deref(), Some("waiting for other credentials: no"));
        connection.step(StatusEvent::Connecting, None, at);
        assert_eq!((connection.detail_at(at), connection.next_attempt), (None, None));
    }
}
