//! Keeps the options of a chain together among the rows: by expiry, strike, and call before put.

use super::TableRow;
use crate::model::{InstrumentKey, Segment};
use crate::record::chain::Chain;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;
use std::sync::Arc;

/// Identifies a chain: its underlying, and the expiry as `YYYY-MM-DD`.
type ChainKey = (Arc<str>, Arc<str>);

/// Holds the chains of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Chains {
    members: FxHashMap<InstrumentKey, ChainKey>,
    /// The strike nearest to the spot of each chain in rupees.
    nearest: FxHashMap<ChainKey, f64>,
}

impl Chains {
    /// Processes a change of a chain.
    pub fn change(&mut self, chain: &Chain) {
        let key: ChainKey = (chain.underlying.as_str().into(), chain.expiry.as_str().into());
        for instrument in chain.removed.iter().filter_map(|text| instrument(text)) {
            self.members.remove(&instrument);
        }
        for instrument in chain.added.iter().filter_map(|text| instrument(text)) {
            self.members.insert(instrument, key.clone());
        }
        self.nearest.insert(key, chain.atm);
    }

    /// Returns whether a row is an option with the strike nearest to the spot.
    pub fn is_at_the_money(&self, row: &TableRow) -> bool {
        let nearest = self.members.get(&row.instrument).and_then(|chain| self.nearest.get(chain));
        nearest.is_some_and(|nearest| strike_and_type(&row.symbol).is_some_and(|(strike, _)| strike == *nearest))
    }

    /// Sorts the options of each underlying, where its first option stands; returns whether rows moved.
    pub fn sort(&self, rows: &mut [TableRow]) -> bool {
        if self.members.is_empty() {
            return false;
        }
        let mut places: FxHashMap<&str, usize> = FxHashMap::default();
        for (at, row) in rows.iter().enumerate() {
            if let Some((underlying, _)) = self.members.get(&row.instrument) {
                places.entry(underlying).or_insert(at);
            }
        }
        let place = |at: usize, row: &TableRow| {
            let chain = self.members.get(&row.instrument);
            chain.and_then(|(underlying, _)| places.get(&**underlying)).copied().unwrap_or(at)
        };
        let mut order: Vec<_> = rows.iter().enumerate().map(|(at, row)| (place(at, row), at)).collect();
        order.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| self.compare(&rows[a.1], &rows[b.1])));
        if order.iter().enumerate().all(|(at, (_, before))| at == *before) {
            return false;
        }
        let sorted: Vec<_> = order.iter().map(|(_, at)| rows[*at].clone()).collect();
        rows.iter_mut().zip(sorted).for_each(|(row, sorted)| *row = sorted);
        true
    }

    fn compare(&self, a: &TableRow, b: &TableRow) -> Ordering {
        let expiry = |row: &TableRow| self.members.get(&row.instrument).map(|(_, expiry)| Arc::clone(expiry));
        let (a_option, b_option) = (strike_and_type(&a.symbol), strike_and_type(&b.symbol));
        expiry(a).cmp(&expiry(b)).then_with(|| match (a_option, b_option) {
            (Some(a), Some(b)) => a.0.total_cmp(&b.0).then(a.1.cmp(b.1)),
            // Options without a symbol come last.
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
    }
}

/// Returns the strike in rupees and the type of an option's symbol, `NIFTY-01Dec2026-26000-CE`.
fn strike_and_type(symbol: &str) -> Option<(f64, &str)> {
    let mut parts = symbol.rsplitn(3, '-');
    let kind = parts.next().filter(|kind| matches!(*kind, "CE" | "PE"))?;
    Some((parts.next()?.parse().ok()?, kind))
}

/// Returns the instrument of `SEGMENT:ID`.
fn instrument(text: &str) -> Option<InstrumentKey> {
    let (segment, id) = text.split_once(':')?;
    Some(InstrumentKey::new(Segment::parse(segment)?, id.parse().ok()?))
}
