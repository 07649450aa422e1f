//! Runs `dhan relay`: one account's sockets for all programs of this host.

use crate::cli::plan::{StreamSource, TextSource};
use crate::cli::planner::PlanContext;
use crate::cli::relay::{self as flags, RelayArgs};
use crate::cmd::stream::{Server, watch};
use crate::cmd::{exit_with, interrupted, print_environment, runtime};
use crate::console::Console;
use crate::format::time::TimeStyle;
use crate::model::{Exit, Failure, Stream, io_words};
use crate::pipeline::outputs::Outputs;
use crate::pipeline::stages::Rules;
use crate::protocol::Mode;
use crate::relay::{self, OpenedRun, Relay};
use crate::server::listener::cannot_listen;
use crate::session::{Config, Plan};
use crate::stream::{Admission, Chains, Change, Run, RunControl};
use anyhow::Context as _;
use secrecy::SecretString;
use std::io::Read as _;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Serves until SIGINT, SIGTERM or `quit`.
///
/// # Errors
/// Says why it could not start or continue.
pub fn run(args: &RelayArgs, context: &mut PlanContext<'_>, console: &Console) -> Result<Exit, Failure> {
    let sources = flags::sources(args, context)?;
    let client_token = args.client_token_file.as_deref().map(|path| client_token(path, console)).transpose()?;
    crate::auth::harden();
    let runtime = runtime()?;
    let result = tokio::task::LocalSet::new().block_on(&runtime, serve(args, sources, client_token, console));
    // A name look-up that hangs must not delay the end of the process.
    runtime.shutdown_background();
    result
}

async fn serve(
    args: &RelayArgs,
    sources: Vec<StreamSource>,
    client_token: Option<SecretString>,
    console: &Console,
) -> Result<Exit, Failure> {
    // Without credentials, and with none that could still come, no client could ever be served.
    if let Some(StreamSource::Server(server)) = sources.first()
        && !server.credentials.can_change()
    {
        server.credentials.read().await?;
    }
    // Before the address is printed, so that a signal that follows at once is not missed.
    let interrupted = interrupted()?;
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| Failure::usage(cannot_listen(args.listen, &error)))?;
    let addr = listener.local_addr().context("cannot listen").map_err(exit_with(Exit::Output))?;
    let control = match (&args.control, sources.first()) {
        (Some(lines), Some(source)) => watch::control(TextSource::of(lines), source, console)?,
        _ => mpsc::unbounded_channel().1,
    };
    console.begin_run();
    console.info(format_args!(
        "the relay listens on {addr}; any client id will do, and {}; Ctrl-C stops it",
        if client_token.is_some() { "the token is that of --client-token-file" } else { "any token" }
    ));
    print_environment(relay::environment(addr), console);
    let (args, printer) = (args.clone(), console.clone());
    let relay = Relay {
        listener,
        open: Box::new(move |stream, spread, changes| open(&args, &sources, stream, spread, changes, &printer)),
        client_token,
        control,
        console: console.clone(),
    };
    relay::serve(relay, interrupted).await
}

/// Creates the run of a stream, which prints nothing and passes its frames to the relay.
fn open(
    args: &RelayArgs,
    sources: &[StreamSource],
    stream: Stream,
    spread: Plan,
    changes: mpsc::UnboundedReceiver<Change>,
    console: &Console,
) -> Result<OpenedRun, Failure> {
    let source = &sources[usize::from(stream.index())];
    let server = Server::of(source, stream, console)?;
    server.warning.iter().for_each(|warning| console.warn(warning));
    let is_demo = matches!(source, StreamSource::Demo { .. });
    let (auth_wait, auth_wait_at_start) = server.auth_waits(args.auth_wait);
    let run = Run {
        feed: stream,
        plan: spread,
        symbols: Vec::new(),
        look_up: None,
        base: server.base,
        credentials_origin: server.credentials_origin,
        connector: server.connector,
        rest: server.rest,
        admission: (!is_demo).then(|| Admission::new(stream, args.ignore_socket_limit)),
        session: Config {
            max_outage: args.max_outage,
            auth_wait,
            auth_wait_at_start,
            // Each client requests the orders that it needs.
            snapshot: false,
            calendar: crate::cmd::holidays::calendar(console),
            ..Config::new(stream, 1, 0)
        },
        rules: Rules::everything(stream),
        outputs: Outputs::new(Vec::new(), TimeStyle::Epoch, console.clone()),
        found: Vec::new(),
        frame_observer: None,
        chains: Chains::new(Vec::new(), Mode::Ticker),
        metrics: None,
        observer: None,
        live_line: false,
        control: RunControl { changes: Some(changes), ..RunControl::default() },
        console: console.clone(),
    };
    Ok(OpenedRun { run, guard: Box::new(server.exchange) })
}

/// Reads the token that clients must send.
fn client_token(path: &Path, console: &Console) -> Result<SecretString, Failure> {
    /// Limit in bytes, beyond any token.
    const LONGEST: u64 = 64 << 10;
    let unreadable = |why: &str| {
        Failure::usage(format!("--client-token-file {path:?}: {why}; name a file that holds one token of any letters"))
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(&io_words(&error)))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(unreadable("it is no regular file"));
    }
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| unreadable(&io_words(&error)))?;
    let token = text.trim();
    if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(unreadable("it is empty, or has blanks within"));
    }
    let token = SecretString::from(token.to_owned());
    console.keep_secret(token.clone());
    Ok(token)
}
