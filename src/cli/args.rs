//! Flags as typed: each value is read by a parser of [`value`](super::value); what does not fit together is found by
//! [`planner`](super::planner).

use super::config::{ConfigArgs, FileArgs};
use super::doctor::DoctorArgs;
use super::instruments::InstrumentsArgs;
use super::lazy::Lazy;
use super::only::types;
use super::plan::{Speed, View};
use super::relay::RelayArgs;
use super::schema::SchemaArgs;
use super::simulate::SimulateArgs;
use super::token::TokenArgs;
use super::value::{
    ByteSize, Moment, choice, duration, levels, modes, one_of, positive, positive_duration, seconds, speeds,
};
use super::verify::VerifyArgs;
use super::watch::WatchArgs;
use crate::console::LogFormat;
use crate::format::encoder::Format;
use crate::format::time::TimeStyle;
use crate::model::Stream;
use crate::model::stream::Levels;
use crate::output::OnLag;
use crate::pipeline::bars::Interval;
use crate::protocol::Mode;
use crate::record::RecordType;
use crate::record::order::Event;
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueHint, value_parser};
use std::path::PathBuf;
use std::time::Duration;

/// What `--version` prints behind the name; `-V` prints the number alone.
const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("DHAN_BUILT"), ")");

const AFTER_HELP: &str = "\
Exit codes:
  0   done, or told to stop             8   the server's certificate cannot be trusted
  1   a bug of ours                     9   output failed
  2   usage                             10  another dhan is writing that file
  3   credentials missing or refused    11  no instrument master, or a damaged file
  4   the account may not               12  the server speaks something else
  5   the request was refused           13  more gap than --fail-on-gap, or verify found gaps
  6   no free socket                    14  instrument not found, or ambiguous
  7   gave up on the network, or nothing was received

Environment:
  DHAN_CLIENT_ID, DHAN_ACCESS_TOKEN     the account
  DHAN_TOKEN_FILE, DHAN_TOKEN_COMMAND     where its token comes from
  DHAN_PIN_FILE, DHAN_PIN_COMMAND, DHAN_TOTP_FILE, DHAN_TOTP_COMMAND     how dhan token makes one
  DHAN_PIN, DHAN_TOTP, DHAN_TOTP_SECRET, DHAN_TOKEN     not read: a secret belongs in a file
  DHAN_WS_USER_TYPE, DHAN_PARTNER_ID, DHAN_PARTNER_SECRET     orders as a partner
  DHAN_WS_MARKET_FEED_URL, DHAN_WS_MARKET_DEPTH_URL, DHAN_WS_MARKET_DEPTH_200_URL,
  DHAN_WS_ORDER_URL, DHAN_API_URL, DHAN_AUTH_URL, DHAN_INSTRUMENTS_URL     other servers
  DHAN_PROFILE     the profile of XDG_CONFIG_HOME/dhan/config.toml
  DHAN_CACHE_DIR, XDG_CACHE_HOME, XDG_STATE_HOME     where files are kept
  DHAN_HOLIDAYS     a date a line, else XDG_CONFIG_HOME/dhan/holidays
  HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, NO_COLOR     as everywhere

Try it without an account: dhan feed --demo";

