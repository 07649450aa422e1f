//! Flags as typed: each value is read by a parser of [`value`](super::value); what does not fit together is found by
//! [`planner`](super::planner).

use super::credentials::UserTypeArgs;
use super::instruments::InstrumentsArgs;
use super::lazy::Lazy;
use super::manual;
use super::only::types;
use super::plan::{Speed, View};
use super::relay::RelayArgs;
use super::simulate::SimulateArgs;
use super::token::TokenArgs;
use super::value::{
    ByteSize, Moment, choice, duration, levels, modes, one_of, positive, positive_duration, seconds, speeds,
};
use super::watch::WatchArgs;
use crate::auth::SourceOptions;
use crate::console::LogFormat;
use crate::format::encoder::Format;
use crate::format::time::TimeStyle;
use crate::model::{Levels, Stream};
use crate::output::OnLag;
use crate::pipeline::bars::Interval;
use crate::protocol::Mode;
use crate::record::RecordType;
use crate::record::order::Event;
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// What `--version` prints behind the name; `-V` prints the number alone.
const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILT_FROM"), ")");

/// Stream Dhan's live market feed, market depth and order updates as NDJSON or CSV
///
/// Opens the websockets of the Indian broker Dhan and prints what comes as records, a line each. Nothing is lost silently:
/// what was not delivered is counted in a gap record. It only reads: it places, changes and cancels no order.
///
/// stdout carries records and nothing else; everything for people goes to stderr.
#[derive(Debug, Parser)]
#[command(name = "dhan", version, long_version = LONG_VERSION, after_help = manual::ROOT_SHORT, after_long_help = manual::DHAN, max_term_width = 100, subcommand_required = true)]
#[command(arg_required_else_help = true, propagate_version = false, infer_long_args = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What stderr says.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What is read of the configuration file.
    #[command(flatten)]
    pub file: FileArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stream the live market feed: ticker, quote or full
    ///
    /// Prints a record for every packet that comes. SEGMENT:ID starts at once; a symbol is looked up in the instrument
    /// master first.
    #[command(after_long_help = manual::FEED)]
    Feed(Lazy<FeedArgs>),
    /// Stream the 20- or 200-level order book
    ///
    /// Dhan sends the two sides of a book in packets of their own. Prints a record with both sides for each pair of them, or
    /// with --view sides every packet.
    #[command(after_long_help = manual::DEPTH)]
    Depth(Lazy<DepthArgs>),
    /// Stream the order updates of the account
    ///
    /// At the start the orders of the day are printed (events: snapshot), then every update as it comes. This program only
    /// reads: it places, changes and cancels nothing.
    #[command(after_long_help = manual::ORDERS)]
    Orders(Lazy<OrdersArgs>),
    /// Look at the streams live in the terminal
    ///
    /// A full-screen view of the market feed, of one order book (--depth), of the account's orders (--orders) or of a
    /// capture (--replay). It needs a terminal of at least 60×15 on stdin and stdout. The state of every connection, gaps
    /// and drops are always on the screen. Change and % are against the previous session's close.
    #[command(after_long_help = manual::WATCH, override_usage = WATCH_USAGE)]
    Watch(Lazy<WatchArgs>),
    /// Download, list and look up instruments
    ///
    /// Finds the security ids, symbols, lots, ticks and expiries of everything that is traded.
    #[command(after_long_help = manual::INSTRUMENTS)]
    Instruments(Lazy<InstrumentsArgs>),
    /// Print a capture again, as the live run printed it
    ///
    /// Prints what the live run printed, byte for byte, given the same format options; with others, the same packets in
    /// another form. A capture whose end is torn, as a kill leaves it, is printed as far as it is complete.
    #[command(after_long_help = manual::REPLAY)]
    Replay(Lazy<ReplayArgs>),
    /// Check that files and captures are complete
    ///
    /// Reads NDJSON and CSV files (.gz and .zst too) and captures that dhan wrote. Prints one record a file: whether every
    /// line is complete and of the schema, receive times grow, gaps and orderly ends are accounted for, the counts add up;
    /// and what there is of each instrument. Exit status 0: complete; 13: gaps, or no orderly end; 11: damaged.
    #[command(after_long_help = manual::VERIFY)]
    Verify(Lazy<VerifyArgs>),
    /// Print the JSON Schema of the records
    ///
    /// A document of JSON Schema 2020-12: types, what may be null, units and sources. It carries the version of the records.
    #[command(after_long_help = manual::SCHEMA)]
    Schema(Lazy<SchemaArgs>),
    /// Keep an access token alive
    ///
    /// Dhan's access tokens end after 24 hours. ensure leaves one in the token file that lasts: it does nothing, renews a
    /// token that was made on web.dhan.co, or makes a new one by PIN and TOTP. Nothing ever prints a token. PIN and TOTP
    /// secret come from files or commands only.
    #[command(after_long_help = manual::TOKEN)]
    Token(Lazy<TokenArgs>),
    /// Find out why nothing comes
    ///
    /// Looks at everything between this host and the data: credentials, token, clock, servers, limits, files, running
    /// streams. Says what it found, and exits with the code of the worst: 0 when nothing failed. On a terminal what failed
    /// comes first, with what to do. One quote is asked for, since what the account's profile says can be wrong. Every
    /// socket is connected to once and left at once, unless the account cools off or another socket could throw out a
    /// running stream.
    #[command(after_long_help = manual::DOCTOR)]
    Doctor(Lazy<DoctorArgs>),
    /// Serve one account's sockets to all programs of this host
    ///
    /// Holds the account's sockets and serves Dhan's own protocols to any number of programs on this host. Says its address
    /// on stderr, and the environment that points dhan and others at it. What they send as client id and token is not
    /// looked at, and the account's credentials stay here. Each socket is opened when the first client asks for its kind,
    /// and closed a minute after the last one left.
    #[command(after_long_help = manual::RELAY)]
    Relay(Lazy<RelayArgs>),
    /// Serve Dhan's protocols from a simulated exchange
    ///
    /// Serves until it is stopped, for any client. Says its address on stderr, and the environment that points dhan at it.
    /// The same seed gives the same packets.
    #[command(after_long_help = manual::SIMULATE)]
    Simulate(Lazy<SimulateArgs>),
    /// Show the defaults that config.toml sets
    ///
    /// config.toml holds defaults of options by their long names, for all commands, for one, and in profiles. Flags win over
    /// the environment, the environment over the profile, and the profile over the other defaults. See dhan-config(5).
    #[command(after_long_help = manual::CONFIG)]
    Config(Lazy<ConfigArgs>),
    /// Print completions, manual pages and systemd units
    ///
    /// What it prints is made from the same definitions as --help.
    #[command(after_long_help = manual::GENERATE)]
    Generate(Lazy<GenerateArgs>),
}

