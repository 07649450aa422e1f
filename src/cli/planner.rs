//! Turns typed flags into a plan, or into one message with every problem. Time, environment and list files are
//! arguments.

use super::args::{
    DepthArgs, FeedArgs, InstrumentArgs, OrdersArgs, OutputArgs, ReplayArgs, ServerArgs, StreamArgs, UpdateArgs,
};
use super::credentials::{self, UserTypeArgs};
use super::only;
use super::plan::{
    InstrumentPlan, OutputPlan, OutputTarget, OutputsPlan, ReplayPlan, ServerPlan, ShapePlan, StopPlan, StreamKind,
    StreamPlan, StreamSource, TextSource,
};
use super::problems::Problems;
use super::specs::{self, Takes};
use crate::auth::{ApiBase, Environment};
use crate::chain::ChainRequest;
use crate::clock;
use crate::format::encoder::Format;
use crate::instruments::Spec;
use crate::model::{Failure, Micros, Segment, Stream};
use crate::output::file::Pattern;
use crate::protocol::Mode;
use crate::protocol::depth::Levels;
use crate::record::order::Events;
use crate::redact::Redactor;
use crate::session::plan::{SOCKETS_PER_KIND, per_connection};
use crate::session::requests::effective_mode;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Returns the problems of names; the flag says whether they are looked up in the simulated exchange.
pub type KnownProblems = dyn Fn(&[Spec], Takes, bool) -> Vec<String>;

/// Holds what planning needs to know from outside.
pub struct PlanContext<'a> {
    /// The present time.
    pub now: Micros,
    /// The environment.
    pub environment: Environment,
    /// Gets the secrets of the credentials.
    pub redactor: Redactor,
    /// Reads a list file, or stdin, to its end.
    pub read: &'a mut dyn FnMut(&TextSource) -> io::Result<Vec<u8>>,
    /// Returns problems of names that are known without a network.
    pub known_problems: &'a KnownProblems,
    /// Problems of the command line that were found already; reported together with those of planning.
    pub problems: Problems,
}

const DISK_WAIT: Duration = Duration::from_mins(5);

/// Plans `dhan feed`.
///
/// # Errors
/// One usage error (exit 2) that lists every problem.
pub fn feed(args: &FeedArgs, context: &mut PlanContext<'_>) -> Result<StreamPlan, Failure> {
    let mode = args.mode.unwrap_or(Mode::Ticker);
    let takes = Takes::Modes(mode);
    let chains: Vec<ChainRequest> =
        args.chain.iter().filter_map(|typed| context.problems.ok(typed.parse::<ChainRequest>())).collect();
    let is_demo = args.stream.server.demo.is_some();
    let instruments = instruments(&args.instruments, is_demo, Stream::Market, takes, !args.chain.is_empty(), context);
    fits(&chains, &instruments, &mut context.problems);
    let shape = only::shape(&args.only, &args.bars, &args.stream.output, &mut context.problems);
    let only = &shape.only;
    let requested = |spec: &Spec| specs::mode_of(spec, takes).unwrap_or(mode);
    if let Some(only) = only
        && !args.once
        && args.instruments.control.is_none()
    {
        let mut modes: Vec<_> = instruments.specs.iter().map(requested).collect();
        modes.extend((!chains.is_empty()).then_some(mode));
        context.problems.ok(only::requested(only, &modes));
    }
    if args.once {
        if args.stream.output.count.is_some() {
            context
                .problems
                .add("--once prints one record for each instrument, --count a number of them: leave one out");
        }
        let wanted = |spec: &Spec| spec.key().map_or(requested(spec), |key| effective_mode(key, requested(spec)));
        if let Some(only) = only
            && let Some(spec) = instruments.specs.iter().find(|s| !only.iter().any(|o| o.name() == wanted(s).name()))
        {
            let name = wanted(spec).name();
            context.problems.add(format!(
                "--once waits for a {name} record of \"{spec}\", which --only leaves out: add {name} to --only"
            ));
        }
    }
    if args.once && !chains.is_empty() {
        context.problems.add(
            "--once ends with the instruments that are known at the start, --chain follows a spot: leave one out, or \
             write dhan instruments list --around PRICE --strikes N --underlying NAME --format spec | dhan feed -i - --once",
        );
    }
    let kind = StreamKind::Market { mode, once: args.once, warn_indices: true };
    let plan = stream(kind, instruments, shape, &args.stream, None, context)?;
    let control = args.instruments.control.as_deref().map(TextSource::of);
    Ok(StreamPlan { chains, control, ..plan })
}

