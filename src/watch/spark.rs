//! Draws a price's last minutes as a line of bars.

use crate::model::Micros;

/// Microseconds of one bar.
const BAR_US: i64 = 10 * crate::clock::SECOND_US;
/// Number of bars kept.
const BARS: usize = 60;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Holds the last price of every bar, the newest last.
#[derive(Debug, Clone, Default)]
pub struct Spark {
    bars: std::collections::VecDeque<f32>,
    /// Number of the newest bar since the epoch.
    newest: i64,
}

impl Spark {
    /// Adds a price in rupees at a time. Bars without a price repeat the one before.
    pub fn add(&mut self, price: f32, at: Micros) {
        if !price.is_finite() || price <= 0.0 {
            return;
        }
        let bar = at.get().div_euclid(BAR_US);
        if let Some(last) = self.bars.back().copied() {
            let missed = usize::try_from(bar - self.newest).unwrap_or(0).min(BARS);
            for _ in 0..missed {
                self.push(last);
            }
        } else {
            self.push(price);
        }
        if let Some(newest) = self.bars.back_mut() {
            *newest = price;
        }
        self.newest = self.newest.max(bar);
    }

    fn push(&mut self, price: f32) {
        if self.bars.len() == BARS {
            self.bars.pop_front();
        }
        self.bars.push_back(price);
    }

    /// Returns the last bars, at most `width` of them, scaled from their lowest to their highest price.
    pub fn text(&self, width: usize) -> String {
        let shown = self.bars.iter().skip(self.bars.len().saturating_sub(width));
        let (low, high) = shown
            .clone()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), price| (low.min(*price), high.max(*price)));
        let level = |price: f32| match high - low {
            range if range > 0.0 => (((price - low) / range) * 7.0).round() as usize,
            // An unchanged price is drawn in the middle.
            _ => 3,
        };
        shown.map(|price| LEVELS[level(*price).min(7)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_scaled_from_lowest_to_highest_and_missing_ones_repeat_the_last() {
        let mut spark = Spark::default();
        spark.add(100.0, Micros::EPOCH);
        spark.add(90.0, Micros::new(BAR_US));
        spark.add(110.0, Micros::new(4 * BAR_US));
        assert_eq!(spark.text(20), "▅▁▁▁█");
        assert_eq!(spark.text(2), "▁█");
        spark.add(f32::NAN, Micros::new(5 * BAR_US));
        assert_eq!(spark.text(20).chars().count(), 5);
    }

    #[test]
    fn a_price_that_stands_still_is_a_flat_line_and_a_week_of_silence_costs_sixty_bars() {
        let mut spark = Spark::default();
        spark.add(5.0, Micros::EPOCH);
        spark.add(5.0, Micros::from_secs(7 * 86_400));
        assert_eq!(spark.text(100), "▄".repeat(BARS));
        assert_eq!(Spark::default().text(10), "");
    }
}
