//! Checks whether recorded files are complete: lines in, findings out, without I/O.

pub mod capture;
pub mod csv;
pub mod ndjson;
pub mod table;
mod value;

use crate::model::{Micros, PacketCounts};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// Holds the record that `dhan verify` prints for a file.
#[derive(Debug, Clone, Serialize)]
pub struct VerifySummary {
    /// Always `verify`.
    pub r#type: &'static str,
    /// The file as named.
    pub file: String,
    /// `ndjson`, `csv` or `capture`.
    pub format: &'static str,
    /// The worst finding: `ok`, `gaps`, `no_end` or `damaged`.
    pub verdict: &'static str,
    /// Number of lines, without a header.
    pub lines: u64,
    /// Number of records by type.
    pub records: BTreeMap<&'static str, u64>,
    /// First receive time.
    #[serde(rename = "first_us")]
    pub first: Option<Micros>,
    /// Last receive time.
    #[serde(rename = "last_us")]
    pub last: Option<Micros>,
    /// Number of orderly ends (`end` records).
    pub ends: u64,
    /// Whether the file ended in an orderly way: its last record is an `end` (NDJSON), and no marker says that it is
    /// still being written or that its writer was killed.
    pub ended_orderly: bool,
    /// Process id of the present writer.
    pub writer_pid: Option<u32>,
    /// Number of gap records.
    pub gaps: u64,
    /// Duration of all gaps in seconds.
    pub gap_seconds: f64,
    /// Number of gap records by reason.
    pub gap_reasons: BTreeMap<String, u64>,
    /// Sum of the `end` records' packet counters.
    #[serde(rename = "books")]
    pub counts: PacketCounts,
    /// Number of packets that the last `end` record counts beyond the records of this file. They are in the earlier files of a run
    /// that was rotated, else they are missing.
    pub elsewhere: u64,
    /// Whether `elsewhere` is only the least number: a trade may be in bars of several intervals, and counts once.
    #[serde(skip)]
    pub is_least: bool,
    /// Number of packets of the last run here, if it continued in another file.
    #[serde(skip)]
    pub rotated_packets: Option<u64>,
    /// Number of invalid lines and counters.
    pub damaged: u64,
    /// The first of them: its line number and what is wrong.
    pub first_damage: Option<Damage>,
    /// Bytes behind the last complete line or frame.
    pub torn_bytes: u64,
    /// Number of instruments with records.
    pub instruments: usize,
    /// The coverage of each instrument.
    pub coverage: Vec<Coverage>,
}

/// Describes an invalid place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Line number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Describes a file's records of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// `SEGMENT:ID`.
    pub instrument: String,
    /// Number of records.
    pub records: u64,
    /// First receive time.
    #[serde(rename = "first_us")]
    pub first: Micros,
    /// Last receive time.
    #[serde(rename = "last_us")]
    pub last: Micros,
    /// Longest time between two records, in seconds.
    pub longest_silence_seconds: f64,
    /// Beginning of that time.
    #[serde(rename = "longest_silence_from_us")]
    pub longest_silence_from: Micros,
}

/// Names the worst finding about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileVerdict {
    /// Complete.
    Ok,
    /// Complete, with losses that it reports.
    Gaps,
    /// Without an orderly end.
    NoEnd,
    /// Lines are missing, invalid, or of another program.
    Damaged,
}

impl FileVerdict {
    /// Returns the word in the summary.
    pub const fn word(self) -> &'static str {
        match self {
            FileVerdict::Ok => "ok",
            FileVerdict::Gaps => "gaps",
            FileVerdict::NoEnd => "no_end",
            FileVerdict::Damaged => "damaged",
        }
    }
}

/// Holds what is known of a file besides its lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileContext {
    /// Whether a marker is beside the file.
    pub marked: bool,
    /// Process id of the marker's holder.
    pub writer_pid: Option<u32>,
    /// Bytes behind the last complete line or frame.
    pub torn_bytes: u64,
    /// Whether the format has no `end` records, so that only a marker shows a missing end.
    pub no_end_records: bool,
}

struct Seen {
    records: u64,
    first: Micros,
    last: Micros,
    silence: i64,
    silence_from: Micros,
}

/// Smallest step in microseconds by which the clock is set back between two runs in one file.
const SET_BACK: i64 = 1_000_000;

/// Returns whether a record begins another run, if no `end` record says so. Within a run receive times grow whatever
/// the clock does. A large step back therefore means that the next run's clock was behind; a small one means that
/// rows are out of order.
fn is_another_run(before: Micros, recv: Micros) -> bool {
    before.us_since(recv) >= SET_BACK
}

