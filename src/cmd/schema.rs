//! Runs `dhan schema`: describes the records for programs.

use crate::cli::out;
use crate::cli::schema::SchemaArgs;
use crate::model::exit::{Exit, Failure};
use crate::record::{RecordType, duckdb, json_schema};

/// Prints the JSON Schema of the types, or DuckDB's columns.
///
/// # Errors
/// Exit 9 if stdout cannot be written.
pub fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let named: Vec<_> = args.types.iter().filter_map(|name| RecordType::parse(name)).collect();
    let types = if named.is_empty() { &RecordType::ALL[..] } else { &named };
    let iso = args.time == "iso";
    let text =
        if args.duckdb { duckdb::columns(types, iso) } else { format!("{:#}", json_schema::document(types, iso)) };
    out::print(&(text + "\n")).map(|()| Exit::Done)
}
