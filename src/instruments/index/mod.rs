//! Indexes an instrument master: built once for each download, and checked block by block whenever it is read.
//!
//! The index stands behind the CSV in the same file, so that the two are always of one day, or in memory for a file of
//! the user's. An exact look-up reads a few blocks of 4 KiB, each with its checksum, and the line that it finds has one
//! too. A checksum of the whole file would be simpler, but reading 30 MiB for each look-up would cost more than `rg` does,
//! and without any a flipped bit would stream another instrument.
//!
//! | section | holds | read |
//! |---|---|---|
//! | rows | where each line is, its checksum, id, expiry and the form of its symbol | by block |
//! | exact | hashes of every name and id, sorted, with the row | by block |
//! | directory | the first hash of each block of `exact` | whole |
//! | names | an `fst` of our symbols, for the nearest name | whole, only when asked |
//! | footer, twice | sizes, checksums, where the file came from | whole |

pub mod blocks;
pub mod build;

pub use blocks::Bytes;
pub use build::build;

use super::Layout;
use super::row::{InstrumentKind, SymbolForm};
use super::spec::SpecSegment;
use jiff::civil::Date;

/// Version of the format; an index of another version is rebuilt.
pub const VERSION: u32 = 2;

/// Size in bytes of an [`IndexEntry`] in its section.
pub const ENTRY_SIZE: usize = 20;
/// Size in bytes of a hash with its row.
pub const EXACT_SIZE: usize = 8;
/// Number of bits of a row number beside its hash.
pub const ROW_BITS: u32 = 24;

/// Describes a file and its index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Footer {
    /// [`VERSION`].
    pub version: u32,
    /// Layout of the CSV.
    pub layout: Layout,
    /// Length of the CSV in bytes.
    pub csv_len: u64,
    /// CRC-32 of the CSV.
    pub csv_crc: u32,
    /// Length of its first line in bytes.
    pub header_len: u32,
    /// CRC-32 of its first line.
    pub header_crc: u32,
    /// Number of listed lines.
    pub rows: u32,
    /// Number of lines skipped because they are damaged.
    pub bad: u32,
    /// Number of lines skipped because their segment is unknown.
    pub ignored: u32,
    /// Number of contracts skipped because their expiry cannot be read.
    pub undated: u32,
    /// Number of lines of each segment, in the order of [`SpecSegment::ALL`].
    pub segments: [u32; 9],
    /// Number of entries in `exact`.
    pub exact: u32,
    /// Length in bytes and CRC-32 of the directory.
    pub directory: (u32, u32),
    /// Length in bytes and CRC-32 of the names.
    pub names: (u32, u32),
    /// Origin of the download.
    pub source: Source,
}

/// Says where a file came from, and what to send to the server in the next request.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The address.
    pub url: String,
    /// The server's `ETag`.
    pub etag: Option<String>,
    /// The server's `Last-Modified`.
    pub modified: Option<String>,
}

/// Describes a line of the CSV in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its offset.
    pub offset: u32,
    /// Its length in bytes without the line end.
    pub len: u16,
    /// CRC-32 of the line.
    pub crc: u32,
    /// The security id.
    pub id: u32,
    /// The segment's index in [`SpecSegment::ALL`].
    pub segment: u8,
    /// The kind of instrument.
    pub kind: InstrumentKind,
    /// The form of its symbol.
    pub form: SymbolForm,
    /// Days from 1970 to its expiry; 0 for none.
    pub expiry: u16,
}

impl IndexEntry {
    fn to_bytes(self) -> [u8; ENTRY_SIZE] {
        let mut out = [0; ENTRY_SIZE];
        out[0..4].copy_from_slice(&self.offset.to_le_bytes());
        out[4..8].copy_from_slice(&self.id.to_le_bytes());
        out[8..12].copy_from_slice(&self.crc.to_le_bytes());
        out[12..14].copy_from_slice(&self.len.to_le_bytes());
        out[14..16].copy_from_slice(&self.expiry.to_le_bytes());
        out[16..19].copy_from_slice(&[self.segment, self.kind as u8, self.form as u8]);
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8; ENTRY_SIZE]) -> Option<IndexEntry> {
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Some(IndexEntry {
            offset: u32_at(0),
            id: u32_at(4),
            crc: u32_at(8),
            len: u16::from_le_bytes([bytes[12], bytes[13]]),
            expiry: u16::from_le_bytes([bytes[14], bytes[15]]),
            segment: Some(bytes[16]).filter(|&at| usize::from(at) < SpecSegment::ALL.len())?,
            kind: match bytes[17] {
                0 => InstrumentKind::Index,
                1 => InstrumentKind::Cash,
                2 => InstrumentKind::Future,
                3 => InstrumentKind::Option,
                _ => return None,
            },
            form: SymbolForm::of(bytes[18])?,
        })
    }

    /// Returns the segment.
    pub fn segment(&self) -> SpecSegment {
        SpecSegment::ALL[usize::from(self.segment)]
    }

    /// Returns whether the contract's expiry has passed.
    pub fn has_expired(&self, today: Date) -> bool {
        self.expiry != 0 && i32::from(self.expiry) < days(today)
    }
}

/// Returns the days since 1970.
pub fn days(date: Date) -> i32 {
    date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours().div_euclid(24).try_into().unwrap_or(i32::MAX)
}

/// Returns a name in the form that look-ups compare: upper case, white space collapsed.
pub fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    fold_into(name, &mut out);
    out
}

/// Appends the [`folded`] text.
fn fold_into(name: &str, out: &mut String) {
    let start = out.len();
    for word in name.split_whitespace() {
        if out.len() > start {
            out.push(' ');
        }
        if word.is_ascii() {
            let at = out.len();
            out.push_str(word);
            if let Some(word) = out.get_mut(at..) {
                word.make_ascii_uppercase();
            }
        } else {
            out.extend(word.chars().flat_map(char::to_uppercase));
        }
    }
}

/// Returns the hash of a folded name: FNV-1a with a final mix, the same on every machine and in every version.
pub fn hash_name(folded: &str) -> u64 {
    let hash = folded
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mixed(hash)
}

/// Returns the hash of a key.
pub fn hash_id(segment: u8, id: u32) -> u64 {
    mixed((1 << 63) | (u64::from(segment) << 32) | u64::from(id))
}

/// Mixes bits with splitmix64's finalizer.
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_count_from_1970() {
        assert_eq!((days(date(1970, 1, 1)), days(date(1970, 1, 2)), days(date(2026, 2, 24))), (0, 1, 20508));
    }

    #[test]
    fn names_fold_case_and_blanks() {
        assert_eq!(folded("  Sensex mar  fut "), "SENSEX MAR FUT");
        assert_eq!(folded("straße é"), "STRASSE É");
    }

    #[test]
    fn an_entry_is_read_back() {
        let entry = IndexEntry {
            offset: 1,
            len: 2,
            crc: 3,
            id: u32::MAX,
            segment: 8,
            kind: InstrumentKind::Option,
            form: SymbolForm::SeriesId,
            expiry: 20508,
        };
        assert_eq!(IndexEntry::from_bytes(&entry.to_bytes()), Some(entry));
        assert!(entry.has_expired(date(2026, 2, 25)) && !entry.has_expired(date(2026, 2, 24)));
    }
}