/// Plans `dhan depth`.
///
/// # Errors
/// As [`feed`].
pub fn depth(args: &DepthArgs, context: &mut PlanContext<'_>) -> Result<StreamPlan, Failure> {
    let levels = args.levels.unwrap_or(Levels::Twenty);
    let view = args.book.view.unwrap_or_default();
    let is_demo = args.stream.server.demo.is_some();
    let instruments = instruments(&args.instruments, is_demo, Stream::Depth(levels), Takes::Depth, false, context);
    let shape = only::shape(&args.only, &[], &args.stream.output, &mut context.problems);
    if let Some(only) = &shape.only {
        context.problems.ok(only::printed(only, Stream::Depth(levels), view));
    }
    let kind = StreamKind::Depth { levels, view, top: args.book.top };
    let plan = stream(kind, instruments, shape, &args.stream, None, context)?;
    Ok(StreamPlan { control: args.instruments.control.as_deref().map(TextSource::of), ..plan })
}

/// Plans `dhan orders`.
///
/// # Errors
/// As [`feed`].
pub fn orders(args: &OrdersArgs, context: &mut PlanContext<'_>) -> Result<StreamPlan, Failure> {
    let UpdateArgs { show_client_id, .. } = args.updates;
    let shape = only::shape(&args.only, &[], &args.stream.output, &mut context.problems);
    let kind = StreamKind::Orders { events: events(&args.updates), snapshot: !args.no_snapshot, show_client_id };
    stream(kind, InstrumentPlan::default(), shape, &args.stream, Some(args.user_type), context)
}

/// Plans `dhan replay`.
///
/// # Errors
/// As [`feed`].
pub fn replay(args: &ReplayArgs, mut problems: Problems) -> Result<ReplayPlan, Failure> {
    let mut warnings = Vec::new();
    let plan = ReplayPlan {
        files: args.files.clone(),
        speed: args.speed.unwrap_or_default(),
        view: args.book.view.unwrap_or_default(),
        top: args.book.top,
        events: events(&args.updates),
        show_client_id: args.updates.show_client_id,
        shape: only::shape(&args.only, &args.bars, &args.output, &mut problems),
        outputs: outputs(&args.output, None, &mut problems, &mut warnings),
        count: args.output.count,
        warnings,
    };
    only::check_csv(&plan.shape, &plan.outputs, &mut problems);
    problems.finish().map(|()| plan)
}