/// The ways to call `dhan watch`.
const WATCH_USAGE: &str = "\
dhan watch [OPTIONS] [INSTRUMENT]...
       dhan watch [OPTIONS] --depth <SPEC>
       dhan watch [OPTIONS] --orders
       dhan watch [OPTIONS] --replay <FILE>";

/// What stderr says.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Messages")]
pub struct ConsoleArgs {
    /// Only warnings and errors on stderr; -qq: only errors
    ///
    /// The closing line with the figures of the run is left out too.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub quiet: u8,
    /// More on stderr; -vv: every message and packet
    ///
    /// Secrets are masked at any level.
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// How messages are written: as text, or as a JSON object a line
    #[arg(long, value_name = "FORMAT", ignore_case = true, global = true, hide_short_help = true)]
    #[arg(value_parser = choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]))]
    pub log_format: Option<LogFormat>,
    /// When messages are coloured [default: auto]
    #[arg(long, value_name = "WHEN", ignore_case = true, global = true, hide_short_help = true)]
    pub color: Option<ColorChoice>,
}

/// `dhan feed`.
#[derive(Debug, Clone, Default, Args)]
pub struct FeedArgs {
    /// Which instruments.
    #[command(flatten)]
    pub instruments: InstrumentArgs,
    /// ticker, quote or full [default: ticker]
    ///
    /// What to receive of instruments that do not say so themselves.
    #[arg(short, long, value_name = "MODE", ignore_case = true, value_parser = modes(), hide_possible_values = true)]
    pub mode: Option<Mode>,
    /// Follow the options around the spot, such as NIFTY
    ///
    /// CHAIN is UNDERLYING[,expiry=…][,strikes=N][,spot=…], such as BANKNIFTY,expiry=month,strikes=15: calls and puts of N
    /// strikes (10) on each side of the spot and of the one at it, in --mode, and the spot itself. expiry is a date, nearest
    /// (as without it), next or month. With spot=PRICE it need not wait for the first price. --dry-run shows the options around
    /// that price, or around the last one of an earlier run. May be repeated.
    #[arg(long, value_name = "CHAIN")]
    pub chain: Vec<String>,
    /// One record for each instrument, then exit
    ///
    /// Dhan sends a snapshot even when the market is closed. With -d, the run ends with what came by then.
    #[arg(long)]
    pub once: bool,
    /// OHLC bars instead of packets, such as 1m,5m
    ///
    /// --only may name packets that are printed beside them. A packet counts as a trade if its ltt or its volume is beyond
    /// the last one: highs and lows are those of such packets. In ticker mode, and for indices, that is the first packet of
    /// each second; in quote mode a share's volume tells more trades apart. The server conflates.
    #[arg(long, value_name = "INTERVAL", value_delimiter = ',', value_parser = Interval::parse, conflicts_with = "once")]
    pub bars: Vec<Interval>,
    /// Keep only these record types, separated by commas; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(RecordType::of_stream(Stream::Market)))]
    pub only: Vec<RecordType>,
    /// Everything that all streams have.
    #[command(flatten)]
    pub stream: StreamArgs,
}

