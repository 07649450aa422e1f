//! Writes numbers and strings as text.
//!
//! This is the hot path: a full record has some 720 bytes in about sixty fields. Digits come from tables, several at
//! once, without branches on their count: with numbers of mixed length the processor mispredicts such branches.

use crate::model::Micros;

/// Receives text; implemented by the buffers.
pub trait Text {
    /// Appends `before`, then the first `used` bytes of `chunk` (at most `N`). Storing the whole chunk is one
    /// instruction, copying a part of it would be a loop.
    fn chunk<const N: usize>(&mut self, before: &str, chunk: &[u8; N], used: usize);

    /// Appends bytes.
    fn bytes(&mut self, bytes: &[u8]);

    /// Appends text.
    #[inline(always)]
    fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Appends one byte.
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.chunk("", &[byte], 1);
    }

    /// Appends `before` and an unsigned integer.
    #[inline(always)]
    fn u32(&mut self, before: &str, value: u32) {
        if value >= EIGHT {
            let high = SHORTS[(value / EIGHT) as usize];
            self.chunk(before, &high.to_le_bytes(), digits(high));
            return self.chunk("", &(eight(value % EIGHT) | ASCII).to_le_bytes(), 8);
        }
        let digits = eight(value);
        // The last digit is always written.
        let zeros = (digits | 1 << 56).trailing_zeros() / 8;
        let text = (digits | ASCII) >> (8 * zeros);
        self.chunk(before, &text.to_le_bytes(), 8 - zeros as usize);
    }

    /// Appends `before` and an unsigned integer that is usually below 10 000: the number of orders of a level.
    #[inline(always)]
    fn count(&mut self, before: &str, value: u32) {
        let Some(&short) = SHORTS.get(value as usize) else { return self.u32(before, value) };
        self.chunk(before, &short.to_le_bytes(), digits(short));
    }

    /// Appends `before` and an integer of any size.
    #[inline(always)]
    fn i64(&mut self, before: &str, value: i64) {
        match u32::try_from(value) {
            Ok(small) => self.u32(before, small),
            Err(_) => {
                self.str(before);
                self.str(itoa::Buffer::new().format(value));
            }
        }
    }

    /// Appends `before` and a time in epoch seconds: ten digits in every year from 2001 to 2286.
    #[inline(always)]
    fn seconds(&mut self, before: &str, second: i64) {
        match u64::try_from(second) {
            Ok(second @ 1_000_000_000..=9_999_999_999) => {
                let (high, low) = ((second / 100_000_000) as u32, (second % 100_000_000) as u32);
                self.chunk(before, &hundredths(high).to_le_bytes(), 2);
                self.chunk("", &(eight(low) | ASCII).to_le_bytes(), 8);
            }
            _ => self.i64(before, second),
        }
    }

    /// Appends `before` and a time as microseconds since the epoch: sixteen digits in every year until 2286.
    #[inline(always)]
    fn micros(&mut self, before: &str, at: Micros) {
        match u64::try_from(at.get()) {
            Ok(us @ 1_000_000_000_000_000..=9_999_999_999_999_999) => {
                let (high, low) = ((us / 100_000_000) as u32, (us % 100_000_000) as u32);
                self.chunk(before, &(eight(high) | ASCII).to_le_bytes(), 8);
                self.chunk("", &(eight(low) | ASCII).to_le_bytes(), 8);
            }
            _ => self.i64(before, at.get()),
        }
    }

    /// Appends `before` and a price from an `f32`: the fewest digits that read back to it, always with a fraction.
    /// Returns false, and appends no price, if it is not finite.
    #[inline(always)]
    fn price32(&mut self, before: &str, value: f32) -> bool {
        // Prices are whole paise: below 131 072, two decimals are the shortest text that reads back. As bits,
        // everything negative, infinite or not a number is above this limit too.
        const LIMIT: u32 = 131_072f32.to_bits();
        let (paise, whole) = rounded(f64::from(value) * 100.0);
        if value.to_bits() < LIMIT && (whole * 0.01) as f32 == value {
            append_paise(self, before, paise);
            return true;
        }
        let (text, used) = off_grid32(value);
        self.chunk(before, &text, used);
        used > 0
    }

    /// Appends `before` and a price from an `f64`, in the same way.
    #[inline(always)]
    fn price64(&mut self, before: &str, value: f64) -> bool {
        // A million rupees have eight digits of paise, far below the size at which two decimals stop being unique in
        // an `f64`.
        const LIMIT: u64 = 1e6f64.to_bits();
        let (paise, whole) = rounded(value * 100.0);
        if value.to_bits() < LIMIT && paise < EIGHT && whole / 100.0 == value {
            append_paise(self, before, paise);
            return true;
        }
        let (text, used) = off_grid64(value);
        self.chunk(before, &text, used);
        used > 0
    }

    /// Appends a JSON string with its quotes, escaped as serde_json escapes it.
    fn json_string(&mut self, text: &str) {
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

    /// Appends a CSV field, quoted where RFC 4180 requires it.
    fn csv_field(&mut self, text: &str) {
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
    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes(&hex(*byte));
        }
    }
}

