//! What every module may use and what uses none: segments, exit codes, the names of secret variables.

pub mod exit;
pub mod secrets;
pub mod segment;

pub use exit::{Exit, Failure};
pub use segment::{InstrumentKey, Segment};
