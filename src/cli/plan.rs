//! Holds flags as meant: everything that a run needs, checked before anything connects.
//!
//! A plan is plain data whose options fit together, whose lists were readable, and whose times are absolute.

use crate::auth::{ApiBase, BaseUrl, CredentialSource};
use crate::chain::ChainRequest;
use crate::format::encoder::Format;
use crate::format::time::TimeStyle;
use crate::instruments::Spec;
use crate::model::{Micros, Stream};
use crate::output::OnLag;
use crate::pipeline::bars::Interval;
pub use crate::pipeline::stages::View;
use crate::protocol::Mode;
use crate::protocol::depth::Levels;

use crate::record::order::Events;
use crate::record::{RecordType, TypeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Describes a run of `dhan feed`, `dhan depth` or `dhan orders`.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// The stream, with the options that only it has.
    pub kind: StreamKind,
    /// The instruments; empty for orders.
    pub instruments: InstrumentPlan,
    /// Option chains that follow their spot (`--chain`); `dhan feed` only.
    pub chains: Vec<ChainRequest>,
    /// Where lines are read while streaming (`--control`).
    pub control: Option<TextSource>,
    /// Origin of the data.
    pub source: StreamSource,
    /// What is printed.
    pub shape: ShapePlan,
    /// The outputs; never empty.
    pub outputs: OutputsPlan,
    /// When it ends.
    pub stop: StopPlan,
    /// Total duration of gaps above which the exit code is 13 (`--fail-on-gap`).
    pub fail_on_gap: Option<Duration>,
    /// Time after which failing connections end the run (`--max-outage`); `None`: never.
    pub max_outage: Option<Duration>,
    /// Time to wait for other credentials (`--auth-wait`), if it was typed.
    pub auth_wait: Option<Duration>,
    /// What happens when the reader of stdout is too slow.
    pub on_lag: OnLag,
    /// The file of figures for Prometheus (`--metrics`).
    pub metrics: Option<PathBuf>,
    /// Interval at which figures are printed on stderr (`--stats`).
    pub stats: Option<Duration>,
    /// Whether to print only what would be done (`--dry-run`).
    pub dry_run: bool,
    /// Whether to open a socket even if this host holds five of its kind.
    pub ignore_socket_limit: bool,
    /// Warnings for stderr before the start, one per line.
    pub warnings: Vec<String>,
}

impl StreamPlan {
    /// Returns the stream.
    pub fn feed(&self) -> Stream {
        match &self.kind {
            StreamKind::Market { .. } => Stream::Market,
            StreamKind::Depth { levels, .. } => Stream::Depth(*levels),
            StreamKind::Orders { .. } => Stream::Orders,
        }
    }
}

/// Holds the options that only one of the streams has.
#[derive(Debug, Clone)]
pub enum StreamKind {
    /// `dhan feed`.
    Market {
        /// The mode of specs that name none (`--mode`).
        mode: Mode,
        /// Whether to end when each instrument was printed once (`--once`).
        once: bool,
        /// Whether to warn of indices in mode full, which are sent as quote.
        warn_indices: bool,
    },
    /// `dhan depth`.
    Depth {
        /// Number of levels (`--levels`).
        levels: Levels,
        /// View of order books (`--view`).
        view: View,
        /// Number of levels shown of each side (`--top`); `None` for all.
        top: Option<usize>,
    },
    /// `dhan orders`.
    Orders {
        /// Keep only updates that carry one of these (`--events`).
        events: Option<Events>,
        /// Whether to fetch the order snapshot (not with `--no-snapshot`, never as a partner).
        snapshot: bool,
        /// Whether to print client ids in full (`--show-client-id`, always as a partner).
        show_client_id: bool,
    },
}

/// Holds the instruments of a run.
#[derive(Debug, Clone, Default)]
pub struct InstrumentPlan {
    /// Specs of the command line and the lists, in that order, without duplicates.
    pub specs: Vec<Spec>,
    /// Specs of the command line alone, which stay whatever the lists contain.
    pub typed: Vec<Spec>,
    /// The list files as they were read, to compare on SIGHUP; without stdin.
    pub lists: Vec<ListFile>,
    /// Whether to skip instruments that cannot be found (`--skip-missing`).
    pub skip_missing: bool,
}

