//! Telling a quiet market from a feed that fell silent: connected, pings answered, no data.
//!
//! A single option may trade twice a day, so silence alone says nothing. What the connection's data had been like
//! says it: after a minute in which something came all the time, a silence several times longer than the longest pause
//! of the last minutes is none of the market's. For any set that ticks steadily that is 15 s.

use super::calendar::Hours;
use super::time::{Now, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// The shortest silence that means something.
pub const SILENCE: Duration = Duration::from_secs(15);
/// How often in an hour a connection may be given up for its silence.
pub const RECONNECTS_PER_HOUR: usize = 3;
/// How long data must have been watched, and how much of it.
const WATCHED: Duration = Duration::from_secs(60);
const ARRIVALS: u32 = 60;
/// A silence must be so much longer than the longest pause.
const UNLIKE_THE_MARKET: u32 = 5;
/// Pauses are remembered for ten minutes, by the minute they ended in.
const MINUTE: Duration = Duration::from_secs(60);
const MINUTES: usize = 10;
const HOUR: Duration = Duration::from_secs(3_600);

/// What a silence asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing.
    Fine,
    /// Say so, and connect again.
    Reconnect,
    /// Say so; it was tried often enough.
    SayOnly,
}

/// Watches the data of one connection.
#[derive(Debug, Clone, Default)]
pub struct Mute {
    first: Option<Time>,
    last: Option<Now>,
    arrivals: u32,
    pauses: VecDeque<(Time, Duration)>,
    said: bool,
    reconnects: VecDeque<Time>,
}

impl Mute {
    /// A new connection, or another set of instruments: what had been ticking is not known any more.
    pub fn forget(&mut self) {
        *self = Mute { reconnects: std::mem::take(&mut self.reconnects), ..Mute::default() };
    }

    /// Data came.
    pub fn data(&mut self, now: Now) {
        let pause = now.at.since(self.last.map_or(now.at, |last| last.at));
        self.first.get_or_insert(now.at);
        self.last = Some(now);
        self.arrivals = self.arrivals.saturating_add(1);
        self.said = false;
        match self.pauses.back_mut() {
            Some((minute, longest)) if now.at.since(*minute) < MINUTE => *longest = pause.max(*longest),
            _ => self.pauses.push_back((now.at, pause)),
        }
        while self.pauses.len() > MINUTES {
            self.pauses.pop_front();
        }
    }

    /// How long a silence must be, once there is enough to tell by.
    fn threshold(&self) -> Option<Duration> {
        let watched = self.last?.at.since(self.first?);
        let longest = self.pauses.iter().map(|(_, longest)| *longest).max().unwrap_or_default();
        (watched >= WATCHED && self.arrivals >= ARRIVALS)
            .then(|| longest.saturating_mul(UNLIKE_THE_MARKET).max(SILENCE))
    }

    /// How long the silence is that counts: in market hours, by both clocks (a step of the wall clock is no silence).
    fn silence(&self, now: Now, hours: Hours<'_>) -> Option<Duration> {
        let open = hours.open_since(now.wall_us)?;
        let last = self.last?;
        let in_session = u64::try_from(now.wall_us.saturating_sub(open)).unwrap_or(0);
        Some(now.at.since(last.at).min(Duration::from_micros(in_session)))
    }

    /// When to look again, if there is anything to look for.
    pub fn deadline(&self, now: Now, hours: Hours<'_>) -> Option<Time> {
        if self.said {
            return None;
        }
        let threshold = self.threshold()?;
        match self.silence(now, hours) {
            Some(silence) => Some(now.at + threshold.saturating_sub(silence)),
            None => {
                let open = hours.next_open(now.wall_us)?;
                let wait = u64::try_from(open.saturating_sub(now.wall_us)).unwrap_or(0);
                Some(now.at + Duration::from_micros(wait) + threshold)
            }
        }
    }

    /// What the silence asks for now. It is said once.
    pub fn check(&mut self, now: Now, hours: Hours<'_>) -> Silence {
        let mute = match (self.threshold(), self.silence(now, hours)) {
            (Some(threshold), Some(silence)) => silence >= threshold,
            _ => false,
        };
        if self.said || !mute {
            return Silence::Fine;
        }
        self.said = true;
        self.reconnects.retain(|then| now.at.since(*then) < HOUR);
        if self.reconnects.len() >= RECONNECTS_PER_HOUR {
            return Silence::SayOnly;
        }
        self.reconnects.push_back(now.at);
        Silence::Reconnect
    }

    /// The last data on this connection.
    pub const fn last(&self) -> Option<Now> {
        self.last
    }
}
