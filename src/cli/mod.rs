//! Flags as typed, flags as meant.
