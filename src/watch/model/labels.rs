//! Chooses what instruments are called: by their symbol, with the segment in front where several segments have it.

use crate::model::InstrumentKey;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Holds the symbols of the rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    names: FxHashMap<InstrumentKey, Arc<str>>,
    holders: FxHashMap<Arc<str>, Vec<InstrumentKey>>,
}

impl Labels {
    /// Sets the name of an instrument. Returns the instruments whose labels may have changed.
    pub fn set(&mut self, instrument: InstrumentKey, name: &Arc<str>) -> Vec<InstrumentKey> {
        let mut changed = Vec::new();
        if let Some(before) = self.names.insert(instrument, Arc::clone(name)).filter(|before| before != name)
            && let Some(holders) = self.holders.get_mut(&before)
        {
            holders.retain(|holder| *holder != instrument);
            changed.clone_from(holders);
        }
        let holders = self.holders.entry(Arc::clone(name)).or_default();
        if !holders.contains(&instrument) {
            holders.push(instrument);
        }
        changed.extend(&*holders);
        changed
    }

    /// Keeps the names of these instruments. Returns the instruments whose labels may have changed.
    pub fn keep(&mut self, is_kept: impl Fn(InstrumentKey) -> bool) -> Vec<InstrumentKey> {
        let mut changed = Vec::new();
        self.names.retain(|instrument, _| is_kept(*instrument));
        self.holders.retain(|_, holders| {
            let before = holders.len();
            holders.retain(|holder| is_kept(*holder));
            if holders.len() < before {
                changed.extend(&*holders);
            }
            !holders.is_empty()
        });
        changed
    }

    /// Returns what an instrument is called, or `None` if it has no name.
    pub fn of(&self, instrument: InstrumentKey) -> Option<Arc<str>> {
        let name = self.names.get(&instrument)?;
        let is_shared = self.holders.get(name)?.iter().any(|holder| holder.segment != instrument.segment);
        Some(if is_shared { format!("{}:{name}", instrument.segment).into() } else { Arc::clone(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;

    #[test]
    fn a_symbol_of_two_segments_carries_its_segment_while_both_are_there() {
        let (nse, bse) = (InstrumentKey::new(Segment::NSE_EQ, 2885), InstrumentKey::new(Segment::BSE_EQ, 500_325));
        let mut labels = Labels::default();
        labels.set(nse, &"RELIANCE".into());
        assert_eq!(labels.of(nse).as_deref(), Some("RELIANCE"));
        assert_eq!(labels.set(bse, &"RELIANCE".into()), [nse, bse]);
        assert_eq!(labels.of(nse).as_deref(), Some("NSE_EQ:RELIANCE"));
        assert_eq!(labels.of(bse).as_deref(), Some("BSE_EQ:RELIANCE"));
        assert_eq!(labels.keep(|instrument| instrument == bse), [bse]);
        assert_eq!(labels.of(bse).as_deref(), Some("RELIANCE"));
        assert_eq!(labels.set(bse, &"RIL".into()), [bse]);
        assert_eq!((labels.of(bse).as_deref(), labels.of(nse)), (Some("RIL"), None));
    }
}
