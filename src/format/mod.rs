//! Formats of records: NDJSON and CSV.

pub mod csv;
pub mod encoder;
pub mod ndjson;
pub mod text;
pub mod time;
