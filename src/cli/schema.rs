//! The flags of `dhan schema`.

use super::value::{choice, one_of};
use crate::format::time::TimeStyle;
use crate::record::RecordType;

/// `dhan schema`.
#[derive(Debug, Clone, clap::Args)]
pub struct SchemaArgs {
    /// Types of record [default: all]
    #[arg(value_name = "TYPE", value_parser = one_of(&RecordType::ALL, RecordType::name))]
    pub types: Vec<RecordType>,
    /// Times as dhan prints them: numbers, or RFC 3339 in IST
    #[arg(long, value_name = "STYLE", default_value = "epoch")]
    #[arg(value_parser = choice(&[("epoch", TimeStyle::Epoch), ("iso", TimeStyle::Iso)]))]
    pub time: TimeStyle,
    /// Print the columns for DuckDB's read_json instead
    #[arg(long)]
    pub duckdb: bool,
}
