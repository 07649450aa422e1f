//! Finds packets that the last file of a rotated run counts, in the run's other files.

use super::check;
use crate::storage::names::folder;
use crate::verify::VerifySummary;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Returns a message if packets that a file's `end` record counts are in no file of the run.
///
/// The last file of a rotated run counts the packets of all its files. The others are among the named files or beside
/// it, and their names differ only in digits.
pub fn missing(path: &Path, summary: &VerifySummary, named: &[PathBuf]) -> Option<String> {
    let counted = summary.elsewhere;
    if counted == 0 {
        return None;
    }
    let (mut found, mut files, mut before_us) = (0, 0, summary.first_us);
    for earlier in candidates(path, named) {
        let Ok((_, other)) = check(&earlier) else { continue };
        // A file of another output of the same run covers the same time.
        if other.last_us > before_us {
            continue;
        }
        // The previous run ended there.
        let Some(packets) = other.rotated_packets else { break };
        (found, files, before_us) = (found + packets, files + 1, other.first_us);
        if found >= counted {
            break;
        }
    }
    (found != counted).then(|| {
        let seen = match files {
            0 => "no earlier file of the run was found".to_owned(),
            _ => format!("the {files} earlier files of the run that were found hold {found} of them"),
        };
        format!(
            "{}: its end record counts {counted} packets that are not in this file, and {seen}; lines are missing, unless \
             they are in files that have been moved: name all files of the run together",
            path.display()
        )
    })
}

/// Returns the files that may be earlier ones of the same run, the newest first.
fn candidates(path: &Path, named: &[PathBuf]) -> Vec<PathBuf> {
    let modified = |path: &Path| path.metadata().ok().filter(Metadata::is_file)?.modified().ok();
    let (Ok(this), Some(ended)) = (path.canonicalize(), modified(path)) else { return Vec::new() };
    let series = series_of(path);
    let beside = std::fs::read_dir(folder(path)).into_iter().flatten().flatten().map(|entry| entry.path());
    // Files that were written later belong to later runs.
    let beside = beside.filter(|other| modified(other).is_some_and(|modified| modified <= ended));
    let mut all: Vec<(SystemTime, PathBuf)> = (named.iter().cloned().chain(beside))
        .filter(|other| series_of(other) == series)
        .filter_map(|other| other.canonicalize().ok().filter(|other| *other != this))
        .filter_map(|other| Some((modified(&other)?, other)))
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    all.dedup();
    all.into_iter().map(|(_, path)| path).collect()
}

/// Returns a file's name without the parts in which files of a run differ: digits, the dot before a number, and the
/// compression, which may have been added later.
fn series_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    let mut series: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
    while series.contains("..") {
        series = series.replace("..", ".");
    }
    series.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_run_differ_in_digits_only() {
        for (a, b) in [
            ("d/x.ndjson", "d/x.1.ndjson"),
            ("x-2026-11-27.ndjson.zst", "x-2026-11-28.12.ndjson.zst"),
            ("1/t.ndjson", "2/t.ndjson"),
            ("x", "x.3"),
            ("x.ndjson", "x.ndjson.1.gz"),
        ] {
            assert_eq!(series_of(Path::new(a)), series_of(Path::new(b)));
        }
        assert_ne!(series_of(Path::new("ticker.ndjson")), series_of(Path::new("quote.ndjson")));
        assert_ne!(series_of(Path::new("x.ndjson")), series_of(Path::new("x.csv")));
    }
}
