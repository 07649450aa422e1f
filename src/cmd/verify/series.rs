//! Finds packets that the last file of a rotated run counts, in the run's other files.

use super::check;
use crate::storage::names::folder;
use crate::verify::VerifySummary;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Returns a message if packets that a file's `end` record counts are in no file of the run.
///
/// The last file of a rotated run counts the packets of all its files. The others are beside it, with names that
/// differ only in digits or at least have the same extension, or are among the named files.
pub fn missing(path: &Path, summary: &VerifySummary, named: &[PathBuf]) -> Option<String> {
    let counted = summary.elsewhere;
    if counted == 0 {
        return None;
    }
    let mut found = Earlier { files: 0, packets: 0 };
    for candidates in
        [alike(path, named, series_of), newest_first(path, named.to_vec()), alike(path, &[], extension_of)]
    {
        let earlier = earlier(candidates, summary);
        if earlier.packets == counted || summary.is_least && earlier.packets > counted {
            return None;
        }
        if earlier.packets > found.packets && earlier.packets < counted {
            found = earlier;
        }
    }
    let seen = match found {
        Earlier { files: 0, .. } => "no earlier file of the run was found".to_owned(),
        Earlier { files, packets } => {
            format!("the {files} earlier files of the run that were found hold {packets} of them")
        }
    };
    Some(format!(
        "{}: its end record counts {counted} packets that are not in this file, and {seen}; lines are missing, unless \
         they are in files that have been moved: name all files of the run together",
        path.display()
    ))
}

/// Earlier files of a run.
struct Earlier {
    files: usize,
    packets: u64,
}

/// Counts the packets in the earlier files of a run, from the newest back, until all are found or the run begins.
fn earlier(candidates: Vec<PathBuf>, summary: &VerifySummary) -> Earlier {
    let (mut all, mut before) = (Earlier { files: 0, packets: 0 }, summary.first);
    for candidate in candidates {
        if all.packets >= summary.elsewhere {
            break;
        }
        let Ok((_, other)) = check(&candidate) else { continue };
        // A file of another output of the same run covers the same time.
        if other.last > before {
            continue;
        }
        // The previous run ended there.
        let Some(packets) = other.rotated_packets else { break };
        before = other.first;
        all = Earlier { files: all.files + 1, packets: all.packets + packets };
    }
    all
}

/// Returns the files of the same kind, named or beside this one, the newest first.
fn alike(path: &Path, named: &[PathBuf], kind: fn(&Path) -> String) -> Vec<PathBuf> {
    let Some(ended) = modified(path) else { return Vec::new() };
    let wanted = kind(path);
    let beside = std::fs::read_dir(folder(path)).into_iter().flatten().flatten().map(|entry| entry.path());
    // Files that were written later belong to later runs.
    let beside = beside.filter(|other| modified(other).is_some_and(|modified| modified <= ended));
    newest_first(path, named.iter().cloned().chain(beside).filter(|other| kind(other) == wanted).collect())
}

/// Returns these files without `path` itself, each once, the newest first.
fn newest_first(path: &Path, files: Vec<PathBuf>) -> Vec<PathBuf> {
    let Ok(this) = path.canonicalize() else { return Vec::new() };
    let mut all: Vec<(SystemTime, PathBuf)> = (files.into_iter())
        .filter_map(|other| other.canonicalize().ok().filter(|other| *other != this))
        .filter_map(|other| Some((modified(&other)?, other)))
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    all.dedup();
    all.into_iter().map(|(_, path)| path).collect()
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok().filter(Metadata::is_file)?.modified().ok()
}

/// Returns a file's name without what differs between the files of a run: digits, the dot before a number, and the
/// compression, which may have come later.
fn series_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    let mut series: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
    while series.contains("..") {
        series = series.replace("..", ".");
    }
    series.trim_end_matches(['.', '-', '_']).to_owned()
}

/// Returns what follows the first dot of a file's series; markers and other hidden files have none of ours.
fn extension_of(path: &Path) -> String {
    let series = series_of(path);
    series
        .split_once('.')
        .filter(|(stem, _)| !stem.is_empty())
        .map_or_else(String::new, |(_, extension)| extension.to_owned())
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
            ("x.ndjson", "x.ndjson-20261127"),
        ] {
            assert_eq!(series_of(Path::new(a)), series_of(Path::new(b)));
        }
        assert_ne!(series_of(Path::new("ticker.ndjson")), series_of(Path::new("quote.ndjson")));
        assert_ne!(series_of(Path::new("x.ndjson")), series_of(Path::new("x.csv")));
        assert_eq!(extension_of(Path::new("old-x.ndjson.3.zst")), extension_of(Path::new("x.ndjson")));
    }
}
