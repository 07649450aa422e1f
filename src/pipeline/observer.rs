//! What sees the records of a run as values: a view of them, figures about them.

use super::item::Event;
use crate::model::InstrumentKey;
use crate::protocol::feed::Packet;
use crate::record::control::Gap;
use crate::record::depth::Depth;
use crate::record::order::Order;
use std::sync::Arc;

/// Returns what an instrument is called, where that is known.
pub type Symbol<'a> = dyn Fn() -> Option<Arc<str>> + 'a;

/// Sees every record that the pipeline makes, as values, in their order. It must not wait: packets wait for it.
pub trait Observer: Send {
    /// Takes a packet that became a record of the market feed. `symbol` looks up what the instrument is called.
    fn market(&mut self, _instrument: InstrumentKey, _symbol: &Symbol<'_>, _packet: &Packet<'_>, _recv_us: i64) {}
    /// Takes an order book. `symbol` looks up what the instrument is called.
    fn depth(&mut self, _instrument: InstrumentKey, _symbol: &Symbol<'_>, _depth: &Depth<'_>, _recv_us: i64) {}
    /// Takes an order.
    fn order(&mut self, _order: &Order, _recv_us: i64) {}
    /// Takes a gap, also where `--no-gaps` prints none.
    fn gap(&mut self, gap: &Gap);
    /// Takes what happens between frames, before the pipeline does.
    fn event(&mut self, _event: &Event) {}
}
