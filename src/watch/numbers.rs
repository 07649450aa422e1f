//! Formats numbers for the screen: without thousands separators, unknown values as a dash.

use crate::model::{Micros, Segment};
use crate::session::Market;

/// Text for an unknown value.
pub const UNKNOWN: &str = "-";

/// A price in rupees as a record holds it.
pub trait Rupees: zmij::Float + Into<f64> + Copy {}

impl Rupees for f32 {}
impl Rupees for f64 {}

/// Returns the shortest text that reads back as the same price, or `None` for 0 and less.
fn shortest(price: impl Rupees) -> Option<String> {
    let value: f64 = price.into();
    (value.is_finite() && value > 0.0).then(|| zmij::Buffer::new().format_finite(price).to_owned())
}

/// Returns a price in rupees with at least two decimals and every digit that the server sent; a dash for 0 and less.
pub fn price(value: impl Rupees) -> String {
    price_with(value, 2)
}

/// Returns a price in rupees as [`price`] does, filled up with zeros to a number of decimals.
pub fn price_with(value: impl Rupees, decimals: usize) -> String {
    let Some(mut text) = shortest(value) else { return unknown() };
    if text.contains('e') {
        return text;
    }
    let present = fraction(&text);
    if !text.contains('.') {
        text.push('.');
    }
    text.extend(std::iter::repeat_n('0', decimals.saturating_sub(present)));
    text
}

/// Returns the number of decimals that a price was sent with.
pub fn decimals(value: impl Rupees) -> usize {
    shortest(value).filter(|text| !text.contains('e')).map_or(0, |text| match fraction(&text) {
        1 if text.ends_with(".0") => 0,
        decimals => decimals,
    })
}

/// Returns the number of decimals that all these prices of a segment are shown with: as many as the longest has, at
/// least those of the segment's tick size, and at most four.
pub fn common_decimals(segment: Segment, sent: impl IntoIterator<Item = usize>) -> usize {
    let least = if Market::of(segment) == Market::Currency { 4 } else { 2 };
    sent.into_iter().fold(least, usize::max).min(4)
}

fn fraction(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// Returns the difference of two prices with its sign and at least a number of decimals, without float noise.
pub fn change(from: f32, to: f32, decimals: usize) -> String {
    let difference = crate::record::market::spread32(from, to);
    let decimals = if (difference * 100.0).round() / 100.0 == difference { decimals } else { decimals.max(4) };
    if difference == 0.0 { format!("{:.decimals$}", 0.0) } else { format!("{difference:+.decimals$}") }
}

/// Returns the change in percent with its sign and two decimals.
pub fn percent(from: f32, to: f32) -> String {
    let percent = (f64::from(to) - f64::from(from)) / f64::from(from) * 100.0;
    // A change that rounds to zero has no sign.
    if percent.abs() < 0.005 { "0.00%".to_owned() } else { format!("{percent:+.2}%") }
}

/// Returns a quantity; a dash for 0.
pub fn quantity(value: u64) -> String {
    if value == 0 { unknown() } else { value.to_string() }
}

/// Returns an age in at most four characters.
pub fn age(us: i64) -> String {
    let seconds = us.max(0) / 1_000_000;
    match seconds {
        0..10 => format!("{:.1}s", us.max(0) as f64 / 1e6),
        10..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Returns a duration in seconds (`3.2 s`), or in minutes and seconds if it is longer.
pub fn length(us: i64) -> String {
    let seconds = us.max(0) / 1_000_000;
    match seconds {
        0..60 => format!("{:.1} s", us.max(0) as f64 / 1e6),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// Returns the date in India, like `28 Nov 2026`.
pub fn date(at: Micros) -> String {
    crate::clock::ist_civil(at).strftime("%d %b %Y").to_string()
}

/// Returns a number of things, `1 order` or `2 orders`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Returns the time of day in India, `HH:MM:SS`.
pub fn clock(at: Micros) -> String {
    crate::clock::ist_civil(at).strftime("%H:%M:%S").to_string()
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_two_decimals_or_as_many_as_were_sent() {
        for (value, text) in [(247.8_f32, "247.80"), (83.4525, "83.4525"), (150.0, "150.00"), (0.05, "0.05")] {
            assert_eq!(price(value), text);
        }
        assert_eq!(price(24_612.35_f64), "24612.35");
        for value in [0.0_f32, -0.01, f32::NAN, f32::INFINITY] {
            assert_eq!(price(value), UNKNOWN);
        }
    }

    #[test]
    fn prices_side_by_side_have_the_same_decimals_and_lose_none() {
        let sent = [100.39_f32, 100.3975, 100.4].map(decimals);
        assert_eq!(sent, [2, 4, 1]);
        assert_eq!(common_decimals(Segment::NSE_EQ, sent), 4);
        assert_eq!(common_decimals(Segment::NSE_EQ, [0, 1]), 2);
        assert_eq!(common_decimals(Segment::NSE_CURRENCY, [0, 1]), 4);
        assert_eq!((decimals(100.0_f32), decimals(0.0_f32)), (0, 0));
        assert_eq!(price_with(100.39_f32, 4), "100.3900");
        assert_eq!(price_with(100.3975_f32, 2), "100.3975");
    }

    #[test]
    fn changes_carry_a_sign_and_no_float_noise() {
        assert_eq!(change(100.05, 100.15, 2), "+0.10");
        assert_eq!(change(100.15, 100.05, 2), "-0.10");
        assert_eq!(change(83.4525, 83.455, 2), "+0.0025");
        assert_eq!(change(83.4525, 83.4625, 4), "+0.0100");
        assert_eq!(change(5.0, 5.0, 2), "0.00");
        assert_eq!(percent(100.0, 101.5), "+1.50%");
        assert_eq!(percent(100_000.0, 99_999.9), "0.00%");
    }

    #[test]
    fn ages_fit_four_characters_or_five() {
        for (us, text) in
            [(-5, "0.0s"), (400_000, "0.4s"), (12_900_000, "12s"), (300_000_000, "5m"), (7_200_000_000, "2h")]
        {
            assert_eq!(age(us), text);
        }
        assert_eq!(length(3_200_000), "3.2 s");
        assert_eq!(length(125_000_000), "2 min 5 s");
    }
}
