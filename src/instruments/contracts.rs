//! Lists the contracts of an underlying, and words what to write for an underlying that is no instrument itself.

use super::index::folded;
use super::lookup::candidates;
use super::master::{Found, Master, MasterError, NameLevel};
use super::row::{InstrumentKind, contract_parts};
use super::search::Needle;
use super::spec::{Name, Spec, SpecSegment};
use crate::model::Segment;
use fst::Streamer as _;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Describes a live contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contract {
    /// Its row number in the master.
    pub row: u32,
    /// The segment it is traded in.
    pub segment: SpecSegment,
    /// The security id.
    pub id: u32,
    /// Future or option.
    pub kind: InstrumentKind,
    /// Its expiry date.
    pub expiry: Date,
    /// The strike in rupees, for options.
    pub strike: Option<f64>,
    /// Whether it is a call, for options.
    pub is_call: bool,
}

/// Returns the live contracts of an underlying in the wanted segments, by expiry.
///
/// # Errors
/// Fails if the master is damaged.
pub fn contracts(
    master: &Master,
    underlying: &str,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
) -> Result<Vec<Contract>, MasterError> {
    let wanted = folded(underlying);
    let mut needle = Needle::of(std::slice::from_ref(&wanted));
    let mut all = Vec::new();
    master.scan::<MasterError>(
        |entry, line| {
            entry.kind.is_contract() && !entry.has_expired(today) && takes(entry.segment()) && needle.may_be_in(line)
        },
        |number, entry, row| {
            if let Some(expiry) = row.expiry
                && row.underlying().is_some_and(|underlying| folded(&underlying) == wanted)
            {
                all.push(Contract {
                    row: number,
                    segment: entry.segment(),
                    id: entry.id,
                    kind: entry.kind,
                    expiry,
                    strike: row.strike(),
                    is_call: row.option_type() == Some("CE"),
                });
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    all.sort_by_key(|contract| (contract.expiry, contract.row));
    Ok(all)
}

/// Returns the underlyings of all contracts, in upper case.
///
/// # Errors
/// Fails if the master is damaged.
pub fn underlyings(master: &Master) -> Result<BTreeSet<String>, MasterError> {
    let names = master.names()?;
    let mut stream = names.stream();
    let mut all: BTreeSet<String> = BTreeSet::new();
    let mut last = String::new();
    while let Some((name, _)) = stream.next() {
        let Some((underlying, ..)) = std::str::from_utf8(name).ok().and_then(contract_parts) else { continue };
        if underlying != last {
            underlying.clone_into(&mut last);
            all.insert(last.clone());
        }
    }
    Ok(all)
}

/// Returns the words that a mistyped word may mean, best first.
pub fn nearest_words<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = folded(typed);
    if typed.is_empty() {
        return Vec::new();
    }
    let most = 1 + typed.chars().count() / 3;
    let mut near: Vec<(usize, bool, &str)> = words
        .into_iter()
        .map(|word| {
            let folded = folded(word);
            let off = if folded.starts_with(&typed) { 1 } else { strsim::osa_distance(&typed, &folded) };
            (off, folded.chars().next() != typed.chars().next(), word)
        })
        .filter(|(off, _, word)| *off <= most && *off < word.chars().count())
        .collect();
    near.sort_by_key(|(off, other_start, word)| (*off, *other_start, word.len()));
    near.into_iter().map(|(.., word)| word).collect()
}

/// Returns the index or share with the underlying's name, if there is one.
fn cash(master: &Master, underlying: &str) -> Result<Option<Found>, MasterError> {
    let order = [Segment::IDX_I, Segment::NSE_EQ, Segment::BSE_EQ].map(SpecSegment::Feed);
    let place = |found: &Found| order.iter().position(|segment| *segment == found.entry.segment());
    let all = master.by_name(underlying)?.into_iter();
    let all = all.filter(|(level, found)| *level < NameLevel::Display && !found.entry.kind.is_contract());
    Ok(all.filter_map(|(_, found)| Some((place(&found)?, found))).min_by_key(|(at, _)| *at).map(|(_, found)| found))
}

/// Returns what to write for a spec that names an underlying and no instrument: its nearest future, its index or
/// share, and the lines that list its options. Returns `None` if the name is no underlying of a live contract.
///
/// # Errors
/// Fails if the master is damaged.
pub fn instead(
    master: &Master,
    spec: &Spec,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
) -> Result<Option<Vec<String>>, MasterError> {
    let Name::Symbol(name) = &spec.name else { return Ok(None) };
    let here = |segment: SpecSegment| spec.segment.is_none_or(|typed| typed == segment) && takes(segment);
    let live = contracts(master, name, here, today)?;
    // An old master may hold only contracts that have expired.
    let all = if live.is_empty() { contracts(master, name, here, Date::MIN)? } else { live };
    let Some(last) = all.last() else { return Ok(None) };
    let have_expired = last.expiry < today;
    let name = folded(name);
    let mut lines = Vec::new();
    let mut futures = all.iter().filter(|contract| contract.kind == InstrumentKind::Future);
    let (future, which) = if have_expired { (futures.next_back(), "last") } else { (futures.next(), "nearest") };
    if let Some(future) = future {
        let line = candidates(master, vec![master.found(future.row)?])?;
        lines.extend(line.into_iter().map(|line| format!("{line} (the {which} future)")));
    }
    if let Some(cash) = cash(master, &name)?.filter(|found| takes(found.entry.segment())) {
        let what = if cash.entry.kind == InstrumentKind::Index { "the index" } else { "the share" };
        lines.extend(candidates(master, vec![cash])?.into_iter().map(|line| format!("{line} ({what})")));
    }
    if have_expired {
        lines.push(format!("(all of its contracts have expired, the last on {}: dhan instruments sync)", last.expiry));
        return Ok(Some(lines));
    }
    let mut options: Vec<&Contract> = all.iter().filter(|contract| contract.kind == InstrumentKind::Option).collect();
    options.sort_by_key(|option| option.segment);
    options.dedup_by_key(|option| option.segment);
    for option in &options {
        let segment = option.segment;
        let chain = if options.len() == 1 { name.clone() } else { format!("{segment}:{name}") };
        if segment.feed().is_some() {
            lines.push(format!("its options around the spot:  dhan feed --chain {}", quoted(&chain)));
        }
        let found = master.found(option.row)?;
        let row = found.row(master.columns())?;
        let instrument = row.instrument().unwrap_or("OPTIDX");
        lines.push(format!(
            "its options:  dhan instruments list --segment {segment} --underlying {} --instrument {instrument} --expiry nearest",
            quoted(&name)
        ));
    }
    Ok(Some(lines))
}

/// Returns a word quoted for a shell, if needed.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:.,=".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::master::tests::small;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 2, 10);

    #[test]
    fn an_underlying_that_is_no_instrument_is_answered_with_what_to_write() {
        let master = small();
        let lines = |text: &str| {
            instead(&master, &Spec::parse(text).unwrap(), |_| true, TODAY).unwrap().unwrap_or_default().join("\n")
        };
        let nifty = lines("NFO:NIFTY");
        for part in [
            "NSE_FNO:59183  NIFTY-24Feb2026-FUT",
            "IDX_I:13  NIFTY, Nifty 50 (the index)",
            "dhan feed --chain NIFTY",
            "dhan instruments list --segment NSE_FNO --underlying NIFTY",
        ] {
            assert!(nifty.contains(part), "{part}: {nifty}");
        }
        assert_eq!(lines("RELIANC"), "");
        assert_eq!(lines("MCX:NIFTY"), "");
    }

    #[test]
    fn the_nearest_word_begins_like_the_typed_one() {
        let words = ["EGOLD", "GOLDM", "GOLDPETAL", "SILVER"];
        assert_eq!(nearest_words("gold", words), ["GOLDM", "GOLDPETAL", "EGOLD"]);
        assert_eq!(nearest_words("NFTY", ["BANKNIFTY", "NIFTY", "FINNIFTY"]), ["NIFTY"]);
        assert!(nearest_words("", words).is_empty() && nearest_words("ZZZZ", words).is_empty());
    }

    #[test]
    fn a_word_that_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("BAJAJ-AUTO"), "BAJAJ-AUTO");
        assert_eq!(quoted("M&M"), "'M&M'");
        assert_eq!(quoted("INDIA VIX"), "'INDIA VIX'");
    }
}
