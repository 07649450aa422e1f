//! What was captured, read back: is it whole? Pure: lines in, findings out.

pub mod capture;
pub mod csv;
pub mod ndjson;
pub mod table;
mod value;

use crate::model::PacketCounts;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// The one record that `dhan verify` prints for a file.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Always `verify`.
    pub r#type: &'static str,
    /// The file as it was named.
    pub file: String,
    /// `ndjson`, `csv` or `capture`.
    pub format: &'static str,
    /// `ok`, `gaps`, `no_end` or `damaged`: the worst that was found.
    pub verdict: &'static str,
    /// Lines, without a header.
    pub lines: u64,
    /// Records by type.
    pub records: BTreeMap<&'static str, u64>,
    /// The first receive time, µs since the epoch.
    pub first_us: Option<i64>,
    /// The last one.
    pub last_us: Option<i64>,
    /// Orderly ends (`end` records).
    pub ends: u64,
    /// Whether the file as a whole ended orderly: its last record is an `end` (NDJSON), and no marker says that it is
    /// still being written or that its writer was killed.
    pub ended_orderly: bool,
    /// The process that is writing it now.
    pub writer_pid: Option<u32>,
    /// Gap records.
    pub gaps: u64,
    /// What they span together, in seconds.
    pub gap_seconds: f64,
    /// Gap records by reason.
    pub gap_reasons: BTreeMap<String, u64>,
    /// What the `end` records say together.
    #[serde(rename = "books")]
    pub counts: PacketCounts,
    /// Packets that the last `end` record counts beyond the records of this file. They are in the earlier files of a run
    /// that was rotated, else they are missing.
    pub elsewhere: u64,
    /// The packets of the last run here, if it went on in another file.
    #[serde(skip)]
    pub rotated_packets: Option<u64>,
    /// Lines (and books) that are not as they should be.
    pub damaged: u64,
    /// The first of them: line number and what is wrong.
    pub first_damage: Option<Damage>,
    /// Bytes behind the last whole line or frame.
    pub torn_bytes: u64,
    /// How many instruments there are records of.
    pub instruments: usize,
    /// Each of them.
    pub coverage: Vec<Coverage>,
}

/// A place where a file is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// What a file has of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// `SEGMENT:ID`.
    pub instrument: String,
    /// Records.
    pub records: u64,
    /// The first, µs since the epoch.
    pub first_us: i64,
    /// The last.
    pub last_us: i64,
    /// The longest time between two of them, in seconds.
    pub longest_silence_seconds: f64,
    /// When that began.
    pub longest_silence_from_us: i64,
}

/// The worst there is to say about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Whole.
    Ok,
    /// Whole, with losses that it tells of.
    Gaps,
    /// It does not end orderly.
    NoEnd,
    /// Lines are missing, broken, or not ours.
    Damaged,
}

impl Verdict {
    /// The word in the summary.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Gaps => "gaps",
            Verdict::NoEnd => "no_end",
            Verdict::Damaged => "damaged",
        }
    }
}

/// What is known from outside the lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around {
    /// A marker is beside the file.
    pub marked: bool,
    /// Who holds it.
    pub writer_pid: Option<u32>,
    /// Bytes behind the last whole line or frame.
    pub torn_bytes: u64,
    /// The format has no `end` record: only a marker tells that the end is missing.
    pub no_end_records: bool,
}

struct Seen {
    records: u64,
    first: i64,
    last: i64,
    silence: i64,
    silence_from: i64,
}

/// How far the clock is set back at least between two runs that are appended one to another, µs.
const SET_BACK: i64 = 1_000_000;

/// Returns whether a record begins another run, where no `end` record says so. Within a run receive times grow whatever the
/// clock does, so that a large step back is a clock that stood earlier in the next run; a small one is rows out of order.
fn is_another_run(before_us: i64, recv_us: i64) -> bool {
    before_us.saturating_sub(recv_us) >= SET_BACK
}

