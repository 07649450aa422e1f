//! Frames into records: decoded, filtered, counted and encoded once, where they arrive.

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
