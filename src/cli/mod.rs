//! Flags as typed, flags as meant.

pub mod simulate;
