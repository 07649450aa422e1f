//! Suggests symbols that begin with a text, for shell completion: complete ones if there are few, else a part at a
//! time.

use super::index::{IndexEntry, folded};
use super::master::{Master, MasterError, NameLevel};
use super::row::InstrumentKind;
use super::spec::SpecSegment;
use fst::automaton::Str;
use fst::{Automaton as _, IntoStreamer as _, Streamer as _};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Limit of look-ups for names of an underlying that another segment has too; after it the underlying is skipped.
const LOOKED_UP: u32 = 32;

/// Says which symbols are wanted.
#[derive(Debug, Clone, Copy)]
pub struct SuggestRequest<'a> {
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
    kind: InstrumentKind,
}

impl Name {
    /// Returns the end of the part that begins at an offset, including its dash. The last part of a future is no part
    /// of its own.
    fn part(&self, from: usize) -> usize {
        let len = self.folded.len();
        let dash = self.folded.get(from..).and_then(|rest| rest.find('-')).map_or(len, |at| from + at + 1);
        let is_last = !self.folded.get(dash..).unwrap_or_default().contains('-');
        if is_last && self.kind == InstrumentKind::Future { len } else { dash }
    }
}

/// Returns the live symbols with this beginning. If there are more than `most`, contracts share a suggestion that
/// ends where they begin to differ: after their underlying, their expiry, or the first digits of their strike.
///
/// # Errors
/// Fails if a checksum is wrong.
pub fn beginning_with(master: &Master, wanted: &SuggestRequest<'_>) -> Result<BTreeSet<String>, MasterError> {
    let start = folded(wanted.start);
    let walk = Walk { master, names: master.names()?, wanted, began: Instant::now() };
    let mut groups = walk.groups(&start, |name| name.folded.len())?;
    if groups.len() > wanted.most {
        groups = walk.parts(&start)?;
    }
    let shown = groups.into_iter().take(wanted.most).map(|(name, len)| shown(master, &name, len));
    shown.collect()
}

/// Walks the names of a master in order.
struct Walk<'a> {
    master: &'a Master,
    names: fst::Map<Vec<u8>>,
    wanted: &'a SuggestRequest<'a>,
    began: Instant,
}