/// `dhan depth`.
#[derive(Debug, Clone, Default, Args)]
pub struct DepthArgs {
    /// Which instruments.
    #[command(flatten)]
    pub instruments: InstrumentArgs,
    /// How many levels: 20 or 200 [default: 20]
    #[arg(long, value_name = "N", value_parser = levels(), hide_possible_values = true)]
    pub levels: Option<Levels>,
    /// How books are shown.
    #[command(flatten)]
    pub book: BookArgs,
    /// Keep only these record types; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(RecordType::of_stream(Stream::DEPTH_20)))]
    pub only: Vec<RecordType>,
    /// Everything that all streams have.
    #[command(flatten)]
    pub stream: StreamArgs,
}

/// How books are shown; of `dhan depth` and `dhan replay`.
#[derive(Debug, Clone, Default, Args)]
pub struct BookArgs {
    /// book: both sides; sides: every packet [default: book]
    #[arg(long, value_name = "VIEW", ignore_case = true, hide_possible_values = true)]
    #[arg(value_parser = choice(&[("book", View::Book), ("sides", View::Sides)]))]
    pub view: Option<View>,
    /// Print only the best N levels
    ///
    /// The totals are still over all levels.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=200))]
    pub top: Option<usize>,
}

/// Which order updates are shown, and how; of `dhan orders` and `dhan replay`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpdateArgs {
    /// Keep only updates with one of these events
    ///
    /// The events are separated by commas, such as execution,order_rejected.
    #[arg(long, value_name = "LIST", value_delimiter = ',', ignore_case = true, hide_possible_values = true)]
    #[arg(value_parser = one_of(&Event::ALL, Event::name))]
    pub events: Vec<Event>,
    /// Print client ids whole
    #[arg(long)]
    pub show_client_id: bool,
}

/// `dhan orders`.
#[derive(Debug, Clone, Default, Args)]
pub struct OrdersArgs {
    /// Which updates are shown, and how.
    #[command(flatten)]
    pub updates: UpdateArgs,
    /// Leave out the orders of the day at the start
    ///
    /// The REST order book is not asked for, neither at the start nor after a reconnect.
    #[arg(long)]
    pub no_snapshot: bool,
    /// Keep only these record types; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(RecordType::of_stream(Stream::Orders)))]
    pub only: Vec<RecordType>,
    /// Whose orders.
    #[command(flatten)]
    pub user_type: UserTypeArgs,
    /// Everything that all streams have.
    #[command(flatten)]
    pub stream: StreamArgs,
}

/// Which instruments.
#[derive(Debug, Clone, Default, Args)]
pub struct InstrumentArgs {
    /// SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
    #[arg(value_name = "INSTRUMENT")]
    pub specs: Vec<String>,
    /// Read instruments from FILE, one a line; - is stdin
    ///
    /// May be repeated.
    #[arg(short, long = "instruments", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub instruments: Vec<PathBuf>,
    /// Read commands from FILE while streaming; - is stdin
    ///
    /// A line is sub SPEC…, unsub SPEC…, list or quit.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub control: Option<PathBuf>,
    /// Go on without instruments that cannot be found
    #[arg(long)]
    pub skip_missing: bool,
}