/// Collects findings, for all formats. Memory grows with instruments, not with lines.
#[derive(Default)]
pub struct Findings {
    lines: u64,
    records: BTreeMap<&'static str, u64>,
    first: Option<Micros>,
    last: Option<Micros>,
    ends: u64,
    last_is_end: bool,
    gaps: u64,
    gap_us: i64,
    gap_reasons: BTreeMap<String, u64>,
    counts: PacketCounts,
    /// Whether an `end` record reports losses that no gap record shows.
    has_unreported_loss: bool,
    elsewhere: u64,
    is_least: bool,
    rotated_packets: Option<u64>,
    damaged: u64,
    first_damage: Option<Damage>,
    instruments: FxHashMap<Box<str>, Seen>,
}

impl Findings {
    /// Records an invalid line.
    pub fn damage(&mut self, line: u64, what: impl Into<String>) {
        self.damaged += 1;
        if self.first_damage.is_none() {
            self.first_damage = Some(Damage { line, what: what.into() });
        }
    }

    fn record(&mut self, kind: &'static str, recv: Micros) {
        *self.records.entry(kind).or_default() += 1;
        self.first.get_or_insert(recv);
        self.last = Some(recv);
        self.last_is_end = kind == "end";
    }

    fn gap(&mut self, reason: &str, from: Micros, to: Micros) {
        self.gaps += 1;
        self.gap_us += to.us_since(from);
        *self.gap_reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Adds the gaps that another file reports.
    pub fn add_gaps(&mut self, other: &Findings) {
        self.gaps += other.gaps;
        self.gap_us += other.gap_us;
        for (reason, n) in &other.gap_reasons {
            *self.gap_reasons.entry(reason.clone()).or_default() += n;
        }
        self.damaged += other.damaged;
    }

    fn covers(&mut self, instrument: &str, recv: Micros) {
        match self.instruments.get_mut(instrument) {
            Some(seen) => {
                let silence = recv.us_since(seen.last);
                if silence > seen.silence {
                    seen.silence = silence;
                    seen.silence_from = seen.last;
                }
                seen.records += 1;
                seen.last = recv;
            }
            None => {
                let seen = Seen { records: 1, first: recv, last: recv, silence: 0, silence_from: recv };
                self.instruments.insert(instrument.into(), seen);
            }
        }
    }

    /// Returns the verdict and the record with it.
    pub fn summary(mut self, file: String, format: &'static str, context: FileContext) -> (FileVerdict, VerifySummary) {
        if context.torn_bytes > 0 && !context.marked {
            let what = format!("{} bytes at the end are not a whole line or compressed frame", context.torn_bytes);
            self.damage(self.lines + 1, what);
        }
        let ended_orderly = !context.marked && context.torn_bytes == 0 && (self.last_is_end || context.no_end_records);
        let verdict = if self.damaged > 0 {
            FileVerdict::Damaged
        } else if !ended_orderly {
            FileVerdict::NoEnd
        } else if self.gaps > 0 || self.has_unreported_loss {
            FileVerdict::Gaps
        } else {
            FileVerdict::Ok
        };
        let seconds = |us: i64| us as f64 / 1e6;
        let mut coverage: Vec<Coverage> = (self.instruments.into_iter())
            .map(|(instrument, seen)| Coverage {
                instrument: instrument.into(),
                records: seen.records,
                first: seen.first,
                last: seen.last,
                longest_silence_seconds: seconds(seen.silence),
                longest_silence_from: seen.silence_from,
            })
            .collect();
        coverage.sort_by(|a, b| a.instrument.cmp(&b.instrument));
        let summary = VerifySummary {
            r#type: "verify",
            file,
            format,
            verdict: verdict.word(),
            lines: self.lines,
            records: self.records,
            first: self.first,
            last: self.last,
            ends: self.ends,
            ended_orderly,
            writer_pid: context.writer_pid,
            gaps: self.gaps,
            gap_seconds: seconds(self.gap_us),
            gap_reasons: self.gap_reasons,
            counts: self.counts,
            elsewhere: self.elsewhere,
            is_least: self.is_least,
            rotated_packets: self.rotated_packets,
            damaged: self.damaged,
            first_damage: self.first_damage,
            torn_bytes: context.torn_bytes,
            instruments: coverage.len(),
            coverage,
        };
        (verdict, summary)
    }
}
