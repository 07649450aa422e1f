//! Runs `dhan relay`: one account's sockets for all programs of this host.

use crate::cli::plan::{StreamSource, TextSource};
use crate::cli::planner::PlanContext;
use crate::cli::relay::{self as flags, RelayArgs, RelayPlan};
use crate::cmd::exit_with;
use crate::cmd::stream::{Server, watch};
use crate::console::Console;
use crate::format::time::TimeStyle;
use crate::model::Stream;
use crate::model::exit::{Exit, Failure};
use crate::model::io_words;
use crate::pipeline::outputs::Outputs;
use crate::pipeline::stages::Rules;
use crate::protocol::Mode;
use crate::relay::{self, OpenedRun, Relay};
use crate::server::listener::cannot_listen;
use crate::session::{Config, Plan};
use crate::stream::{Admission, Chains, Change, Run, RunControl};
use anyhow::Context as _;
use secrecy::SecretString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Serves until SIGINT, SIGTERM or `quit`.
///
/// # Errors
/// Says why it could not start or continue.
pub fn run(args: &RelayArgs, context: &PlanContext<'_>, console: &Console) -> Result<Exit, Failure> {
    let plan = flags::plan(args, context)?;
    let client_token = args.client_token_file.as_deref().map(|path| client_token(path, console)).transpose()?;
    crate::auth::harden();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start");
    let runtime = runtime.map_err(exit_with(Exit::Bug))?;
    let result = tokio::task::LocalSet::new().block_on(&runtime, serve(args, plan, client_token, console));
    // A name look-up that hangs must not delay the end of the process.
    runtime.shutdown_background();
    result
}

async fn serve(
    args: &RelayArgs,
    plan: RelayPlan,
    client_token: Option<SecretString>,
    console: &Console,
) -> Result<Exit, Failure> {
    // Without credentials, and with none that could still come, no client could ever be served.
    if let Some(StreamSource::Server(server)) = plan.sources.first()
        && !server.credentials.can_change()
    {
        server.credentials.read().await?;
    }
    // Before the address is printed, so that a signal that follows at once is not missed.
    let signals = signal(SignalKind::interrupt()).and_then(|int| Ok((int, signal(SignalKind::terminate())?)));
    let (mut interrupt, mut terminate) = signals.context("cannot listen for signals").map_err(exit_with(Exit::Bug))?;
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| Failure::usage(cannot_listen(args.listen, &error)))?;
    let addr = listener.local_addr().context("cannot listen").map_err(exit_with(Exit::Output))?;
    let control = match (&args.control, plan.sources.first()) {
        (Some(lines), Some(source)) => watch::control(TextSource::of(lines), source, console)?,
        _ => mpsc::unbounded_channel().1,
    };
    console.begin_run();
    console.info(format_args!(
        "the relay listens on {addr}; any client id will do, and {}; Ctrl-C stops it",
        if client_token.is_some() { "the token is that of --client-token-file" } else { "any token" }
    ));
    let mut lines = String::new();
    for (name, value) in relay::environment(addr) {
        let _ = writeln!(lines, "{name}={value}");
    }
    console.raw(&lines);
    let (plan, printer) = (Rc::new(plan), console.clone());
    let relay = Relay {
        listener,
        open: Box::new(move |stream, spread, changes| open(&plan, stream, spread, changes, &printer)),
        client_token,
        control,
        console: console.clone(),
    };
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    relay::serve(relay, stop).await
}

/// Creates the run of a stream, which prints nothing and passes its frames to the relay.
fn open(
    plan: &RelayPlan,
    stream: Stream,
    spread: Plan,
    changes: mpsc::UnboundedReceiver<Change>,
    console: &Console,
) -> Result<OpenedRun, Failure> {
    let source = &plan.sources[usize::from(stream.index())];
    let server = Server::of(source, stream, console)?;
    if let Some(warning) = server.warning {
        console.warn(warning);
    }
    let is_demo = matches!(source, StreamSource::Demo { .. });
    let waits = |wait: Duration| if server.can_change { wait } else { Duration::ZERO };
    let at_start = if io::stderr().is_terminal() { Duration::ZERO } else { plan.auth_wait };
    let run = Run {
        feed: stream,
        plan: spread,
        symbols: Vec::new(),
        look_up: None,
        base: server.base,
        credentials_origin: server.credentials_origin,
        connector: server.connector,
        rest: server.rest,
        admission: (!is_demo).then(|| Admission::new(stream, plan.ignore_socket_limit)),
        session: Config {
            max_outage: plan.max_outage,
            auth_wait: waits(plan.auth_wait),
            auth_wait_at_start: waits(plan.auth_wait_at_start.unwrap_or(at_start)),
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
