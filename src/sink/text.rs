//! The buffer that lines are written into, and the digits of numbers.
//!
//! This is the hot path: a full record is some 720 bytes in about sixty fields. Room is made once a record, every
//! append is a fixed-size store into zeroed room behind the text, and nothing is allocated.

/// Text under construction. The vector is longer than the text: behind `len` lies zeroed room for the next appends.
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

    /// Makes room for the next record, so that the appends of it find room without asking twice.
    #[inline]
    pub fn make_room(&mut self) {
        if self.room.len() - self.len < AHEAD {
            self.grow(AHEAD);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let wanted = (self.len + more).max(self.room.len() * 2).max(2 * AHEAD);
        self.room.resize(wanted, 0);
    }

    /// Appends bytes.
    #[inline(always)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if end > self.room.len() {
            self.grow(bytes.len());
        }
        self.room[self.len..end].copy_from_slice(bytes);
        self.len = end;
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
        if self.room.len() - self.len < N {
            self.grow(N);
        }
        if let Some(place) = self.room[self.len..].first_chunk_mut::<N>() {
            *place = *chunk;
        }
        self.len += used;
    }

    /// Appends a whole number.
    #[inline(always)]
    pub fn u32(&mut self, value: u32) {
        if value < 10_000 {
            let (digits, used) = four_or_fewer(value);
            self.chunk(&digits, used);
        } else if value < 100_000_000 {
            let (digits, used) = four_or_fewer(value / 10_000);
            self.chunk(&digits, used);
            self.chunk(&four(value % 10_000), 4);
        } else {
            let (digits, used) = four_or_fewer(value / 100_000_000);
            self.chunk(&digits, used);
            self.chunk(&four(value / 10_000 % 10_000), 4);
            self.chunk(&four(value % 10_000), 4);
        }
    }

    /// Appends a whole number of any size.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        match u32::try_from(value) {
            Ok(small) => self.u32(small),
            Err(_) => self.bytes(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    /// Appends the moment of a receive stamp: sixteen digits in every year until 2286.
    #[inline]
    pub fn micros(&mut self, us: i64) {
        match u64::try_from(us) {
            Ok(us @ 1_000_000_000_000_000..=9_999_999_999_999_999) => {
                let (high, low) = ((us / 100_000_000) as u32, (us % 100_000_000) as u32);
                self.chunk(&four(high / 10_000), 4);
                self.chunk(&four(high % 10_000), 4);
                self.chunk(&four(low / 10_000), 4);
                self.chunk(&four(low % 10_000), 4);
            }
            _ => self.i64(us),
        }
    }

    /// Appends a price that came as `f32`: the fewest digits that read back to it, always with a fraction.
    /// False, and nothing appended, if it is not finite.
    #[inline(always)]
    pub fn price32(&mut self, value: f32) -> bool {
        // Prices stand on a grid of paise: below 131 072 two decimals are then the shortest text that reads back.
        // The cast saturates, and NaN becomes 0, which does not compare equal.
        let paise = (f64::from(value) * 100.0 + 0.5) as u32;
        if paise < 13_107_200 && (f64::from(paise) * 0.01) as f32 == value && (paise != 0 || value.is_sign_positive()) {
            self.paise(paise);
            return true;
        }
        self.off_grid32(value)
    }

    /// A price in paise, as rupees with one or two decimals.
    #[inline(always)]
    fn paise(&mut self, paise: u32) {
        let (rupees, rest) = (paise / 100, paise % 100);
        self.u32(rupees);
        let [tens, units] = PAIRS[rest as usize];
        self.chunk(&[b'.', tens, units], if units == b'0' { 2 } else { 3 });
    }

    #[cold]
    #[inline(never)]
    fn off_grid32(&mut self, value: f32) -> bool {
        if value.is_finite() {
            self.str(zmij::Buffer::new().format_finite(value));
        }
        value.is_finite()
    }

    /// Appends a price that came as `f64`, likewise.
    #[inline(always)]
    pub fn price64(&mut self, value: f64) -> bool {
        // 2^32 paise are 43 million rupees: far below where two decimals stop being unique in an f64.
        let paise = (value * 100.0 + 0.5) as u32;
        if paise < u32::MAX && f64::from(paise) / 100.0 == value && (paise != 0 || value.is_sign_positive()) {
            self.paise(paise);
            return true;
        }
        if value.is_finite() {
            self.str(zmij::Buffer::new().format_finite(value));
        }
        value.is_finite()
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
                const HEX: &[u8; 16] = b"0123456789abcdef";
                self.bytes(b"\\u00");
                self.bytes(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
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
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for byte in bytes {
            self.bytes(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// The two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// Exactly four digits of a number below 10 000.
#[inline(always)]
fn four(value: u32) -> [u8; 4] {
    let [a, b] = PAIRS[(value / 100 % 100) as usize];
    let [c, d] = PAIRS[(value % 100) as usize];
    [a, b, c, d]
}

/// A number below 10 000 without leading zeros, and how many digits it has.
#[inline(always)]
fn four_or_fewer(value: u32) -> ([u8; 4], usize) {
    let used = 1 + usize::from(value >= 10) + usize::from(value >= 100) + usize::from(value >= 1000);
    let digits = u32::from_le_bytes(four(value)) >> (8 * (4 - used));
    (digits.to_le_bytes(), used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl FnOnce(&mut Out)) -> String {
        let mut out = Out::new();
        write(&mut out);
        String::from_utf8(out.as_bytes().to_vec()).unwrap()
    }

    /// serde_json's text of an `f32`, which is the oracle; `None` where it writes null.
    fn oracle(value: f32) -> Option<String> {
        value.is_finite().then(|| serde_json::to_string(&value).unwrap())
    }

    fn check_price32(out: &mut Out, value: f32) {
        out.clear();
        let finite = out.price32(value);
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
        for special in
            [0.0, -0.0, -0.01, 0.05, 1e-45, f32::MAX, f32::MIN, f32::INFINITY, f32::NAN, 131_071.99, 131_072.02]
        {
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
    fn edges_between_digit_counts() {
        for power in 0..10 {
            let edge = 10u32.pow(power);
            for value in [edge - 1, edge, edge + 1] {
                assert_eq!(text(|o| o.u32(value)), value.to_string());
            }
        }
        assert_eq!(text(|o| o.u32(u32::MAX)), u32::MAX.to_string());
    }
}
