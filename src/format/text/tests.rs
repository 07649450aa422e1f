use super::*;
use crate::model::Micros;
use proptest::prelude::*;

fn text(write: impl FnMut(&mut LineBuf<'_>)) -> String {
    let mut out = TextBuf::new();
    out.line(write);
    String::from_utf8(out.as_bytes().to_vec()).unwrap()
}

/// serde_json's text of an `f32`, which is the oracle; `None` where it writes null.
fn oracle(value: f32) -> Option<String> {
    value.is_finite().then(|| serde_json::to_string(&value).unwrap())
}

fn check_price32(out: &mut TextBuf, value: f32) {
    out.clear();
    let mut finite = false;
    out.line(|line| finite = line.price32("", value));
    let written = finite.then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap());
    assert_eq!(written, oracle(value), "bits {:#010x}", value.to_bits());
}

#[test]
fn every_price_on_the_paise_grid_is_written_as_serde_json_writes_it() {
    let mut out = TextBuf::new();
    // Every seventh in a debug build keeps the test short and still meets every residue of 100.
    let step = if cfg!(debug_assertions) { 7 } else { 1 };
    for paise in (0..13_107_200u32).step_by(step) {
        check_price32(&mut out, (f64::from(paise) / 100.0) as f32);
    }
}

#[test]
fn bit_patterns_spread_over_the_whole_range_are_written_as_serde_json_writes_them() {
    let mut out = TextBuf::new();
    // An odd stride walks all exponents, signs and payloads.
    let stride = if cfg!(debug_assertions) { 4_099 } else { 257 };
    let mut bits = 0u32;
    loop {
        check_price32(&mut out, f32::from_bits(bits));
        match bits.checked_add(stride) {
            Some(next) => bits = next,
            None => break,
        }
    }
    for special in [
        0.0,
        -0.0,
        -0.01,
        -21_474_836.0,
        0.05,
        1e-45,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NAN,
        131_071.99,
        131_072.02,
    ] {
        check_price32(&mut out, special);
    }
}

#[test]
fn a_price_always_carries_a_fraction_and_never_float_noise() {
    for expected in ["150.0", "247.8", "0.05", "23378.35", "1.0"] {
        assert_eq!(text(|o| assert!(o.price32("", expected.parse().unwrap()))), expected);
        assert_eq!(text(|o| assert!(o.price64("", expected.parse().unwrap()))), expected);
    }
    assert_eq!(text(|o| assert!(!o.price32("", f32::NAN))), "");
    assert_eq!(text(|o| assert!(!o.price64("", f64::INFINITY))), "");
}

