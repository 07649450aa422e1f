//! Raw frames in a file, written and read.
