//! Lets a view or figures observe the records of a run as values.

use super::item::Event;
use crate::model::{InstrumentKey, Micros};
use crate::protocol::feed::Packet;
use crate::record::control::Gap;
use crate::record::depth::Depth;
use crate::record::order::Order;
use std::sync::Arc;

/// Returns an instrument's symbol, if it is known.
pub type Symbol<'a> = dyn Fn() -> Option<Arc<str>> + 'a;

/// Receives every record of the pipeline as a value, in order. It must not wait: packets would wait for it.
pub trait Observer: Send {
    /// Receives a packet that became a record of the market feed. `symbol` looks up the instrument's symbol.
    fn market(&mut self, _instrument: InstrumentKey, _symbol: &Symbol<'_>, _packet: &Packet<'_>, _recv: Micros) {}
    /// Receives an order book. `symbol` looks up the instrument's symbol.
    fn depth(&mut self, _instrument: InstrumentKey, _symbol: &Symbol<'_>, _depth: &Depth<'_>, _recv: Micros) {}
    /// Receives an order.
    fn order(&mut self, _order: &Order, _recv: Micros) {}
    /// Receives a gap, even if `--no-gaps` prints none.
    fn gap(&mut self, gap: &Gap);
    /// Receives an event between frames, before the pipeline does.
    fn event(&mut self, _event: &Event) {}
}
