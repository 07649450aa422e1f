//! Which server a stream comes from, and as whom, as typed.

use super::value::duration;
use crate::auth::SourceOptions;
use clap::ValueHint;
use std::path::PathBuf;
use std::time::Duration;

/// The options that all streams and the view have.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServerArgs {
    /// How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Credentials")]
    pub auth_wait: Option<Duration>,
    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: SourceOptions,
    /// A simulated exchange: no account, no network
    ///
    /// It runs inside the process and knows a dozen indices and shares. Without an instrument: five indices.
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, help_heading = "Server")]
    pub demo: Option<Option<u64>>,
    /// Connect to another server; the address is used as it stands, path included
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Server")]
    pub url: Option<String>,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, help_heading = "Server")]
    pub ca_file: Option<PathBuf>,
    /// Open a socket although this host already holds five of its kind
    #[arg(long, help_heading = "Server")]
    pub ignore_socket_limit: bool,
}
