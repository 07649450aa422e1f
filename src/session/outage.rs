//! What people are told of a time without a connection: each thing once, and nothing of it is lost to `-q`.
//!
//! A short outage is information: its cause when it begins or changes, and when it is over. One of ten seconds is a
//! warning, then one a minute, and one when data comes again.

use super::time::{Now, Time, words};
use crate::model::Cause;
use std::time::Duration;

/// How long a connection may be away before that is a warning.
pub const WARN_AFTER: Duration = Duration::from_secs(10);
/// How long until the next warning.
pub const WARN_EVERY: Duration = Duration::from_secs(60);

/// Something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Say {
    /// Information.
    Inform(String),
    /// A warning.
    Warn(String),
}

/// The time without a connection that goes on, or that ended without data so far.
#[derive(Debug, Default)]
pub struct Outage {
    /// When it began; `None` while nothing is wrong.
    since: Option<Now>,
    /// When a connection was made again.
    connected: Option<Time>,
    /// The attempts that failed.
    tries: u32,
    cause: Option<Cause>,
    /// The cause that was said last, as information, and the one that a warning named last.
    said: Option<String>,
    named: Option<String>,
    warn_at: Option<Time>,
    warned: bool,
    /// Whether there was a connection before: then it is live "again".
    again: bool,
}

impl Outage {
    /// Begins an outage at the start of the run.
    pub fn begin(&mut self, now: Now) {
        *self = Outage { since: Some(now), warn_at: Some(now.at + WARN_AFTER), ..Outage::default() };
    }

    /// Begins an outage by the loss of a connection. One that never became live goes on with the outage before it.
    pub fn lose(&mut self, now: Now, cause: Cause) {
        if self.since.is_some() {
            self.connected = None;
            self.warn_at.get_or_insert(now.at + WARN_AFTER);
        } else {
            self.begin(now);
        }
        self.again = true;
        self.cause = Some(cause);
    }

    /// Counts a failed attempt.
    pub fn fail(&mut self, cause: Cause) {
        // The budget and a cool-off make nothing fail: what did before them is the cause.
        if matches!(cause, Cause::Budget { .. } | Cause::CoolingOff { .. }) {
            self.cause.get_or_insert(cause);
            return;
        }
        self.tries = self.tries.saturating_add(1);
        self.cause = Some(cause);
    }

    /// Returns the last cause.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// Returns the beginning, while there is no connection.
    pub fn since(&self) -> Option<Time> {
        self.since.filter(|_| self.connected.is_none()).map(|now| now.at)
    }

    /// Says that the next attempt comes after `wait`, if its cause is news.
    pub fn retrying(&mut self, conn: u16, why: &str, wait: Duration) -> Option<Say> {
        let news = self.said.as_deref() != Some(why);
        self.said = Some(why.to_owned());
        news.then(|| Say::Inform(format!("connection {conn}: {why}; connecting again in {}", words(wait))))
    }

    /// Notes that the cause has been said in other words.
    pub fn told(&mut self, why: &str) {
        self.said = Some(why.to_owned());
    }

    /// Returns when a warning is due, while there is no connection.
    pub fn deadline(&self) -> Option<Time> {
        self.warn_at.filter(|_| self.connected.is_none() && self.since.is_some())
    }

    /// Returns the warning that is due.
    pub fn check(&mut self, conn: u16, now: Time) -> Option<Say> {
        self.deadline().filter(|at| *at <= now)?;
        let away = now.since(self.since?.at);
        // Warnings come after ten seconds, and then after whole minutes.
        let minutes = away.as_secs() / WARN_EVERY.as_secs() + 1;
        self.warn_at = Some(self.since?.at + WARN_EVERY.saturating_mul(u32::try_from(minutes).unwrap_or(u32::MAX)));
        self.warned = true;
        let tries = match self.tries {
            0 => String::new(),
            1 => ", 1 attempt failed".to_owned(),
            many => format!(", {many} attempts failed"),
        };
        let cause = self.cause.as_ref().map(ToString::to_string);
        let news = cause.clone().filter(|cause| self.named.as_ref() != Some(cause));
        self.named = cause;
        let cause = news.map_or_else(String::new, |cause| format!(": {cause}"));
        Some(Say::Warn(format!("connection {conn}: no connection for {}{tries}{cause}", words(away))))
    }