/// Stream Dhan's live market feed, market depth and order updates as NDJSON or CSV
///
/// stdout carries records and nothing else; everything for people goes to stderr.
#[derive(Debug, Parser)]
#[command(name = "dhan", version, long_version = LONG_VERSION, after_help = AFTER_HELP, max_term_width = 100, subcommand_required = true)]
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
    /// INSTRUMENT is SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL, each optionally followed by @ticker, @quote or @full.
    /// SEGMENT:ID starts at once; a symbol is looked up in the instrument master first.
    ///
    /// Examples:
    ///   dhan feed --demo
    ///   dhan feed --mode quote IDX_I:13 NSE_EQ:2885@full
    ///   dhan feed -i watchlist.txt -o 'ticks-{date}.ndjson.zst' --until 15:30
    #[command(verbatim_doc_comment)]
    Feed(Lazy<FeedArgs>),
    /// Stream the 20- or 200-level order book
    ///
    /// INSTRUMENT is SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL, of NSE_EQ or NSE_FNO.
    /// At 20 levels 250 instruments fit, at 200 levels five.
    ///
    /// Examples:
    ///   dhan depth --demo
    ///   dhan depth NSE_EQ:2885 --top 5
    ///   dhan depth --levels 200 --view sides NSE_FNO:49081
    #[command(verbatim_doc_comment)]
    Depth(Lazy<DepthArgs>),
    /// Stream the order updates of the account
    ///
    /// At the start the whole order book of the day is printed (events: snapshot), then every
    /// update as it comes. This program only reads: it places, changes and cancels nothing.
    ///
    /// Examples:
    ///   dhan orders --demo
    ///   dhan orders --events execution,order_rejected
    #[command(verbatim_doc_comment)]
    Orders(Lazy<OrdersArgs>),
    /// Download, list and look up instruments: ids, symbols, lots, ticks, expiries
    Instruments(Lazy<InstrumentsArgs>),
    /// Decode captured frames again, to the same bytes as the live run printed
    ///
    /// Prints what the live run printed, byte for byte, given the same format options.
    ///
    /// Examples:
    ///   dhan replay monday.dcap
    ///   dhan replay monday.dcap -f csv --only quote
    #[command(verbatim_doc_comment)]
    Replay(Lazy<ReplayArgs>),
    /// Look at the streams live in the terminal
    ///
    /// A full-screen view of the market feed, of one order book (--depth), of the account's orders (--orders) or of a
    /// capture (--replay). It needs a terminal of 60×15 or more on stdin and stdout. The state of every connection, gaps
    /// and drops are always on the screen. Change and % are against the previous session's close.
    ///
    /// Keys: ? help, q quit, arrows or j k, s sort, / filter, a add an instrument, d drop it, Enter five levels of a
    /// row, p pause.
    ///
    /// Examples:
    ///   dhan watch --demo
    ///   dhan watch NIFTY RELIANCE TCS
    ///   dhan watch --depth NSE_EQ:2885
    ///   dhan watch --replay monday.dcap --speed 10x
    #[command(verbatim_doc_comment)]
    Watch(Lazy<WatchArgs>),
    /// Check that captured files are whole
    Verify(Lazy<VerifyArgs>),
    /// Print the JSON Schema of the records
    ///
    /// A document of JSON Schema 2020-12: types, what may be null, units and sources. It carries the version of the records.
    ///
    /// Examples:
    ///   dhan schema ticker
    ///   duckdb -c "from read_json('day.ndjson', $(dhan schema --duckdb quote))"
    #[command(verbatim_doc_comment)]
    Schema(Lazy<SchemaArgs>),
    /// Serve Dhan's protocols from a simulated exchange, for any client
    Simulate(Lazy<SimulateArgs>),
    /// Serve one account's sockets to all programs of this host, in Dhan's own protocols
    Relay(Lazy<RelayArgs>),
    /// Find out why nothing comes: credentials, token, clock, servers, limits, files, running streams
    ///
    /// Looks at everything between this host and the data, says what it found, and exits with the
    /// code of the worst: 0 when nothing failed. One quote is asked for, since what the account's
    /// profile says can be wrong. Every endpoint is connected to once and left at once, unless the
    /// account cools off or another socket could throw out a running stream.
    ///
    /// Examples:
    ///   dhan doctor
    ///   dhan doctor --offline --json
    ///   dhan doctor --stop
    #[command(verbatim_doc_comment)]
    Doctor(Lazy<DoctorArgs>),
    /// Keep an access token alive: save, show, ensure, mint, renew
    ///
    /// Dhan's access tokens end after 24 hours. ensure leaves one in the token file that lasts: it
    /// does nothing, renews a token that was made on web.dhan.co, or makes a new one by PIN and
    /// TOTP. Nothing ever prints a token. PIN and TOTP secret come from files or commands only.
    ///
    /// Examples:
    ///   dhan token save
    ///   dhan token show --check
    ///   dhan token ensure --pin-file /etc/dhan/pin --totp-file /etc/dhan/totp
    #[command(verbatim_doc_comment)]
    Token(Lazy<TokenArgs>),
    /// Show the defaults of options that config.toml sets, or where it is
    ///
    /// config.toml holds defaults of long options by their names: at the top for all commands, in tables such as [feed]
    /// for one, and in [profile.NAME] the same, chosen by --profile or DHAN_PROFILE. Flags win over the environment, the
    /// environment over the profile, the profile over the rest. No key holds a secret.
    ///
    /// Examples:
    ///   dhan config path
    ///   dhan config show --profile home
    #[command(verbatim_doc_comment)]
    Config(Lazy<ConfigArgs>),
    /// Print what fills completions/ and man/, and units for systemd
    Generate(Lazy<GenerateArgs>),
}

