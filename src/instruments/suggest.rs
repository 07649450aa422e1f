//! Suggests symbols that begin with a text, for shell completion: complete ones if there are few, else a part at a
//! time.

use super::index::{Entry, folded};
use super::master::{Level, Master, MasterError};
use super::row::Kind;
use super::spec::SpecSegment;
use fst::automaton::Str;
use fst::{Automaton as _, IntoStreamer as _, Streamer as _};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Limit of look-ups of names that another segment has too; each reads a block of the index.
const LOOKED_UP: usize = 1000;
/// Number of names between two checks of the clock.
const STRIDE: usize = 64;

/// Says which symbols are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The segment, or `None` for any that can be streamed.
    pub segment: Option<SpecSegment>,
    /// Beginning of the symbols, in any case.
    pub start: &'a str,
    /// Day before which contracts have expired; they are left out.
    pub today: Date,
    /// Maximum number of suggestions.
    pub most: usize,
    /// Time limit of reading names.
    pub time: Duration,
}

/// A symbol with the wanted beginning.
struct Name {
    folded: String,
    row: u32,
    kind: Kind,
}

/// Returns the live symbols with this beginning. If there are more than `most`, contracts share a suggestion that
/// ends where they begin to differ: after their underlying, their expiry, or the first digits of their strike.
///
/// # Errors
/// Fails if a checksum is wrong.
pub fn beginning_with(master: &Master, wanted: &Wanted<'_>) -> Result<BTreeSet<String>, MasterError> {
    let start = folded(wanted.start);
    let names = live(master, wanted, &start)?;
    let groups = match names.len() > wanted.most {
        true => groups(&names, start.len(), wanted.most),
        false => names.iter().map(|name| (name, name.folded.len())).collect(),
    };
    let shown = groups.into_iter().take(wanted.most).map(|(name, len)| shown(master, name, len));
    shown.collect()
}

/// Returns the live symbols with this beginning, in order.
fn live(master: &Master, wanted: &Wanted<'_>, start: &str) -> Result<Vec<Name>, MasterError> {
    let names = master.names()?;
    let mut stream = names.search(Str::new(start).starts_with()).into_stream();
    let (mut all, mut looked_up, mut seen) = (Vec::new(), 0, 0_usize);
    let (began, contracts_only) = (Instant::now(), wanted.segment.is_some_and(SpecSegment::is_derivative));
    let here = |entry: &Entry| match wanted.segment {
        Some(segment) => entry.segment() == segment,
        None => entry.segment().feed().is_some(),
    };
    while let Some((name, row)) = stream.next() {
        seen += 1;
        if seen.is_multiple_of(STRIDE) && began.elapsed() > wanted.time {
            break;
        }
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let entry = master.entry(row)?;
        if entry.has_expired(wanted.today) || (contracts_only && !entry.kind.is_contract()) {
            continue;
        }
        let name = String::from_utf8_lossy(name);
        let row = if entry.kind.is_contract() && here(&entry) {
            Some(row)
        } else if entry.kind.is_contract() && looked_up > LOOKED_UP {
            None
        } else {
            // The name may be that of a row in another segment, or a display name, which contains blanks that a shell
            // would split.
            looked_up += usize::from(entry.kind.is_contract());
            let named = master.by_name(&name)?;
            let ours = named.iter().find(|(level, found)| *level == Level::Ours && here(&found.entry));
            ours.map(|(_, found)| found.number)
        };
        all.extend(row.map(|row| Name { folded: name.into_owned(), row, kind: entry.kind }));
    }
    Ok(all)
}

/// Returns for every suggestion a symbol that begins with it, and the length of the suggestion.
fn groups(names: &[Name], start: usize, most: usize) -> Vec<(&Name, usize)> {
    let Some(first) = names.first() else { return Vec::new() };
    let typed = first.folded.get(..start).unwrap_or_default();
    let exact = format!("{typed}-");
    let mut from = start;
    loop {
        let end = |name: &Name| part(name, if name.folded.starts_with(&exact) { from.max(exact.len()) } else { from });
        let groups = grouped(names, end);
        match groups[..] {
            [(name, end)] if end < name.folded.len() => from = end,
            _ if groups.len() <= most || !names.iter().all(|name| name.kind.is_contract()) => return groups,
            // Even the strikes are too many, so as many of their digits as fit.
            _ => {
                let end = |name: &Name, width: usize| match part(name, from) {
                    whole if whole == name.folded.len() => whole,
                    part => part.min(from + width),
                };
                let shorter = |width: usize| grouped(names, move |name| end(name, width));
                let widths = (1..most).map(shorter).take_while(|groups| groups.len() <= most);
                return widths.last().unwrap_or(groups);
            }
        }
    }
}

/// Returns one name of each group of names that are equal up to the end given for each.
fn grouped(names: &[Name], end: impl Fn(&Name) -> usize) -> Vec<(&Name, usize)> {
    let mut groups: Vec<(&Name, usize)> = names.iter().map(|name| (name, end(name))).collect();
    groups.dedup_by(|(name, end), (before, until)| name.folded.get(..*end) == before.folded.get(..*until));
    groups
}

/// Returns the end of the part that begins at an offset, including its dash. The last part of a future is no part of
/// its own.
fn part(name: &Name, from: usize) -> usize {
    let len = name.folded.len();
    let dash = name.folded.get(from..).and_then(|rest| rest.find('-')).map_or(len, |at| from + at + 1);
    let is_last = !name.folded.get(dash..).unwrap_or_default().contains('-');
    if is_last && name.kind == Kind::Future { len } else { dash }
}