/// What was found so far; the same for all formats. Memory grows with instruments, not with lines.
#[derive(Default)]
pub struct Findings {
    lines: u64,
    records: BTreeMap<&'static str, u64>,
    first_us: Option<i64>,
    last_us: Option<i64>,
    ends: u64,
    last_is_end: bool,
    gaps: u64,
    gap_us: i64,
    gap_reasons: BTreeMap<String, u64>,
    counts: PacketCounts,
    /// An `end` record tells of losses that no gap record shows.
    loss_untold: bool,
    elsewhere: u64,
    rotated_packets: Option<u64>,
    damaged: u64,
    first_damage: Option<Damage>,
    instruments: FxHashMap<Box<str>, Seen>,
}

impl Findings {
    /// Something is wrong in a line.
    pub fn damage(&mut self, line: u64, what: impl Into<String>) {
        self.damaged += 1;
        if self.first_damage.is_none() {
            self.first_damage = Some(Damage { line, what: what.into() });
        }
    }

    fn record(&mut self, kind: &'static str, recv_us: i64) {
        *self.records.entry(kind).or_default() += 1;
        self.first_us.get_or_insert(recv_us);
        self.last_us = Some(recv_us);
        self.last_is_end = kind == "end";
    }

    fn gap(&mut self, reason: &str, from_us: i64, to_us: i64) {
        self.gaps += 1;
        self.gap_us += to_us - from_us;
        *self.gap_reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Takes over the gaps that were told of in another file.
    pub fn gaps_of(&mut self, other: &Findings) {
        self.gaps += other.gaps;
        self.gap_us += other.gap_us;
        for (reason, n) in &other.gap_reasons {
            *self.gap_reasons.entry(reason.clone()).or_default() += n;
        }
        self.damaged += other.damaged;
    }

    fn covers(&mut self, instrument: &str, recv_us: i64) {
        match self.instruments.get_mut(instrument) {
            Some(seen) => {
                let silence = recv_us - seen.last;
                if silence > seen.silence {
                    seen.silence = silence;
                    seen.silence_from = seen.last;
                }
                seen.records += 1;
                seen.last = recv_us;
            }
            None => {
                let seen = Seen { records: 1, first: recv_us, last: recv_us, silence: 0, silence_from: recv_us };
                self.instruments.insert(instrument.into(), seen);
            }
        }
    }

    /// The verdict and the record that says it.
    pub fn summary(mut self, file: String, format: &'static str, around: Around) -> (Verdict, Summary) {
        if around.torn_bytes > 0 && !around.marked {
            let what = format!("{} bytes at the end are not a whole line or compressed frame", around.torn_bytes);
            self.damage(self.lines + 1, what);
        }
        let ended_orderly = !around.marked && around.torn_bytes == 0 && (self.last_is_end || around.no_end_records);
        let verdict = if self.damaged > 0 {
            Verdict::Damaged
        } else if !ended_orderly {
            Verdict::NoEnd
        } else if self.gaps > 0 || self.loss_untold {
            Verdict::Gaps
        } else {
            Verdict::Ok
        };
        let seconds = |us: i64| us as f64 / 1e6;
        let mut coverage: Vec<Coverage> = (self.instruments.into_iter())
            .map(|(instrument, seen)| Coverage {
                instrument: instrument.into(),
                records: seen.records,
                first_us: seen.first,
                last_us: seen.last,
                longest_silence_seconds: seconds(seen.silence),
                longest_silence_from_us: seen.silence_from,
            })
            .collect();
        coverage.sort_by(|a, b| a.instrument.cmp(&b.instrument));
        let summary = Summary {
            r#type: "verify",
            file,
            format,
            verdict: verdict.word(),
            lines: self.lines,
            records: self.records,
            first_us: self.first_us,
            last_us: self.last_us,
            ends: self.ends,
            ended_orderly,
            writer_pid: around.writer_pid,
            gaps: self.gaps,
            gap_seconds: seconds(self.gap_us),
            gap_reasons: self.gap_reasons,
            counts: self.counts,
            elsewhere: self.elsewhere,
            rotated_packets: self.rotated_packets,
            damaged: self.damaged,
            first_damage: self.first_damage,
            torn_bytes: around.torn_bytes,
            instruments: coverage.len(),
            coverage,
        };
        (verdict, summary)
    }
}
