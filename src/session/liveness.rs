//! Telling a quiet connection from a dead one.

use super::time::{Now, Time};
use std::time::Duration;

/// Silence after which we ping, and then again the time an answer gets.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// How late a timer may be before we assume that it was we who slept.
const OVERSLEPT: Duration = Duration::from_secs(1);
/// Silence after which a server that never answers pings is dead.
pub const DEAD_WITHOUT_PONGS: Duration = Duration::from_secs(25);

/// How often a server is pinged that may be mute, so that the kernel has something to wait for.
const PING_AGAIN: Duration = Duration::from_secs(15);

/// What is to be done about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Nothing.
    Fine,
    /// Ping.
    Ping,
    /// The connection is dead.
    Dead,
}

/// The transport's sign of life on one connection.
#[derive(Debug, Clone)]
pub struct Liveness {
    /// The last byte.
    last: Now,
    /// The ping that nothing has followed yet.
    pinged: Option<Time>,
    /// Whether the server is known to answer pings, learned in this run.
    answers: bool,
    /// Whether it did on this connection.
    answered_here: bool,
    /// Whether bytes came after a ping of this connection which were no answer.
    ignored_here: bool,
    /// Whether the server may be alive and yet neither ping nor answer pings: then its silence says nothing, and the
    /// kernel tells (a ping that is not acknowledged for 30 s).
    may_be_mute: bool,
    /// Whether nothing is read at the moment: then silence says nothing either.
    paused: bool,
}

impl Liveness {
    /// A connection that was just made. `answers`: the server has answered a ping in this run.
    pub const fn new(now: Now, answers: bool, may_be_mute: bool) -> Liveness {
        Liveness {
            last: now,
            pinged: None,
            answers,
            answered_here: false,
            ignored_here: false,
            may_be_mute,
            paused: false,
        }
    }

    /// Stops judging silence: nothing is read from now on.
    pub const fn pause(&mut self) {
        self.paused = true;
    }

    /// Judges silence again, from now on.
    pub const fn resume(&mut self, now: Now) {
        self.paused = false;
        self.pinged = None;
        self.last = now;
    }

    /// Bytes came.
    pub fn traffic(&mut self, now: Now) {
        self.last = now;
        self.ignored_here |= self.pinged.take().is_some();
    }

    /// A pong came.
    pub fn pong(&mut self, now: Now) {
        self.last = now;
        self.pinged = None;
        self.answers = true;
        self.answered_here = true;
    }

    /// The last byte's moment.
    pub const fn last(&self) -> Now {
        self.last
    }

    /// What the next connection should believe about pings. A server that answered on none of this connection's
    /// pings though it kept talking is believed no longer: else each quiet spell would cost a connection.
    pub const fn answers_pings(&self) -> bool {
        self.answers && (self.answered_here || !self.ignored_here)
    }

    /// Returns when to look again; `None` while nothing is read.
    pub fn deadline(&self) -> Option<Time> {
        let deadline = match self.pinged {
            None => self.last.at + PING_AFTER,
            Some(pinged) if self.answers => pinged + PING_AFTER,
            Some(pinged) if self.may_be_mute => pinged + PING_AGAIN,
            Some(pinged) => (self.last.at + DEAD_WITHOUT_PONGS).max(pinged + PING_AFTER),
        };
        (!self.paused).then_some(deadline)
    }

    /// What the silence means now; a [`Pulse::Ping`] counts as sent.
    pub fn check(&mut self, now: Time) -> Pulse {
        let Some(deadline) = self.deadline().filter(|deadline| *deadline <= now) else { return Pulse::Fine };
        // A process that was stopped, or a machine that slept, wakes to an old last byte and perhaps to fresh ones that
        // it has not read yet: it asks before it judges.
        let cannot_tell = self.may_be_mute && !self.answers;
        if self.pinged.is_none() || cannot_tell || now.since(deadline) > OVERSLEPT {
            self.pinged = Some(now);
            return Pulse::Ping;
        }
        Pulse::Dead
    }

    /// The machine seems to have slept: ask at once, unless that is under way.
    pub fn nudge(&mut self, now: Time) -> Pulse {
        match self.pinged {
            Some(_) => Pulse::Fine,
            None => {
                self.pinged = Some(now);
                Pulse::Ping
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now { at: Time(ms * 1_000), wall_us: 0 }
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
