//! Decides which options of a chain are subscribed as time passes and the spot moves; it connects to nothing.

use super::request::ChainRequest;
use super::series::{Listed, Series};
use crate::instruments::filter::{Expiry, relative};
use crate::model::InstrumentKey;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Time for which the spot must be away from the middle before the middle moves.
const SETTLED: Duration = Duration::from_secs(5);
/// Distance in steps from which the spot counts as away.
const AWAY: f64 = 0.75;
/// Number of strikes beyond the wanted ones that stay without a time limit.
const MARGIN: usize = 2;
/// Time after which strikes farther away are unsubscribed.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// Describes a change of a chain's subscriptions.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainChange {
    /// Expiry of the added options; of the removed ones if none are added.
    pub expiry: Date,
    /// Spot price in rupees.
    pub spot: f64,
    /// Strike nearest to the spot, in rupees.
    pub atm: f64,
    /// Most frequent distance between the strikes around the middle, in rupees.
    pub step: f64,
    /// Options to subscribe.
    pub added: Vec<Listed>,
    /// Options to unsubscribe.
    pub removed: Vec<InstrumentKey>,
}

/// A chain that follows its spot.
#[derive(Debug, Clone)]
pub struct OptionChain {
    request: ChainRequest,
    /// All series, by expiry.
    all: Vec<Series>,
    /// Index in `all` of the series that is followed; `None` once no expiry remains.
    current: Option<usize>,
    followed: FollowState,
}

/// Holds the state of the series that is followed.
#[derive(Debug, Clone, Default)]
struct FollowState {
    /// Index of the middle strike, once a spot was seen.
    middle: Option<usize>,
    /// Whether the spot is away from the middle (true: above it), and since when.
    away: Option<(bool, Duration)>,
    /// Subscribed strikes, and since when they are too far away.
    subscribed: BTreeMap<usize, Option<Duration>>,
    /// Since when more strikes are subscribed than stay without a time limit.
    excess_since: Option<Duration>,
}

impl OptionChain {
    /// Creates a chain that starts with the series the request names on this day; returns `None` if there is none.
    pub fn new(request: ChainRequest, mut all: Vec<Series>, today: Date) -> Option<OptionChain> {
        all.sort_by_key(|series| series.expiry);
        let current = chosen(request.expiry, &all, today)?;
        Some(OptionChain { request, all, current: Some(current), followed: FollowState::default() })
    }

    /// Returns the request as typed.
    pub fn definition(&self) -> &ChainRequest {
        &self.request
    }

    /// Returns the index, share or future whose price is followed, or `None` once no expiry remains.
    pub fn spot(&self) -> Option<&Listed> {
        Some(&self.series()?.spot)
    }

    /// Returns the series that is followed, or `None` once no expiry remains.
    pub fn series(&self) -> Option<&Series> {
        self.all.get(self.current?)
    }

    /// Returns the subscribed options.
    pub fn subscribed(&self) -> impl Iterator<Item = &Listed> {
        let strikes = self.series().map_or(&[][..], |series| series.options.strikes());
        self.followed.subscribed.keys().filter_map(|at| strikes.get(*at)).flat_map(|strike| strike.options())
    }

    /// Returns the change of a new day: once the expiry has passed, its options are removed and the next expiry is
    /// followed. `spot` is the last one seen; the next call of [`Chain::on`] adds options.
    pub fn roll(&mut self, today: Date, spot: f64) -> Option<ChainChange> {
        let next = chosen(self.request.expiry, &self.all, today);
        if next == self.current {
            return None;
        }
        let series = self.series()?;
        let removed: Vec<InstrumentKey> = self.subscribed().map(|(key, _)| *key).collect();
        let middle = series.options.nearest(spot);
        let change = ChainChange {
            expiry: series.expiry,
            spot,
            atm: series.options.price(middle),
            step: series.options.step(middle, self.request.strikes),
            added: Vec::new(),
            removed,
        };
        self.current = next;
        self.followed = FollowState::default();
        (!change.removed.is_empty()).then_some(change)
    }

