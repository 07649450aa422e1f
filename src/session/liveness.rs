//! Telling a quiet connection from a dead one.

use super::time::{Now, Time};
use std::time::Duration;

/// Silence after which we ping, and then again the time an answer gets.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// How late a timer may be before we assume that it was we who slept.
const OVERSLEPT: Duration = Duration::from_secs(1);
/// Silence after which a server that never answers pings is dead.
pub const DEAD_WITHOUT_PONGS: Duration = Duration::from_secs(25);

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
}

impl Liveness {
    /// A connection that was just made. `answers`: the server has answered a ping in this run.
    pub const fn new(now: Now, answers: bool) -> Liveness {
        Liveness { last: now, pinged: None, answers, answered_here: false, ignored_here: false }
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

    /// When to look again.
    pub fn deadline(&self) -> Time {
        match self.pinged {
            None => self.last.at + PING_AFTER,
            Some(pinged) if self.answers => pinged + PING_AFTER,
            Some(pinged) => (self.last.at + DEAD_WITHOUT_PONGS).max(pinged + PING_AFTER),
        }
    }

    /// What the silence means now; a [`Pulse::Ping`] counts as sent.
    pub fn check(&mut self, now: Time) -> Pulse {
        let deadline = self.deadline();
        if now < deadline {
            return Pulse::Fine;
        }
        // A process that was stopped, or a machine that slept, wakes to an old last byte and perhaps to fresh ones that
        // it has not read yet: it asks before it judges.
        if self.pinged.is_none() || now.since(deadline) > OVERSLEPT {
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
        let mut pulse = Liveness::new(at(0), true);
        assert_eq!(pulse.check(at(4_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(9_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(10_000).at), Pulse::Dead);
    }

    #[test]
    fn a_server_that_never_answered_is_dead_after_twenty_five() {
        let mut pulse = Liveness::new(at(0), false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(24_999).at), Pulse::Fine);
        assert_eq!(pulse.check(at(25_000).at), Pulse::Dead);
    }

    #[test]
    fn any_byte_is_life_and_one_pong_is_learned() {
        let mut pulse = Liveness::new(at(0), false);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        pulse.pong(at(5_100));
        assert!(pulse.answers_pings());
        assert_eq!(pulse.check(at(10_100).at), Pulse::Ping);
        pulse.traffic(at(15_000));
        assert_eq!(pulse.check(at(15_100).at), Pulse::Fine);
        assert_eq!(pulse.deadline(), at(20_000).at);
    }

    #[test]
    fn c09_a_server_that_stopped_answering_but_talks_is_not_held_to_its_pongs() {
        let mut pulse = Liveness::new(at(0), true);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        pulse.traffic(at(9_000));
        assert!(!pulse.answers_pings());
    }

    #[test]
    fn i06_waking_from_a_long_stop_asks_before_it_judges() {
        let mut pulse = Liveness::new(at(0), true);
        assert_eq!(pulse.check(at(5_000).at), Pulse::Ping);
        assert_eq!(pulse.check(at(65_000).at), Pulse::Ping, "stopped for a minute");
        assert_eq!(pulse.check(at(70_000).at), Pulse::Dead);
    }
}
