//! Order messages: tolerant reading, and events from comparing with the last state of the order.
//!
//! Pure: bytes and their receive time in, [`Outcome`]s out. Whatever the bytes are, every message in them has exactly
//! one outcome, so that the books balance. [`record::order`](crate::record::order) tells where each field comes from.

mod memory;
mod read;
mod snapshot_words;

use crate::record::order::Order;
use memory::Memory;
use read::Read;

/// What became of one message: an object in a text frame, or an order of an order snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is news.
    Record(Box<Order>),
    /// It said what was known, or what is older than what is known: filtered.
    Repeat,
    /// It is about no order, such as a heartbeat: filtered.
    NotAnOrder {
        /// What it says it is, shortened.
        kind: String,
    },
    /// Nothing could be made of it.
    Malformed {
        /// Why, in our words; never what it held.
        detail: String,
    },
}

/// How orders are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether client ids are shown as their last four characters only.
    pub mask_client_id: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { mask_client_id: true }
    }
}

/// The orders of an account, as far as they were seen.
#[derive(Debug)]
pub struct Orders {
    options: Options,
    memory: Memory,
}

impl Orders {
    /// Nothing seen yet.
    pub fn new(options: Options) -> Orders {
        Orders { options, memory: Memory::default() }
    }

    /// Shows client ids whole from now on.
    pub fn show_client_ids(&mut self) {
        self.options.mask_client_id = false;
    }

    /// Takes a text frame of the order socket, received at `recv_us` (µs since the epoch).
    pub fn on_text(&mut self, bytes: &[u8], recv_us: i64, sink: &mut dyn FnMut(Outcome)) {
        read::text(bytes, self.options, &mut |message| {
            let outcome = match message {
                Ok(Read::Order(order)) => self.memory.update(order, recv_us),
                Ok(Read::Other(kind)) => Outcome::NotAnOrder { kind },
                Err(detail) => Outcome::Malformed { detail: detail.to_owned() },
            };
            sink(outcome);
        });
    }

    /// Takes the body of an order snapshot (`GET /orders`), received at `recv_us` (µs since the epoch). `at_start`: it is the run's first
    /// look; otherwise only what changed since is news. An empty one is no message.
    pub fn on_snapshot(&mut self, body: &[u8], at_start: bool, recv_us: i64, sink: &mut dyn FnMut(Outcome)) {
        let mut whole = true;
        // Until a first snapshot was read, an order that is unknown may be this morning's: no event is told for it.
        let first_look = at_start || !self.memory.has_baseline();
        read::snapshot(body, self.options, &mut |message| {
            let outcome = match message {
                Ok(Read::Order(order)) => self.memory.reconcile(order, at_start, first_look, recv_us),
                Ok(Read::Other(kind)) => Outcome::NotAnOrder { kind },
                Err(detail) => {
                    whole = false;
                    Outcome::Malformed { detail: detail.to_owned() }
                }
            };
            sink(outcome);
        });
        if whole {
            self.memory.set_baseline();
        }
    }
}
