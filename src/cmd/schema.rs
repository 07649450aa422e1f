//! Runs `dhan schema`: describes the records for programs.

use crate::cli::args::SchemaArgs;
use crate::cli::out;
use crate::format::time::TimeStyle;
use crate::model::{Exit, Failure};
use crate::record::{RecordType, duckdb, json_schema};

/// Prints the JSON Schema of the types, or DuckDB's columns.
///
/// # Errors
/// Exit 9 if stdout cannot be written.
pub fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let types = if args.types.is_empty() { &RecordType::ALL[..] } else { &args.types };
    let iso = args.time == TimeStyle::Iso;
    let text =
        if args.duckdb { duckdb::columns(types, iso) } else { format!("{:#}", json_schema::document(types, iso)) };
    out::print(&(text + "\n")).map(|()| Exit::Done)
}
