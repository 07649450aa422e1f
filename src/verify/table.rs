//! Formats the findings of a file as a table row for people.

use super::VerifySummary;
use crate::clock::ist_civil;
use crate::console::untrusted;
use crate::model::Micros;
use crate::model::time::words;
use std::time::Duration;

/// Returns the cells of a file's row: name, state, records, instruments, first and last record in IST, gaps, their
/// duration, the longest silence of an instrument, and a remark.
pub fn row(summary: &VerifySummary) -> [String; 10] {
    let records: u64 = summary.records.values().sum();
    let (first, last) = (summary.first, summary.last);
    let is_same_day = first.zip(last).is_some_and(|(first, last)| ist_civil(first).date() == ist_civil(last).date());
    let moment =
        |at: Option<Micros>, format: &str| at.map_or_else(none, |at| ist_civil(at).strftime(format).to_string());
    let silence =
        summary.coverage.iter().max_by(|a, b| a.longest_silence_seconds.total_cmp(&b.longest_silence_seconds));
    [
        untrusted(&summary.file),
        summary.verdict.to_owned(),
        records.to_string(),
        if summary.coverage.is_empty() { none() } else { summary.instruments.to_string() },
        moment(first, "%F %T"),
        moment(last, if is_same_day { "%T" } else { "%F %T" }),
        summary.gaps.to_string(),
        if summary.gaps == 0 { none() } else { span(summary.gap_seconds) },
        silence.map_or_else(none, |one| format!("{} {}", span(one.longest_silence_seconds), one.instrument)),
        remark(summary),
    ]
}

/// Returns the text for an absent value.
fn none() -> String {
    "-".to_owned()
}

/// Returns a duration in words, to a tenth of a second if it is short.
fn span(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1}s");
    }
    words(Duration::try_from_secs_f64(seconds.round()).unwrap_or(Duration::MAX))
}

/// Returns the remark on a file: the first damage, why it has no orderly end, why there are gaps.
fn remark(summary: &VerifySummary) -> String {
    let mut notes = Vec::new();
    if let Some(damage) = &summary.first_damage {
        let more = if summary.damaged > 1 { format!(" (and {} more)", summary.damaged - 1) } else { String::new() };
        notes.push(format!("line {}: {}{more}", damage.line, untrusted(&damage.what)));
    }
    match summary.writer_pid {
        Some(pid) => notes.push(format!("pid {pid} is writing it")),
        None if !summary.ended_orderly && summary.damaged == 0 => {
            notes.push("no orderly end: its writer was killed, or the end is missing".to_owned())
        }
        None => {}
    }
    if summary.counts.dropped > 0 {
        notes.push(format!("{} packets were dropped", summary.counts.dropped));
    }
    let reasons = summary.gap_reasons.iter().map(|(reason, n)| format!("{n} {}", untrusted(reason)));
    notes.extend(reasons);
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::{FileContext, Findings};
    use super::*;

    /// 2026-06-10 09:49:57 in India.
    const AT: Micros = Micros::from_secs(1_781_065_197);

    fn shown(fill: impl FnOnce(&mut Findings), context: FileContext) -> String {
        let mut findings = Findings::default();
        fill(&mut findings);
        row(&findings.summary("a\u{1b}.ndjson".to_owned(), "ndjson", context).1).join(" | ")
    }

    #[test]
    fn a_complete_file_is_told_by_its_span_and_its_longest_silence() {
        let text = shown(
            |findings| {
                for (second, id) in [(0, "IDX_I:13"), (1, "NSE_EQ:1"), (3, "IDX_I:13"), (64, "IDX_I:13")] {
                    findings.record("ticker", AT.plus_us(second * 1_000_000));
                    findings.covers(id, AT.plus_us(second * 1_000_000));
                }
                findings.record("end", AT.plus_us(65_000_000));
            },
            FileContext::default(),
        );
        let end = "| ok | 5 | 2 | 2026-06-10 09:49:57 | 09:51:02 | 0 | - | 1m 1s IDX_I:13 | ";
        assert!(text.ends_with(end) && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn what_is_wrong_with_a_file_stands_in_its_row() {
        let text = shown(
            |findings| {
                findings.record("gap", AT);
                findings.gap("disconnected", AT.plus_us(-2_500_000), AT);
                findings.damage(17, "no JSON");
                findings.damage(18, "no JSON");
            },
            FileContext { marked: true, writer_pid: Some(7), ..FileContext::default() },
        );
        let end = "| damaged | 1 | - | 2026-06-10 09:49:57 | 09:49:57 | 1 | 2.5s | - | line 17: no JSON (and 1 more); pid 7 is \
                   writing it; 1 disconnected";
        assert!(text.ends_with(end), "{text}");
        let nothing = shown(|_| {}, FileContext::default());
        assert!(nothing.contains("| no_end | 0 | - | - | - | 0 | - | - | no orderly end"), "{nothing}");
    }
}
