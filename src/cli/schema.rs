//! The flags of `dhan schema`.

use crate::record::RecordType;
use clap::builder::PossibleValuesParser;

/// Every type of record by its name.
const TYPES: [&str; RecordType::ALL.len()] = {
    let mut names = [""; RecordType::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = RecordType::ALL[i].name();
        i += 1;
    }
    names
};

/// `dhan schema`.
#[derive(Debug, Clone, clap::Args)]
pub struct SchemaArgs {
    /// Types of record [default: all]
    #[arg(value_name = "TYPE", value_parser = PossibleValuesParser::new(TYPES))]
    pub types: Vec<String>,
    /// Times as dhan prints them: numbers, or RFC 3339 in IST
    #[arg(long, value_name = "STYLE", default_value = "epoch", value_parser = ["epoch", "iso"])]
    pub time: String,
    /// Print the columns for DuckDB's read_json instead
    #[arg(long)]
    pub duckdb: bool,
}
