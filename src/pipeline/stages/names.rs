//! What instruments are called, and which of them were seen.

use crate::model::InstrumentKey;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// What an instrument is called that nobody asked for, where that is known. It must not wait for anything.
pub type LookUp = Box<dyn FnMut(InstrumentKey) -> Option<Arc<str>> + Send>;

/// What an instrument is called.
pub type Named = (InstrumentKey, Arc<str>);

/// Instruments that nobody asked for and that are remembered all the same. A server that invents more must not take all
/// memory: packets of the others are printed, and forgotten.
pub const STRANGERS: usize = 100_000;

/// Modes that are subscribed, as bits.
pub(super) type Subscribed = FxHashMap<InstrumentKey, u8>;

/// Names that were told, or looked up when an instrument was seen first.
#[derive(Default)]
pub(super) struct Names {
    symbols: FxHashMap<InstrumentKey, Arc<str>>,
    seen: FxHashSet<InstrumentKey>,
    /// How many of the seen nobody had asked for.
    strangers: usize,
    look_up: Option<LookUp>,
    /// What was looked up and is not told yet.
    found: Vec<Named>,
}

impl Names {
    pub fn look_up_with(&mut self, look_up: LookUp) {
        self.look_up = Some(look_up);
    }

    pub fn told(&mut self, symbols: &[Named]) {
        self.symbols.extend(symbols.iter().cloned());
    }

    /// Something of an instrument came. Its name is looked up once, found or not.
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

    pub fn take_found(&mut self) -> Vec<Named> {
        std::mem::take(&mut self.found)
    }

    pub fn seen(&self) -> &FxHashSet<InstrumentKey> {
        &self.seen
    }

    pub fn strangers(&self) -> usize {
        self.strangers
    }
}
