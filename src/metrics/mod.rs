//! Writes the figures of a run to a file that Prometheus' textfile collector reads.

mod text;

pub use text::{GapFigures, Snapshot, SocketFigures};

use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use crate::pipeline::item::GapReason;
use crate::pipeline::observer::Observer;
use crate::record::control::Gap;
use crate::storage;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Interval at which the file is written.
const EVERY: Duration = Duration::from_secs(15);

/// Counts gaps by their reason.
#[derive(Debug, Clone, Default)]
pub struct GapCounter(Arc<Mutex<BTreeMap<&'static str, GapFigures>>>);

impl GapCounter {
    /// Returns the gaps so far, with an entry for every reason.
    pub fn figures(&self) -> BTreeMap<&'static str, GapFigures> {
        let mut all: BTreeMap<_, _> =
            GapReason::ALL.iter().map(|reason| (reason.name(), GapFigures::default())).collect();
        all.extend(self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(name, gaps)| (*name, *gaps)));
        all
    }
}

impl Observer for GapCounter {
    fn gap(&mut self, gap: &Gap) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gaps = all.entry(gap.reason.name()).or_default();
        gaps.count += 1;
        gaps.us += gap.to.us_since(gap.from).max(0);
    }
}

/// A file of figures that is replaced atomically.
pub struct MetricsFile {
    path: PathBuf,
    /// Counts the gaps of the run.
    pub gaps: GapCounter,
    written: Option<Instant>,
    /// Whether the last write failed; a failure is reported once.
    has_failed: bool,
}

impl MetricsFile {
    /// Writes the first figures, all zero.
    ///
    /// # Errors
    /// Exit 9 if the file cannot be written.
    pub fn open(path: &Path, feed: &str, now: Micros) -> Result<MetricsFile, Failure> {
        let mut file =
            MetricsFile { path: path.to_owned(), gaps: GapCounter::default(), written: None, has_failed: false };
        let nothing =
            Snapshot { feed: feed.to_owned(), now, started: now, gaps: file.gaps.figures(), ..Snapshot::default() };
        match file.write(&nothing) {
            Ok(()) => Ok(file),
            Err(error) => Err(Failure::new(Exit::Output, format!("--metrics {path:?} cannot be written: {error}"))),
        }
    }

    /// Returns whether it is time to write again.
    pub fn is_due(&self) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= EVERY)
    }

    /// Replaces the file; returns an error message the first time that fails.
    pub fn replace(&mut self, snapshot: &Snapshot) -> Option<String> {
        match self.write(snapshot) {
            Ok(()) => {
                self.has_failed = false;
                None
            }
            Err(error) => {
                self.written = Some(Instant::now());
                let path = &self.path;
                let first = !std::mem::replace(&mut self.has_failed, true);
                first.then(|| format!("--metrics {path:?} cannot be written: {error}; it is tried again every 15 s"))
            }
        }
    }

    fn write(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        storage::replace(&self.path, snapshot.to_string().as_bytes(), 0o644)?;
        self.written = Some(Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_replaced_whole_and_readable_by_the_collector() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dhan.prom");
        let mut file = MetricsFile::open(&path, "market", Micros::EPOCH).unwrap();
        assert!(!file.is_due());
        let snapshot = Snapshot { feed: "market".to_owned(), requested: 7, ..Snapshot::default() };
        assert_eq!(file.replace(&snapshot), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("dhan_instruments_requested{feed=\"market\"} 7\n"), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_dir(dir.path()).unwrap();
        assert!(file.replace(&snapshot).unwrap().contains("cannot be written"));
        assert_eq!(file.replace(&snapshot), None, "said once");
        assert_eq!(
            MetricsFile::open(&path, "market", Micros::EPOCH).err().map(|failure| failure.exit),
            Some(Exit::Output)
        );
    }
}
