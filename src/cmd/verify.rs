//! Runs `dhan verify`: checks whether recorded files are complete.

mod series;

use crate::capture::block::{MAGIC, Packing};
use crate::capture::{Part, Player};
use crate::cli::args::{VerifyArgs, VerifyFormat};
use crate::cli::table::{Column, Table};
use crate::console::Console;
use crate::model::{Exit, Failure};
use crate::output::Destination as _;
use crate::output::stdout::StdoutSink;
use crate::storage::{
    Compression, FrameEvent, FrameScan, StopSignal, WriteFailure, gaps_path, look_at_marker, open_data, scan,
};
use crate::verify::{FileContext, FileVerdict, Findings, VerifySummary, capture, csv, ndjson, table};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::time::Duration;

/// Limit in bytes of a line; a longer one is not this program's.
const LONGEST: usize = 64 * 1024 * 1024;
/// Bytes of CSV that are parsed at a time.
const BITE: usize = 256 * 1024;

/// Columns of the table; [`table::row`] has the cells.
const COLUMNS: [Column; 10] = [
    Column::text("FILE"),
    Column::text("STATE"),
    Column::number("RECORDS"),
    Column::number("INSTRUMENTS"),
    Column::text("FIRST (IST)"),
    Column::text("LAST"),
    Column::number("GAPS"),
    Column::number("GAP TIME"),
    Column::text("LONGEST SILENCE"),
    Column::text("NOTE"),
];

/// Checks every file, with one summary record or row each.
///
/// # Errors
/// Fails if stdout cannot be written. A file that cannot be read is reported on stderr and counts as damaged.
pub fn run(args: &VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let mut out = StdoutSink::open(Duration::ZERO, StopSignal::default(), console)?;
    let mut rows = Table::new(COLUMNS);
    let mut worst = Exit::Done;
    for path in &args.files {
        let exit = match check(path) {
            Ok((mut verdict, mut summary)) => {
                if verdict == FileVerdict::Ok
                    && let Some(missing) = series::missing(path, &summary, &args.files)
                {
                    console.warn(&missing);
                    verdict = FileVerdict::Gaps;
                    summary.verdict = verdict.word();
                }
                let mut text = Vec::new();
                let made = match args.format {
                    VerifyFormat::Table => rows.row(table::row(&summary), &mut text),
                    VerifyFormat::Ndjson => {
                        serde_json::to_writer(&mut text, &summary).map_err(io::Error::other).map(|()| text.push(b'\n'))
                    }
                };
                made.map_err(unprintable)?;
                print(&mut out, &text)?;
                match verdict {
                    FileVerdict::Ok => Exit::Done,
                    FileVerdict::Gaps | FileVerdict::NoEnd => Exit::Gaps,
                    FileVerdict::Damaged => Exit::Data,
                }
            }
            Err(failure) => {
                console.error(&failure);
                failure.exit
            }
        };
        // Damage is worse than gaps.
        worst = match (worst, exit) {
            (Exit::Data, _) | (_, Exit::Data) => Exit::Data,
            (Exit::Gaps, _) | (_, Exit::Gaps) => Exit::Gaps,
            _ => Exit::Done,
        };
    }
    if args.format == VerifyFormat::Table {
        let mut text = Vec::new();
        rows.finish(&mut text).map_err(unprintable)?;
        print(&mut out, &text)?;
    }
    Ok(worst)
}

/// Prints text; if the reader has left, the process ends, like any Unix tool.
fn print(out: &mut StdoutSink, text: &[u8]) -> Result<(), Failure> {
    match out.write(text).map_err(|unwritten| unwritten.failure) {
        Ok(()) => Ok(()),
        Err(WriteFailure::Failed(failure)) => Err(failure),
        Err(_) => Err(crate::cli::out::reader_gone()),
    }
}

fn unprintable(error: io::Error) -> Failure {
    Failure::new(Exit::Bug, format!("what was found cannot be written: {}", error.kind()))
}

/// Checks one file.
///
/// # Errors
/// Exit 11 if it cannot be read.
pub fn check(path: &Path) -> Result<(FileVerdict, VerifySummary), Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(Exit::Data, format!("cannot read {}: {}", path.display(), crate::model::os_text(&error)))
    };
    let mut file = open_data(path).map_err(unreadable)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if let Some(mut player) = captured(path, &magic) {
        let (findings, context) = capture::check(&mut player, &file).map_err(unreadable)?;
        return Ok(findings.summary(path.to_string_lossy().into_owned(), "capture", context));
    }
    let compression = match &magic[..] {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
        _ => Compression::None,
    };
    // The marker is read first: a run that ends meanwhile can only make the file more complete.
    let marker = look_at_marker(path);
    let len = file.metadata().map_err(unreadable)?.len();
    let (lines, scan) = Lines::read(compression, &file, path).map_err(unreadable)?;
    let (mut findings, is_csv, rest) = lines.done(path);
    let name = path.to_string_lossy();
    if is_csv && let Some(gaps) = gap_records(path).map_err(unreadable)? {
        findings.add_gaps(&gaps);
    }
    let cut_frame = if scan.torn && marker.is_none() { len.saturating_sub(scan.complete_to) } else { 0 };
    let context = FileContext {
        marked: marker.is_some(),
        writer_pid: marker.and_then(|(pid, alive)| pid.filter(|_| alive)),
        torn_bytes: cut_frame.max(rest),
        no_end_records: is_csv || name.ends_with(".gaps.ndjson"),
    };
    Ok(findings.summary(name.into_owned(), if is_csv { "csv" } else { "ndjson" }, context))
}

