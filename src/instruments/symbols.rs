//! Symbols of instruments that nobody asked for, from the master that lies in the cache.

use super::master::{Master, MasterError};
use super::spec::SpecSegment;
use super::store::Store;
use crate::model::InstrumentKey;
use std::sync::Arc;

/// Knows what the cached master knows. Opens it when it is asked first, as it is: in the middle of a stream nothing is
/// downloaded and nothing repaired.
pub struct Symbols {
    store: Option<Store>,
    master: Option<Master>,
}

impl Symbols {
    /// Those of a cache.
    pub fn of(store: Store) -> Symbols {
        Symbols { store: Some(store), master: None }
    }

    /// Our symbol of an instrument; `None` where the master has none, or there is no master.
    pub fn symbol(&mut self, key: InstrumentKey) -> Option<Arc<str>> {
        if let Some(store) = self.store.take() {
            self.master = store.path().and_then(|path| Master::open(&path).ok());
        }
        symbol(self.master.as_ref()?, key).ok().flatten()
    }
}

fn symbol(master: &Master, key: InstrumentKey) -> Result<Option<Arc<str>>, MasterError> {
    let Some(found) = master.by_id(SpecSegment::Feed(key.segment), key.security_id)? else { return Ok(None) };
    let row = found.row(master.columns())?;
    Ok(row.symbol(found.entry.form).map(Arc::from))
}
