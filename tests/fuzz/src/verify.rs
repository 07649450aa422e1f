//! Files that `dhan verify` reads: whatever is in them, it comes to a verdict, and nonsense is never found whole.

use dhan::testing::format::line::{iso, number, recv};
use dhan::testing::verify::{FileContext, FileVerdict, Findings, csv, ndjson};

fn judge(findings: Findings, format: &'static str) {
    let (verdict, summary) = findings.summary("x".to_owned(), format, FileContext::default());
    assert_eq!(verdict == FileVerdict::Damaged, summary.damaged > 0);
    assert_eq!(summary.damaged > 0, summary.first_damage.is_some());
    serde_json::to_string(&summary).expect("a summary is JSON");
}

/// The bytes as NDJSON and as CSV.
pub fn run(data: &[u8]) {
    let mut check = ndjson::NdjsonCheck::default();
    for line in data.split(|&byte| byte == b'\n') {
        let _ = (recv(line), number(line), iso(line));
        check.line(line);
    }
    judge(check.done(), "ndjson");
    let mut check = csv::CsvCheck::default();
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(data);
    for (at, row) in (1..).zip(reader.byte_records()) {
        match row {
            Ok(row) => check.row(&row, at),
            Err(_) => break,
        }
    }
    judge(check.done(), "csv");
}
