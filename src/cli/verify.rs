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
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}