    /// Returns the change at a time of the run for a spot price in rupees, or `None` if nothing changes or the price
    /// is not above 0. Call it for every price, and at least every second, because strikes are removed after a time.
    pub fn on(&mut self, now: Duration, spot: f64) -> Option<ChainChange> {
        if !(spot.is_finite() && spot > 0.0) {
            return None;
        }
        let sides = self.request.strikes;
        let series = self.all.get(self.current?)?;
        let options = &series.options;
        let nearest = options.nearest(spot);
        let middle = self.followed.middle(options.step(nearest, sides), nearest, now, |at| spot - options.price(at));
        let has_moved = self.followed.middle.replace(middle) != Some(middle);
        let mut added = Vec::new();
        for at in options.range(middle, sides) {
            if self.followed.subscribed.insert(at, None).is_none()
                && let Some(strike) = options.strikes().get(at)
            {
                added.push(strike);
            }
        }
        let removed = self.followed.give_up(&options.range(middle, sides.saturating_add(MARGIN)), now);
        let removed = removed.into_iter().filter_map(|at| options.strikes().get(at)).collect::<Vec<_>>();
        (has_moved || !removed.is_empty()).then(|| ChainChange {
            expiry: series.expiry,
            spot,
            atm: options.price(nearest),
            step: options.step(middle, sides),
            added: added.into_iter().flat_map(|strike| strike.options().cloned()).collect(),
            removed: removed.into_iter().flat_map(|strike| strike.options().map(|(key, _)| *key)).collect(),
        })
    }
}

impl FollowState {
    /// Updates and returns the middle: it moves to the nearest strike when the spot was away on one side for long
    /// enough.
    fn middle(&mut self, step: f64, nearest: usize, now: Duration, off: impl Fn(usize) -> f64) -> usize {
        let Some(middle) = self.middle else { return nearest };
        let off = off(middle);
        if nearest == middle || off.abs() <= AWAY * step {
            self.away = None;
            return middle;
        }
        let is_above = off > 0.0;
        let since = match self.away {
            Some((side, since)) if side == is_above => since,
            _ => now,
        };
        if now.saturating_sub(since) < SETTLED {
            self.away = Some((is_above, since));
            return middle;
        }
        self.away = None;
        nearest
    }

    /// Removes the strikes that have been too far away for long enough.
    fn give_up(&mut self, stays: &std::ops::RangeInclusive<usize>, now: Duration) -> Vec<usize> {
        for (at, since) in &mut self.subscribed {
            *since = if stays.contains(at) { None } else { since.or(Some(now)) };
        }
        let is_over = self.subscribed.values().any(Option::is_some);
        self.excess_since = if is_over { self.excess_since.or(Some(now)) } else { None };
        // A spot that keeps moving must not hold ever more strikes.
        let all = self.excess_since.is_some_and(|since| now.saturating_sub(since) >= GIVEN_UP);
        let is_late = |since: Duration| all || now.saturating_sub(since) >= GIVEN_UP;
        let removed: Vec<usize> =
            self.subscribed.iter().filter(|(_, since)| since.is_some_and(is_late)).map(|(at, _)| *at).collect();
        for at in &removed {
            self.subscribed.remove(at);
        }
        if !self.subscribed.values().any(Option::is_some) {
            self.excess_since = None;
        }
        removed
    }
}

/// Returns the index of the series that an expiry names on a day.
fn chosen(expiry: Expiry, all: &[Series], today: Date) -> Option<usize> {
    let days: BTreeSet<Date> = all.iter().map(|series| series.expiry).filter(|day| *day >= today).collect();
    let day = match expiry {
        Expiry::On(day) => Some(day).filter(|day| days.contains(day)),
        word => relative(word, &days),
    }?;
    all.iter().position(|series| series.expiry == day)
}

#[cfg(test)]
mod tests;
