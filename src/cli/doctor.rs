//! The flags of `dhan doctor`.

use crate::auth::SourceOptions;
use std::path::PathBuf;

/// `dhan doctor`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DoctorArgs {
    /// End every stream of this account on this host (SIGTERM), say which, and look at nothing else
    #[arg(long)]
    pub stop: bool,
    /// Touch no network
    #[arg(long, conflicts_with = "stop")]
    pub offline: bool,
    /// For people or as records [default: table on a terminal, ndjson elsewhere]
    #[arg(short, long, value_name = "FORMAT", value_enum, ignore_case = true)]
    pub format: Option<DoctorFormat>,
    /// Print records, on a terminal too: --format ndjson
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: SourceOptions,
}

impl DoctorArgs {
    /// Returns the format that was asked for.
    pub fn asked_format(&self) -> Option<DoctorFormat> {
        if self.json { Some(DoctorFormat::Ndjson) } else { self.format }
    }
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DoctorFormat {
    /// For people: what failed first, with what to do, within 80 columns
    Table,
    /// One JSON object a finding
    Ndjson,
}
