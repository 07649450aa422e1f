//! Suggests instruments for shell completion: `dhan __complete WORD [demo]`.
//!
//! It reads only the cached names, uses no network, and prints nothing on any error: a user who presses TAB wants no
//! message.

use crate::cli::out;
use crate::instruments::index::folded;
use crate::instruments::master::Master;
use crate::instruments::suggest::{self, SuggestRequest};
use crate::instruments::{Layout, SpecSegment, Store};
use crate::model::InstrumentKey;
use crate::simulator::KNOWN;
use std::collections::BTreeSet;
use std::time::Duration;

/// Name of the hidden subcommand.
pub const NAME: &str = "__complete";

/// Maximum number of suggestions; a terminal can usefully show no more.
const MOST: usize = 100;
/// Time limit of reading names: the user waits for it.
const READING: Duration = Duration::from_millis(20);

/// Prints the suggestions for the word on this process's command line, one per line.
pub fn main() {
    let mut words = std::env::args_os().skip(2).map(|word| word.to_string_lossy().into_owned());
    let word = words.next().unwrap_or_default();
    let demo = words.next().is_some_and(|word| word == "demo");
    let all = suggestions(&word, demo).unwrap_or_default();
    let text: String = all.iter().map(|suggestion| format!("{suggestion}\n")).collect();
    // An error means that the reader has left.
    let _ = out::print(&text);
}

/// Splits a typed word into the segment with its colon, as typed, and the beginning of a symbol.
fn split(word: &str) -> (Option<SpecSegment>, &str, &str) {
    match word.split_once(':') {
        Some((before, rest)) => match SpecSegment::parse(before) {
            Some(segment) => (Some(segment), &word[..=before.len()], rest),
            None => (None, "", word),
        },
        None => (None, "", word),
    }
}

/// Returns the segments with this beginning, each with its colon.
fn segments(word: &str) -> impl Iterator<Item = String> {
    let word = word.to_ascii_uppercase();
    let begins = move |segment: &SpecSegment| segment.name().starts_with(&word);
    SpecSegment::ALL.into_iter().filter(begins).map(|segment| format!("{segment}:"))
}

/// Returns the suggestions for a word, or `None` if there is no cache, or it cannot be trusted.
fn suggestions(word: &str, demo: bool) -> Option<BTreeSet<String>> {
    let (segment, typed, start) = split(word);
    let mut all: BTreeSet<_> = segments(word).filter(|_| segment.is_none()).collect();
    let symbols = match demo {
        true => of_demo(segment, &folded(start)),
        // Without a letter there are hundreds of thousands.
        false if start.trim().is_empty() => BTreeSet::new(),
        false => of_cache(segment, start, MOST - all.len())?,
    };
    all.extend(symbols.into_iter().map(|symbol| format!("{typed}{symbol}")));
    Some(all)
}

fn of_demo(segment: Option<SpecSegment>, start: &str) -> BTreeSet<String> {
    let here = |key: &InstrumentKey| segment.is_none_or(|segment| segment.feed() == Some(key.segment));
    let known = KNOWN.iter().filter(|(key, symbol)| symbol.starts_with(start) && here(key));
    known.map(|(_, symbol)| (*symbol).to_owned()).collect()
}

fn of_cache(segment: Option<SpecSegment>, start: &str, most: usize) -> Option<BTreeSet<String>> {
    let store = Store::from_env(Layout::Compact, true).ok()?;
    let master = Master::open(&store.path()?).ok()?;
    let wanted = SuggestRequest { segment, start, today: crate::clock::ist_today(), most, time: READING };
    suggest::beginning_with(&master, &wanted).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_demo_begin_with_the_word_and_keep_the_segment_as_it_was_typed() {
        let all = |word: &str| suggestions(word, true).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(all("rel"), ["RELIANCE"]);
        assert_eq!(all("nse:RE"), ["nse:RELIANCE"]);
        assert_eq!(all("IDX_I:NI"), ["IDX_I:NIFTY"]);
        assert_eq!(all("IDX"), ["IDX_I:"]);
        assert_eq!(all("QQ"), Vec::<String>::new());
    }
}
