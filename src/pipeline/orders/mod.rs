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
use read::Read;

/// Says what became of one message: an object in a text frame, or an order of an order snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is a new update.
    Record(Box<Order>),
    /// It repeats what is known, or is older: filtered.
    Repeat,
    /// It is about no order, such as a heartbeat: filtered.
    NotAnOrder {
        /// The kind that it claims, shortened.
        kind: String,
    },
    /// It could not be decoded.
    Malformed {
        /// The reason, without any of its content.
        detail: String,
    },
}

/// Holds the options of reading orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether only the last four characters of client ids are shown.
    pub mask_client_id: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { mask_client_id: true }
    }
}

/// Tracks the orders of an account.
#[derive(Debug)]
pub struct Orders {
    options: Options,
    memory: Memory,
}

impl Orders {
    /// Creates a tracker without orders.
    pub fn new(options: Options) -> Orders {
        Orders { options, memory: Memory::default() }
    }

    /// Shows client ids in full from now on.
    pub fn show_client_ids(&mut self) {
        self.options.mask_client_id = false;
    }

    /// Processes a text frame of the order socket, received at `recv`.
    pub fn on_text(&mut self, bytes: &[u8], recv: Micros, sink: &mut dyn FnMut(Outcome)) {
        read::text(bytes, self.options, &mut |message| {
            let outcome = match message {
                Ok(Read::Order(order)) => self.memory.update(order, recv),
                Ok(Read::Other(kind)) => Outcome::NotAnOrder { kind },
                Err(detail) => Outcome::Malformed { detail: detail.to_owned() },
            };
            sink(outcome);
        });
    }

    /// Processes an order snapshot (`GET /orders`), received at `recv`. `at_start`:
    /// it is the first of the run; otherwise only changes are news. An empty body has no message.
    pub fn on_snapshot(&mut self, body: &[u8], at_start: bool, recv: Micros, sink: &mut dyn FnMut(Outcome)) {
        let mut is_complete = true;
        // Before the first snapshot, an unknown order may be from this morning, so it causes no event.
        let first_look = at_start || !self.memory.has_baseline();
        read::snapshot(body, self.options, &mut |message| {
            let outcome = match message {
                Ok(Read::Order(order)) => self.memory.reconcile(order, at_start, first_look, recv),
                Ok(Read::Other(kind)) => Outcome::NotAnOrder { kind },
                Err(detail) => {
                    is_complete = false;
                    Outcome::Malformed { detail: detail.to_owned() }
                }
            };
            sink(outcome);
        });
        if is_complete {
            self.memory.set_baseline();
        }
    }
}