/// Appends a price below a million rupees, in paise, as rupees with one or two decimals.
#[inline(always)]
fn append_paise<T: Text + ?Sized>(line: &mut T, before: &str, paise: u32) {
    let (rupees, hundredths) = (paise / 100, hundredths(paise % 100));
    let (decimals, used) = (u64::from(hundredths as u16), (hundredths >> 16) as usize);
    match SHORTS.get(rupees as usize) {
        Some(&short) => {
            let text = short | decimals << (8 * digits(short) + 8);
            line.chunk(before, &text.to_le_bytes(), (digits(short) + used) & 7);
        }
        None => {
            let (high, low) = (SHORTS[(rupees / FOUR) as usize % SHORTS.len()], FOURS[(rupees % FOUR) as usize]);
            line.chunk(before, &high.to_le_bytes(), digits(high));
            let low = u64::from(low | ASCII as u32) | u64::from(b'.') << 32 | decimals << 40;
            line.chunk("", &low.to_le_bytes(), (4 + used) & 7);
        }
    }
}

/// Rounds a number from 0 to below 2^32 to an integer; returns it in both types.
#[inline(always)]
fn rounded(value: f64) -> (u32, f64) {
    // Beyond 2^52 a float has no fraction: adding this number rounds, and leaves the integer in the low bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let sum = value + WHOLE;
    (sum.to_bits() as u32, sum - WHOLE)
}

/// Length in bytes that holds the text of any price.
const LONGEST_PRICE: usize = 32;

/// Returns the text and length of an `f32` price that is not whole paise; the length is 0 if it is not finite.
#[cold]
#[inline(never)]
fn off_grid32(value: f32) -> ([u8; LONGEST_PRICE], usize) {
    let mut buffer = zmij::Buffer::new();
    padded(if value.is_finite() { buffer.format_finite(value) } else { "" })
}

/// Returns the text and length of an `f64` price that is not whole paise; the length is 0 if it is not finite.
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

/// Smallest number with more than four digits.
const FOUR: u32 = 10_000;
/// Smallest number with more than eight digits.
const EIGHT: u32 = 100_000_000;
/// Turns eight digit values into ASCII digits when added.
const ASCII: u64 = 0x3030_3030_3030_3030;

/// Digit values of every number below [`FOUR`], one in each byte, the first in the lowest. The table covers all
/// 14-bit indices, so that no index needs a bounds check; entries beyond [`FOUR`] are never read.
static FOURS: [u32; 1 << 14] = {
    let mut fours = [0; 1 << 14];
    let mut i = 0;
    while i < FOUR {
        fours[i as usize] = (i / 1_000) | ((i / 100 % 10) << 8) | ((i / 10 % 10) << 16) | ((i % 10) << 24);
        i += 1;
    }
    fours
};

/// Text of every number below [`FOUR`] with a point behind it, the first digit in the lowest byte; the highest byte
/// holds the number of digits, see [`digits`].
static SHORTS: [u64; FOUR as usize] = {
    let mut shorts = [0; FOUR as usize];
    let mut i = 0;
    while i < shorts.len() {
        let digits = match i {
            0..10 => 1,
            10..100 => 2,
            100..1_000 => 3,
            _ => 4,
        };
        let text = (FOURS[i] | ASCII as u32) as u64;
        shorts[i] = text >> (8 * (4 - digits)) | (b'.' as u64) << (8 * digits) | digits << 56;
        i += 1;
    }
    shorts
};

/// Returns the number of digits of an entry, at most four; the mask lets the compiler know that eight bytes suffice.
#[inline(always)]
fn digits(short: u64) -> usize {
    (short >> 56) as usize & 7
}

/// Two decimals of every number of hundredths, the first in the lowest byte; above them the number of characters to
/// write, including the point: a trailing zero is left out, but the first decimal never. The table covers all 7-bit
/// indices, so that no index needs a bounds check.
static HUNDREDTHS: [u32; 1 << 7] = {
    let mut hundredths = [0; 1 << 7];
    let mut i = 0;
    while i < 100 {
        let used = if i % 10 == 0 { 2 } else { 3 };
        hundredths[i as usize] = (b'0' as u32 + i / 10) | ((b'0' as u32 + i % 10) << 8) | (used << 16);
        i += 1;
    }
    hundredths
};

#[inline(always)]
fn hundredths(value: u32) -> u32 {
    HUNDREDTHS[value as usize % HUNDREDTHS.len()]
}

/// Returns the eight digit values of a number below 10^8, one in each byte, the first in the lowest. They are
/// computed in one register without a branch, since the processor mispredicts branches on mixed lengths.
#[inline(always)]
fn eight(value: u32) -> u64 {
    let four = |value: u32| u64::from(FOURS[value as usize % FOURS.len()]);
    four(value / FOUR) | four(value % FOUR) << 32
}