/// Holds a list file and its specs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// Its path.
    pub path: PathBuf,
    /// The specs in it when it was read.
    pub specs: Vec<Spec>,
}

/// Says where text is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSource {
    /// `-`.
    Stdin,
    /// A file, a FIFO or a device.
    File(PathBuf),
}

impl TextSource {
    /// Returns the source of a path as typed.
    pub fn of(path: &Path) -> TextSource {
        match path.as_os_str() == "-" {
            true => TextSource::Stdin,
            false => TextSource::File(path.to_owned()),
        }
    }
}

/// Says where the data comes from.
#[derive(Debug, Clone)]
pub enum StreamSource {
    /// A simulated exchange inside this process (`--demo`).
    Demo {
        /// The seed; the same seed gives the same packets. `None`: any.
        seed: Option<u64>,
    },
    /// A server.
    Server(Box<ServerPlan>),
}

/// Describes a server to connect to.
#[derive(Debug, Clone)]
pub struct ServerPlan {
    /// Address of the socket, without secrets.
    pub base: BaseUrl,
    /// Base address of the REST calls.
    pub api: ApiBase,
    /// Additional root certificate (`--ca-file`).
    pub ca_file: Option<PathBuf>,
    /// Origin of the credentials.
    pub credentials: CredentialSource,
}

/// Says what is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapePlan {
    /// Record types to keep (`--only`); `None`: all. For other streams than the market feed see [`StreamKind`].
    pub only: Option<Vec<RecordType>>,
    /// Lengths of the bars made of market packets (`--bars`); empty for none.
    pub bars: Vec<Interval>,
    /// Form of times (`--time`).
    pub time: TimeStyle,
    /// Whether to print gap records (not with `--no-gaps`).
    pub gaps: bool,
    /// Whether connection events are records too (`--status-records`).
    pub status_records: bool,
}

impl ShapePlan {
    /// Returns the types of record that are printed.
    pub fn types(&self) -> TypeSet {
        self.only.as_deref().map_or(TypeSet::ALL, |only| only.iter().copied().collect())
    }
}

/// Says where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputsPlan {
    /// The outputs, each of which gets every record; never empty.
    pub targets: Vec<OutputPlan>,
    /// Size on disk in bytes at which files rotate too (`--rotate-size`).
    pub rotate_size: Option<u64>,
    /// Command for every finished file (`--on-rotate`).
    pub on_rotate: Option<String>,
    /// Longest wait for a full disk (`--disk-wait`).
    pub disk_wait: Duration,
    /// File for the raw frames (`--capture`).
    pub capture: Option<PathBuf>,
}

/// Describes one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputPlan {
    /// Its target.
    pub target: OutputTarget,
    /// Its format.
    pub format: Format,
}

/// Names the target of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputTarget {
    /// `-`, which is also the default.
    Stdout,
    /// Files by a valid pattern ([`crate::output::file::Pattern`]).
    Pattern(String),
    /// A stream of NATS JetStream.
    #[cfg(feature = "nats")]
    Nats(Box<crate::output::nats::NatsTarget>),
}

/// Says when a run ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StopPlan {
    /// Number of records after which it ends (`--count`).
    pub count: Option<u64>,
    /// Time after which it ends (`--duration`).
    pub duration: Option<Duration>,
    /// Time at which it ends (`--until`).
    pub until: Option<Micros>,
    /// Message if `--until` has passed: nothing connects, stderr gets this message, exit 0.
    pub already_past: Option<String>,
}

/// Describes a run of `dhan replay`.
#[derive(Debug, Clone)]
pub struct ReplayPlan {
    /// The captures, in order; never empty.
    pub files: Vec<PathBuf>,
    /// The speed.
    pub speed: Speed,
    /// View of order books.
    pub view: View,
    /// Number of levels shown of each side.
    pub top: Option<usize>,
    /// Orders: keep only updates that carry one of these.
    pub events: Option<Events>,
    /// Orders: print client ids whole.
    pub show_client_id: bool,
    /// What is printed.
    pub shape: ShapePlan,
    /// The outputs.
    pub outputs: OutputsPlan,
    /// Number of records after which it ends.
    pub count: Option<u64>,
    /// Warnings for stderr before the start.
    pub warnings: Vec<String>,
}

/// Says how fast a capture is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speed {
    /// As fast as the output takes it.
    #[default]
    Max,
    /// This many times as fast as it was received.
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
