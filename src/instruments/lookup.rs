//! Finds what a spec names in a master, and what it may have meant.

use super::contracts::{contracts, nearest_words, underlyings};
use super::master::{Found, Master, MasterError, NameLevel};
use super::row::InstrumentKind;
use super::search::nearest;
use super::spec::{Name, Spec, SpecSegment};
use crate::model::Segment;
use jiff::civil::Date;

/// Says what a spec names in a master.
#[derive(Debug)]
pub enum LookUpOutcome {
    /// One instrument; the others are the same share on other exchanges.
    One(Found, Vec<Found>),
    /// More than one instrument.
    Many(Vec<Found>),
    /// Only contracts that have expired.
    Expired(Vec<Found>),
    /// Only instruments of segments that are not wanted.
    Elsewhere(Vec<Found>),
    /// Nothing.
    None,
}

/// Finds what a spec names in the wanted segments.
///
/// # Errors
/// Fails if the master is damaged.
pub fn look_up(
    master: &Master,
    spec: &Spec,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
    expired: bool,
) -> Result<LookUpOutcome, MasterError> {
    let all = master.named(spec.segment, &spec.name)?;
    let (mut here, elsewhere): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, found)| takes(found.entry.segment()));
    let plain = |found: Vec<(NameLevel, Found)>| found.into_iter().map(|(_, found)| found).collect::<Vec<_>>();
    if here.is_empty() {
        return Ok(if elsewhere.is_empty() { LookUpOutcome::None } else { LookUpOutcome::Elsewhere(plain(elsewhere)) });
    }
    if !expired && here.iter().all(|(_, found)| found.entry.has_expired(today)) {
        return Ok(LookUpOutcome::Expired(plain(here)));
    }
    here.retain(|(_, found)| expired || !found.entry.has_expired(today));
    // A display name counts only if no instrument has that symbol.
    if here.iter().any(|(level, _)| *level < NameLevel::Display) {
        here.retain(|(level, _)| *level < NameLevel::Display);
    }
    // In a segment our symbol, which is unique there, takes precedence over names shared with other series or
    // expiries.
    let ours: Vec<_> =
        here.iter().filter(|(level, _)| *level == NameLevel::Ours).map(|(_, found)| found.entry.segment()).collect();
    here.retain(|(level, found)| *level == NameLevel::Ours || !ours.contains(&found.entry.segment()));
    let mut found = plain(here);
    let nse = SpecSegment::Feed(Segment::NSE_EQ);
    let cash = [nse, SpecSegment::Feed(Segment::BSE_EQ)];
    let in_nse = found.iter().filter(|found| found.entry.segment() == nse).count();
    if in_nse == 1 && found.iter().all(|found| cash.contains(&found.entry.segment())) {
        found.sort_by_key(|found| found.entry.segment() != nse);
    } else if found.len() > 1 {
        return Ok(LookUpOutcome::Many(found));
    }
    let also = found.split_off(1.min(found.len()));
    Ok(found.pop().map_or(LookUpOutcome::None, |one| LookUpOutcome::One(one, also)))
}

/// Returns the notice `RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)`.
pub fn also(spec: &Spec, found: &Found, also: &[Found]) -> String {
    let name = |found: &Found| format!("{}:{}", found.entry.segment(), found.entry.id);
    let typed = match &spec.name {
        Name::Symbol(symbol) => symbol.as_str(),
        Name::Id(_) => spec.text.as_str(),
    };
    format!("{typed} = {} (also {})", name(found), also.iter().map(name).collect::<Vec<_>>().join(", "))
}

/// Maximum number of candidates in a message.
const SHOWN: usize = 20;
/// Maximum number of nearest names in a message.
const NEAREST: usize = 5;
/// Returns instruments as lines that can be pasted: `NSE_FNO:100  NIFTY-17Feb2026-31200-CE, expires 2026-02-17`.
///
/// # Errors
/// Fails if the master is damaged.
pub fn candidates(master: &Master, mut found: Vec<Found>) -> Result<Vec<String>, MasterError> {
    found.sort_by_key(|found| (found.entry.expiry, found.entry.segment, found.entry.id));
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let mut lines = Vec::new();
    for found in &found {
        let row = found.row(master.columns())?;
        let mut line = format!("{}:{}", row.segment, row.id);
        if let Some(symbol) = row.symbol(found.entry.form) {
            line.push_str(&format!("  {symbol}"));
        }
        match row.expiry {
            Some(expiry) => line.push_str(&format!(", expires {expiry}")),
            None => line.extend(row.display().map(|display| format!(", {display}"))),
        }
        lines.push(line);
    }
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    Ok(lines)
}

/// Returns what a spec that names nothing may have meant.
///
/// # Errors
/// Fails if the master is damaged.
pub fn suggestions(
    master: &Master,
    spec: &Spec,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
) -> Result<Vec<String>, MasterError> {
    let mut lines = Vec::new();
    let Name::Symbol(symbol) = &spec.name else { return Ok(lines) };
    if let Ok(id) = symbol.parse::<u32>() {
        let mut found = Vec::new();
        for segment in SpecSegment::ALL.into_iter().filter(|segment| takes(*segment)) {
            found.extend(master.by_id(segment, id)?.filter(|found| !found.entry.has_expired(today)));
        }
        return candidates(master, found);
    }
    let mut typed = symbol.as_str();
    if let (None, Some((before, after))) = (spec.segment, symbol.split_once(':')) {
        lines.push(format!(
            "(\"{before}\" is no segment: {} are)",
            SpecSegment::ALL
                .into_iter()
                .filter(|segment| takes(*segment))
                .map(SpecSegment::name)
                .collect::<Vec<_>>()
                .join(", ")
        ));
        typed = after;
    }
    let mut near: Vec<Found> = Vec::new();
    for name in nearest(master, typed, NEAREST)? {
        let mut named = master.by_name(&name)?;
        named.sort_by_key(|(_, found)| (found.entry.kind, found.entry.segment() != SpecSegment::Feed(Segment::NSE_EQ)));
        for (_, found) in named {
            let segment = found.entry.segment();
            let wanted = takes(segment) && spec.segment.is_none_or(|typed| typed == segment);
            if wanted && !found.entry.has_expired(today) && !near.iter().any(|known| known.number == found.number) {
                near.push(found);
            }
        }
        if near.len() >= NEAREST {
            break;
        }
    }
    // An underlying that is no instrument itself has no name that could be near.
    let known = underlyings(master)?;
    if let Some(underlying) = nearest_words(typed, known.iter().map(String::as_str)).first() {
        let here = |segment: SpecSegment| takes(segment) && spec.segment.is_none_or(|typed| typed == segment);
        let all = contracts(master, underlying, here, today)?;
        let first = all.iter().find(|contract| contract.kind == InstrumentKind::Future).or(all.first());
        if let Some(first) = first.filter(|first| !near.iter().any(|found| found.number == first.row)) {
            let behind = usize::from(near.first().is_some_and(|found| !found.entry.kind.is_contract()));
            near.insert(behind, master.found(first.row)?);
        }
    }
    near.truncate(NEAREST);
    for found in near {
        lines.extend(candidates(master, vec![found])?);
    }
    Ok(lines)
}