fn instruments(
    args: &InstrumentArgs,
    is_demo: bool,
    feed: Stream,
    takes: Takes,
    has_chains: bool,
    context: &mut PlanContext<'_>,
) -> InstrumentPlan {
    let problems = &mut context.problems;
    let stdin_lists = args.instruments.iter().any(|path| path == Path::new("-"));
    if stdin_lists && args.control.as_deref() == Some(Path::new("-")) {
        problems.add("--instruments - and --control - both want stdin: give one of them a file");
        return InstrumentPlan::default();
    }
    let (mut plan, bad) = specs::gather(&args.specs, &args.instruments, takes, context.read);
    if !bad.is_empty() {
        problems.extend(bad);
        // Reported together with problems that only a look-up shows, unless they would be skipped.
        if !args.skip_missing {
            problems.extend((context.known_problems)(&plan.specs, takes, is_demo));
        }
        return InstrumentPlan::default();
    }
    plan.skip_missing = args.skip_missing;
    if plan.specs.is_empty() && args.instruments.is_empty() && is_demo && !has_chains {
        plan.typed = demo_instruments(takes);
        plan.specs = plan.typed.clone();
    }
    if plan.specs.is_empty() && !has_chains {
        problems.add(if args.instruments.is_empty() {
            "no instrument: name one such as NSE_EQ:2885 or NIFTY, or a file of them with -i FILE"
        } else {
            "no instrument: what --instruments names is empty; write one such as NSE_EQ:2885 a line"
        });
    }
    // Two symbols may turn out to be one instrument, so only certain ones are counted.
    let certain: HashSet<_> =
        plan.specs.iter().filter_map(|s| s.key().map(|key| (key, specs::mode_of(s, takes)))).collect();
    let each = per_connection(feed);
    let most = each * SOCKETS_PER_KIND;
    if certain.len() > most {
        problems.add(format!(
            "{} instruments: at most {most} fit ({SOCKETS_PER_KIND} connections of {each}); leave out {}",
            certain.len(),
            certain.len() - most
        ));
    }
    plan
}

/// Checks that chains fit beside the named instruments.
fn fits(chains: &[ChainRequest], instruments: &InstrumentPlan, problems: &mut Problems) {
    let each = per_connection(Stream::Market);
    let most = each * SOCKETS_PER_KIND;
    let options = chains.iter().map(|chain| chain.most_options().saturating_add(1));
    let requested = options.fold(instruments.specs.len(), usize::saturating_add);
    if !chains.is_empty() && requested > most {
        let chains: Vec<_> = chains.iter().map(|chain| format!("{chain},strikes={}", chain.strikes)).collect();
        problems.add(format!(
            "--chain {}: up to {requested} instruments, and at most {most} fit ({SOCKETS_PER_KIND} connections of \
             {each}); ask for fewer strikes",
            chains.join(" and --chain ")
        ));
    }
}

/// Returns five instruments of the simulated exchange: indices, or shares for depth.
fn demo_instruments(takes: Takes) -> Vec<Spec> {
    let segment = if takes == Takes::Depth { Segment::NSE_EQ } else { Segment::IDX_I };
    let keys = crate::simulator::KNOWN.iter().map(|(key, _)| key).filter(|key| key.segment == segment);
    keys.take(5).filter_map(|key| Spec::parse(&key.to_string()).ok()).collect()
}

fn stream(
    kind: StreamKind,
    instruments: InstrumentPlan,
    shape: ShapePlan,
    args: &StreamArgs,
    user_type: Option<UserTypeArgs>,
    context: &mut PlanContext<'_>,
) -> Result<StreamPlan, Failure> {
    let problems = &mut context.problems;
    let mut warnings = Vec::new();
    let outputs = outputs(&args.output, args.capture.as_deref(), problems, &mut warnings);
    only::check_csv(&shape, &outputs, problems);
    if let Some(path) = &args.metrics
        && (path.as_os_str().is_empty() || path == Path::new("-"))
    {
        problems.add(format!("--metrics {path:?}: figures are replaced whole in a file: write --metrics FILE.prom"));
    }
    let mut plan = StreamPlan {
        instruments,
        chains: Vec::new(),
        control: None,
        source: StreamSource::Demo { seed: None },
        shape,
        outputs,
        stop: stop(args, context.now),
        fail_on_gap: args.fail_on_gap,
        max_outage: args.max_outage,
        auth_wait: args.server.auth_wait,
        on_lag: args.on_lag.unwrap_or_default(),
        metrics: args.metrics.clone(),
        stats: args.stats,
        dry_run: args.dry_run,
        ignore_socket_limit: args.server.ignore_socket_limit,
        warnings,
        kind,
    };
    match source(&args.server, plan.feed(), user_type, context) {
        Some(source) => plan.source = source,
        None => return Err(context.problems.take().finish().err().unwrap_or_else(|| Failure::usage("no server"))),
    }
    if let (StreamKind::Orders { snapshot, show_client_id, .. }, StreamSource::Server(server)) =
        (&mut plan.kind, &plan.source)
    {
        let partner = server.credentials.is_partner();
        // The order snapshot belongs to the account; a partner has none.
        *snapshot &= !partner;
        // A partner gets many accounts' orders, which only the full id distinguishes.
        *show_client_id |= partner;
    }
    context.problems.take().finish().map(|()| plan)
}

