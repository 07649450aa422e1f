//! Formats of records: NDJSON and CSV.

pub mod csv;
pub mod encoder;
pub mod line;
pub mod ndjson;
pub mod text;
pub mod time;
