//! What every module may use and what uses none: segments and exit codes.

pub mod exit;
pub mod segment;

pub use exit::{Exit, Failure};
pub use segment::{InstrumentKey, Segment};
