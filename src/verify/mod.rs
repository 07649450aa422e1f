//! What was captured, read back: is it whole? Pure: bytes in, findings out.

pub mod line;
