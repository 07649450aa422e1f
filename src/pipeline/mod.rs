//! Turns frames into records: decodes, filters, counts and encodes each once, where it arrives.

pub mod bars;
pub mod book;
pub mod figures;
pub mod gaps;
pub mod handle;
pub mod item;
pub mod observer;
pub mod orders;
pub mod outputs;
pub mod stages;
pub mod stamps;
