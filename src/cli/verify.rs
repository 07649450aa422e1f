//! The flags of `dhan verify`.

use std::path::PathBuf;

/// Check that captured files are whole.
///
/// Reads NDJSON and CSV files (.gz and .zst too) and captures that `dhan` wrote. Prints one record a file: whether every
/// line is whole and of the schema, receive times grow, gaps and orderly ends are accounted for, the books balance; and
/// what there is of each instrument. Exit status 0: whole; 13: gaps, or no orderly end; 11: damaged.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// Files to check
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// How to print: one record a file, or a table for people, times in IST
    #[arg(short, long, value_name = "FORMAT", default_value = "ndjson", ignore_case = true)]
    pub format: Format,
}

/// How what was found is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a file.
    #[default]
    Ndjson,
    /// Columns for people.
    Table,
}
