//! The flags of `dhan instruments`.

use super::lazy::Lazy;
use super::manual;
use crate::instruments::SpecSegment;
use crate::instruments::filter::{Expiry, Filter, StrikeRange};
use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;
use std::path::PathBuf;

/// `dhan instruments`.
#[derive(Debug, Clone, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct InstrumentsArgs {
    /// What to do
    #[command(subcommand)]
    pub command: InstrumentsCommand,
}

/// What to do with the instrument master.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum InstrumentsCommand {
    /// Download the instrument master if the server has something newer
    #[command(after_long_help = manual::INSTRUMENTS_SYNC)]
    Sync(Lazy<SyncArgs>),
    /// Print all instruments that pass the filters
    #[command(after_long_help = manual::INSTRUMENTS_LIST)]
    List(Lazy<ListArgs>),
    /// Find instruments by their exact symbol
    ///
    /// Looks in all segments for our symbols, the master's trading symbols, display names and security ids.
    #[command(after_long_help = manual::INSTRUMENTS_FIND)]
    Find(Lazy<FindArgs>),
    /// Find instruments by words of their names
    ///
    /// Every word must be in the symbol, the name, the display name or the ISIN (which only --detailed has).
    #[command(after_long_help = manual::INSTRUMENTS_SEARCH)]
    Search(Lazy<SearchArgs>),
    /// Show one instrument with all columns of the file
    #[command(after_long_help = manual::INSTRUMENTS_SHOW)]
    Show(Lazy<ShowArgs>),
}

/// Flags of `dhan instruments sync`.
#[derive(Debug, Clone, clap::Args)]
pub struct SyncArgs {
    /// The file with ISINs, limits and freeze quantities
    #[arg(long)]
    pub detailed: bool,

    /// Download whatever the cache holds
    #[arg(long)]
    pub force: bool,
}

/// Flags of `dhan instruments list`.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// The options around this price; needs --underlying
    ///
    /// Those that dhan feed --chain subscribes, of the nearest expiry unless --expiry names another.
    #[arg(long, value_name = "SPOT", value_parser = price, requires = "underlying", conflicts_with = "strike", help_heading = "Filters")]
    pub around: Option<f64>,

    /// Strikes on each side of --around
    ///
    /// They are counted from the strike that is nearest to it.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "around", help_heading = "Filters")]
    pub strikes: usize,
    /// Which instruments.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Where the master comes from, and how it is printed.
    #[command(flatten)]
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
    /// Which instruments.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Where the master comes from, and how it is printed.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Flags of `dhan instruments search`.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArgs {
    /// Words, in any order
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    /// Which instruments.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Where the master comes from, and how it is printed.
    #[command(flatten)]
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
    /// Where the master comes from, and how it is printed.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Where the master comes from, and how it is printed.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Source and output")]
pub struct SourceArgs {
    /// ndjson, csv, table or spec
    ///
    /// spec is SEGMENT:ID a line, for dhan feed -i -.
    #[arg(short, long, value_name = "FORMAT", default_value = "ndjson", hide_possible_values = true)]
    pub format: Format,

    /// The file with ISINs, limits and freeze quantities
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
    /// Segments, such as NSE_EQ, NFO or IDX
    ///
    /// They are written as in dhan feed, and separated by commas.
    #[arg(long, value_name = "SEGMENT", value_delimiter = ',', value_parser = SegmentParser, hide_possible_values = true)]
    pub segment: Vec<SpecSegment>,

    /// Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …
    ///
    /// The types are INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, OPTSTK, FUTCOM, OPTFUT, FUTCUR and OPTCUR.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub instrument: Vec<String>,

    /// What contracts are about: NIFTY, RELIANCE, GOLD
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    pub underlying: Vec<String>,

    /// Series of shares and bonds: EQ, BE, SM, …
    #[arg(long, value_name = "SERIES", value_delimiter = ',')]
    pub series: Vec<String>,

    /// Expiries: a date, nearest, next or month
    ///
    /// They are those of each underlying: a date such as 2026-02-24, nearest, next, or month, the last one of the nearest
    /// one's month.
    #[arg(long, value_name = "EXPIRY", value_delimiter = ',')]
    pub expiry: Vec<Expiry>,

    /// Strikes of options, both ends included
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub strike: Option<StrikeRange>,

    /// Calls or puts
    #[arg(long, value_name = "CE|PE", ignore_case = true, value_parser = ["CE", "PE"], hide_possible_values = true)]
    pub option: Option<String>,

    /// Contracts that have expired too
    #[arg(long)]
    pub expired: bool,

    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
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
