//! The flags of `dhan relay`.

use super::credentials::{CredentialArgs, UserTypeArgs};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Hold the account's sockets and serve Dhan's own protocols to any number of programs on this host.
///
/// Says its address on stderr, and the environment that points `dhan` and others at it. They notice nothing: what they
/// send as client id and token is not looked at, and the account's credentials stay here. Each socket is opened when the
/// first client asks for its kind, and closed a minute after the last one left.
#[derive(Debug, Clone, clap::Args)]
pub struct RelayArgs {
    /// Loopback address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7777", value_parser = listen)]
    pub listen: SocketAddr,

    /// Read list and quit from FILE while serving; - is stdin
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub control: Option<PathBuf>,

    /// Serve only clients that send the content of FILE as their token
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub client_token_file: Option<PathBuf>,

    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: CredentialArgs,

    /// Whose orders.
    #[command(flatten)]
    pub user_type: UserTypeArgs,

    /// How long refused or missing credentials are waited for to change [default: 10m; at the start on a terminal 0]
    #[arg(long, value_name = "DURATION", help_heading = "Credentials")]
    pub auth_wait: Option<String>,

    /// Give up when no connection could be made for this long [default: keep trying]
    #[arg(long, value_name = "DURATION", help_heading = "End")]
    pub max_outage: Option<String>,

    /// Relay a simulated exchange inside the process: no account, no network
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Server")]
    pub demo: Option<String>,

    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath, help_heading = "Server")]
    pub ca_file: Option<PathBuf>,

    /// Open a socket although this host already holds five of its kind
    #[arg(long, help_heading = "Server")]
    pub ignore_socket_limit: bool,
}

/// Reads an address that only this host can reach: the relay asks nobody who they are.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr =
        text.parse().map_err(|_| "write an address and a port, for instance 127.0.0.1:7777".to_owned())?;
    match addr.ip().is_loopback() {
        true => Ok(addr),
        false => Err("a relay serves this host only: write a loopback address such as 127.0.0.1:7777".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: RelayArgs,
    }

    #[test]
    fn only_loopback_is_listened_on() {
        let parse = |args: &[&str]| Cli::try_parse_from([&["relay"], args].concat()).map(|cli| cli.args.listen.to_string());
        assert_eq!(parse(&[]).unwrap(), "127.0.0.1:7777");
        assert_eq!(parse(&["--listen", "[::1]:0"]).unwrap(), "[::1]:0");
        for elsewhere in ["0.0.0.0:7777", "192.168.1.2:7777", "[::]:7777", "7777", "localhost:7777"] {
            assert!(parse(&["--listen", elsewhere]).is_err(), "{elsewhere}");
        }
    }
}
