//! Holds the strikes of one expiry.

use crate::model::InstrumentKey;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// An option and its symbol.
pub type Listed = (InstrumentKey, Arc<str>);

/// Holds a strike with its options.
#[derive(Debug, Clone, PartialEq)]
pub struct Strike {
    /// Price of the strike in rupees.
    pub price: f64,
    /// The call.
    pub call: Option<Listed>,
    /// The put.
    pub put: Option<Listed>,
}

impl Strike {
    /// Returns the options, the call first.
    pub fn options(&self) -> impl Iterator<Item = &Listed> {
        self.call.iter().chain(&self.put)
    }
}

/// Holds the strikes of an expiry, ascending and unique; never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Strikes {
    strikes: Vec<Strike>,
}

impl Strikes {
    /// Sorts strikes and joins those of one price; returns `None` if there are none.
    pub fn new(mut strikes: Vec<Strike>) -> Option<Strikes> {
        strikes.retain(|strike| strike.price.is_finite());
        strikes.sort_by(|a, b| a.price.total_cmp(&b.price));
        strikes.dedup_by(|next, kept| {
            let same = next.price.total_cmp(&kept.price).is_eq();
            if same {
                kept.call = kept.call.take().or_else(|| next.call.take());
                kept.put = kept.put.take().or_else(|| next.put.take());
            }
            same
        });
        (!strikes.is_empty()).then_some(Strikes { strikes })
    }

    /// Returns the strikes.
    pub fn strikes(&self) -> &[Strike] {
        &self.strikes
    }

    /// Returns the price of a strike in rupees.
    pub fn price(&self, at: usize) -> f64 {
        self.strikes.get(at).map_or(0.0, |strike| strike.price)
    }

    /// Returns the index of the strike nearest to a spot; the lower of two that are equally near.
    pub fn nearest(&self, spot: f64) -> usize {
        let above = self.strikes.partition_point(|strike| strike.price < spot);
        let below = above.saturating_sub(1);
        if above >= self.strikes.len() {
            return below;
        }
        if (self.price(above) - spot).abs() < (spot - self.price(below)).abs() { above } else { below }
    }

    /// Returns the indices of the strikes at most `sides` away from a middle.
    pub fn range(&self, middle: usize, sides: usize) -> RangeInclusive<usize> {
        middle.saturating_sub(sides)..=middle.saturating_add(sides).min(self.strikes.len() - 1)
    }

    /// Returns the most frequent distance between the strikes around a middle, in rupees; the smallest of equally
    /// frequent ones, or 0 if there is only one strike.
    pub fn step(&self, middle: usize, sides: usize) -> f64 {
        // With `sides` 0 the neighbours still show the distance between strikes.
        let range = self.range(middle, sides.max(1));
        let prices: Vec<f64> = range.map(|at| self.price(at)).collect();
        // Counted in hundredths of paise, because the difference of two prices has float noise.
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for pair in prices.windows(2) {
            if let [low, high] = pair {
                #[expect(clippy::cast_possible_truncation, reason = "strikes are far below 2^63 hundredths of paise")]
                let distance = ((high - low) * 10_000.0).round() as i64;
                *counts.entry(distance).or_default() += 1;
            }
        }
        let most = counts.into_iter().min_by_key(|(distance, count)| (std::cmp::Reverse(*count), *distance));
        #[expect(clippy::cast_precision_loss, reason = "distances of strikes are far below 2^53")]
        most.map_or(0.0, |(distance, _)| distance as f64 / 10_000.0)
    }
}

/// Holds the options of an expiry and their spot.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The expiry date.
    pub expiry: Date,
    /// The index, share or future that the strikes are compared with.
    pub spot: Listed,
    /// The options.
    pub options: Strikes,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::Segment;
    use proptest::prelude::*;

    /// Returns strikes with a call and a put each; ids grow with the strike.
    pub fn options(prices: &[f64], first_id: u32) -> Strikes {
        let listed = |id: u32| Some((InstrumentKey::new(Segment::NSE_FNO, id), Arc::from(id.to_string())));
        let strikes = prices.iter().zip((first_id..).step_by(2));
        let strikes = strikes.map(|(price, id)| Strike { price: *price, call: listed(id), put: listed(id + 1) });
        Strikes::new(strikes.collect()).unwrap()
    }

    #[test]
    fn the_step_is_the_most_frequent_distance_around_the_middle() {
        let near: Vec<f64> = (0..20).map(|n| 24_000.0 + 50.0 * f64::from(n)).collect();
        let mut all = vec![20_000.0, 21_000.0, 22_000.0, 23_000.0];
        all.extend(&near);
        all.extend([25_500.0, 26_000.0, 26_500.0]);
        let near_and_far = options(&all, 1);
        assert_eq!(near_and_far.step(14, 5), 50.0);
        assert_eq!(near_and_far.step(1, 1), 1000.0);
        assert_eq!(options(&[100.0], 1).step(0, 5), 0.0);
        assert_eq!(options(&[83.0, 83.25, 83.5], 1).step(1, 0), 0.25);
    }

    #[test]
    fn calls_and_puts_of_one_strike_are_one_strike() {
        let one = |id| Some((InstrumentKey::new(Segment::NSE_FNO, id), Arc::from("")));
        let both = Strikes::new(vec![
            Strike { price: 100.0, call: one(1), put: None },
            Strike { price: 90.0, call: None, put: one(3) },
            Strike { price: 100.0, call: None, put: one(2) },
        ])
        .unwrap();
        assert_eq!(both.strikes().iter().map(|s| s.options().count()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(Strikes::new(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn the_nearest_strike_is_as_near_as_any(
            prices in proptest::collection::btree_set(1u32..5_000, 1..40), spot in 0.01f64..6_000.0,
        ) {
            let prices: Vec<f64> = prices.into_iter().map(f64::from).collect();
            let options = options(&prices, 1);
            let nearest = options.price(options.nearest(spot));
            let best = prices.iter().map(|price| (price - spot).abs()).fold(f64::MAX, f64::min);
            prop_assert_eq!((nearest - spot).abs(), best);
        }
    }
}