/// What all streams have.
#[derive(Debug, Clone, Default, Args)]
pub struct StreamArgs {
    /// What is printed, and where.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Also keep the raw frames, for dhan replay
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub capture: Option<PathBuf>,
    /// What happens when the reader of stdout is too slow: drop or block [default: drop]
    ///
    /// drop: when 64 MiB are waiting, the oldest records are dropped, and counted in a gap record. block: the sockets are
    /// not read until the reader catches up.
    #[arg(long, value_name = "WHAT", ignore_case = true, help_heading = "Output", hide_possible_values = true)]
    #[arg(value_parser = choice(&[("drop", OnLag::Drop), ("block", OnLag::Block)]))]
    pub on_lag: Option<OnLag>,
    /// Stop after this time, such as 6h15m
    #[arg(short, long, value_name = "DURATION", value_parser = positive_duration, help_heading = "End")]
    pub duration: Option<Duration>,
    /// Stop at this time in India, such as 15:30
    ///
    /// A time of today, or an RFC 3339 instant. When it has passed already, nothing connects, and the run ends with 0.
    #[arg(long, value_name = "TIME", help_heading = "End")]
    pub until: Option<Moment>,
    /// Run to the end, but exit 13 when the gaps add up to more than this
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "End")]
    pub fail_on_gap: Option<Duration>,
    /// Give up when no connection could be made for this long [default: keep trying]
    ///
    /// Attempts that reach the server are counted over all programs of this host: 10 in a burst, then 10 a minute. A run
    /// that has to wait for that says so, and what failed last.
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "End")]
    pub max_outage: Option<Duration>,
    /// Which server, and as whom.
    #[command(flatten)]
    pub server: ServerArgs,
    /// Print what would be connected to and sent, and exit
    ///
    /// Secrets are masked.
    #[arg(long, help_heading = "Server")]
    pub dry_run: bool,
    /// Write figures for Prometheus' textfile collector to FILE every 15 s
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Messages")]
    pub metrics: Option<PathBuf>,
    /// Print a line of figures on stderr this often, such as 60s
    #[arg(long, value_name = "DURATION", value_parser = seconds, help_heading = "Messages")]
    pub stats: Option<Duration>,
}

/// What is printed, and where.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// ndjson or csv [default: ndjson, or as -o is named]
    #[arg(short, long, value_name = "FORMAT", ignore_case = true, hide_possible_values = true)]
    #[arg(value_parser = one_of(&[Format::Ndjson, Format::Csv], Format::name))]
    pub format: Option<Format>,
    /// Append to a file, such as 'day-{date}.ndjson.zst'
    ///
    /// {date}, {hour}, {minute} and strftime codes are filled in with Indian time; a new file is begun when they change.
    /// {type} makes a file for each type of record. .gz and .zst compress. - is stdout, nats://HOST/SUBJECT a stream of NATS.
    /// A killed run loses at most a second of a file, a power cut at most a minute. May be repeated.
    #[arg(short, long, value_name = "PATTERN", value_hint = ValueHint::FilePath)]
    pub output: Vec<String>,
    /// Make this stream for -o nats:// if it is not there: file storage, messages of one day
    #[arg(long, value_name = "NAME")]
    pub nats_stream: Option<String>,
    /// Credentials for -o nats://
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nats_creds: Option<PathBuf>,
    /// Also begin a new file at this size on disk, such as 200MB
    #[arg(long, value_name = "SIZE")]
    pub rotate_size: Option<ByteSize>,
    /// Run CMD by sh -c for every finished file, with its path in $1
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub on_rotate: Option<String>,
    /// How long to wait while the disk is full [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub disk_wait: Option<Duration>,
    /// Do not print gap records
    #[arg(long)]
    pub no_gaps: bool,
    /// Times: epoch or iso [default: epoch]
    ///
    /// epoch is UTC as numbers, iso is RFC 3339 in Indian time.
    #[arg(long, value_name = "STYLE", ignore_case = true, hide_possible_values = true)]
    #[arg(value_parser = choice(&[("epoch", TimeStyle::Epoch), ("iso", TimeStyle::Iso)]))]
    pub time: Option<TimeStyle>,
    /// Print events of the connections as status records in the stream too
    #[arg(long)]
    pub status_records: bool,
    /// Stop after N records
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    pub count: Option<u64>,
}