proptest! {
    #[test]
    fn any_f32_is_written_as_serde_json_writes_it(bits: u32) {
        check_price32(&mut TextBuf::new(), f32::from_bits(bits));
    }

    #[test]
    fn any_f64_is_written_as_serde_json_writes_it(bits: u64, paise in 0u32..) {
        for value in [f64::from_bits(bits), f64::from(paise) / 100.0, f64::from(paise) / 10_000.0, -f64::from(paise) / 100.0] {
            let written = text(|o| { o.price64("", value); });
            let expected = if value.is_finite() { serde_json::to_string(&value).unwrap() } else { String::new() };
            prop_assert_eq!(written, expected);
        }
    }

    #[test]
    fn whole_numbers_are_what_they_are(small in 0u32..20_000, any: u32, big: i64) {
        for value in [small, any] {
            prop_assert_eq!(text(|o| o.u32("", value)), value.to_string());
        }
        prop_assert_eq!(text(|o| o.i64("", big)), big.to_string());
        prop_assert_eq!(text(|o| o.micros("", Micros::new(big))), big.to_string());
        prop_assert_eq!(text(|o| o.micros("", Micros::from_secs(1_700_000_000).plus_us(i64::from(any)))), (1_700_000_000_000_000 + i64::from(any)).to_string());
    }

    #[test]
    fn any_text_is_escaped_as_serde_json_escapes_it(value: String) {
        prop_assert_eq!(text(|o| o.json_string(&value)), serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn any_text_survives_a_csv_field(value: String) {
        let line = text(|o| { o.csv_field(&value); o.str(",x\n"); });
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(&row[0], value.as_str());
    }
}

#[test]
fn a_line_that_does_not_fit_is_written_again_into_more_room() {
    let mut out = TextBuf::new();
    out.bytes(b"before ");
    for size in [AHEAD - 1, AHEAD, 3 * AHEAD, 40 * AHEAD] {
        out.truncate(7);
        let long = "x".repeat(size);
        out.line(|line| {
            line.u32("", 7);
            line.str(&long);
            line.price32("", 1.5);
        });
        assert_eq!(out.as_bytes(), format!("before 7{long}1.5").as_bytes());
    }
}

#[test]
fn edges_between_digit_counts() {
    for power in 0..10 {
        let edge = 10u32.pow(power);
        for value in [edge - 1, edge, edge + 1] {
            assert_eq!(text(|o| o.u32("", value)), value.to_string());
        }
    }
    for value in [u32::MAX, 4_200_000_000, 4_200_000_042, 999_999_999, 1_000_000_000] {
        assert_eq!(text(|o| o.u32("", value)), value.to_string());
    }
}

#[test]
fn a_short_line_is_its_head_and_what_was_appended_wherever_in_the_room_it_begins() {
    let mut out = TextBuf::new();
    let mut expected = Vec::new();
    for size in (0..200).chain([5_000]) {
        let head = LineHead::new(&vec![b'h'; size]);
        assert_eq!(head.as_bytes().len(), size);
        let mut line = out.begin_short(&head);
        line.u32("", size as u32);
        line.str(",");
        assert!(line.price32("", 247.8));
        line.bytes(&[b'x'; AT_ONCE]);
        let len = line.end();
        out.take_short(&head, len);
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(format!("{size},247.8{}", "x".repeat(AT_ONCE)).as_bytes());
        assert!(out.as_bytes() == expected);
    }
}

#[test]
#[should_panic = "is longer than 2048 bytes"]
fn a_line_that_was_not_short_is_a_bug_and_never_a_line() {
    let (mut out, head) = (TextBuf::new(), LineHead::new(b"head"));
    let mut line = out.begin_short(&head);
    for _ in 0..40 {
        line.bytes(&[b'x'; AT_ONCE]);
    }
    line.end();
}

proptest! {
    #[test]
    fn a_short_line_holds_what_any_other_holds(bits: u32, wide: u64, numbers: [u32; 4], moment in 0i64..20_000_000_000) {
        let mut out = TextBuf::new();
        let head = LineHead::new(b"");
        let mut short = out.begin_short(&head);
        fn all(line: &mut impl Text, bits: u32, wide: u64, numbers: [u32; 4], moment: i64) {
            line.price32("", f32::from_bits(bits));
            line.price32("", (f64::from(bits) / 100.0) as f32);
            line.price64("", f64::from_bits(wide));
            line.price64("", f64::from(bits) / 100.0);
            numbers.iter().for_each(|number| line.u32("", *number));
            numbers.iter().for_each(|number| line.count("", number % 20_000));
            line.seconds("", moment);
            line.micros("", Micros::new(moment * 100_000));
        }
        all(&mut short, bits, wide, numbers, moment);
        let len = short.end();
        out.take_short(&head, len);
        let long = text(|line| all(line, bits, wide, numbers, moment));
        prop_assert_eq!(long.as_bytes(), out.as_bytes());
    }

    #[test]
    fn seconds_of_any_age_are_whole_numbers(second: i64) {
        prop_assert_eq!(text(|line| line.seconds("", second)), second.to_string());
        let near = second % 20_000_000_000;
        prop_assert_eq!(text(|line| line.seconds("", near)), near.to_string());
    }
}