/// What stderr says.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Messages")]
pub struct ConsoleArgs {
    /// Only warnings and errors on stderr, no closing line; -qq: only errors
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub quiet: u8,
    /// More on stderr; -vv: everything. Secrets are masked at any level
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// How messages are written
    #[arg(long, value_name = "FORMAT", ignore_case = true, global = true)]
    #[arg(value_parser = choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]))]
    pub log_format: Option<LogFormat>,
    /// When messages are coloured [default: auto]
    #[arg(long, value_name = "WHEN", ignore_case = true, global = true)]
    pub color: Option<ColorChoice>,
}

/// `dhan feed`.
#[derive(Debug, Clone, Default, Args)]
pub struct FeedArgs {
    /// Which instruments.
    #[command(flatten)]
    pub instruments: InstrumentArgs,
    /// What to receive of instruments that do not say so themselves [default: ticker]
    #[arg(short, long, value_name = "MODE", ignore_case = true, value_parser = modes())]
    pub mode: Option<Mode>,
    /// Subscribe the options around the spot, and follow it: NIFTY, or BANKNIFTY,expiry=month,strikes=15 (repeatable)
    ///
    /// Calls and puts of N strikes (default 10) on each side of the spot and the one at it, of the nearest expiry, in
    /// --mode, beside the spot itself. expiry= is a date, nearest, next or month; spot= begins before the first price.
    #[arg(long, value_name = "UNDERLYING[,expiry=…][,strikes=N][,spot=…]")]
    pub chain: Vec<String>,
    /// One record of the asked type for each instrument, then exit 0; with -d, what came by then
    #[arg(long)]
    pub once: bool,
    /// OHLC bars of these lengths instead of packets, such as 1m,5m; --only may name packets beside them. The server
    /// conflates: highs and lows are those of the packets
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
    /// How many levels [default: 20]
    #[arg(long, value_name = "N", value_parser = levels())]
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
    /// Both sides in a record, or every packet as it came [default: book]
    #[arg(long, value_name = "VIEW", ignore_case = true)]
    #[arg(value_parser = choice(&[("book", View::Book), ("sides", View::Sides)]))]
    pub view: Option<View>,
    /// Print only the best N levels; totals are still over all
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=200))]
    pub top: Option<u64>,
}

/// Which order updates are shown, and how; of `dhan orders` and `dhan replay`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpdateArgs {
    /// Keep only updates that carry one of these events, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',', ignore_case = true)]
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
    /// Do not ask the REST order book
    #[arg(long)]
    pub no_snapshot: bool,
    /// Keep only these record types; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(RecordType::of_stream(Stream::Orders)))]
    pub only: Vec<RecordType>,
    /// Whose orders.
    #[command(flatten)]
    pub user_type: super::credentials::UserTypeArgs,
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
    /// Read instruments from FILE, one a line; - is stdin (repeatable)
    #[arg(short, long = "instruments", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub instruments: Vec<PathBuf>,
    /// Read sub SPEC…, unsub SPEC…, list and quit from FILE while streaming; - is stdin
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
    /// Also keep the raw frames, with receive times, for dhan replay
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub capture: Option<PathBuf>,
    /// When the reader of stdout is too slow: drop the oldest and count them, or stop reading [default: drop]
    #[arg(long, value_name = "WHAT", ignore_case = true, help_heading = "Output")]
    #[arg(value_parser = choice(&[("drop", OnLag::Drop), ("block", OnLag::Block)]))]
    pub on_lag: Option<OnLag>,
    /// Stop after this time, such as 6h15m
    #[arg(short, long, value_name = "DURATION", value_parser = positive_duration, help_heading = "End")]
    pub duration: Option<Duration>,
    /// Stop at this time of today in India (15:30), or at an RFC 3339 instant
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
    /// How long refused or missing credentials are waited for to change [default: 10m; at the start on a terminal 0]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Credentials")]
    pub auth_wait: Option<Duration>,
    /// Where the credentials are.
    #[command(flatten)]
    pub credentials: super::credentials::CredentialArgs,
    /// Stream from a simulated exchange inside the process: no account, no network
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, help_heading = "Server")]
    pub demo: Option<Option<u64>>,
    /// Another server; used as it stands, path included
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Server")]
    pub url: Option<String>,
    /// Trust the root certificates in this file, as SSL_CERT_FILE
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath, help_heading = "Server")]
    pub ca_file: Option<PathBuf>,
    /// Open a socket although this host already holds five of its kind
    #[arg(long, help_heading = "Server")]
    pub ignore_socket_limit: bool,
    /// Print what would be connected to and sent, redacted, and exit
    #[arg(long, help_heading = "Server")]
    pub dry_run: bool,
    /// Write figures for Prometheus' textfile collector to FILE, replaced whole every 15 s
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Messages")]
    pub metrics: Option<PathBuf>,
    /// A line of figures on stderr this often, such as 60s
    #[arg(long, value_name = "DURATION", value_parser = seconds, help_heading = "Messages")]
    pub stats: Option<Duration>,
}

