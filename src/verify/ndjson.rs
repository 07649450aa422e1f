//! Checks NDJSON line by line.

use super::value::{OrderedMembers, fits};
use super::{Findings, is_another_run};
use crate::format::line;
use crate::model::{Micros, PacketCounts};
use crate::record::RecordType;
use crate::record::schema::{Family, Kind};
use serde_json::value::RawValue;

/// Checks one file.
#[derive(Default)]
pub struct NdjsonCheck {
    findings: Findings,
    last: Option<Micros>,
    /// Number of records since the last run or file began, which the `end` must match.
    packets: u64,
    books: u64,
    orders: u64,
    /// Number of trades that the bars show. The counters include a packet once, with one of its bars.
    ticks: u64,
    gaps: u64,
    /// Number of invalid lines since then; with any, the counts are not compared.
    damaged: u64,
    /// Whether the run began in this file: it follows another run's last `end`.
    began_here: bool,
    /// Whether the last `end` was that of a run, not of a file.
    run_ended: bool,
    /// Whether the file holds the gaps of a CSV file: no `end` record shows where another run begins.
    is_gap_file: bool,
}

impl NdjsonCheck {
    /// Creates a check for a file that holds the gaps of a CSV file.
    pub fn of_gaps() -> NdjsonCheck {
        NdjsonCheck { is_gap_file: true, ..NdjsonCheck::default() }
    }

    /// Checks a complete line, without its line end.
    pub fn line(&mut self, text: &[u8]) {
        self.findings.lines += 1;
        if let Err(what) = self.read(text) {
            self.damaged += 1;
            let line = self.findings.lines;
            self.findings.damage(line, what);
        }
    }

    /// Records that something is missing behind the last line; counts are not compared until the next run.
    pub fn damage(&mut self, what: &str) {
        self.damaged += 1;
        let line = self.findings.lines + 1;
        self.findings.damage(line, what);
    }

    /// Returns the findings.
    pub fn done(self) -> Findings {
        self.findings
    }