/// Returns the origin of a stream.
pub(super) fn source(
    args: &ServerArgs,
    feed: Stream,
    user_type: Option<UserTypeArgs>,
    context: &mut PlanContext<'_>,
) -> Option<StreamSource> {
    let PlanContext { environment, redactor, problems, .. } = context;
    if let Some(seed) = args.demo {
        if args.url.is_some() || args.ca_file.is_some() {
            problems.add("--demo needs no server: leave out --url and --ca-file, or --demo");
        }
        return Some(StreamSource::Demo { seed });
    }
    let base = problems.ok(feed.resolve(args.url.as_deref(), environment));
    let api = problems.ok(ApiBase::resolve(environment));
    let credentials = problems.ok(credentials::source(&args.credentials, user_type, environment, redactor));
    let server = ServerPlan { base: base?, api: api?, ca_file: args.ca_file.clone(), credentials: credentials? };
    Some(StreamSource::Server(Box::new(server)))
}

fn events(args: &UpdateArgs) -> Option<Events> {
    let events = args.events.iter().fold(Events::default(), |events, event| events.with(*event));
    (!args.events.is_empty()).then_some(events)
}

fn stop(args: &StreamArgs, now: Micros) -> StopPlan {
    let until = args.until.map(|until| until.time(now));
    let already_past = until.filter(|until| *until <= now).map(|until| {
        let shown = |at| clock::ist_civil(at).strftime("%F %T IST").to_string();
        format!("--until {} has passed (it is {}): nothing to do", shown(until), shown(now))
    });
    StopPlan { count: args.output.count, duration: args.duration, until, already_past }
}

