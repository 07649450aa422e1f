//! The flags of `dhan relay`, as typed and as meant.

use super::args::StreamArgs;
use super::credentials::UserTypeArgs;
use super::plan::StreamSource;
use super::planner::{AUTH_WAIT, PlanContext, source};
use super::problems::Problems;
use super::server::ServerArgs;
use super::value;
use crate::auth::SourceOptions;
use crate::model::Stream;
use crate::model::exit::Failure;
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

/// Describes a relay, checked before anything listens or connects.
#[derive(Debug, Clone)]
pub struct RelayPlan {
    /// Origin of each stream, by its [`index`](Stream::index).
    pub sources: Vec<StreamSource>,
    /// Time to wait for other credentials (`--auth-wait`).
    pub auth_wait: Duration,
    /// The same before anything was live, if it was typed.
    pub auth_wait_at_start: Option<Duration>,
    /// Time after which failing connections end the relay (`--max-outage`); `None`: never.
    pub max_outage: Option<Duration>,
    /// Whether to open a socket even if this host holds five of its kind.
    pub ignore_socket_limit: bool,
}

/// Plans `dhan relay`.
///
/// # Errors
/// Returns one usage error with every problem.
pub fn plan(args: &RelayArgs, context: &PlanContext<'_>) -> Result<RelayPlan, Failure> {
    let mut problems = Problems::default();
    let server = ServerArgs {
        credentials: args.credentials.clone(),
        demo: args.demo,
        ca_file: args.ca_file.clone(),
        ..ServerArgs::default()
    };
    let stream = StreamArgs { server, ..StreamArgs::default() };
    let mut sources = Vec::new();
    for of in Stream::ALL {
        let user_type = (of == Stream::Orders).then_some(args.user_type);
        match source(&stream, of, user_type, context, &mut problems) {
            Some(source) => sources.push(source),
            // A problem with one stream's credentials is the same for all streams.
            None => return Err(problems.finish().err().unwrap_or_else(|| Failure::usage("no server"))),
        }
    }
    problems.finish()?;
    Ok(RelayPlan {
        sources,
        auth_wait: args.auth_wait.unwrap_or(AUTH_WAIT),
        auth_wait_at_start: args.auth_wait,
        max_outage: args.max_outage,
        ignore_socket_limit: args.ignore_socket_limit,
    })
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
