//! Keeps the symbols of instruments, and which instruments were seen.

use crate::model::InstrumentKey;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Looks up the symbol of an instrument that was not subscribed. It must not wait.
pub type LookUp = Box<dyn FnMut(InstrumentKey) -> Option<Arc<str>> + Send>;

/// An instrument and its symbol.
pub type Named = (InstrumentKey, Arc<str>);

/// Number of instruments that were not subscribed but are remembered. It bounds the memory when a server invents
/// instruments: packets of further ones are printed, and the instruments forgotten.
pub const STRANGERS: usize = 100_000;

/// Subscribed modes as bits.
pub(super) type Subscribed = FxHashMap<InstrumentKey, u8>;

/// Holds symbols that were given, or looked up when an instrument was first seen.
#[derive(Default)]
pub(super) struct InstrumentNames {
    pub symbols: FxHashMap<InstrumentKey, Arc<str>>,
    pub seen: FxHashSet<InstrumentKey>,
    /// Number of seen instruments that were not subscribed.
    pub strangers: usize,
    pub look_up: Option<LookUp>,
    /// Symbols that were looked up and not yet taken.
    pub found: Vec<Named>,
}

impl InstrumentNames {
    /// Records a packet of an instrument. Its symbol is looked up once, found or not.
    #[inline]
    pub fn see(&mut self, instrument: InstrumentKey, subscribed: &Subscribed) {
        if !self.seen.contains(&instrument) {
            self.first(instrument, subscribed);
        }
    }

    #[cold]
    fn first(&mut self, instrument: InstrumentKey, subscribed: &Subscribed) {
        if !subscribed.contains_key(&instrument) {
            if self.strangers == STRANGERS {
                return;
            }
            self.strangers += 1;
        }
        self.seen.insert(instrument);
        if !self.symbols.contains_key(&instrument)
            && let Some(look_up) = &mut self.look_up
            && let Some(symbol) = look_up(instrument)
        {
            self.found.push((instrument, Arc::clone(&symbol)));
            self.symbols.insert(instrument, symbol);
        }
    }

    pub fn symbol(&self, instrument: InstrumentKey) -> Option<Arc<str>> {
        self.symbols.get(&instrument).cloned()
    }
}
