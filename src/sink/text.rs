//! The buffer that lines are written into, and the digits of numbers.
//!
//! This is the hot path: a full record is some 720 bytes in about sixty fields. A [`Line`] is a plain slice, which the
//! compiler keeps in registers as long as nobody takes its address: whatever a hot append calls is inlined or gets values. What does not fit is noticed once, at the end of the line, which is then written again into more room.

use std::mem::take;

/// Text under construction. The vector is longer than the text: behind `len` lies zeroed room for the next lines.
#[derive(Debug, Default)]
pub struct Out {
    room: Vec<u8>,
    len: usize,
}

/// Room that is made ahead, more than any market record needs.
const AHEAD: usize = 4096;

impl Out {
    /// An empty buffer.
    pub fn new() -> Out {
        Out::default()
    }

    /// The text so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    /// Bytes of text so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the text and keeps the room.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets what was written behind `len`.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Gives room back that an unusually long text took.
    pub fn shrink_to(&mut self, bytes: usize) {
        if self.room.len() > bytes && self.len <= bytes {
            self.room.truncate(bytes);
            self.room.shrink_to_fit();
        }
    }

    /// Begins a line behind the text; [`Out::take`] makes it part of the text.
    #[inline(always)]
    pub fn begin(&mut self) -> Line<'_> {
        if self.room.len() - self.len < AHEAD {
            self.grow(AHEAD);
        }
        Line { room: &mut self.room[self.len..], over: false }
    }

    /// Takes what was written into the room behind the text: what [`Line::end`] said. If it did not fit there is more room
    /// now, and the same is to be written again.
    #[inline(always)]
    #[must_use]
    pub fn take(&mut self, left: Option<usize>) -> bool {
        match left {
            Some(left) => self.len = self.room.len() - left,
            None => self.grow(self.room.len()),
        }
        left.is_some()
    }

    /// Appends what `write` writes. It is called again, with more room, when that did not fit: it must write the same.
    #[inline(always)]
    pub fn line(&mut self, mut write: impl FnMut(&mut Line<'_>)) {
        loop {
            let mut line = self.begin();
            write(&mut line);
            let left = line.end();
            if self.take(left) {
                return;
            }
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let wanted = (self.len + more).max(self.room.len() * 2).max(2 * AHEAD);
        self.room.resize(wanted, 0);
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.line(|line| line.bytes(bytes));
    }

    /// Appends text.
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

/// A line under construction.
#[derive(Debug)]
pub struct Line<'a> {
    /// What is left to write into.
    room: &'a mut [u8],
    /// Something did not fit.
    over: bool,
}

impl Line<'_> {
    /// Room that is left; `None` if something did not fit.
    #[inline(always)]
    pub fn end(self) -> Option<usize> {
        (!self.over).then_some(self.room.len())
    }

    /// Appends bytes.
    #[inline(always)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        match take(&mut self.room).split_at_mut_checked(bytes.len()) {
            Some((place, rest)) => {
                place.copy_from_slice(bytes);
                self.room = rest;
            }
            // And no room is left, so that nothing follows.
            None => self.over = true,
        }
    }

    /// Appends text.
    #[inline(always)]
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Appends one byte.
    #[inline(always)]
    pub fn byte(&mut self, byte: u8) {
        self.chunk(&[byte], 1);
    }

    /// Appends the first `used` bytes of a chunk; storing the whole chunk is one instruction where copying a part is a loop.
    #[inline(always)]
    fn chunk<const N: usize>(&mut self, chunk: &[u8; N], used: usize) {
        let room = take(&mut self.room);
        match room.first_chunk_mut::<N>() {
            Some(place) => {
                *place = *chunk;
                self.room = room.get_mut(used..).unwrap_or_default();
            }
            None => self.over = true,
        }
    }

    /// Appends a whole number.
    #[inline(always)]
    pub fn u32(&mut self, value: u32) {
        if value >= EIGHT {
            let (text, used) = above_eight(value);
            return self.chunk(&text, used);
        }
        let digits = eight(value);
        // The last digit stays in any case.
        let zeros = (digits | 1 << 56).trailing_zeros() / 8;
        let text = (digits | ASCII) >> (8 * zeros);
        self.chunk(&text.to_le_bytes(), 8 - zeros as usize);
    }

    /// Appends a whole number that is below 10 000 as a rule: how many orders a level has.
    #[inline(always)]
    pub fn count(&mut self, value: u32) {
        let Some(digits) = FOURS.get(value as usize).filter(|_| value < FOUR) else { return self.u32(value) };
        let zeros = (digits | 1 << 24).trailing_zeros() / 8;
        let text = (digits | ASCII as u32) >> (8 * zeros);
        self.chunk(&text.to_le_bytes(), 4 - zeros as usize);
    }

    /// Appends a whole number of any size.
    #[inline(always)]
    pub fn i64(&mut self, value: i64) {
        match u32::try_from(value) {
            Ok(small) => self.u32(small),
            Err(_) => self.bytes(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    /// Appends the moment of a receive stamp: sixteen digits in every year until 2286.
    #[inline(always)]
    pub fn micros(&mut self, us: i64) {
        match u64::try_from(us) {
            Ok(us @ 1_000_000_000_000_000..=9_999_999_999_999_999) => {
                let (high, low) = ((us / 100_000_000) as u32, (us % 100_000_000) as u32);
                self.chunk(&(eight(high) | ASCII).to_le_bytes(), 8);
                self.chunk(&(eight(low) | ASCII).to_le_bytes(), 8);
            }
            _ => self.i64(us),
        }
    }

    /// Appends a price that came as `f32`: the fewest digits that read back to it, always with a fraction.
    /// False, and nothing appended, if it is not finite.
    #[inline(always)]
    pub fn price32(&mut self, value: f32) -> bool {
        // Prices stand on a grid of paise: below 131 072 two decimals are then the shortest text that reads back.
        // Compared as bits, everything negative, infinite or not a number is above that too.
        const LIMIT: u32 = 131_072f32.to_bits();
        let (paise, whole) = rounded(f64::from(value) * 100.0);
        if value.to_bits() < LIMIT && (whole * 0.01) as f32 == value {
            self.paise(paise);
            return true;
        }
        let (text, used) = off_grid32(value);
        self.chunk(&text, used);
        used > 0
    }

    /// A price below a million rupees, in paise, as rupees with one or two decimals.
    #[inline(always)]
    fn paise(&mut self, paise: u32) {
        let digits = eight(paise);
        // Six digits of rupees, of which the last stays in any case.
        let zeros = (digits | 1 << 40).trailing_zeros() / 8;
        let text = digits | ASCII;
        let rupees = 6 - zeros as usize;
        let fraction = u32::from(b'.') | ((text >> 48) as u32) << 8;
        // One or two decimals is a guess too: computed, not asked.
        let used = rupees + 3 - usize::from(digits < 1 << 56);
        let room = take(&mut self.room);
        match room.first_chunk_mut::<16>() {
            Some(place) => {
                place[..8].copy_from_slice(&(text >> (8 * zeros)).to_le_bytes());
                place[rupees & 7..][..4].copy_from_slice(&fraction.to_le_bytes());
                self.room = room.get_mut(used..).unwrap_or_default();
            }
            None => self.over = true,
        }
    }

    /// Appends a price that came as `f64`, likewise.
    #[inline(always)]
    pub fn price64(&mut self, value: f64) -> bool {
        // A million rupees are eight digits of paise, far below where two decimals stop being unique in an f64.
        const LIMIT: u64 = 1e6f64.to_bits();
        let (paise, whole) = rounded(value * 100.0);
        if value.to_bits() < LIMIT && paise < EIGHT && whole / 100.0 == value {
            self.paise(paise);
            return true;
        }
        let (text, used) = off_grid64(value);
        self.chunk(&text, used);
        used > 0
    }

    /// Appends a JSON string with its quotes, escaped as serde_json escapes it.
    pub fn json_string(&mut self, text: &str) {
        self.byte(b'"');
        let bytes = text.as_bytes();
        let mut done = 0;
        for (i, &byte) in bytes.iter().enumerate() {
            let short = match byte {
                b'"' => b'"',
                b'\\' => b'\\',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0x08 => b'b',
                0x0c => b'f',
                0..=0x1f => 0,
                _ => continue,
            };
            self.bytes(&bytes[done..i]);
            done = i + 1;
            if short != 0 {
                self.bytes(&[b'\\', short]);
            } else {
                self.bytes(b"\\u00");
                self.bytes(&hex(byte));
            }
        }
        self.bytes(&bytes[done..]);
        self.byte(b'"');
    }

    /// Appends a CSV field, quoted where RFC 4180 asks for it.
    pub fn csv_field(&mut self, text: &str) {
        if text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
            self.byte(b'"');
            for (i, part) in text.split('"').enumerate() {
                if i > 0 {
                    self.bytes(b"\"\"");
                }
                self.str(part);
            }
            self.byte(b'"');
        } else {
            self.str(text);
        }
    }

    /// Appends bytes as lower-case hex.
    pub fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes(&hex(*byte));
        }
    }
}

