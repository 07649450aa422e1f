//! What the broker's bytes mean, and the inverse.
//!
//! Borrowed views over received frames: total functions, no allocation, no I/O, no clock. Whatever the bytes are,
//! walking them ends, never panics, and accounts for every byte.
//!
//! * [`feed`] – the market feed's packets (ticker, quote, full, …).
//! * [`depth`] – the 20- and 200-level books.
//! * `orders` – order messages and snapshots, as JSON objects.
//! * [`relay`] – what a relay says beyond Dhan's protocols.
//! * [`request`] – the JSON that asks for them.
//! * [`encode`] – packets made from values, for the simulator and the tests.

pub mod depth;
pub mod encode;
pub mod feed;
pub(crate) mod orders;
pub mod relay;
pub mod request;

pub use crate::model::DisconnectReason;
use crate::model::InstrumentKey;
pub use request::Mode;

/// Bytes that no packet could be made of. What was received is accounted for: `bytes` is everything that was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed<'a> {
    /// The bytes that were skipped.
    pub bytes: &'a [u8],
    /// The response code that the packet claimed, where there was one to read.
    pub code: Option<u8>,
    /// Whose packet it claimed to be, where a whole header was there.
    pub instrument: Option<InstrumentKey>,
}

/// Reads `N` bytes at `at`. Callers pass views whose length was checked once; a wrong offset reads zeros
/// rather than panicking.
#[inline(always)]
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}
