//! The flags of `dhan relay`.

use super::args::ServerArgs;
use super::credentials::UserTypeArgs;
use super::plan::StreamSource;
use super::planner::{PlanContext, source};
use super::value;
use crate::auth::SourceOptions;
use crate::model::{Failure, Stream};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `dhan relay`.
#[derive(Debug, Clone, clap::Args)]
pub struct RelayArgs {
    /// Loopback address and port to listen on
    ///
    /// Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7777", value_parser = listen)]
    pub listen: SocketAddr,

    /// Read commands from FILE while serving: sub SPEC… (ask for instruments though no client needs them), unsub SPEC…,
    /// list, quit; - is stdin
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub control: Option<PathBuf>,

    /// Serve only clients whose token is the one in FILE
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub client_token_file: Option<PathBuf>,

    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: SourceOptions,

    /// Whose orders.
    #[command(flatten)]
    pub user_type: UserTypeArgs,

    /// How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "Credentials")]
    pub auth_wait: Option<Duration>,

    /// Give up when no connection could be made for this long [default: keep trying]
    #[arg(long, value_name = "DURATION", value_parser = value::duration, help_heading = "End")]
    pub max_outage: Option<Duration>,

    /// A simulated exchange: no account, no network
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, help_heading = "Server")]
    pub demo: Option<Option<u64>>,

    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath, help_heading = "Server")]
    pub ca_file: Option<PathBuf>,

    /// Open a socket although this host already holds five of its kind
    #[arg(long, help_heading = "Server")]
    pub ignore_socket_limit: bool,
}

/// Parses an address that only this host can reach, because the relay authenticates nobody.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr =
        text.parse().map_err(|_| "write an address and a port, for instance 127.0.0.1:7777".to_owned())?;
    match addr.ip().is_loopback() {
        true => Ok(addr),
        false => Err("a relay serves this host only: write a loopback address such as 127.0.0.1:7777".to_owned()),
    }
}

/// Returns the origin of each stream, by its [`index`](Stream::index).
///
/// # Errors
/// Returns one usage error with every problem.
pub fn sources(args: &RelayArgs, context: &mut PlanContext<'_>) -> Result<Vec<StreamSource>, Failure> {
    let server = ServerArgs {
        credentials: args.credentials.clone(),
        demo: args.demo,
        ca_file: args.ca_file.clone(),
        ..ServerArgs::default()
    };
    let mut source = |of: Stream| source(&server, of, (of == Stream::Orders).then_some(args.user_type), context);
    // A problem with one stream's credentials is the same for all streams.
    let sources = Stream::ALL.into_iter().map_while(&mut source).collect();
    context.problems.take().finish().map(|()| sources)
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
        let parse =
            |args: &[&str]| Cli::try_parse_from([&["relay"], args].concat()).map(|cli| cli.args.listen.to_string());
        assert_eq!(parse(&[]).unwrap(), "127.0.0.1:7777");
        assert_eq!(parse(&["--listen", "[::1]:0"]).unwrap(), "[::1]:0");
        for elsewhere in ["0.0.0.0:7777", "192.168.1.2:7777", "[::]:7777", "7777", "localhost:7777"] {
            assert!(parse(&["--listen", elsewhere]).is_err(), "{elsewhere}");
        }
    }
}
