//! What every module may use and what uses none: streams, segments, packet counters and exit codes.

pub mod counts;
pub mod exit;
pub mod segment;
pub mod stream;

pub use counts::PacketCounts;
pub use exit::{Exit, Failure};
pub use segment::{InstrumentKey, Segment};
pub use stream::{Levels, Stream};