/// Returns the file as a capture, if it is one.
fn captured(path: &Path, magic: &[u8]) -> Option<Player<File>> {
    let is_capture = match Packing::of(magic) {
        Packing::Plain => magic.starts_with(&MAGIC),
        // Lines may be compressed in the same way.
        Packing::Zstd => {
            path.to_string_lossy().to_ascii_lowercase().ends_with(".dcap.zst")
                || matches!(Player::open(path).ok()?.next(), Ok(Some(Part::Session(_) | Part::Newer { .. })))
        }
    };
    is_capture.then(|| Player::open(path).ok()).flatten()
}

/// Returns the findings in the gap file beside a CSV file.
fn gap_records(csv: &Path) -> io::Result<Option<Findings>> {
    let path = gaps_path(csv);
    let file = match open_data(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(Lines::read(Compression::None, &file, &path)?.0.done(&path).0))
}

enum Checker {
    Ndjson(ndjson::NdjsonCheck),
    Csv(csv::CsvCheck),
}

impl Checker {
    /// Chosen by the first byte; for an empty file by its name.
    fn of(first: Option<u8>, path: &Path) -> Checker {
        let named_csv = || path.to_string_lossy().split('.').any(|part| part.eq_ignore_ascii_case("csv"));
        match first {
            _ if path.to_string_lossy().ends_with(".gaps.ndjson") => Checker::Ndjson(ndjson::NdjsonCheck::of_gaps()),
            Some(b'{') => Checker::Ndjson(ndjson::NdjsonCheck::default()),
            Some(b't') => Checker::Csv(csv::CsvCheck::default()),
            _ if named_csv() => Checker::Csv(csv::CsvCheck::default()),
            _ => Checker::Ndjson(ndjson::NdjsonCheck::default()),
        }
    }
}

/// Splits bytes into lines or rows.
#[derive(Default)]
struct Lines {
    checker: Option<Checker>,
    rest: Vec<u8>,
    /// Number of lines before `rest`; a CSV row may have several.
    before: u64,
}

impl Lines {
    /// Checks a file to the end of its complete lines.
    fn read(compression: Compression, file: &File, path: &Path) -> io::Result<(Lines, FrameScan)> {
        let mut lines = Lines::default();
        let scan = scan(compression, file, 0, |piece| {
            if let FrameEvent::Data(data) = piece {
                lines.take(data, path);
            }
            Ok(())
        })?;
        Ok((lines, scan))
    }

    fn take(&mut self, data: &[u8], path: &Path) {
        let checker = self.checker.get_or_insert_with(|| Checker::of(data.first().copied(), path));
        match checker {
            Checker::Ndjson(check) => {
                let mut data = data;
                while let Some(end) = memchr::memchr(b'\n', data) {
                    if self.rest.is_empty() {
                        check.line(&data[..end]);
                    } else {
                        self.rest.extend_from_slice(&data[..end]);
                        check.line(&self.rest);
                        self.rest.clear();
                    }
                    data = &data[end + 1..];
                }
                self.rest.extend_from_slice(data);
                if self.rest.len() > LONGEST {
                    check.line(&self.rest);
                    self.rest.clear();
                }
            }
            Checker::Csv(check) => {
                self.rest.extend_from_slice(data);
                if self.rest.len() >= BITE {
                    let end = rows_end(&self.rest);
                    self.before += rows(check, &self.rest[..end], self.before);
                    self.rest.drain(..end);
                    if self.rest.len() > LONGEST {
                        self.before += rows(check, &self.rest, self.before);
                        self.rest.clear();
                    }
                }
            }
        }
    }

    /// Returns the findings, whether it is CSV, and the number of bytes that are no complete line.
    fn done(mut self, path: &Path) -> (Findings, bool, u64) {
        match self.checker.take().unwrap_or_else(|| Checker::of(None, path)) {
            Checker::Ndjson(check) => (check.done(), false, self.rest.len() as u64),
            Checker::Csv(mut check) => {
                let end = rows_end(&self.rest);
                rows(&mut check, &self.rest[..end], self.before);
                (check.done(), true, (self.rest.len() - end) as u64)
            }
        }
    }
}

/// Returns the end of the last complete row: a line end outside quotes.
fn rows_end(text: &[u8]) -> usize {
    let (mut quoted, mut end) = (false, 0);
    for at in memchr::memchr2_iter(b'"', b'\n', text) {
        match text[at] {
            b'"' => quoted = !quoted,
            _ if !quoted => end = at + 1,
            _ => {}
        }
    }
    end
}

/// Checks complete rows; returns the number of lines.
fn rows(check: &mut csv::CsvCheck, text: &[u8], before: u64) -> u64 {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut row = ::csv::ByteRecord::new();
    while let Ok(true) = reader.read_byte_record(&mut row) {
        let line = row.position().map_or(0, ::csv::Position::line);
        check.row(&row, before + line);
    }
    memchr::memchr_iter(b'\n', text).count() as u64
}
