//! Searches words in any order, and the nearest names for a typo.

use super::filter::ResolvedFilter;
use super::index::{IndexEntry, folded};
use super::master::{Master, MasterError};
use super::row::MasterRow;
use super::spec::SpecSegment;
use crate::model::Segment;
use fst::automaton::Levenshtein;
use fst::{Automaton as _, IntoStreamer as _, Streamer as _};
use std::ops::ControlFlow;

/// Holds the folded words of a search.
#[derive(Debug, Clone)]
pub struct Words {
    text: String,
    words: Vec<String>,
    needle: Needle,
}

/// A part of a word, in upper case, that every matching line contains literally: most other lines are skipped
/// cheaply.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    finder: Option<memchr::memmem::Finder<'static>>,
    upper: Vec<u8>,
}

impl Needle {
    /// Returns the needle of these folded words.
    pub fn of(words: &[String]) -> Needle {
        let longest = words.iter().filter_map(|word| verbatim(word)).max_by_key(|part| part.len());
        let finder = longest.map(|part| memchr::memmem::Finder::new(part).into_owned());
        Needle { finder, upper: Vec::new() }
    }

    /// Returns whether a line may contain the words.
    pub fn may_be_in(&mut self, line: &[u8]) -> bool {
        let Some(finder) = &self.finder else { return true };
        self.upper.clear();
        self.upper.extend_from_slice(line);
        self.upper.make_ascii_uppercase();
        finder.find(&self.upper).is_some() || !line.is_ascii() || memchr::memchr(b'&', line).is_some()
    }
}

impl Words {
    /// Returns the words of a text, or `None` if there are none.
    pub fn of(text: &str) -> Option<Words> {
        let text = folded(text);
        let words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let needle = Needle::of(&words);
        (!words.is_empty()).then_some(Words { text, words, needle })
    }

    /// Returns the rank of a row that matches (smaller is better), or `None`. Every word must be in one of the names.
    fn rank(&self, row: &MasterRow<'_>, entry: IndexEntry) -> Option<u8> {
        let symbol = row.symbol(entry.form).map(|name| folded(&name)).unwrap_or_default();
        let trading = row.trading().map(|name| folded(&name)).unwrap_or_default();
        let name = row.name().map(|name| folded(&name)).unwrap_or_default();
        let display = row.display().map(|name| folded(&name)).unwrap_or_default();
        let isin = row.isin().unwrap_or_default();
        let names = [symbol.as_str(), &trading, &name, &display, isin];
        if !self.words.iter().all(|word| names.iter().any(|name| name.contains(word.as_str()))) {
            return None;
        }
        let starts = |word: &String| {
            names
                .iter()
                .any(|name| name.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word.as_str())))
        };
        Some(if symbol == self.text || trading == self.text || isin == self.text {
            0
        } else if symbol.starts_with(&self.text) {
            1
        } else if display.starts_with(&self.text) || name.starts_with(&self.text) {
            2
        } else if self.words.iter().all(starts) {
            3
        } else {
            4
        })
    }
}

/// Returns the longest run of letters in a word that a matching line must contain literally, apart from case.
///
/// Generated or decoded text may be absent from the line: a day before the month, a month and `FUT` where the file
/// has only an underlying, an id. So digits do not count, nor parts of a month's name. Lines with entities are not
/// skipped.
fn verbatim(word: &str) -> Option<&str> {
    const MADE: [&str; 13] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "FUT"];
    let runs = word.split(|c: char| !c.is_ascii_alphabetic());
    runs.filter(|run| run.len() > 1 && !MADE.iter().any(|made| made.contains(run))).max_by_key(|run| run.len())
}