/// A number rounded to a whole one, as both; meaningful below 2^32 and not below 0.
#[inline(always)]
fn rounded(value: f64) -> (u32, f64) {
    // Beyond 2^52 a float has no fraction: adding that much rounds, and leaves the whole number in the low bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let sum = value + WHOLE;
    (sum.to_bits() as u32, sum - WHOLE)
}

/// Room for the text of any price.
const LONGEST_PRICE: usize = 32;

/// The text of a price that is not on the grid; no text if it is not finite.
#[cold]
#[inline(never)]
fn off_grid32(value: f32) -> ([u8; LONGEST_PRICE], usize) {
    let mut buffer = zmij::Buffer::new();
    padded(if value.is_finite() { buffer.format_finite(value) } else { "" })
}

/// Likewise.
#[cold]
#[inline(never)]
fn off_grid64(value: f64) -> ([u8; LONGEST_PRICE], usize) {
    let mut buffer = zmij::Buffer::new();
    padded(if value.is_finite() { buffer.format_finite(value) } else { "" })
}

fn padded(text: &str) -> ([u8; LONGEST_PRICE], usize) {
    let mut padded = [0; LONGEST_PRICE];
    padded[..text.len()].copy_from_slice(text.as_bytes());
    (padded, text.len())
}

fn hex(byte: u8) -> [u8; 2] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

