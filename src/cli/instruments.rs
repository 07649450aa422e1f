//! The flags of `dhan instruments`.

use super::lazy::Lazy;
use crate::instruments::SpecSegment;
use crate::instruments::filter::{Expiry, Filter, Strikes};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;
use std::path::PathBuf;

/// What `dhan instruments --help` ends with.
const EXAMPLES: &str = "\
The instrument master is Dhan's daily list of everything that is traded. It is downloaded when
a symbol has to be looked up and the cached one is older than the last 08:00 IST. DHAN_CACHE_DIR
is where it is kept (else ~/.cache/dhan), DHAN_INSTRUMENTS_URL where it comes from.

The options around a price, streamed (dhan feed --chain NIFTY follows the spot by itself):
  dhan instruments list --underlying NIFTY --around 25500 --strikes 5 --format spec |
      dhan feed -i - --mode full";

/// Download, list and look up instruments: ids, symbols, lots, ticks, expiries
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub struct InstrumentsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: InstrumentsCommand,
}

/// What to do with the instrument master.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum InstrumentsCommand {
    /// Download the instrument master if the server has something newer
    Sync(Lazy<SyncArgs>),
    /// Print all instruments that pass the filters
    List(Lazy<ListArgs>),
    /// Find instruments by their symbol, ours or the master's, across segments
    Find(Lazy<FindArgs>),
    /// Find instruments whose symbol, name, display name or ISIN hold all words of a text
    Search(Lazy<SearchArgs>),
    /// Show one instrument, with all columns as the file has them
    Show(Lazy<ShowArgs>),
}

/// Flags of `dhan instruments sync`.
#[derive(Debug, Clone, clap::Args)]
pub struct SyncArgs {
    /// The detailed file: with ISIN, price limits and freeze quantity
    #[arg(long)]
    pub detailed: bool,

    /// Download whatever the cache holds
    #[arg(long)]
    pub force: bool,
}

/// Flags of `dhan instruments list`.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// The options around this price, as `dhan feed --chain` has them: of --underlying, the nearest --expiry
    #[arg(long, value_name = "SPOT", value_parser = price, requires = "underlying", conflicts_with = "strike", help_heading = "Filters")]
    pub around: Option<f64>,

    /// Strikes on each side of the one nearest to --around
    #[arg(long, value_name = "N", default_value_t = 10, requires = "around", help_heading = "Filters")]
    pub strikes: usize,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub filter: FilterArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub source: SourceArgs,
}

/// Reads a price above 0.
fn price(text: &str) -> Result<f64, String> {
    let price = text.trim().parse().ok().filter(|price: &f64| price.is_finite() && *price > 0.0);
    price.ok_or_else(|| "write a price above 0 such as 25500".to_owned())
}

/// Flags of `dhan instruments find`.
#[derive(Debug, Clone, clap::Args)]
pub struct FindArgs {
    /// A symbol, or SEGMENT:SYMBOL or SEGMENT:ID
    #[arg(value_name = "SYMBOL", required = true)]
    pub symbols: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub filter: FilterArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub source: SourceArgs,
}

/// Flags of `dhan instruments search`.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArgs {
    /// Words, in any order
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub filter: FilterArgs,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub source: SourceArgs,
}

/// Flags of `dhan instruments show`.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
    #[arg(value_name = "SPEC")]
    pub spec: String,

    /// Contracts that have expired too
    #[arg(long)]
    pub expired: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would print it as the command's description")]
    pub source: SourceArgs,
}

/// Where the master comes from, and how it is printed.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Source and output")]
pub struct SourceArgs {
    /// How to print: spec is SEGMENT:ID a line, for `dhan feed -i -`
    #[arg(short, long, value_name = "FORMAT", default_value = "ndjson")]
    pub format: Format,

    /// The detailed file: with ISIN, price limits and freeze quantity
    #[arg(long)]
    pub detailed: bool,

    /// Never touch the network: use the cache, however old
    #[arg(long)]
    pub offline: bool,

    /// Use this instrument master as it is, neither cache nor network
    #[arg(long, value_name = "CSV", conflicts_with_all = ["detailed", "offline"])]
    pub file: Option<PathBuf>,
}

/// How instruments are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
    /// Columns for people.
    Table,
    /// `SEGMENT:ID`, as the streaming commands take it.
    Spec,
}

/// Which instruments are wanted. Lists are separated by commas.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterArgs {
    /// Segments: NSE_EQ, NSE_FNO, … or the exchange's short name
    #[arg(long, value_name = "SEGMENT", value_delimiter = ',', value_parser = SegmentParser)]
    pub segment: Vec<SpecSegment>,

    /// Instrument types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, OPTSTK, FUTCOM, OPTFUT, FUTCUR, OPTCUR
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub instrument: Vec<String>,

    /// What a contract is about: NIFTY, RELIANCE, GOLD
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    pub underlying: Vec<String>,

    /// Series of shares and bonds: EQ, BE, SM, …
    #[arg(long, value_name = "SERIES", value_delimiter = ',')]
    pub series: Vec<String>,

    /// Expiries of each underlying: a date (2026-02-24), nearest, next, or month (the last one of the nearest one's month)
    #[arg(long, value_name = "EXPIRY", value_delimiter = ',')]
    pub expiry: Vec<Expiry>,

    /// Strikes of options, both ends included
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub strike: Option<Strikes>,

    /// Calls or puts
    #[arg(long, value_name = "CE|PE", ignore_case = true, value_parser = ["CE", "PE"])]
    pub option: Option<String>,

    /// Contracts that have expired too
    #[arg(long)]
    pub expired: bool,

    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

impl FilterArgs {
    /// The filter that is meant.
    pub fn meant(&self) -> Filter {
        Filter {
            segments: self.segment.clone(),
            instruments: self.instrument.clone(),
            underlyings: self.underlying.clone(),
            series: self.series.clone(),
            expiries: self.expiry.clone(),
            strikes: self.strike,
            option: self.option.clone(),
            expired: self.expired,
        }
    }
}

/// Reads a segment as people write it; completions offer the names.
#[derive(Debug, Clone, Copy)]
pub struct SegmentParser;

impl TypedValueParser for SegmentParser {
    type Value = SpecSegment;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<SpecSegment, clap::Error> {
        value.to_str().and_then(|text| SpecSegment::parse(text.trim())).ok_or_else(|| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            error.insert(ContextKind::InvalidValue, ContextValue::String(value.to_string_lossy().into_owned()));
            let names = SpecSegment::ALL.map(|segment| segment.name().to_owned()).to_vec();
            let near = super::value::nearest(&value.to_string_lossy(), &SpecSegment::ALL.map(SpecSegment::name));
            if let Some(near) = near {
                error.insert(ContextKind::SuggestedValue, ContextValue::String(near.to_owned()));
            }
            error.insert(ContextKind::ValidValue, ContextValue::Strings(names));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(SpecSegment::ALL.into_iter().map(|segment| PossibleValue::new(segment.name()))))
    }
}
