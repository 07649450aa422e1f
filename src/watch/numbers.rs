//! Formats numbers for the screen: without thousands separators, unknown values as a dash.

use crate::model::Micros;

/// Text for an unknown value.
pub const UNKNOWN: &str = "-";

/// Returns a price in rupees with at least two decimals and every digit that the server sent; a dash for 0 and less.
pub fn price(value: f32) -> String {
    if value.is_finite() && value > 0.0 { at_least_two(zmij::Buffer::new().format_finite(value)) } else { unknown() }
}

/// Returns a price in rupees as [`price`] does.
pub fn price64(value: f64) -> String {
    if value.is_finite() && value > 0.0 { at_least_two(zmij::Buffer::new().format_finite(value)) } else { unknown() }
}

fn at_least_two(text: &str) -> String {
    let mut text = text.to_owned();
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if !text.contains('e') {
        if !text.contains('.') {
            text.push('.');
        }
        text.extend(std::iter::repeat_n('0', 2_usize.saturating_sub(decimals)));
    }
    text
}

/// Returns the difference of two prices with its sign, without float noise.
pub fn change(from: f32, to: f32) -> String {
    let difference = crate::record::market::spread32(from, to);
    let decimals = if (difference * 100.0).round() / 100.0 == difference { 2 } else { 4 };
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
        for (value, text) in [(247.8, "247.80"), (83.4525, "83.4525"), (150.0, "150.00"), (0.05, "0.05")] {
            assert_eq!(price(value), text);
        }
        assert_eq!(price64(24_612.35), "24612.35");
        for value in [0.0, -0.01, f32::NAN, f32::INFINITY] {
            assert_eq!(price(value), UNKNOWN);
        }
    }

    #[test]
    fn changes_carry_a_sign_and_no_float_noise() {
        assert_eq!(change(100.05, 100.15), "+0.10");
        assert_eq!(change(100.15, 100.05), "-0.10");
        assert_eq!(change(83.4525, 83.455), "+0.0025");
        assert_eq!(change(5.0, 5.0), "0.00");
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
