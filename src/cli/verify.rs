//! The flags of `dhan verify`.

use std::path::PathBuf;

/// `dhan verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// Files to check
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}
