//! The flags of `dhan verify`.

use std::path::PathBuf;

/// `dhan verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// Files to check
    ///
    /// The last file of a run that was rotated counts the packets of all its files. The others are looked for beside it;
    /// name them too where they are elsewhere.
    #[arg(value_name = "FILE", required = true, value_hint = clap::ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// As records, or as a table for people with times in IST
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
