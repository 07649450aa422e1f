//! Which options of a chain are subscribed, as time passes and the spot moves. Decides; connects to nothing.

use super::request::Request;
use super::series::{Listed, Series};
use crate::instruments::filter::{Expiry, relative};
use crate::model::InstrumentKey;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the spot must be away from the middle before the middle moves.
const SETTLED: Duration = Duration::from_secs(5);
/// How far that is, in steps.
const AWAY: f64 = 0.75;
/// Strikes beyond those that are wanted that stay without end.
const MARGIN: usize = 2;
/// How long strikes farther away stay.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// A change of what a chain subscribes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The expiry of the options that are added; of those removed where none are.
    pub expiry: Date,
    /// The spot in rupees.
    pub spot: f64,
    /// The strike nearest to it, in rupees.
    pub atm: f64,
    /// The most frequent distance of the strikes around the middle, in rupees.
    pub step: f64,
    /// Options to be subscribed.
    pub added: Vec<Listed>,
    /// Options to be given up.
    pub removed: Vec<InstrumentKey>,
}

/// A chain that follows its spot.
#[derive(Debug, Clone)]
pub struct Chain {
    request: Request,
    /// By expiry.
    all: Vec<Series>,
    /// The place in `all` of the series that is followed; `None` once no expiry is left.
    current: Option<usize>,
    followed: Followed,
}

/// What is known of the series that is followed.
#[derive(Debug, Clone, Default)]
struct Followed {
    /// The strike in the middle, once a spot was seen.
    middle: Option<usize>,
    /// On which side the spot is away from the middle (above is true), and since when.
    away: Option<(bool, Duration)>,
    /// The strikes that are subscribed, and since when they are too far away.
    held: BTreeMap<usize, Option<Duration>>,
    /// Since when more strikes are subscribed than stay without end.
    over: Option<Duration>,
}

impl Chain {
    /// Begins with the series that the request means on a day; `None` when there is none.
    pub fn new(request: Request, mut all: Vec<Series>, today: Date) -> Option<Chain> {
        all.sort_by_key(|series| series.expiry);
        let current = chosen(request.expiry, &all, today)?;
        Some(Chain { request, all, current: Some(current), followed: Followed::default() })
    }

    /// Returns what was typed.
    pub fn definition(&self) -> &Request {
        &self.request
    }

    /// Returns the index, share or future whose price is followed; `None` once no expiry is left.
    pub fn spot(&self) -> Option<&Listed> {
        Some(&self.series()?.spot)
    }

    /// Returns the series that is followed; `None` once no expiry is left.
    pub fn series(&self) -> Option<&Series> {
        self.all.get(self.current?)
    }

    /// Whether a spot was seen.
    #[cfg(test)]
    pub fn has_begun(&self) -> bool {
        self.followed.middle.is_some()
    }

    /// Returns the options that are subscribed.
    pub fn held(&self) -> impl Iterator<Item = &Listed> {
        let strikes = self.series().map_or(&[][..], |series| series.options.strikes());
        self.followed.held.keys().filter_map(|at| strikes.get(*at)).flat_map(|strike| strike.options())
    }

    /// Returns what changes on a new day: once the expiry has passed, its options are given up and the next one is
    /// followed. `spot` is the last one seen; the next call of [`Chain::on`] adds options.
    pub fn roll(&mut self, today: Date, spot: f64) -> Option<Change> {
        let next = chosen(self.request.expiry, &self.all, today);
        if next == self.current {
            return None;
        }
        let series = self.series()?;
        let removed: Vec<InstrumentKey> = self.held().map(|(key, _)| *key).collect();
        let middle = series.options.nearest(spot);
        let change = Change {
            expiry: series.expiry,
            spot,
            atm: series.options.price(middle),
            step: series.options.step(middle, self.request.strikes),
            added: Vec::new(),
            removed,
        };
        self.current = next;
        self.followed = Followed::default();
        (!change.removed.is_empty()).then_some(change)
    }

    /// Returns what changes at a moment of the run when the spot is at this price in rupees, and nothing for a price that
    /// is not above 0. To be called for every price and, as strikes are given up later, at least every second.
    pub fn on(&mut self, now: Duration, spot: f64) -> Option<Change> {
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
        for at in options.around(middle, sides) {
            if self.followed.held.insert(at, None).is_none()
                && let Some(strike) = options.strikes().get(at)
            {
                added.push(strike);
            }
        }
        let removed = self.followed.give_up(&options.around(middle, sides.saturating_add(MARGIN)), now);
        let removed = removed.into_iter().filter_map(|at| options.strikes().get(at)).collect::<Vec<_>>();
        (has_moved || !removed.is_empty()).then(|| Change {
            expiry: series.expiry,
            spot,
            atm: options.price(nearest),
            step: options.step(middle, sides),
            added: added.into_iter().flat_map(|strike| strike.options().cloned()).collect(),
            removed: removed.into_iter().flat_map(|strike| strike.options().map(|(key, _)| *key)).collect(),
        })
    }
}

impl Followed {
    /// The middle from now on: it moves to the nearest strike when the spot has been away, on one side, for long enough.
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

    /// Takes out the strikes that have been too far away for long enough.
    fn give_up(&mut self, stays: &std::ops::RangeInclusive<usize>, now: Duration) -> Vec<usize> {
        for (at, since) in &mut self.held {
            *since = if stays.contains(at) { None } else { since.or(Some(now)) };
        }
        let is_over = self.held.values().any(Option::is_some);
        self.over = if is_over { self.over.or(Some(now)) } else { None };
        // A move that goes on and on must not hold more and more either.
        let all = self.over.is_some_and(|since| now.saturating_sub(since) >= GIVEN_UP);
        let is_late = |since: Duration| all || now.saturating_sub(since) >= GIVEN_UP;
        let gone: Vec<usize> =
            self.held.iter().filter(|(_, since)| since.is_some_and(is_late)).map(|(at, _)| *at).collect();
        for at in &gone {
            self.held.remove(at);
        }
        if !self.held.values().any(Option::is_some) {
            self.over = None;
        }
        gone
    }
}

/// The place of the series that the words of an expiry mean on a day.
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