/// Returns the first bytes of a symbol in the master's spelling.
fn shown(master: &Master, name: &Name, len: usize) -> Result<String, MasterError> {
    let found = master.found(name.row)?;
    let row = found.row(master.columns())?;
    let symbol = row.symbol(found.entry.form).filter(|symbol| folded(symbol) == name.folded);
    let spelled = symbol.as_deref().unwrap_or(&name.folded);
    Ok(spelled.get(..len).unwrap_or(&name.folded).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::master::tests::{HEADER, master, small};
    use jiff::civil::date;
    use std::fmt::Write as _;

    fn of(master: &Master, text: &str, most: usize) -> Vec<String> {
        let (segment, start) = match text.split_once(':') {
            Some((segment, start)) => (SpecSegment::parse(segment), start),
            None => (None, text),
        };
        let time = Duration::from_secs(60);
        let wanted = Wanted { segment, start, today: date(2026, 2, 10), most, time };
        beginning_with(master, &wanted).unwrap().into_iter().collect()
    }

    #[test]
    fn few_symbols_are_complete_and_in_the_spelling_of_the_master() {
        let master = small();
        let contracts =
            ["NIFTY-17Feb2026-31200-CE", "NIFTY-24Feb2026-31200-CE", "NIFTY-24Feb2026-FUT", "NIFTY-30Mar2026-31200-CE"];
        assert_eq!(of(&master, "NFO:nifty", 9), contracts);
        assert_eq!(of(&master, "NSE:REL", 9), ["RELIANCE"]);
        assert_eq!(of(&master, "M&M", 9), ["M&M", "M&M-24Feb2026-4000-PE"]);
        assert_eq!(of(&master, "SILVERM", 9), [""; 0], "a segment that cannot be streamed");
        assert_eq!(of(&master, "Mahindra", 9), [""; 0], "display names hold blanks");
    }

    /// Two underlyings, two expiries, 300 strikes.
    fn many() -> Master {
        let mut csv = HEADER.to_owned();
        let mut id = 0;
        for (name, day, month) in [("ABC", 17, "Feb"), ("ABC", 24, "Feb"), ("ABCD", 24, "Feb"), ("ABC", 3, "Feb")] {
            id += 1;
            let text = format!("{name}-{month}2026-FUT,1,{name} FUT,2026-02-{day:02} 14:30:00,-0.01000,XX");
            write!(csv, "\nNSE,D,{id},FUTSTK,0,{text},5.0000,M,FUT,,").unwrap();
            for strike in (10_000..25_000).step_by(50) {
                id += 1;
                let text = format!("{name}-{month}2026-{strike}-CE,1,{name} {day} {strike} CALL");
                let text = format!("{text},2026-02-{day:02} 14:30:00,{strike}.00000,CE");
                write!(csv, "\nNSE,D,{id},OPTSTK,0,{text},5.0000,M,OP,,").unwrap();
            }
        }
        master(&csv)
    }

    #[test]
    fn many_contracts_share_a_suggestion_that_ends_where_they_begin_to_differ() {
        let master = many();
        let expiries = ["ABC-17Feb2026-", "ABC-17Feb2026-FUT", "ABC-24Feb2026-", "ABC-24Feb2026-FUT"];
        assert_eq!(of(&master, "NFO:A", 100), ["ABC-", "ABCD-"]);
        assert_eq!(of(&master, "NFO:ABC", 100), [&expiries[..], &["ABCD-"]].concat(), "a name that is complete");
        assert_eq!(of(&master, "NFO:ABC-", 100), expiries);
        let digits = of(&master, "NFO:ABC-24Feb2026-", 100);
        assert_eq!(
            (digits.len(), digits[0].as_str(), digits[15].as_str()),
            (16, "ABC-24Feb2026-10", "ABC-24Feb2026-FUT")
        );
        assert_eq!(of(&master, "NFO:ABC-24", 100), expiries[2..]);
        let strikes = of(&master, "NFO:ABC-24feb2026-13", 100);
        assert_eq!((strikes.len(), strikes[1].as_str()), (20, "ABC-24Feb2026-13050-CE"));
        for text in ["A", "NFO:ABC", "NFO:ABC-", "NFO:ABC-2", "NFO:ABC-24Feb2026-", "NFO:ABC-24Feb2026-1"] {
            for most in [1, 2, 5, 30, 100] {
                let all = of(&master, text, most);
                assert!(!all.is_empty() && all.len() <= most, "{text} {most}: {}", all.len());
            }
        }
    }

    #[test]
    fn a_name_that_another_segment_has_too_is_found_in_both() {
        let row = |exchange: &str, segment: &str, id: u32| {
            let text = "GOLD-05Feb2027-FUT,1,GOLD FEB FUT,2027-02-05 23:30:00,-0.01000,XX,100.0000,M,FUTCOM,,GOLD";
            format!("\n{exchange},{segment},{id},FUTCOM,0,{text}")
        };
        for rows in [[row("NSE", "M", 1), row("MCX", "M", 2)], [row("MCX", "M", 2), row("NSE", "M", 1)]] {
            let master = master(&format!("{HEADER}{}", rows.concat()));
            for text in ["MCX:GO", "NSE_COMM:GO", "GO"] {
                assert_eq!(of(&master, text, 9), ["GOLD-05Feb2027-FUT"], "{text}");
            }
        }
    }
}
