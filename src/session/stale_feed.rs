//! Distinguishes a quiet market from a stale feed: connected, pings answered, no data.
//!
//! A single option may trade twice a day, so silence alone says nothing; the connection's earlier data does. After a
//! minute of continuous data, a silence several times longer than the longest pause of the last minutes is not the
//! market's. For any set that ticks steadily the limit is 15 s.

use super::calendar::{Calendar, Markets};
use super::time::{Now, Time};
use std::collections::VecDeque;
use std::time::Duration;

/// Shortest silence that counts.
pub const SILENCE: Duration = Duration::from_secs(15);
/// Limit of reconnects for staleness in an hour.
pub const RECONNECTS_PER_HOUR: usize = 3;
/// Time for which data must have been observed, and its minimum amount.
const WATCHED: Duration = Duration::from_secs(60);
const ARRIVALS: u32 = 60;
/// Factor by which a silence must exceed the longest pause.
const UNLIKE_THE_MARKET: u32 = 5;
/// Unit in which pauses are remembered, for ten minutes.
const MINUTE: Duration = Duration::from_secs(60);
const MINUTES: usize = 10;
const HOUR: Duration = Duration::from_secs(3_600);

/// Says what to do about a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaleAction {
    /// Do nothing.
    Fine,
    /// Report it and reconnect.
    Reconnect,
    /// Only report it: reconnecting was tried often enough.
    WarnOnly,
}

/// Observes the data of one connection.
#[derive(Debug, Clone, Default)]
pub struct StaleFeed {
    first: Option<Time>,
    last: Option<Now>,
    arrivals: u32,
    pauses: VecDeque<(Time, Duration)>,
    reported: bool,
    reconnects: VecDeque<Time>,
}

impl StaleFeed {
    /// Forgets the observed data, for a new connection or another set of instruments.
    pub fn forget(&mut self) {
        *self = StaleFeed { reconnects: std::mem::take(&mut self.reconnects), ..StaleFeed::default() };
    }

    /// Records that data arrived.
    pub fn data(&mut self, now: Now) {
        let pause = now.at.since(self.last.map_or(now.at, |last| last.at));
        self.first.get_or_insert(now.at);
        self.last = Some(now);
        self.arrivals = self.arrivals.saturating_add(1);
        self.reported = false;
        match self.pauses.back_mut() {
            Some((minute, longest)) if now.at.since(*minute) < MINUTE => *longest = pause.max(*longest),
            _ => self.pauses.push_back((now.at, pause)),
        }
        while self.pauses.len() > MINUTES {
            self.pauses.pop_front();
        }
    }

    /// Returns the length of silence that counts as stale, once enough data was observed.
    fn threshold(&self) -> Option<Duration> {
        let watched = self.last?.at.since(self.first?);
        let longest = self.pauses.iter().map(|(_, longest)| *longest).max().unwrap_or_default();
        (watched >= WATCHED && self.arrivals >= ARRIVALS)
            .then(|| longest.saturating_mul(UNLIKE_THE_MARKET).max(SILENCE))
    }

    /// Returns the length of the silence in market hours by both clocks, so that a step of the wall clock is no
    /// silence.
    fn silence(&self, now: Now, calendar: &Calendar, markets: Markets) -> Option<Duration> {
        let open = calendar.open_since(markets, now.wall)?;
        let last = self.last?;
        Some(now.at.since(last.at).min(now.wall.since(open)))
    }

    /// Returns the time of the next check, if one is needed.
    pub fn deadline(&self, now: Now, calendar: &Calendar, markets: Markets) -> Option<Time> {
        if self.reported {
            return None;
        }
        let threshold = self.threshold()?;
        match self.silence(now, calendar, markets) {
            Some(silence) => Some(now.at + threshold.saturating_sub(silence)),
            None => {
                let open = calendar.next_open(markets, now.wall)?;
                Some(now.at + open.since(now.wall) + threshold)
            }
        }
    }

    /// Returns what to do about the silence now; each silence is reported once.
    pub fn check(&mut self, now: Now, calendar: &Calendar, markets: Markets) -> StaleAction {
        let is_stale = match (self.threshold(), self.silence(now, calendar, markets)) {
            (Some(threshold), Some(silence)) => silence >= threshold,
            _ => false,
        };
        if self.reported || !is_stale {
            return StaleAction::Fine;
        }
        self.reported = true;
        self.reconnects.retain(|then| now.at.since(*then) < HOUR);
        if self.reconnects.len() >= RECONNECTS_PER_HOUR {
            return StaleAction::WarnOnly;
        }
        self.reconnects.push_back(now.at);
        StaleAction::Reconnect
    }

    /// Returns the time of the last data on this connection.
    pub const fn last(&self) -> Option<Now> {
        self.last
    }
}
