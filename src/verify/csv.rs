//! Checks CSV row by row.

use super::value::cell_fits;
use super::{Findings, is_another_run};
use crate::format::line;
use crate::model::Micros;
use crate::record::RecordType;
use crate::record::schema::{Family, Kind};
use csv::ByteRecord;

/// Checks one file.
#[derive(Default)]
pub struct CsvCheck {
    findings: Findings,
    columns: Option<Vec<(String, Kind)>>,
    last: Option<Micros>,
}

impl CsvCheck {
    /// Checks a row; `at` is the number of its first line.
    pub fn row(&mut self, row: &ByteRecord, at: u64) {
        if self.columns.is_none() {
            match header(row) {
                Ok(columns) => self.columns = Some(columns),
                Err(what) => {
                    self.columns = Some(Vec::new());
                    self.findings.damage(at, what);
                }
            }
            return;
        }
        self.findings.lines += 1;
        if let Err(what) = self.read(row) {
            self.findings.damage(at, what);
        }
    }

    /// Returns the findings.
    pub fn done(self) -> Findings {
        self.findings
    }

    fn read(&mut self, row: &ByteRecord) -> Result<(), String> {
        let columns = self.columns.as_deref().unwrap_or_default();
        if columns.is_empty() {
            return Ok(());
        }
        if row.len() != columns.len() {
            return Err(format!("{} cells under {} columns", row.len(), columns.len()));
        }
        let kind = std::str::from_utf8(row.get(0).unwrap_or_default()).map_err(|_| "type is not UTF-8".to_owned())?;
        let kind = RecordType::parse(kind).ok_or_else(|| format!("{kind:?} is not a type of record"))?;
        let (mut segment, mut id, mut side) = ("", "", "");
        for (text, (name, cell)) in row.iter().zip(columns) {
            let text = std::str::from_utf8(text).map_err(|_| format!("{name} is not UTF-8"))?;
            match name.as_str() {
                "segment" => segment = text,
                "security_id" => id = text,
                "side" => side = text,
                "recv_us" | "recv" => continue,
                _ => {}
            }
            if !cell_fits(*cell, text) {
                return Err(format!("{name} is {:?}", text.chars().take(40).collect::<String>()));
            }
        }
        let last = row.get(row.len() - 1).unwrap_or_default();
        let recv = line::number(last).or_else(|| line::iso(last)).ok_or("the receive time is not one")?;
        // An order book has one row for each level.
        let same_record = kind.schema().family == Family::Book && !side.is_empty() && self.last == Some(recv);
        let before = self.last.replace(recv);
        if !same_record {
            self.findings.record(kind.name(), recv);
            self.findings.covers(&format!("{segment}:{id}"), recv);
        }
        match before {
            Some(before) if recv <= before && !same_record && !is_another_run(before, recv) => {
                Err(format!("the receive time does not grow: {} after {}", recv.get(), before.get()))
            }
            _ => Ok(()),
        }
    }
}

fn header(row: &ByteRecord) -> Result<Vec<(String, Kind)>, String> {
    let mut columns = Vec::with_capacity(row.len());
    for (i, name) in row.iter().enumerate() {
        let name = std::str::from_utf8(name).map_err(|_| "the header is not UTF-8".to_owned())?;
        let is_last = i + 1 == row.len();
        let cell = match name {
            "recv_us" | "recv" if is_last => Kind::Text,
            _ => column(name).ok_or_else(|| format!("{name:?} is not a column of ours"))?,
        };
        if (i == 0) != (name == "type") {
            return Err("the header does not begin with type".to_owned());
        }
        columns.push((name.to_owned(), cell));
    }
    match columns.last() {
        Some((name, _)) if name == "recv_us" || name == "recv" => Ok(columns),
        _ => Err("the header does not end in recv_us".to_owned()),
    }
}

/// Returns the kind of a CSV column, or `None` for a column that no header of this program has.
fn column(name: &str) -> Option<Kind> {
    if name == "type" {
        return Some(Kind::Text);
    }
    let types = RecordType::ALL.into_iter().filter(|kind| kind.schema().family != Family::Control);
    types.flat_map(|kind| kind.schema().columns()).find(|field| field.name == name).map(|field| field.kind)
}