/// Returns the rows that contain all the words, best first.
///
/// # Errors
/// Fails if the master is damaged.
pub fn search(master: &Master, words: &Words, filter: &ResolvedFilter<'_>) -> Result<Vec<u32>, MasterError> {
    let mut hits: Vec<((u8, u8, u8, u16), u32)> = Vec::new();
    let mut needle = words.needle.clone();
    master.scan::<MasterError>(
        |entry, line| needle.may_be_in(line) && filter.may_take(entry),
        |number, entry, row| {
            if let Some(rank) = words.rank(row, entry).filter(|_| filter.takes(row)) {
                hits.push(((rank, entry.kind as u8, order(entry.segment()), entry.expiry), number));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    hits.sort_unstable();
    Ok(hits.into_iter().map(|(_, number)| number).collect())
}

/// Returns the rank of a segment: NSE first, because it has most trading.
fn order(segment: SpecSegment) -> u8 {
    match segment {
        SpecSegment::Feed(Segment::NSE_EQ | Segment::NSE_FNO | Segment::IDX_I) => 0,
        SpecSegment::Feed(_) => 1,
        SpecSegment::NseComm => 2,
    }
}

/// Returns the names nearest to the typed one, best first: other endings, then one or two letters different.
///
/// # Errors
/// Fails if the master is damaged.
pub fn nearest(master: &Master, typed: &str, most: usize) -> Result<Vec<String>, MasterError> {
    let names = master.names()?;
    let typed = folded(typed);
    let mut near: Vec<(usize, String)> = Vec::new();
    // Typos: the shorter the name, the fewer letters may differ. For a very long name the automaton would grow too
    // large.
    let letters = typed.chars().count();
    let off = if letters < 3 { 0 } else { 1 + u32::from(letters > 4) };
    if off > 0 && letters <= 40 {
        for distance in 1..=off {
            let Ok(automaton) = Levenshtein::new(&typed, distance) else { break };
            let mut stream = names.search(automaton).into_stream();
            while let Some((name, _)) = stream.next() {
                let name = String::from_utf8_lossy(name).into_owned();
                if !near.iter().any(|(_, known)| *known == name) {
                    near.push((distance as usize, name));
                }
                if near.len() > 200 {
                    break;
                }
            }
            if near.len() >= most {
                break;
            }
        }
    }
    // Beginnings: the complete text, or a contract's symbol without its last parts.
    let mut prefix = typed.as_str();
    while near.len() < most && prefix.len() > 1 {
        let automaton = fst::automaton::Str::new(prefix).starts_with();
        let mut stream = names.search(automaton).into_stream();
        let mut taken = 0;
        while let Some((name, _)) = stream.next() {
            let name = String::from_utf8_lossy(name).into_owned();
            if !near.iter().any(|(_, known)| *known == name) {
                near.push((2 + typed.len() - prefix.len(), name));
                taken += 1;
            }
            if taken > 200 {
                break;
            }
        }
        match prefix.rsplit_once(['-', ' ']) {
            Some((shorter, _)) => prefix = shorter,
            None => break,
        }
    }
    // A name with the same beginning is likelier meant than one with an extra letter before it.
    let rank = |(off, name): &(usize, String)| {
        let begins = name.starts_with(&typed) || typed.starts_with(name.as_str());
        (if begins { 1 } else { *off }, name.chars().next() != typed.chars().next(), name.len())
    };
    near.sort_by(|a, b| (rank(a), &a.1).cmp(&(rank(b), &b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    Ok(near.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::filter::Filter;
    use crate::instruments::master::tests::small;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn ids(text: &str) -> Vec<u32> {
        let master = small();
        let filter = Filter { expired: true, ..Filter::default() };
        let ready = filter.ready(&master, date(2026, 2, 10)).unwrap();
        let words = Words::of(text).unwrap();
        let rows = search(&master, &words, &ready).unwrap();
        rows.into_iter().map(|row| master.entry(row).unwrap().id).collect()
    }

    #[test]
    fn words_are_found_in_any_order_in_any_name() {
        for (text, expected) in [
            ("reliance industries", vec![2885, 500_325]),
            ("INDUSTRIES reliance", vec![2885, 500_325]),
            ("nifty 31200 call 24", vec![101]),
            ("24feb2026 nifty", vec![59183, 101]),
            ("mahindra", vec![2031]),
            ("mahindra & mahindra", vec![2031]),
            ("m&m", vec![2031, 104]),
            ("capins-846", vec![846]),
            ("4feb2026-31200", vec![101]),
            ("nothing of this", vec![]),
        ] {
            assert_eq!(ids(text), expected, "{text}");
        }
        assert_eq!(ids("NIFTY")[0], 13);
    }

    #[test]
    fn a_typo_finds_the_name_that_was_meant() {
        let master = small();
        for (typed, meant) in [
            ("RELIENCE", "RELIANCE"),
            ("NFTY", "NIFTY"),
            ("MOTHERSN", "MOTHERSON"),
            ("NIFTY-24Feb2026-31250-CE", "NIFTY-24FEB2026-31200-CE"),
            ("MOTHERSON-XX", "MOTHERSON-D1"),
            ("NIFTY-Apr2026-99-CE", "NIFTY"),
        ] {
            let near = nearest(&master, typed, 5).unwrap();
            assert!(near.iter().take(5).any(|name| name == meant), "{typed}: {near:?}");
        }
        assert_eq!(nearest(&master, "QQQQQQQQ", 5).unwrap(), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn passing_lines_over_cheaply_changes_no_answer(
            row in 0usize..21, from in 0usize..30, len in 1usize..12, which in 0usize..3,
        ) {
            let master = small();
            let found = master.found(u32::try_from(row).unwrap()).unwrap();
            let typed = found.row(master.columns()).unwrap();
            let name = match which {
                0 => typed.symbol(found.entry.form),
                1 => typed.display(),
                _ => typed.name(),
            };
            let part: String = name.unwrap_or_default().chars().skip(from).take(len).collect();
            if let Some(words) = Words::of(&part) {
                let filter = Filter { expired: true, ..Filter::default() };
                let ready = filter.ready(&master, date(2026, 2, 10)).unwrap();
                let quick = search(&master, &words, &ready).unwrap();
                let slow = search(&master, &Words { needle: Needle::of(&[]), ..words }, &ready).unwrap();
                prop_assert_eq!(&quick, &slow);
                prop_assert!(quick.contains(&u32::try_from(row).unwrap()), "{:?}", part);
            }
        }
    }
}
