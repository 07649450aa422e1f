//! Decodes the broker's bytes, and encodes them for the simulator.
//!
//! Decoders are borrowed views over received frames: no allocation, no I/O, no clock. For any bytes, decoding ends,
//! never panics, and accounts for every byte.
//!
//! * [`feed`] – the market feed's packets (ticker, quote, full, …).
//! * [`depth`] – the order books of 20 and 200 levels.
//! * `orders` – order messages and snapshots, as JSON objects.
//! * [`relay`] – the messages that a relay adds to Dhan's protocols.
//! * [`request`] – subscription requests in JSON.
//! * [`encode`] – packets from values, for the simulator and the tests.

pub mod depth;
pub mod encode;
pub mod feed;
pub(crate) mod orders;
pub mod relay;
pub mod request;

pub use crate::model::DisconnectReason;
use crate::model::InstrumentKey;
pub use request::Mode;

/// Holds bytes that could not be decoded as a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed<'a> {
    /// All bytes that were skipped.
    pub bytes: &'a [u8],
    /// The response code that the packet claims, if there was one to read.
    pub code: Option<u8>,
    /// The instrument that the packet claims, if the header is complete.
    pub instrument: Option<InstrumentKey>,
}

/// Reads `N` bytes at offset `at`. Callers pass views whose length was checked once; a wrong offset reads zeros
/// instead of panicking.
#[inline(always)]
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}
