//! Looks up symbols of instruments that were not subscribed, in the cached master.

use super::master::{Master, MasterError};
use super::spec::SpecSegment;
use super::store::Store;
use crate::model::InstrumentKey;
use std::sync::Arc;

/// Looks symbols up in the cached master. It is opened on first use and used as it is: during a stream nothing is
/// downloaded or repaired.
pub struct Symbols {
    store: Option<Store>,
    master: Option<Master>,
}

impl Symbols {
    /// Creates a look-up for a cache.
    pub fn of(store: Store) -> Symbols {
        Symbols { store: Some(store), master: None }
    }

    /// Returns our symbol of an instrument, or `None` if the master has none, or there is no master.
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
