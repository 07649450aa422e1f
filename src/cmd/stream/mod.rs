//! Runs `dhan feed`, `dhan depth` and `dhan orders`: from a plan to a run.

mod chains;
mod names;
pub(crate) mod outputs;
mod spots;
pub mod watch;

use crate::auth::{Environment, TokenPlace, harden};
use crate::capture::Recorder;
use crate::cli::plan::{OutputTarget, ServerPlan, StreamKind, StreamPlan, StreamSource};
use crate::cli::{dry_run, out};
use crate::console::{Console, LogLevel};
use crate::metrics::MetricsFile;
use crate::model::{Exit, Failure, InstrumentKey, Stream};
use crate::net::tls::LazyTls;
use crate::net::{Connector, Proxies, Resolver};
use crate::output::StopSignal;
use crate::pipeline::item::Event;
use crate::pipeline::observer::Observer;
use crate::pipeline::outputs::Outputs;
use crate::pipeline::stages::Rules;
use crate::protocol::Mode;
use crate::{clock, rest};

use crate::session::{Calendar, Config, Plan, Subscription};
use crate::simulator::{SimConfig, SimHandle};
use crate::stream::{self, Admission, Chains, CredentialsOrigin, EarlyStop, Ended, Run, RunControl, Spots, at_spot};
use crate::watch::screen::Screen;
use names::Names;
pub(super) use names::known_problems;
use spots::LastSpots;
use std::io::IsTerminal as _;
use std::time::Duration;

/// A full-screen view of a run.
pub(crate) struct View {
    /// Receives the records.
    pub observer: Box<dyn Observer>,
    /// Shows the view when everything is checked and nothing is connected yet; the result is dropped before the run
    /// reports its end.
    pub show: Box<dyn FnOnce(Controls) -> Result<Screen, Failure>>,
}

/// Gives a view control over a run, and facts about it.
pub(crate) struct Controls {
    /// Sends control lines.
    pub lines: Box<dyn Fn(String) + Send>,
    /// The market calendar.
    pub calendar: Calendar,
}

