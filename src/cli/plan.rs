//! Flags as meant: everything that a run needs, checked before anything connects.
//!
//! A plan is plain data. Whoever holds one may connect: its options fit together, its lists could be read, and every
//! moment in it is absolute.

use crate::auth::{ApiBase, BaseUrl, CredentialSource};
use crate::chain::ChainRequest;
use crate::format::encoder::Format;
use crate::format::time::TimeStyle;
use crate::instruments::Spec;
use crate::model::Stream;
use crate::output::OnLag;
use crate::pipeline::bars::Interval;
pub use crate::pipeline::stages::View;
use crate::protocol::Mode;
use crate::protocol::depth::Levels;

use crate::record::RecordType;
use crate::record::order::Events;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run of `dhan feed`, `dhan depth` or `dhan orders`.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// Which stream, with what only that stream has.
    pub kind: StreamKind,
    /// What is asked for; empty for orders.
    pub instruments: InstrumentPlan,
    /// Option chains that follow their spot (`--chain`); `dhan feed` only.
    pub chains: Vec<ChainRequest>,
    /// Where lines are read while streaming (`--control`).
    pub control: Option<TextSource>,
    /// Where the data comes from.
    pub source: StreamSource,
    /// What is printed of it.
    pub shape: ShapePlan,
    /// Where it goes; never empty.
    pub outputs: OutputsPlan,
    /// When it ends.
    pub stop: StopPlan,
    /// Gaps that add up to more than this make it exit 13 (`--fail-on-gap`).
    pub fail_on_gap: Option<Duration>,
    /// How long connections may fail before giving up (`--max-outage`); `None`: for ever.
    pub max_outage: Option<Duration>,
    /// How long credentials are waited for (`--auth-wait`).
    pub auth_wait: Duration,
    /// The same before the run was live, where it was typed; a person at a terminal does not wait otherwise.
    pub auth_wait_at_start: Option<Duration>,
    /// What happens when the reader of stdout is too slow.
    pub on_lag: OnLag,
    /// The file of figures for Prometheus (`--metrics`).
    pub metrics: Option<PathBuf>,
    /// How often figures are printed on stderr (`--stats`).
    pub stats: Option<Duration>,
    /// Say what would be done, and do not do it (`--dry-run`).
    pub dry_run: bool,
    /// Open a socket even if this host holds five of its kind.
    pub ignore_socket_limit: bool,
    /// What stderr should hear before the start, a line each.
    pub warnings: Vec<String>,
}

impl StreamPlan {
    /// Which of Dhan's streams it is.
    pub fn feed(&self) -> Stream {
        match &self.kind {
            StreamKind::Market { .. } => Stream::Market,
            StreamKind::Depth { levels, .. } => Stream::Depth(*levels),
            StreamKind::Orders { .. } => Stream::Orders,
        }
    }
}

/// What only one of the streams has.
#[derive(Debug, Clone)]
pub enum StreamKind {
    /// `dhan feed`.
    Market {
        /// The mode of specs that name none (`--mode`).
        mode: Mode,
        /// End when each instrument was printed once (`--once`).
        once: bool,
        /// Warn of an index that is asked for in full, which is sent as quote.
        warn_indices: bool,
    },
    /// `dhan depth`.
    Depth {
        /// How many levels (`--levels`).
        levels: Levels,
        /// How books are shown (`--view`).
        view: View,
        /// Levels shown of each side (`--top`); `None` for all.
        top: Option<usize>,
    },
    /// `dhan orders`.
    Orders {
        /// Keep only updates that carry one of these (`--events`).
        events: Option<Events>,
        /// Ask the REST order book (not with `--no-snapshot`, never as a partner).
        snapshot: bool,
        /// Print client ids whole (`--show-client-id`, always as a partner).
        show_client_id: bool,
    },
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct InstrumentPlan {
    /// From the command line and from the lists, in that order, duplicates left out.
    pub specs: Vec<Spec>,
    /// The specs of the command line alone: they stay whatever the lists say.
    pub typed: Vec<Spec>,
    /// The list files as they were read, for comparing on SIGHUP. Stdin is not among them.
    pub lists: Vec<ListFile>,
    /// Go on without instruments that cannot be found (`--skip-missing`).
    pub skip_missing: bool,
}

/// A list file and its specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it named when it was read.
    pub specs: Vec<Spec>,
}

