//! Reads order messages tolerantly, and derives events by comparing an order with its last state.
//!
//! Bytes and their receive time in, [`Outcome`]s out, without I/O. Every message in any bytes has exactly one
//! outcome, so that the packet counters balance. [`record::order`](crate::record::order) names the source of each
//! field.

mod memory;
mod read;
mod snapshot_words;

use crate::model::Micros;
use crate::record::order::Order;
use memory::Memory;

/// Says what became of one message: an object in a text frame, or an order of an order snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is a new update.
    Record(Box<Order>),
    /// It repeats what is known, or is older: filtered.
    Repeat,
    /// It is about no order, such as a heartbeat: filtered.
    NotAnOrder,
    /// It could not be decoded, for this reason, which holds none of its content.
    Malformed(&'static str),
}

/// Tracks the orders of an account.
#[derive(Debug)]
pub struct Orders {
    /// Whether client ids are shown in full, and not only their last four characters.
    pub show_client_ids: bool,
    memory: Memory,
}

impl Orders {
    /// Creates a tracker without orders.
    pub fn new(show_client_ids: bool) -> Orders {
        Orders { show_client_ids, memory: Memory::default() }
    }

    /// Processes a text frame of the order socket, received at `recv`.
    pub fn on_text(&mut self, bytes: &[u8], recv: Micros, sink: &mut dyn FnMut(Outcome)) {
        read::text(bytes, self.show_client_ids, &mut |message| {
            sink(match message {
                Ok(Some(order)) => self.memory.update(order, recv),
                Ok(None) => Outcome::NotAnOrder,
                Err(detail) => Outcome::Malformed(detail),
            });
        });
    }

    /// Processes an order snapshot (`GET /orders`), received at `recv`. `at_start`:
    /// it is the first of the run; otherwise only changes are news. An empty body has no message.
    pub fn on_snapshot(&mut self, body: &[u8], at_start: bool, recv: Micros, sink: &mut dyn FnMut(Outcome)) {
        let mut is_complete = true;
        // Before the first snapshot, an unknown order may be from this morning, so it causes no event.
        let first_look = at_start || !self.memory.has_baseline();
        read::snapshot(body, self.show_client_ids, &mut |order| {
            is_complete &= order.is_ok();
            sink(match order {
                Ok(order) => self.memory.reconcile(order, at_start, first_look, recv),
                Err(detail) => Outcome::Malformed(detail),
            });
        });
        if is_complete {
            self.memory.set_baseline();
        }
    }
}