/// Runs a plan to its end, in a view if there is one.
///
/// # Errors
/// Says why it could not run, or not to its end.
pub(crate) fn run(plan: StreamPlan, early: EarlyStop, console: &Console, view: Option<View>) -> Result<Ended, Failure> {
    if !plan.dry_run {
        console.begin_run();
    }
    if let Some(past) = &plan.stop.already_past {
        // A warning, so that `-q` shows it too: a run that does nothing must not look like one that did.
        console.warn(past);
        return Ok(Ended::Exit(Exit::Done));
    }
    for warning in &plan.warnings {
        console.warn(warning);
    }
    // Before any secret is read, so that no secret gets into a core dump.
    harden();
    let names = Names::of(&plan);
    if !plan.dry_run {
        missing_credentials(&plan)?;
    }
    let requested = names.resolve(&plan, console)?;
    let chains = chains::find(&plan.chains, &names, console)?;
    let feed = plan.feed();
    let mut subscriptions: Vec<_> = requested.iter().map(|requested| requested.subscription).collect();
    let mut symbols: Vec<_> = requested
        .into_iter()
        .filter_map(|requested| Some((requested.subscription.instrument, requested.symbol?)))
        .collect();
    if plan.dry_run {
        let last_spots = LastSpots::read();
        for chain in &chains {
            if let Some(spot) = last_spots.for_dry_run(chain, console) {
                subscriptions.extend(at_spot(chain, spot, mode(&plan)));
            }
        }
    }
    let mut chains = Chains::new(chains, mode(&plan));
    chains.own(subscriptions.iter().copied());
    for (spot, symbol) in chains.spots() {
        subscriptions.push(spot);
        symbols.extend(symbol.map(|symbol| (spot.instrument, symbol)));
    }
    let spread = Plan::new(feed, &subscriptions).map_err(|many| Failure::usage(many.to_string()))?;
    if spread.is_empty() && feed != Stream::Orders {
        return Err(Failure::new(Exit::NotFound, "none of the instruments could be found"));
    }
    if plan.dry_run {
        let text = dry_run::describe(&plan, &subscriptions);
        out::print(&text.map_err(|many| Failure::usage(many.to_string()))?)?;
        return Ok(Ended::Exit(Exit::Done));
    }
    let rules = rules(&plan, &subscriptions);
    let server = Server::of(&plan.source, feed, console)?;
    server.warning.iter().for_each(|warning| console.warn(warning));
    let watch = watch::start(&plan, &names, view.is_some(), console)?;
    let calendar = crate::cmd::holidays::calendar(console);
    early.set_open();
    let metrics = plan.metrics.as_deref().map(|path| MetricsFile::open(path, feed.name(), clock::now())).transpose()?;
    let stop = StopSignal::default();
    // Last, so that a run that does not start leaves neither a file nor a session without an end.
    let Some(opened) = open_in_time(&plan, &rules, &stop, &early, console)? else {
        console.warn("stopped while the outputs were opened; nothing was connected");
        stream::close_empty_books(console);
        return Ok(Ended::Exit(Exit::Done));
    };
    let demo = matches!(plan.source, StreamSource::Demo { .. });
    let (auth_wait, auth_wait_at_start) = server.auth_waits(plan.auth_wait);
    let session = Config {
        max_outage: plan.max_outage,
        auth_wait,
        auth_wait_at_start,
        snapshot: matches!(plan.kind, StreamKind::Orders { snapshot: true, .. }),
        calendar: calendar.clone(),
        ..Config::new(feed, 1, 0)
    };
    let (mut observer, mut on_end) = (None, None);
    if let (Some(view), Some(lines)) = (view, watch.lines) {
        let screen = (view.show)(Controls { lines, calendar })?;
        observer = Some(view.observer);
        on_end = Some(Box::new(move || drop(screen)) as Box<dyn FnOnce()>);
    }
    let spots = Spots::default();
    let ended = stream::run(Run {
        feed,
        plan: spread,
        chains,
        symbols,
        look_up: names.look_up_later(),
        base: server.base,
        credentials_origin: server.credentials_origin,
        connector: server.connector,
        rest: server.rest,
        admission: (!demo).then(|| Admission::new(feed, plan.ignore_socket_limit)),
        session,
        rules,
        outputs: opened.outputs,
        found: opened.found,
        frame_observer: opened.capture.map(|recorder| Box::new(recorder) as _),
        metrics,
        observer,
        live_line: live_line(&plan, console),
        control: RunControl {
            stop,
            early,
            on_lag: plan.on_lag,
            duration: plan.stop.duration,
            until: plan.stop.until,
            fail_on_gap: plan.fail_on_gap,
            stats: plan.stats,
            changes: watch.changes,
            spots: spots.clone(),
            reread: watch.reread,
            on_end,
        },
        console: console.clone(),
    });
    drop(server.exchange);
    if !demo {
        LastSpots::save(spots.all());
    }
    ended
}

/// Time for which opening the outputs may continue once the run is told to stop.
const STOP_OPENING: Duration = Duration::from_millis(1_500);

/// Holds the opened outputs and capture.
struct Ready {
    outputs: Outputs,
    capture: Option<Recorder>,
    found: Vec<Event>,
}

