//! Words the messages about a time without a connection: each fact once, and long outages with `-q` too.
//!
//! A short outage is information: its cause when it begins or changes, and its end. An outage of ten seconds is a
//! warning, repeated once a minute, with a last one when data arrives again.

use super::action::Action;
use super::time::{Now, Time, words};
use crate::model::Cause;
use std::time::Duration;

/// Duration of an outage from which it is a warning.
pub const WARN_AFTER: Duration = Duration::from_secs(10);
/// Interval between warnings.
pub const WARN_EVERY: Duration = Duration::from_secs(60);

/// Describes the present time without a connection, or one that ended without data so far.
#[derive(Debug, Default)]
pub struct Outage {
    /// Its beginning; `None` while there is no outage.
    since: Option<Now>,
    /// When a connection was made again.
    connected: Option<Time>,
    /// Number of failed attempts.
    tries: u32,
    cause: Option<Cause>,
    /// The cause that was last printed as information, and the cause that a warning last named.
    reported: Option<String>,
    named: Option<String>,
    warn_at: Option<Time>,
    warned: bool,
    /// Whether there was a connection before; then it is live "again".
    again: bool,
}

impl Outage {
    /// Begins an outage at the start of the run.
    pub fn begin(&mut self, now: Now) {
        *self = Outage { since: Some(now), warn_at: Some(now.at + WARN_AFTER), ..Outage::default() };
    }

    /// Begins an outage with the loss of a connection. If that was never live, the outage before it continues.
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
        // The budget and a cool-off are no failures; the earlier failure remains the cause.
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

    /// Returns when the outage began, while there is no connection.
    pub fn since(&self) -> Option<Time> {
        self.since.filter(|_| self.connected.is_none()).map(|now| now.at)
    }

    /// Returns a message that the next attempt follows after `wait`, if its cause is new.
    pub fn retrying(&mut self, conn: u16, why: &str, wait: Duration) -> Option<Action> {
        let news = self.reported.as_deref() != Some(why);
        self.reported = Some(why.to_owned());
        news.then(|| Action::Inform(format!("connection {conn}: {why}; connecting again in {}", words(wait))))
    }

    /// Records that the cause has been printed in other words.
    pub fn mark_reported(&mut self, why: &str) {
        self.reported = Some(why.to_owned());
    }

    /// Returns when the next warning is due, while there is no connection.
    pub fn deadline(&self) -> Option<Time> {
        self.warn_at.filter(|_| self.connected.is_none() && self.since.is_some())
    }

    /// Returns the warning that is due, if any.
    pub fn check(&mut self, conn: u16, now: Time) -> Option<Action> {
        self.deadline().filter(|at| *at <= now)?;
        let away = now.since(self.since?.at);
        // Warnings follow after ten seconds, then after full minutes.
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
        Some(Action::Warn(format!("connection {conn}: no connection for {}{tries}{cause}", words(away))))
    }

    /// Records that a connection was made.
    pub fn connected(&mut self, now: Time) {
        self.connected = Some(now);
    }

    /// Returns whether a warning was printed whose end has not been reported.
    pub fn has_warned(&self) -> bool {
        self.since.is_some() && self.warned
    }

    /// Ends the outage because data arrived; returns its last message.
    pub fn live(&mut self, conn: u16, now: Time) -> Option<Action> {
        let again = if self.again { " again" } else { "" };
        self.end(now, |after| format!("connection {conn}: live{again} after {after}"))
    }

    /// Ends the outage because the connection stands and the absence of data is explained; returns its last message.
    pub fn quiet(&mut self, conn: u16, why: &str) -> Option<Action> {
        let connected = self.connected?;
        let again = if self.again { " again" } else { "" };
        self.end(connected, |after| format!("connection {conn}: connected{again} after {after}; {why}"))
    }

    fn end(&mut self, now: Time, text: impl FnOnce(&str) -> String) -> Option<Action> {
        let ended = std::mem::take(self);
        let since = ended.since?;
        if !ended.warned && ended.reported.is_none() {
            return None;
        }
        let text = text(&words(now.since(since.at)));
        Some(if ended.warned { Action::Warn(text) } else { Action::Inform(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ended;
    use crate::model::Micros;

    fn at(seconds: u64) -> Now {
        Now { at: Time(seconds * 1_000_000), wall: Micros::EPOCH }
    }

    fn reset() -> Cause {
        Cause::Ended(Ended::Reset)
    }

    #[test]
    fn a_short_outage_is_information_and_a_cause_is_reported_once() {
        let mut outage = Outage::default();
        outage.lose(at(100), reset());
        let message = outage.retrying(1, "connection reset", Duration::ZERO);
        assert_eq!(message, Some(Action::Inform("connection 1: connection reset; connecting again in 0s".into())));
        outage.fail(reset());
        assert_eq!(outage.retrying(1, "connection reset", Duration::ZERO), None);
        assert_eq!(outage.check(1, at(109).at), None);
        outage.connected(at(103).at);
        assert_eq!(outage.live(1, at(104).at), Some(Action::Inform("connection 1: live again after 4s".into())));
        assert_eq!(outage.live(1, at(105).at), None);
    }

    #[test]
    fn a_long_outage_warns_after_ten_seconds_then_once_a_minute_and_when_it_is_over() {
        let mut outage = Outage::default();
        outage.lose(at(0), reset());
        let mut messages = Vec::new();
        for second in 1..=200 {
            if second % 5 == 0 {
                outage.fail(reset());
            }
            messages.extend(outage.check(2, at(second).at));
        }
        let messages: Vec<_> = messages
            .into_iter()
            .map(|message| match message {
                Action::Warn(text) => text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            messages,
            [
                "connection 2: no connection for 10s, 2 attempts failed: connection reset",
                "connection 2: no connection for 1m, 12 attempts failed",
                "connection 2: no connection for 2m, 24 attempts failed",
                "connection 2: no connection for 3m, 36 attempts failed",
            ]
        );
        assert_eq!(outage.live(2, at(201).at), Some(Action::Warn("connection 2: live again after 3m 21s".into())));
    }

    #[test]
    fn a_run_whose_first_connection_comes_at_once_says_nothing_of_it() {
        let mut outage = Outage::default();
        outage.begin(at(0));
        outage.connected(at(1).at);
        assert_eq!(outage.live(1, at(1).at), None);
    }
}