    fn read(&mut self, text: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
        let OrderedMembers(members) = serde_json::from_str(text).map_err(|_| "not a JSON object".to_owned())?;
        let spaced = || text.starts_with("{ ") || text.contains("\": ");
        let kind = match members.first() {
            Some((key, value)) if key == "type" => unquoted(value).ok_or("type is not text")?,
            _ => return Err("does not begin with a type".to_owned()),
        };
        let kind = RecordType::parse(kind).ok_or_else(|| format!("{kind:?} is not a type of record"))?;
        let recv = fields(kind, &members[1..])?;
        if spaced() && !text.contains('\\') && members.iter().all(|(_, value)| !value.get().contains("\": ")) {
            return Err("has spaces between its members".to_owned());
        }
        let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        let integer = |name: &str| member(name).and_then(|value| value.get().parse::<u64>().ok()).unwrap_or(0);
        let reason = member("reason").and_then(unquoted).unwrap_or_default();
        let begins = self.findings.last_is_end || kind == RecordType::Gap && reason == "restarted";
        if begins && kind != RecordType::End {
            (self.packets, self.books, self.orders, self.ticks) = (0, 0, 0, 0);
            (self.gaps, self.damaged) = (0, 0);
            self.began_here = self.run_ended && self.findings.last_is_end;
        }
        let before = self.last.replace(recv);
        self.findings.record(kind.name(), recv);
        let family = kind.schema().family;
        match family {
            Family::Packet => self.packets += 1,
            Family::Book => self.books += 1,
            Family::Order => self.orders += 1,
            Family::Bar => self.ticks += integer("ticks"),
            Family::Control => {}
        }
        if family != Family::Control
            && let (Some(segment), Some(id)) =
                (member("segment").and_then(unquoted), member("security_id").and_then(unquoted))
        {
            self.findings.covers(&format!("{segment}:{id}"), recv);
        }
        match kind {
            RecordType::Gap => {
                // A gap before a run does not belong to the run.
                self.gaps += u64::from(reason != "restarted");
                let (from, to) =
                    (moment(member("from_us").or(member("from"))), moment(member("to_us").or(member("to"))));
                let (Some(from), Some(to)) = (from, to) else { return Err("a gap without its moments".to_owned()) };
                if from > to {
                    return Err("a gap that ends before it begins".to_owned());
                }
                self.findings.gap(reason, from, to);
            }
            RecordType::End => {
                self.findings.ends += 1;
                self.run_ended = reason != "rotated";
                self.findings.rotated_packets = (!self.run_ended).then(|| integer("written"));
                self.end(integer)?;
            }
            _ => {}
        }
        match before {
            Some(before) if recv <= before && !begins && !(self.is_gap_file && is_another_run(before, recv)) => {
                Err(format!("recv_us does not grow: {} after {}", recv.get(), before.get()))
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, integer: impl Fn(&str) -> u64) -> Result<(), String> {
        let [received, written, filtered, dropped, malformed, gaps] =
            ["received", "written", "filtered", "dropped", "malformed", "gaps"].map(&integer);
        let counts = PacketCounts { received, written, filtered, dropped, malformed, gaps };
        self.findings.counts = self.findings.counts.plus(&counts);
        if !counts.is_balanced() {
            return Err(format!(
                "the books do not balance: received {received} is not {written} + {filtered} + {dropped} + {malformed}"
            ));
        }
        if self.damaged > 0 {
            return Ok(());
        }
        // An order snapshot has many orders in one message, an order book takes up to two packets, a bar any number. A
        // run's last counters cover all its files, so the surplus may be in earlier ones.
        let records = self.packets + self.books;
        let exact = self.books == 0 && (self.began_here || !self.run_ended);
        let most = records + self.ticks;
        let agree = self.orders > 0 || written >= records && (!exact || written <= most);
        if !agree {
            let beside = if self.ticks > 0 { format!(" and bars of {} trades", self.ticks) } else { String::new() };
            return Err(format!(
                "the books say {written} written, but there are {records} records{beside}: lines are missing or repeated"
            ));
        }
        if self.orders == 0 && self.books == 0 {
            self.findings.elsewhere += written.saturating_sub(most);
            self.findings.is_least |= self.ticks > 0;
        }
        // The loss has no record with `--no-gaps`, or if it was found when nothing could be written any more.
        let only_here = exact || written <= most || self.orders > 0 || self.books > 0;
        self.findings.has_unreported_loss |= only_here && (gaps > self.gaps || dropped > 0);
        if self.gaps > gaps {
            return Err(format!("the books say {gaps} gaps, but there are {} gap records", self.gaps));
        }
        Ok(())
    }
}

fn unquoted(value: &RawValue) -> Option<&str> {
    value.get().strip_prefix('"')?.strip_suffix('"')
}

fn moment(value: Option<&RawValue>) -> Option<Micros> {
    let text = value?.get();
    match text.strip_prefix('"') {
        Some(text) => line::iso(text.strip_suffix('"')?.as_bytes()),
        None => line::number(text.as_bytes()),
    }
}

/// Checks names, order and values of the members behind `type`; returns the receive time.
fn fields(kind: RecordType, members: &[(std::borrow::Cow<'_, str>, &RawValue)]) -> Result<Micros, String> {
    let record = kind.name();
    let mut members = members.iter();
    for field in kind.schema().members() {
        let name = field.name;
        let (key, value) = members.next().ok_or_else(|| format!("{record} without {name}"))?;
        let is_iso = matches!(field.kind, Kind::Micros(iso) if key == iso);
        if key != name && !is_iso {
            return Err(format!("{record}: {key:?} where {name} should be"));
        }
        if !fits(field.kind, value.get()) {
            let mut text: String = value.get().chars().take(40).collect();
            if text.len() < value.get().len() {
                text.push('…');
            }
            return Err(format!("{record}: {name} is {text}"));
        }
    }
    // A newer version adds keys before the receive time.
    match members.next_back() {
        Some((key, value)) if key == "recv_us" || key == "recv" => {
            moment(Some(value)).ok_or_else(|| format!("{key} is not a time"))
        }
        _ => Err(format!("{record} does not end in its receive time")),
    }
}