/// Opens the outputs on a thread of their own: a disk that does not answer must not delay signals. Returns `None` if
/// the run was told to stop meanwhile.
fn open_in_time(
    plan: &StreamPlan,
    rules: &Rules,
    stop: &StopSignal,
    early: &EarlyStop,
    console: &Console,
) -> Result<Option<Ready>, Failure> {
    let (say, ready) = std::sync::mpsc::channel();
    let (plan, once, opening_stop, opening_console) = (plan.clone(), rules.once.clone(), stop.clone(), console.clone());
    let opening = move || {
        let _ = say.send(open(&plan, once.as_deref(), &opening_stop, &opening_console));
    };
    std::thread::Builder::new().name("opening".to_owned()).spawn(opening).map_err(|error| {
        Failure::new(Exit::Bug, format!("the thread that opens the outputs cannot be started: {}", error.kind()))
    })?;
    let mut requested: Option<std::time::Instant> = None;
    loop {
        match ready.recv_timeout(Duration::from_millis(50)) {
            Ok(result) if requested.is_none() || result.is_ok() => return result.map(Some),
            Ok(_) | Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
        }
        if early.is_requested() {
            // A wait for a full disk ends; a hanging system call is abandoned.
            stop.stop();
            if requested.get_or_insert_with(std::time::Instant::now).elapsed() > STOP_OPENING {
                return Ok(None);
            }
        }
    }
}

fn open(
    plan: &StreamPlan,
    once: Option<&[(InstrumentKey, Mode)]>,
    stop: &StopSignal,
    console: &Console,
) -> Result<Ready, Failure> {
    let mut opened = outputs::open(plan, stop, console)?;
    let mut outputs = Outputs::new(opened.specs, plan.shape.time, console.clone());
    if let Some(size) = plan.outputs.rotate_size {
        outputs.rotate_near(size);
    }
    let capture = plan.outputs.capture.as_deref();
    let capture = capture.map(|path| outputs::open_capture(path, plan, &mut opened.found, stop, console)).transpose();
    let mut capture = capture.inspect_err(|_| outputs.cancel_start())?;
    if let Some(capture) = &mut capture {
        if let Some(once) = once {
            capture.set_once(once);
        }
        if let StreamSource::Server(server) = &plan.source
            && plan.feed() == Stream::Orders
            && server.credentials.is_partner()
        {
            capture.set_partner();
        }
    }
    Ok(Ready { outputs, capture, found: opened.found })
}

/// Fails a run whose credentials are missing and cannot appear, before names are looked up, which may take a
/// download.
fn missing_credentials(plan: &StreamPlan) -> Result<(), Failure> {
    let StreamSource::Server(server) = &plan.source else { return Ok(()) };
    let source = &server.credentials;
    let can_be_read_twice = match source.place() {
        Some(TokenPlace::Command(_)) => false,
        Some(TokenPlace::File(path)) => std::fs::metadata(path).map_or(true, |file| file.is_file()),
        Some(TokenPlace::Environment) | None => true,
    };
    let waits = source.can_change() && plan.auth_wait != Some(Duration::ZERO);
    let has_names = !plan.chains.is_empty() || plan.instruments.specs.iter().any(|spec| spec.key().is_none());
    if waits || !can_be_read_twice || !has_names {
        return Ok(());
    }
    super::runtime()?.block_on(source.read_login()).map(drop).map_err(Failure::from)
}

/// Returns whether to show a live line: a person reads stderr and records go elsewhere, to files or to a stdout that is
/// no terminal. It is no warning, so not with `-q`.
fn live_line(plan: &StreamPlan, console: &Console) -> bool {
    let targets = &plan.outputs.targets;
    // A run without outputs draws on the terminal itself.
    let is_elsewhere = !targets.is_empty() && targets.iter().all(|output| output.target != OutputTarget::Stdout);
    let is_free = is_elsewhere || !std::io::stdout().is_terminal();
    console.shows(LogLevel::Info) && std::io::stderr().is_terminal() && is_free
}

/// Returns the mode of specs that name none.
fn mode(plan: &StreamPlan) -> Mode {
    match plan.kind {
        StreamKind::Market { mode, .. } => mode,
        StreamKind::Depth { .. } | StreamKind::Orders { .. } => Mode::Ticker,
    }
}