/// Where text is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSource {
    /// `-`.
    Stdin,
    /// A file, a FIFO or a device.
    File(PathBuf),
}

impl TextSource {
    /// Makes the source of a path as typed.
    pub fn of(path: &Path) -> TextSource {
        match path.as_os_str() == "-" {
            true => TextSource::Stdin,
            false => TextSource::File(path.to_owned()),
        }
    }
}

/// Where the data comes from.
#[derive(Debug, Clone)]
pub enum StreamSource {
    /// A simulated exchange inside this process (`--demo`).
    Demo {
        /// The same seed gives the same packets; `None`: any.
        seed: Option<u64>,
    },
    /// A server.
    Server(Box<ServerPlan>),
}

/// A server to connect to.
#[derive(Debug, Clone)]
pub struct ServerPlan {
    /// The socket's address, without secrets.
    pub base: BaseUrl,
    /// The base of the REST calls.
    pub api: ApiBase,
    /// Another root certificate (`--ca-file`).
    pub ca_file: Option<PathBuf>,
    /// Where the credentials come from.
    pub credentials: CredentialSource,
}

/// What is printed of what comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapePlan {
    /// Keep only these record types (`--only`); `None`: all. For the other streams than the market feed see [`StreamKind`].
    pub only: Option<Vec<RecordType>>,
    /// Lengths of the bars that are made of market packets (`--bars`); empty: none.
    pub bars: Vec<Interval>,
    /// Numbers or RFC 3339 (`--time`).
    pub time: TimeStyle,
    /// Print gap records (not with `--no-gaps`).
    pub gaps: bool,
    /// Connection events as records too (`--status-records`).
    pub status_records: bool,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputsPlan {
    /// Each of them gets every record; never empty.
    pub targets: Vec<OutputPlan>,
    /// Also rotate files at this size, in bytes on disk (`--rotate-size`).
    pub rotate_size: Option<u64>,
    /// Run for every finished file (`--on-rotate`).
    pub on_rotate: Option<String>,
    /// How long a full disk is waited out (`--disk-wait`).
    pub disk_wait: Duration,
    /// Keep the raw frames here (`--capture`).
    pub capture: Option<PathBuf>,
}

/// One place that records go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputPlan {
    /// Where.
    pub target: OutputTarget,
    /// In which format.
    pub format: Format,
}

/// Stdout or files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputTarget {
    /// `-`, and what is meant where nothing is given.
    Stdout,
    /// Files by a pattern, which is known to be one ([`crate::output::file::Pattern`]).
    Pattern(String),
    /// A stream of NATS JetStream.
    #[cfg(feature = "nats")]
    Nats(Box<crate::output::nats::NatsTarget>),
}

/// When a run ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopPlan {
    /// After this many records (`--count`).
    pub count: Option<u64>,
    /// After this time (`--duration`).
    pub duration: Option<Duration>,
    /// At this moment (`--until`), µs since the epoch.
    pub until_us: Option<i64>,
    /// `--until` is a moment that has passed: nothing connects, stderr says this, exit 0.
    pub already_past: Option<String>,
}

/// A run of `dhan replay`.
#[derive(Debug, Clone)]
pub struct ReplayPlan {
    /// The captures, in order; never empty.
    pub files: Vec<PathBuf>,
    /// How fast.
    pub speed: Speed,
    /// How books are shown.
    pub view: View,
    /// Levels shown of each side.
    pub top: Option<usize>,
    /// Orders: keep only updates that carry one of these.
    pub events: Option<Events>,
    /// Orders: print client ids whole.
    pub show_client_id: bool,
    /// What is printed.
    pub shape: ShapePlan,
    /// Where it goes.
    pub outputs: OutputsPlan,
    /// End after this many records.
    pub count: Option<u64>,
    /// What stderr should hear before the start.
    pub warnings: Vec<String>,
}

/// How fast a capture is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speed {
    /// As fast as the output takes it.
    #[default]
    Max,
    /// So many times as fast as it was received.
    Times(u32),
}

impl Speed {
    /// Returns the word that people type.
    pub fn name(self) -> String {
        match self {
            Speed::Max => "max".to_owned(),
            Speed::Times(times) => format!("{times}x"),
        }
    }
}
