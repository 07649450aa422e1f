//! Files: named by a pattern, rotated by time and size, compressed if the name says so, mended after a kill.

mod pattern;

pub use pattern::Pattern;

use super::encoder::Format;
use super::{Destination, StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::exit::{Exit, Failure};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the user asked of a file.
#[derive(Debug, Clone)]
pub struct FileSpec {
    /// Where: a path with strftime codes, `{date}`, `{hour}` or `{minute}`. `.gz` and `.zst` compress.
    pub pattern: String,
    /// What its lines look like.
    pub format: Format,
    /// The first line of a CSV file, with its line end.
    pub csv_header: Option<Vec<u8>>,
    /// Bytes as on disk at which a new file is started.
    pub rotate_size: Option<u64>,
    /// 0o644 for market data, 0o600 for orders (whatever the umask says).
    pub mode: u32,
    /// Run by `sh -c` for every finished file, its path in `$1`.
    pub on_rotate: Option<String>,
    /// How long a full disk is waited out.
    pub disk_wait: Duration,
    /// Ends that wait.
    pub stop: StopSignal,
}

/// A file that is ready to be written.
#[derive(Debug)]
pub struct Opened {
    /// The destination.
    pub sink: FileSink,
    /// Runs that were killed while they wrote this pattern: at most one, each a `gap` with reason `restarted` up to now.
    pub restarted: Vec<Restarted>,
}

/// A run that was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// The last record that it left, µs since the epoch.
    pub from_us: i64,
    /// What was found and done, for the gap's `detail`.
    pub detail: String,
}

/// A rotated file.
pub struct FileSink {
    spec: FileSpec,
    pattern: Pattern,
    boundary_us: i64,
    file: File,
    written: u64,
    _console: Console,
}

impl std::fmt::Debug for FileSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSink").field("pattern", &self.spec.pattern).finish_non_exhaustive()
    }
}

impl FileSink {
    /// Opens the file that `now_us` belongs to, after mending what a killed run left of it.
    ///
    /// # Errors
    /// Exit 2 for a pattern that means nothing, 9 for a place that cannot be written, 10 when another `dhan` writes it.
    pub fn open(spec: FileSpec, now_us: i64, console: &Console) -> Result<Opened, Failure> {
        let pattern = Pattern::parse(&spec.pattern)?;
        let file = append_to(&pattern.path_at(now_us))?;
        let boundary_us = pattern.boundary_after(now_us);
        let sink = FileSink { spec, pattern, boundary_us, file, written: 0, _console: console.clone() };
        Ok(Opened { sink, restarted: Vec::new() })
    }
}

/// Where the gap records of a CSV file go: `FILE.gaps.ndjson`, never compressed.
pub fn gaps_path(csv: &Path) -> PathBuf {
    let mut path = csv.as_os_str().to_owned();
    path.push(".gaps.ndjson");
    path.into()
}

fn append_to(path: &Path) -> Result<File, Failure> {
    File::options()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| Failure::new(Exit::Output, format!("cannot write {}: {error}", path.display())))
}

impl Destination for FileSink {
    fn boundary_us(&self) -> i64 {
        self.boundary_us
    }

    fn rotate(&mut self, at_us: i64, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        self.finish(end_line)?;
        self.file = append_to(&self.pattern.path_at(at_us)).map_err(WriteFailure::Failed)?;
        self.boundary_us = self.pattern.boundary_after(at_us);
        Ok(())
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        self.file.write_all(lines).map_err(|error| {
            let failure = WriteFailure::Failed(Failure::new(
                Exit::Output,
                format!("cannot write {}: {error}", self.spec.pattern),
            ));
            Unwritten { failure, written: 0 }
        })?;
        self.written += lines.len() as u64;
        Ok(())
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        end_line.map_or(Ok(()), |line| self.write(line).map_err(|unwritten| unwritten.failure))
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }
}
