//! Digits and text as lines carry them, against serde_json and the csv crate.

use super::take::Take;
use dhan::testing::format::text::{LineBuf, Text as _, TextBuf};
use dhan::testing::model::Micros;

fn text(write: impl FnMut(&mut LineBuf<'_>)) -> Vec<u8> {
    let mut out = TextBuf::new();
    out.line(write);
    out.as_bytes().to_vec()
}

/// Every number and the text that are in these bytes.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    let words = take.text();
    assert_eq!(text(|out| out.json_string(&words)), serde_json::to_vec(&words).expect("a string"));
    let row = text(|out| {
        out.csv_field(&words);
        out.str(",x\n");
    });
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&row[..]);
    let cells = reader.records().next().expect("a row").expect("a whole row");
    assert_eq!((&cells[0], &cells[1]), (words.as_str(), "x"));
    while !take.is_empty() {
        let bits = take.u64();
        let singles =
            [f32::from_bits(bits as u32), (f64::from(bits as u32) / 100.0) as f32, -(bits as u32 as f32) / 100.0];
        for value in singles {
            let mut finite = true;
            let written = text(|out| finite = out.price32("", value));
            assert_eq!(finite, value.is_finite());
            let expected = if finite { serde_json::to_vec(&value).expect("a number") } else { Vec::new() };
            assert_eq!(written, expected, "{value:e}");
        }
        let paise = f64::from(bits as u32);
        for value in [f64::from_bits(bits), paise / 100.0, paise / 10_000.0, -paise / 100.0] {
            let mut finite = true;
            let written = text(|out| finite = out.price64("", value));
            assert_eq!(finite, value.is_finite());
            let expected = if finite { serde_json::to_vec(&value).expect("a number") } else { Vec::new() };
            assert_eq!(written, expected, "{value:e}");
        }
        assert_eq!(text(|out| out.u32("", bits as u32)), (bits as u32).to_string().as_bytes());
        assert_eq!(text(|out| out.i64("", bits as i64)), (bits as i64).to_string().as_bytes());
        assert_eq!(text(|out| out.micros("", Micros::new(bits as i64))), (bits as i64).to_string().as_bytes());
    }
}