/// What is printed, and where.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format [default: ndjson, or what the extension of --output says]
    #[arg(short, long, value_name = "FORMAT", ignore_case = true)]
    #[arg(value_parser = one_of(&[Format::Ndjson, Format::Csv], Format::name))]
    pub format: Option<Format>,
    /// Append to a file; {date}, {hour}, {minute} or strftime codes rotate it in IST; {type} makes a file for each type
    /// of record; .gz and .zst compress; - is stdout, nats://HOST/SUBJECT a stream of NATS; a power cut can cost the last
    /// minute of a file (repeatable)
    #[arg(short, long, value_name = "PATTERN", value_hint = ValueHint::FilePath)]
    pub output: Vec<String>,
    /// Make this stream for -o nats:// if it is not there: file storage, messages of one day
    #[arg(long, value_name = "NAME")]
    pub nats_stream: Option<String>,
    /// Credentials for -o nats://
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nats_creds: Option<PathBuf>,
    /// Also rotate at this size on disk, such as 200MB
    #[arg(long, value_name = "SIZE")]
    pub rotate_size: Option<ByteSize>,
    /// Run CMD (sh -c) for every finished file, with its path in $1
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub on_rotate: Option<String>,
    /// How long a full disk is waited out [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub disk_wait: Option<Duration>,
    /// Do not print gap records
    #[arg(long)]
    pub no_gaps: bool,
    /// Times as numbers, or as RFC 3339 in IST [default: epoch]
    #[arg(long, value_name = "STYLE", ignore_case = true)]
    #[arg(value_parser = choice(&[("epoch", TimeStyle::Epoch), ("iso", TimeStyle::Iso)]))]
    pub time: Option<TimeStyle>,
    /// Connection events as status records in the stream too
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
    /// As fast as the output takes it, or as it was received [default: max]
    #[arg(long, value_name = "SPEED", ignore_case = true, value_parser = speeds())]
    pub speed: Option<Speed>,
    /// Of captures of depth: how books are shown.
    #[command(flatten)]
    pub book: BookArgs,
    /// Of captures of orders: which updates are shown, and how.
    #[command(flatten)]
    pub updates: UpdateArgs,
    /// Of captures of the market feed: OHLC bars of these lengths instead of packets, such as 1m,5m
    #[arg(long, value_name = "INTERVAL", value_delimiter = ',', value_parser = Interval::parse)]
    pub bars: Vec<Interval>,
    /// Keep only these record types; gaps stay
    #[arg(long, value_name = "TYPES", value_delimiter = ',', ignore_case = true)]
    #[arg(value_parser = types(&RecordType::STREAMED))]
    pub only: Vec<RecordType>,
    /// What is printed, and where.
    #[command(flatten)]
    pub output: OutputArgs,
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
    /// Shell completions
    Completions {
        /// Only this shell [default: all three, with --dir or --check]
        #[arg(value_name = "SHELL", value_enum)]
        shell: Option<Shell>,
        /// Write the files there instead of printing
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
        /// Compare the files there with what would be written; exit 1 if they differ
        #[arg(long, requires = "dir")]
        check: bool,
    },
    /// Units for systemd: a token before the market, a stream while it is open
    Systemd {
        /// Write the files there instead of printing
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
    /// Manual pages
    Man {
        /// Only this command's page, such as feed [default: dhan's own]
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
}