/// `dhan replay`.
#[derive(Debug, Clone, Default, Args)]
pub struct ReplayArgs {
    /// Captures, in order
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// max, 1x (as it was received) or 10x [default: max]
    #[arg(long, value_name = "SPEED", ignore_case = true, value_parser = speeds(), hide_possible_values = true)]
    pub speed: Option<Speed>,
    /// Of captures of depth: how books are shown.
    #[command(flatten)]
    pub book: BookArgs,
    /// Of captures of orders: which updates are shown, and how.
    #[command(flatten)]
    pub updates: UpdateArgs,
    /// OHLC bars instead of packets, such as 1m,5m
    ///
    /// For captures of the market feed.
    #[arg(long, value_name = "INTERVAL", value_delimiter = ',', value_parser = Interval::parse)]
    pub bars: Vec<Interval>,
    /// Keep only these record types, separated by commas; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(&RecordType::STREAMED))]
    pub only: Vec<RecordType>,
    /// What is printed, and where.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The options that all streams and the view have.
#[derive(Debug, Clone, Default, Args)]
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

/// `dhan doctor`.
#[derive(Debug, Clone, Default, Args)]
pub struct DoctorArgs {
    /// End every stream of this account on this host (SIGTERM), say which, and look at nothing else
    #[arg(long)]
    pub stop: bool,
    /// Touch no network
    #[arg(long, conflicts_with = "stop")]
    pub offline: bool,
    /// For people or as records [default: table on a terminal, ndjson elsewhere]
    #[arg(short, long, value_name = "FORMAT", value_enum, ignore_case = true)]
    pub format: Option<DoctorFormat>,
    /// Print records, on a terminal too: --format ndjson
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: SourceOptions,
}

impl DoctorArgs {
    /// Returns the format that was asked for.
    pub fn asked_format(&self) -> Option<DoctorFormat> {
        if self.json { Some(DoctorFormat::Ndjson) } else { self.format }
    }
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DoctorFormat {
    /// For people: what failed first, with what to do, within 80 columns
    Table,
    /// One JSON object a finding
    Ndjson,
}

/// `dhan verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Files to check
    ///
    /// The last file of a run that was rotated counts the packets of all its files. The others are looked for beside it;
    /// name them too where they are elsewhere.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// As records, or as a table for people with times in IST
    #[arg(short, long, value_name = "FORMAT", default_value = "ndjson", ignore_case = true)]
    pub format: VerifyFormat,
}

/// How what was found is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum VerifyFormat {
    /// One JSON object a file.
    #[default]
    Ndjson,
    /// Columns for people.
    Table,
}

/// `dhan schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Types of record [default: all]
    #[arg(value_name = "TYPE", value_parser = one_of(&RecordType::ALL, RecordType::name))]
    pub types: Vec<RecordType>,
    /// Times as dhan prints them: numbers, or RFC 3339 in IST
    #[arg(long, value_name = "STYLE", default_value = "epoch")]
    #[arg(value_parser = choice(&[("epoch", TimeStyle::Epoch), ("iso", TimeStyle::Iso)]))]
    pub time: TimeStyle,
    /// Print the columns for DuckDB's read_json instead
    #[arg(long)]
    pub duckdb: bool,
}

/// What is read of the configuration file; of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct FileArgs {
    /// Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    #[arg(long, value_name = "NAME", global = true, hide_short_help = true)]
    pub profile: Option<String>,
    /// Do not read config.toml
    #[arg(long, global = true, conflicts_with = "profile", hide_short_help = true)]
    pub no_config: bool,
}

/// `dhan config`.
#[derive(Debug, Clone, Args)]
#[command(arg_required_else_help = true)]
pub struct ConfigArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: ConfigCommand,
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print the defaults that hold, and where each comes from
    ///
    /// They are printed as TOML. A value that something else wins over is a comment that says so.
    #[command(after_long_help = manual::CONFIG_SHOW)]
    Show,
    /// Print where the file is, or would be
    #[command(after_long_help = manual::CONFIG_PATH)]
    Path,
}

/// `dhan generate`.
#[derive(Debug, Clone, Args)]
#[command(arg_required_else_help = true)]
pub struct GenerateArgs {
    /// What to generate.
    #[command(subcommand)]
    pub what: Generated,
}

/// What can be generated.
#[derive(Debug, Clone, Subcommand)]
pub enum Generated {
    /// Print completions of a shell
    #[command(after_long_help = manual::GENERATE_COMPLETIONS)]
    Completions {
        /// bash, zsh, fish, powershell or nushell [default: all, with --dir]
        #[arg(value_name = "SHELL", value_enum, hide_possible_values = true)]
        shell: Option<Shell>,
        /// Write the files there instead of printing
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
        /// Compare the files there with what would be written; exit 1 if they differ
        #[arg(long, requires = "dir")]
        check: bool,
    },
    /// Print units for systemd: a token before the market opens, a stream while it is open
    #[command(after_long_help = manual::GENERATE_SYSTEMD)]
    Systemd {
        /// Write the files there instead of printing
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
    /// Print manual pages
    #[command(after_long_help = manual::GENERATE_MAN)]
    Man {
        /// Only this page, such as feed, token-save or records [default: dhan's own]
        #[arg(value_name = "COMMAND")]
        page: Option<String>,
        /// Write all pages there instead of printing
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
        /// Compare the files there with what would be written; exit 1 if they differ
        #[arg(long, requires = "dir")]
        check: bool,
    },
}

/// Shells that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell")]
    Pwsh,
    /// nushell
    Nushell,
}