    /// Notes that a connection was made.
    pub fn connected(&mut self, now: Time) {
        self.connected = Some(now);
    }

    /// Returns whether a warning was said which has no good end yet.
    pub fn has_warned(&self) -> bool {
        self.since.is_some() && self.warned
    }

    /// Ends the outage: data came.
    pub fn live(&mut self, conn: u16, now: Time) -> Option<Say> {
        let again = if self.again { " again" } else { "" };
        self.end(now, |after| format!("connection {conn}: live{again} after {after}"))
    }

    /// Ends the outage: the connection stands, and nothing has come for a reason that is known.
    pub fn quiet(&mut self, conn: u16, why: &str) -> Option<Say> {
        let connected = self.connected?;
        let again = if self.again { " again" } else { "" };
        self.end(connected, |after| format!("connection {conn}: connected{again} after {after}; {why}"))
    }

    fn end(&mut self, now: Time, text: impl FnOnce(&str) -> String) -> Option<Say> {
        let ended = std::mem::take(self);
        let since = ended.since?;
        if !ended.warned && ended.said.is_none() {
            return None;
        }
        let text = text(&words(now.since(since.at)));
        Some(if ended.warned { Say::Warn(text) } else { Say::Inform(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ended;

    fn at(seconds: u64) -> Now {
        Now { at: Time(seconds * 1_000_000), wall_us: 0 }
    }

    fn reset() -> Cause {
        Cause::Ended(Ended::Reset)
    }

    #[test]
    fn a_short_outage_is_information_and_a_cause_is_said_once() {
        let mut outage = Outage::default();
        outage.lose(at(100), reset());
        let said = outage.retrying(1, "connection reset", Duration::ZERO);
        assert_eq!(said, Some(Say::Inform("connection 1: connection reset; connecting again in 0s".into())));
        outage.fail(reset());
        assert_eq!(outage.retrying(1, "connection reset", Duration::ZERO), None);
        assert_eq!(outage.check(1, at(109).at), None);
        outage.connected(at(103).at);
        assert_eq!(outage.live(1, at(104).at), Some(Say::Inform("connection 1: live again after 4s".into())));
        assert_eq!(outage.live(1, at(105).at), None);
    }

    #[test]
    fn a_long_outage_warns_after_ten_seconds_then_once_a_minute_and_when_it_is_over() {
        let mut outage = Outage::default();
        outage.lose(at(0), reset());
        let mut said = Vec::new();
        for second in 1..=200 {
            if second % 5 == 0 {
                outage.fail(reset());
            }
            said.extend(outage.check(2, at(second).at));
        }
        let said: Vec<_> = said
            .into_iter()
            .map(|say| match say {
                Say::Warn(text) => text,
                Say::Inform(text) => panic!("{text}"),
            })
            .collect();
        assert_eq!(
            said,
            [
                "connection 2: no connection for 10s, 2 attempts failed: connection reset",
                "connection 2: no connection for 1m, 12 attempts failed",
                "connection 2: no connection for 2m, 24 attempts failed",
                "connection 2: no connection for 3m, 36 attempts failed",
            ]
        );
        assert_eq!(outage.live(2, at(201).at), Some(Say::Warn("connection 2: live again after 3m 21s".into())));
    }

    #[test]
    fn a_run_whose_first_connection_comes_at_once_says_nothing_of_it() {
        let mut outage = Outage::default();
        outage.begin(at(0));
        outage.connected(at(1).at);
        assert_eq!(outage.live(1, at(1).at), None);
    }
}
