//! Distinguishes a quiet connection from a dead one.

use super::time::{Now, Time};
use std::time::Duration;

/// Silence after which a ping is sent, and the time that the server then has to answer.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// Lateness of a timer from which the process or machine counts as having slept.
const OVERSLEPT: Duration = Duration::from_secs(1);
/// Silence after which a connection is dead if its server never answers pings.
pub const DEAD_WITHOUT_PONGS: Duration = Duration::from_secs(25);

/// Interval of pings to a server that may not answer, so that the kernel waits for an acknowledgement.
const PING_AGAIN: Duration = Duration::from_secs(15);

/// Says what to do about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Do nothing.
    Fine,
    /// Send a ping.
    Ping,
    /// Give up the connection: it is dead.
    Dead,
}

/// Follows the signs of life of one connection.
#[derive(Debug, Clone)]
pub struct Liveness {
    /// Time of the last byte.
    last: Now,
    /// Time of the ping that no byte has followed yet.
    pinged: Option<Time>,
    /// Whether the server is known in this run to answer pings.
    answers: bool,
    /// Whether it answered a ping on this connection.
    answered_here: bool,
    /// Whether bytes other than an answer followed a ping of this connection.
    ignored_here: bool,
    /// Whether a live server may neither ping nor answer pings. Then its silence says nothing, and the kernel detects
    /// a dead connection (a ping that is not acknowledged for 30 s).
    may_be_silent: bool,
    /// Whether reading is paused; then silence says nothing either.
    paused: bool,
}

impl Liveness {
    /// Creates the state of a new connection. `answers`: the server has answered a ping in this run.
    pub const fn new(now: Now, answers: bool, may_be_silent: bool) -> Liveness {
        Liveness {
            last: now,
            pinged: None,
            answers,
            answered_here: false,
            ignored_here: false,
            may_be_silent,
            paused: false,
        }
    }

    /// Stops judging silence, because reading pauses.
    pub const fn pause(&mut self) {
        self.paused = true;
    }

    /// Judges silence again, from now on.
    pub const fn resume(&mut self, now: Now) {
        self.paused = false;
        self.pinged = None;
        self.last = now;
    }

    /// Records that bytes arrived.
    pub fn traffic(&mut self, now: Now) {
        self.last = now;
        self.ignored_here |= self.pinged.take().is_some();
    }

    /// Records that a pong arrived.
    pub fn pong(&mut self, now: Now) {
        self.last = now;
        self.pinged = None;
        self.answers = true;
        self.answered_here = true;
    }

    /// Returns the time of the last byte.
    pub const fn last(&self) -> Now {
        self.last
    }

    /// Returns whether the next connection should expect answers to pings. No longer so if the server answered no
    /// ping of this connection although it sent data: otherwise each quiet spell would cost a connection.
    pub const fn answers_pings(&self) -> bool {
        self.answers && (self.answered_here || !self.ignored_here)
    }

    /// Returns the time of the next check, or `None` while reading is paused.
    pub fn deadline(&self) -> Option<Time> {
        let deadline = match self.pinged {
            None => self.last.at + PING_AFTER,
            Some(pinged) if self.answers => pinged + PING_AFTER,
            Some(pinged) if self.may_be_silent => pinged + PING_AGAIN,
            Some(pinged) => (self.last.at + DEAD_WITHOUT_PONGS).max(pinged + PING_AFTER),
        };
        (!self.paused).then_some(deadline)
    }

    /// Returns what to do about the silence now; a returned [`Pulse::Ping`] counts as sent.
    pub fn check(&mut self, now: Time) -> Pulse {
        let Some(deadline) = self.deadline().filter(|deadline| *deadline <= now) else { return Pulse::Fine };
        // A process that was stopped, or a machine that slept, wakes to an old last byte and perhaps to newer ones
        // that it has not read yet, so it pings before it judges.
        let cannot_tell = self.may_be_silent && !self.answers;
        if self.pinged.is_none() || cannot_tell || now.since(deadline) > OVERSLEPT {
            self.pinged = Some(now);
            return Pulse::Ping;
        }
        Pulse::Dead
    }

    /// Returns whether to send a ping because the machine seems to have slept: not while one is under way.
    pub fn nudge(&mut self, now: Time) -> bool {
        let is_idle = self.pinged.is_none();
        self.pinged.get_or_insert(now);
        is_idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Micros;

    fn at(ms: u64) -> Now {
        Now { at: Time(ms * 1_000), wall: Micros::EPOCH }
    }

    #[test]
    fn a_server_that_answers_pings_is_dead_after_ten_seconds_of_silence() {
        let mut pulse = Liveness::new(at(0), true, false);
        assert_eq!(pulse.check(at(4_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(9_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(10_000).at), Pulse::Dead);
    }

    #[test]
    fn a_server_that_never_answered_is_dead_after_twenty_five() {
        let mut pulse = Liveness::new(at(0), false, false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(24_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(25_000).at), Pulse::Dead);
    }

    #[test]
    fn any_byte_is_life_and_one_pong_is_learned() {
        let mut pulse = Liveness::new(at(0), false, false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        pulse.pong(at(5_100));
        assert!(pulse.answers_pings());
        assert_eq!(pulse.check(at(10_100).at), Pulse::Ping);
        pulse.traffic(at(15_000));
        assert_eq!(pulse.check(at(15_100).at), Pulse::Fine);
        assert_eq!(pulse.deadline(), Some(at(20_000).at));
    }

    #[test]
    fn c09_a_server_that_stopped_answering_but_talks_is_not_held_to_its_pongs() {
        let mut pulse = Liveness::new(at(0), true, false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        pulse.traffic(at(9_000));
        assert!(!pulse.answers_pings());
    }

    #[test]
    fn i06_waking_from_a_long_stop_asks_before_it_judges() {
        let mut pulse = Liveness::new(at(0), true, false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(65_000).at), Pulse::Ping, "stopped for a minute");
        assert_eq!(pulse.check(at(70_000).at), Pulse::Dead);
    }
}