impl Walk<'_> {
    /// Returns for every suggestion a symbol that begins with it, and the length of the suggestion.
    fn parts(&self, start: &str) -> Result<Vec<(Name, usize)>, MasterError> {
        let exact = format!("{start}-");
        let mut from = start.len();
        loop {
            // A complete underlying counts as typed with its dash.
            let end =
                |name: &Name| name.part(if name.folded.starts_with(&exact) { from.max(exact.len()) } else { from });
            let groups = self.groups(start, end)?;
            match groups[..] {
                [(ref name, end)] if end < name.folded.len() => from = end,
                _ if groups.len() > self.wanted.most && groups.iter().all(|(name, _)| name.kind.is_contract()) => {
                    return self.digits(start, from).map(|fewer| fewer.unwrap_or(groups));
                }
                _ => return Ok(groups),
            }
        }
    }

    /// Returns groups by the first digits of strikes, with as many digits as the limit allows.
    fn digits(&self, start: &str, from: usize) -> Result<Option<Vec<(Name, usize)>>, MasterError> {
        let mut last = None;
        for width in 1.. {
            let end = |name: &Name| match name.part(from) {
                whole if whole == name.folded.len() => whole,
                part => part.min(from + width),
            };
            let groups = self.groups(start, end)?;
            if groups.len() > self.wanted.most || groups.iter().all(|(name, end)| *end == name.part(from)) {
                break;
            }
            last = Some(groups);
        }
        Ok(last)
    }

    /// Returns one live name of each group of names that are equal up to their `end`, and one group more than the
    /// limit. The rest of a group is not read.
    fn groups(&self, start: &str, end: impl Fn(&Name) -> usize) -> Result<Vec<(Name, usize)>, MasterError> {
        let mut groups = Vec::new();
        let mut next = start.as_bytes().to_vec();
        while groups.len() <= self.wanted.most {
            let Some(name) = self.live(start, &next)? else { break };
            let end = end(&name);
            next = name.folded.as_bytes()[..end].to_vec();
            // Continue behind the name itself, or behind all names with this beginning.
            next.push(if end == name.folded.len() { 0 } else { u8::MAX });
            // The future of an expiry is suggested beside its options.
            let future = format!("{}FUT", &name.folded[..end]);
            groups.push((name, end));
            let row = self.names.get(&future).filter(|_| future[..end].ends_with('-'));
            if let Some(future) = row.and_then(|row| self.name(&future, row).transpose()).transpose()? {
                let len = future.folded.len();
                groups.push((future, len));
            }
        }
        Ok(groups)
    }

    /// Returns the first wanted name at or behind a text.
    fn live(&self, start: &str, from: &[u8]) -> Result<Option<Name>, MasterError> {
        let mut from = from.to_vec();
        'again: loop {
            let mut stream = self.names.search(Str::new(start).starts_with()).ge(&from).into_stream();
            let (mut expiry, mut misses) = (String::new(), 0);
            while let Some((name, row)) = stream.next() {
                if self.began.elapsed() > self.wanted.time {
                    return Ok(None);
                }
                if self.master.entry(u32::try_from(row).unwrap_or(u32::MAX))?.has_expired(self.wanted.today) {
                    continue;
                }
                let name = String::from_utf8_lossy(name);
                if let Some(found) = self.name(&name, row)? {
                    return Ok(Some(found));
                }
                // Of an option: less its strike and its type.
                let part = name.rsplitn(3, '-').nth(2).unwrap_or_default();
                if part != expiry {
                    (expiry, misses) = (part.to_owned(), 0);
                }
                misses += 1;
                if misses > LOOKED_UP && expiry.len() > start.len() {
                    from = expiry.into_bytes();
                    from.extend([b'-', u8::MAX]);
                    continue 'again;
                }
            }
            return Ok(None);
        }
    }

    /// Returns a name if it is wanted.
    fn name(&self, name: &str, row: u64) -> Result<Option<Name>, MasterError> {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let entry = self.master.entry(row)?;
        let here = |entry: &IndexEntry| match self.wanted.segment {
            Some(segment) => entry.segment() == segment,
            None => entry.segment().feed().is_some(),
        };
        let contracts_only = self.wanted.segment.is_some_and(SpecSegment::is_derivative);
        if entry.has_expired(self.wanted.today) || (contracts_only && !entry.kind.is_contract()) {
            return Ok(None);
        }
        let row = if entry.kind.is_contract() && here(&entry) {
            Some(row)
        } else {
            // The name may be that of a row in another segment, or a display name, which contains blanks that a shell
            // would split.
            let named = self.master.by_name(name)?;
            let ours = named.iter().find(|(level, found)| *level == NameLevel::Ours && here(&found.entry));
            ours.map(|(_, found)| found.number)
        };
        Ok(row.map(|row| Name { folded: name.to_owned(), row, kind: entry.kind }))
    }
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
        let wanted = SuggestRequest { segment, start, today: date(2026, 2, 10), most, time };
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
    fn expiries_of_another_exchange_do_not_hide_those_of_this_one() {
        let option = |exchange: &str, day: u32, id: u32| {
            let text = format!("SAIL-Feb2026-{id}-CE,1,SAIL {day} FEB {id} CALL,2026-02-{day} 14:30:00,{id}.00000,CE");
            format!("\n{exchange},D,{day}{id},OPTSTK,0,{text},5.0000,M,OP,,")
        };
        let both = [("BSE", 17), ("NSE", 24), ("BSE", 26)];
        let rows =
            both.map(|(exchange, day)| (1000..1100).map(move |id| option(exchange, day, id)).collect::<String>());
        let master = master(&format!("{HEADER}{}", rows.concat()));
        assert_eq!(of(&master, "NFO:S", 50).first().map(String::as_str), Some("SAIL-24Feb2026-100"));
        assert_eq!(of(&master, "BFO:S", 50), ["SAIL-17Feb2026-", "SAIL-26Feb2026-"]);
        assert_eq!(of(&master, "SAIL", 50), ["SAIL-17Feb2026-", "SAIL-24Feb2026-", "SAIL-26Feb2026-"]);
    }

    #[test]
    fn many_contracts_of_another_segment_do_not_hide_what_comes_behind_them() {
        let option = |exchange: &str, name: &str, id: u32| {
            let text = format!("{name}-Feb2026-{id}-CE,1,{name} 24 FEB {id} CALL,2026-02-24 14:30:00,{id}.00000,CE");
            format!("\n{exchange},D,{id},OPTSTK,0,{text},5.0000,M,OP,,")
        };
        let others = (1000..1500).map(|id| option("BSE", "SENSEX", id));
        let ours = (1000..1500).map(|id| option("NSE", "SIEMENS", id));
        let master = master(&format!("{HEADER}{}", others.chain(ours).collect::<String>()));
        for (text, symbol) in [("NFO:S", "SIEMENS-24Feb2026-149"), ("BFO:S", "SENSEX-24Feb2026-149")] {
            let all = of(&master, text, 100);
            assert_eq!((all.len(), all.last().map(String::as_str)), (50, Some(symbol)));
        }
        assert_eq!(of(&master, "S", 100), ["SENSEX-", "SIEMENS-"]);
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
