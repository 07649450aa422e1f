//! What every module may use and what uses none: streams, segments, packet counters, exit codes, the names of secret
//! variables.

pub mod counts;
pub mod exit;
pub mod secrets;
pub mod segment;
pub mod stream;

pub use counts::PacketCounts;
pub use exit::{Exit, Failure};
pub use segment::{InstrumentKey, Segment};
pub use stream::{Levels, Stream};