fn rules(plan: &StreamPlan, subscriptions: &[Subscription]) -> Rules {
    let mut rules = Rules {
        bars: plan.shape.bars.clone(),
        gaps: plan.shape.gaps,
        status_records: plan.shape.status_records,
        count: plan.stop.count,
        only: plan.shape.types(),
        ..Rules::everything(plan.feed())
    };
    match plan.kind {
        StreamKind::Market { once, .. } => {
            let due = subscriptions.iter().filter_map(|s| Some((s.instrument, s.mode?)));
            rules.once = once.then(|| due.collect());
        }
        StreamKind::Depth { view, top, .. } => (rules.view, rules.top) = (view, top),
        StreamKind::Orders { events, show_client_id, .. } => {
            rules.events = events;
            rules.show_client_ids = show_client_id;
        }
    }
    rules
}

/// Time to wait for other credentials, unless an option says another.
const AUTH_WAIT: Duration = Duration::from_mins(10);

/// Holds where a run connects to, and with which credentials.
pub(super) struct Server {
    pub(super) base: crate::auth::BaseUrl,
    pub(super) credentials_origin: CredentialsOrigin,
    pub(super) connector: Connector,
    pub(super) rest: Option<rest::Client>,
    /// Whether refused credentials may change.
    pub(super) can_change: bool,
    pub(super) warning: Option<String>,
    /// The simulated exchange, which lives as long as the run.
    pub(super) exchange: Option<SimHandle>,
}

impl Server {
    /// Prepares the connections of a stream.
    pub(super) fn of(source: &StreamSource, stream: Stream, console: &Console) -> Result<Server, Failure> {
        match source {
            StreamSource::Server(server) => Server::real(stream, server, console),
            StreamSource::Demo { seed } => Server::demo(stream, *seed, console),
        }
    }

    /// Returns how long to wait for other credentials, once the run was live and before it was. A person at a terminal
    /// does not wait at the start without `--auth-wait`.
    pub(super) fn auth_waits(&self, typed: Option<Duration>) -> (Duration, Duration) {
        let usual_at_start = if std::io::stderr().is_terminal() { Duration::ZERO } else { AUTH_WAIT };
        match self.can_change {
            true => (typed.unwrap_or(AUTH_WAIT), typed.unwrap_or(usual_at_start)),
            false => (Duration::ZERO, Duration::ZERO),
        }
    }

    fn real(stream: Stream, server: &ServerPlan, console: &Console) -> Result<Server, Failure> {
        let tls = LazyTls::new(server.ca_file.as_deref())?;
        let source = server.credentials.clone();
        let partner = source.is_partner() && stream == Stream::Orders;
        let rest = match (stream, partner) {
            (Stream::Orders, true) => None,
            _ => Some(rest::Client::new(server.api.clone(), &tls, &Resolver::default(), console.redactor())?),
        };
        let proxies = Proxies::from_env();
        if !server.base.is_plain() {
            proxies.check(&server.base.authority())?;
        }
        Ok(Server {
            base: server.base.clone(),
            connector: Connector::new(tls, proxies, console.redactor()),
            rest,
            can_change: source.can_change(),
            warning: source.permission_warning(),
            credentials_origin: CredentialsOrigin::Source(source),
            exchange: None,
        })
    }

    fn demo(feed: Stream, seed: Option<u64>, console: &Console) -> Result<Server, Failure> {
        let config = SimConfig { seed: seed.unwrap_or_else(|| fastrand::u64(..)), ..SimConfig::default() };
        let exchange = SimHandle::start_in_thread(config).map_err(|error| {
            Failure::new(Exit::Network, format!("the simulated exchange cannot listen on loopback: {}", error.kind()))
        })?;
        let nothing = Environment::of::<String, String>([]);
        let base = feed.resolve(Some(&exchange.probe().url(feed)), &nothing)?;
        let tls = LazyTls::new(None)?;
        let api = Environment::of(exchange.probe().environment());
        let api = crate::auth::ApiBase::resolve(&api)?;
        let rest = rest::Client::new(api, &tls, &Resolver::default(), console.redactor())?;
        Ok(Server {
            base,
            credentials_origin: CredentialsOrigin::Demo,
            connector: Connector::new(tls, Proxies::none(), console.redactor()),
            rest: Some(rest),
            can_change: false,
            warning: None,
            exchange: Some(exchange),
        })
    }
}