/// The first number of more than four digits.
const FOUR: u32 = 10_000;
/// The first number of more than eight digits.
const EIGHT: u32 = 100_000_000;
/// Makes digits of their values, eight at once.
const ASCII: u64 = 0x3030_3030_3030_3030;

/// The values of the four digits of every number below [`FOUR`], a byte each, the first in the lowest. As long as fourteen
/// bits reach, so that no index has to be checked; what is behind the numbers is never read.
static FOURS: [u32; 1 << 14] = {
    let mut fours = [0; 1 << 14];
    let mut i = 0;
    while i < FOUR {
        fours[i as usize] = (i / 1_000) | ((i / 100 % 10) << 8) | ((i / 10 % 10) << 16) | ((i % 10) << 24);
        i += 1;
    }
    fours
};

/// The values of the eight digits of a number below 10^8, a byte each, the first in the lowest. All at once in one register,
/// without a branch: numbers of mixed length make a branch on the length a guess.
#[inline(always)]
fn eight(value: u32) -> u64 {
    let four = |value: u32| u64::from(FOURS[value as usize % FOURS.len()]);
    four(value / FOUR) | four(value % FOUR) << 32
}

/// The text of a number of nine or ten digits.
#[cold]
#[inline(never)]
fn above_eight(value: u32) -> ([u8; 16], usize) {
    let mut padded = [0; 16];
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value);
    padded[..text.len()].copy_from_slice(text.as_bytes());
    (padded, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnMut(&mut Line<'_>)) -> String {
        let mut out = Out::new();
        out.line(write);
        String::from_utf8(out.as_bytes().to_vec()).unwrap()
    }

    /// serde_json's text of an `f32`, which is the oracle; `None` where it writes null.
    fn oracle(value: f32) -> Option<String> {
        value.is_finite().then(|| serde_json::to_string(&value).unwrap())
    }

    fn check_price32(out: &mut Out, value: f32) {
        out.clear();
        let mut finite = false;
        out.line(|line| finite = line.price32(value));
        let written = finite.then(|| String::from_utf8(out.as_bytes().to_vec()).unwrap());
        assert_eq!(written, oracle(value), "bits {:#010x}", value.to_bits());
    }

    #[test]
    fn every_price_on_the_paise_grid_is_written_as_serde_json_writes_it() {
        let mut out = Out::new();
        // Every seventh in a debug build keeps the test short and still meets every residue of 100.
        let step = if cfg!(debug_assertions) { 7 } else { 1 };
        for paise in (0..13_107_200u32).step_by(step) {
            check_price32(&mut out, (f64::from(paise) / 100.0) as f32);
        }
    }

    #[test]
    fn bit_patterns_spread_over_the_whole_range_are_written_as_serde_json_writes_them() {
        let mut out = Out::new();
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
            assert_eq!(text(|o| assert!(o.price32(expected.parse().unwrap()))), expected);
            assert_eq!(text(|o| assert!(o.price64(expected.parse().unwrap()))), expected);
        }
        assert_eq!(text(|o| assert!(!o.price32(f32::NAN))), "");
        assert_eq!(text(|o| assert!(!o.price64(f64::INFINITY))), "");
    }

    proptest! {
        #[test]
        fn any_f32_is_written_as_serde_json_writes_it(bits: u32) {
            check_price32(&mut Out::new(), f32::from_bits(bits));
        }

        #[test]
        fn any_f64_is_written_as_serde_json_writes_it(bits: u64, paise in 0u32..) {
            for value in [f64::from_bits(bits), f64::from(paise) / 100.0, f64::from(paise) / 10_000.0, -f64::from(paise) / 100.0] {
                let written = text(|o| { o.price64(value); });
                let expected = if value.is_finite() { serde_json::to_string(&value).unwrap() } else { String::new() };
                prop_assert_eq!(written, expected);
            }
        }

        #[test]
        fn whole_numbers_are_what_they_are(small in 0u32..20_000, any: u32, big: i64) {
            for value in [small, any] {
                prop_assert_eq!(text(|o| o.u32(value)), value.to_string());
            }
            prop_assert_eq!(text(|o| o.i64(big)), big.to_string());
            prop_assert_eq!(text(|o| o.micros(big)), big.to_string());
            prop_assert_eq!(text(|o| o.micros(1_700_000_000_000_000 + i64::from(any))), (1_700_000_000_000_000 + i64::from(any)).to_string());
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
        let mut out = Out::new();
        out.bytes(b"before ");
        for size in [AHEAD - 1, AHEAD, 3 * AHEAD, 40 * AHEAD] {
            out.truncate(7);
            let long = "x".repeat(size);
            out.line(|line| {
                line.u32(7);
                line.str(&long);
                line.price32(1.5);
            });
            assert_eq!(out.as_bytes(), format!("before 7{long}1.5").as_bytes());
        }
    }

    #[test]
    fn edges_between_digit_counts() {
        for power in 0..10 {
            let edge = 10u32.pow(power);
            for value in [edge - 1, edge, edge + 1] {
                assert_eq!(text(|o| o.u32(value)), value.to_string());
            }
        }
        for value in [u32::MAX, 4_200_000_000, 4_200_000_042, 999_999_999, 1_000_000_000] {
            assert_eq!(text(|o| o.u32(value)), value.to_string());
        }
    }
}