fn outputs(
    args: &OutputArgs,
    capture: Option<&Path>,
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> OutputsPlan {
    let mut targets: Vec<OutputPlan> = Vec::new();
    for typed in &args.output {
        let Some(output) = output(typed, args, problems, warnings) else { continue };
        if targets.iter().any(|other| other.target == output.target) {
            problems.add(format!("--output {typed:?} is given twice: leave one out"));
        } else {
            targets.push(output);
        }
    }
    if targets.is_empty() {
        targets.push(OutputPlan { target: OutputTarget::Stdout, format: args.format.unwrap_or_default() });
    }
    let has_nats = args.output.iter().any(|typed| is_nats(typed));
    let has_file = args.output.iter().any(|typed| typed != "-" && !is_nats(typed));
    for (option, is_given, has_output, advice) in [
        ("--nats-stream", args.nats_stream.is_some(), has_nats, "-o nats://HOST/SUBJECT: add that"),
        ("--nats-creds", args.nats_creds.is_some(), has_nats, "-o nats://HOST/SUBJECT: add that"),
        ("--rotate-size", args.rotate_size.is_some(), has_file, "files: add --output FILE"),
        ("--on-rotate", args.on_rotate.is_some(), has_file, "files: add --output FILE"),
    ] {
        if is_given && !has_output {
            problems.add(format!("{option} is for {advice}"));
        }
    }
    if args.on_rotate.as_ref().is_some_and(|line| line.trim().is_empty()) {
        problems.add("--on-rotate is \"\": write a command such as 'gzip \"$1\"'");
    }
    if let Some(capture) = capture {
        let text = capture.to_string_lossy();
        if text.is_empty() || text == "-" {
            problems.add(format!("--capture {text:?}: a capture is binary and needs a file: write --capture day.dcap"));
        }
        if args.output.iter().any(|typed| typed.as_str() == text && text != "-") {
            problems.add(format!("--capture and --output both name {text:?}: give them a file each"));
        }
    }
    OutputsPlan {
        targets,
        rotate_size: args.rotate_size.map(|size| size.0),
        on_rotate: args.on_rotate.clone(),
        disk_wait: args.disk_wait.unwrap_or(DISK_WAIT),
        capture: capture.map(Path::to_owned),
    }
}

/// Plans one output, unless there is a problem with it.
fn output(typed: &str, args: &OutputArgs, problems: &mut Problems, warnings: &mut Vec<String>) -> Option<OutputPlan> {
    if typed == "-" {
        return Some(OutputPlan { target: OutputTarget::Stdout, format: args.format.unwrap_or_default() });
    }
    if is_nats(typed) {
        let target = nats(typed, args, problems)?;
        if args.format == Some(Format::Csv) {
            warnings.push(format!("--format csv is not for {typed}: its messages are JSON"));
        }
        return Some(OutputPlan { target, format: Format::Ndjson });
    }
    let pattern = problems.ok(Pattern::parse(typed))?;
    let format = match (args.format, format_of(typed)) {
        (None, Some(Err(extension))) => {
            problems.add(format!(
                "--output {typed:?}: .{extension} is no format that dhan writes: name it .ndjson or .csv (and .gz or \
                 .zst behind that), or say --format ndjson or --format csv"
            ));
            return None;
        }
        (None, named) => named.and_then(Result::ok).unwrap_or_default(),
        (Some(format), named) => {
            // An explicit format overrides the file name, but a contradiction must not stay unnoticed.
            if named.is_some_and(|named| named.is_ok_and(|named| named != format)) {
                let format = format.name();
                warnings.push(format!(
                    "--format {format} wins over the extension of {typed:?}: the file will hold {format}"
                ));
            }
            format
        }
    };
    Some(OutputPlan { target: OutputTarget::Pattern(pattern.typed().to_owned()), format })
}

/// Returns whether an output is a NATS stream.
fn is_nats(typed: &str) -> bool {
    ["nats://", "tls://"].iter().any(|scheme| typed.to_ascii_lowercase().starts_with(scheme))
}

#[cfg(feature = "nats")]
fn nats(typed: &str, args: &OutputArgs, problems: &mut Problems) -> Option<OutputTarget> {
    use crate::output::nats::{NatsAddress, NatsTarget};
    let stream = args.nats_stream.clone();
    if let Some(name) = &stream
        && (name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || ".*>/\\".contains(c)))
    {
        problems.add(format!("--nats-stream {name:?} is no name of a stream: letters, digits, - and _"));
    }
    let address = problems.ok(NatsAddress::parse(typed))?;
    Some(OutputTarget::Nats(Box::new(NatsTarget { address, stream, creds: args.nats_creds.clone() })))
}

#[cfg(not(feature = "nats"))]
fn nats(_typed: &str, _args: &OutputArgs, problems: &mut Problems) -> Option<OutputTarget> {
    problems.add("-o nats://…: this dhan was built without NATS (cargo build --features nats)");
    None
}

/// Returns the format that a file's name implies, apart from compression: none, a format, or an unknown extension.
fn format_of(name: &str) -> Option<Result<Format, String>> {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let (stem, extension) = plain.rsplit_once('.')?;
    match extension {
        "csv" => Some(Ok(Format::Csv)),
        "ndjson" | "jsonl" | "json" => Some(Ok(Format::Ndjson)),
        // A hidden file, or a part of the name that changes with time.
        _ if stem.is_empty() || extension.contains(['%', '{', '}']) => None,
        other => Some(Err(other.to_owned())),
    }
}

#[cfg(test)]
mod tests;
