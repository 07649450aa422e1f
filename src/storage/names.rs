//! Derives names from a file's name: numbered files, markers, torn tails, gap files.

use crate::clock::ist_civil;
use crate::model::Micros;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Says how a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// gzip members.
    Gzip,
    /// Zstandard frames.
    Zstd,
}

impl Compression {
    /// Returns the compression of a name by its extension: `.gz` or `.zst`, in any case.
    pub fn of(path: &Path) -> Compression {
        match path.extension().map(OsStr::to_ascii_lowercase) {
            Some(extension) if extension == "gz" => Compression::Gzip,
            Some(extension) if extension == "zst" => Compression::Zstd,
            _ => Compression::None,
        }
    }
}

/// Returns the folder of a path.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

fn name(path: &Path) -> &[u8] {
    path.file_name().unwrap_or_default().as_bytes()
}

fn beside(path: &Path, name: Vec<u8>) -> PathBuf {
    path.with_file_name(OsString::from_vec(name))
}

/// Splits a name into the part before a number and the part behind it: `x` and `.ndjson.zst`.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let dot = |name: &[u8]| name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0);
    let Some(mut at) = dot(name) else { return (name, b"") };
    if matches!(&name[at + 1..].to_ascii_lowercase()[..], b"gz" | b"zst")
        && let Some(inner) = dot(&name[..at])
        && (1..=8).contains(&(at - inner - 1))
        && name[inner + 1..at].iter().all(u8::is_ascii_alphabetic)
    {
        at = inner;
    }
    name.split_at(at)
}

/// Returns the path of a number: `NAME.EXT`, `NAME.1.EXT`, `NAME.2.EXT`, …
pub fn numbered(base: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return base.to_owned();
    }
    let (stem, extension) = split(name(base));
    beside(base, [stem, b".", number.to_string().as_bytes(), extension].concat())
}

/// Returns the number of a name in the series of `base`, or `None` if it does not belong to the series.
pub fn number_of(base: &Path, candidate: &OsStr) -> Option<u32> {
    if candidate.as_bytes() == name(base) {
        return Some(0);
    }
    let (stem, extension) = split(name(base));
    let digits = candidate.as_bytes().strip_prefix(stem)?.strip_prefix(b".")?.strip_suffix(extension)?;
    // The program writes no number of this form, so it is another program's file.
    let canonical = (1..=9).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| canonical)?.parse().ok()
}

/// Returns the path of the marker that says the file is being written: `.NAME.dhan`.
pub fn marker(path: &Path) -> PathBuf {
    beside(path, [b".", name(path), b".dhan"].concat())
}

/// Returns the name of the file that a marker belongs to.
pub fn marked(marker: &OsStr) -> Option<OsString> {
    let name = marker.as_bytes().strip_prefix(b".")?.strip_suffix(b".dhan")?;
    (!name.is_empty()).then(|| OsString::from_vec(name.to_vec()))
}

/// Returns the path for a torn tail: `NAME.torn-20261122T093000` (India's time), with `-1`, `-2` behind it if that
/// exists.
pub fn torn(path: &Path, now: Micros, attempt: u32) -> PathBuf {
    let time = ist_civil(now).strftime("%Y%m%dT%H%M%S").to_string();
    let suffix = if attempt == 0 { String::new() } else { format!("-{attempt}") };
    beside(path, [name(path), b".torn-", time.as_bytes(), suffix.as_bytes()].concat())
}

/// Returns the path where a file's recovered frame is prepared.
pub fn recovery_path(path: &Path) -> PathBuf {
    beside(path, [b".", name(path), b".dhan-mending"].concat())
}

/// Returns the path for the gap records of a CSV file: `FILE.gaps.ndjson`, never compressed.
pub fn gaps_path(csv: &Path) -> PathBuf {
    beside(csv, [name(csv), b".gaps.ndjson"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_before_all_that_says_what_a_file_is() {
        for (base, first) in [
            ("d/x.ndjson", "d/x.1.ndjson"),
            ("x.ndjson.zst", "x.1.ndjson.zst"),
            ("x.csv.GZ", "x.1.csv.GZ"),
            ("x", "x.1"),
            (".x", ".x.1"),
            ("2026.06.10.zst", "2026.06.10.1.zst"),
            ("a.b.csv", "a.b.1.csv"),
        ] {
            assert_eq!(numbered(Path::new(base), 1), Path::new(first));
            assert_eq!(number_of(Path::new(base), Path::new(first).file_name().unwrap()), Some(1));
            assert_eq!(number_of(Path::new(base), Path::new(base).file_name().unwrap()), Some(0));
        }
        for stranger in
            ["x.01.ndjson", "x..ndjson", "x.1.csv", "x.one.ndjson", "y.1.ndjson", "x.ndjson.1", "x.4294967295.ndjson"]
        {
            assert_eq!(number_of(Path::new("x.ndjson"), OsStr::new(stranger)), None, "{stranger}");
        }
    }

    #[test]
    fn markers_lie_beside_their_file_and_lead_back_to_it() {
        let path = Path::new("d/x.ndjson");
        assert_eq!(marker(path), Path::new("d/.x.ndjson.dhan"));
        assert_eq!(marked(OsStr::new(".x.ndjson.dhan")).unwrap(), "x.ndjson");
        assert_eq!(marked(OsStr::new("..dhan")), None);
        assert_eq!(gaps_path(Path::new("d/x.csv.gz")), Path::new("d/x.csv.gz.gaps.ndjson"));
        assert_eq!(torn(path, Micros::EPOCH, 0), Path::new("d/x.ndjson.torn-19700101T053000"));
    }
}
