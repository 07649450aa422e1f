//! Handles `--only` and `--bars`: the record types that are kept.

use super::plan::{OutputPlan, OutputTarget, OutputsPlan, ShapePlan, View};
use super::problems::Problems;
use super::value::one_of;
use crate::format::encoder::Format;
use crate::model::Stream;
use crate::pipeline::bars::Interval;
use crate::protocol::Mode;
use crate::record::RecordType;
use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};

/// Holds the record types that are kept, and the lengths of bars.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The types of `--only`, and bars if there are any; `None`: all. Bars replace packets, not chain records.
    pub only: Option<Vec<RecordType>>,
    /// Lengths of bars.
    pub bars: Vec<Interval>,
}

/// Combines `--only` and `--bars`.
pub fn kept(only: &[RecordType], bars: &[Interval], problems: &mut Problems) -> Kept {
    let mut only = named(only);
    let is_named = only.as_ref().is_some_and(|only| only.contains(&RecordType::Bar));
    if !bars.is_empty() && !is_named {
        only.get_or_insert_with(|| vec![RecordType::Chain]).insert(0, RecordType::Bar);
    } else if bars.is_empty() && is_named {
        problems.add("--only \"bar\": bars are asked for with --bars 1m");
    }
    Kept { only, bars: bars.to_vec() }
}

/// Refuses a CSV with bars and packets, whose columns differ.
pub fn check_csv(shape: &ShapePlan, outputs: &OutputsPlan, problems: &mut Problems) {
    let is_packet = |kind: &RecordType| !matches!(kind, RecordType::Bar | RecordType::Chain);
    let is_mixed = !shape.bars.is_empty() && shape.only.as_ref().is_some_and(|only| only.iter().any(is_packet));
    let one_for_all = |output: &OutputPlan| {
        output.format == Format::Csv
            && !matches!(&output.target, OutputTarget::Pattern(pattern) if pattern.contains("{type}"))
    };
    if is_mixed && outputs.targets.iter().any(one_for_all) {
        problems.add(
            "--bars beside the packets that --only names do not fit into one CSV, since their columns differ: write NDJSON, \
             or a file for each type with -o 'NAME-{type}.csv'",
        );
    }
}

/// Returns a parser of a command's types, with a special message for control records.
pub fn types(known: &[RecordType]) -> impl TypedValueParser<Value = RecordType> + use<> {
    Types(one_of(known, RecordType::name))
}

#[derive(Clone)]
struct Types<P>(P);

impl<P: TypedValueParser<Value = RecordType>> TypedValueParser for Types<P> {
    type Value = RecordType;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<RecordType, clap::Error> {
        let advice = match value.to_str() {
            Some("gap") => "gap records stay whatever --only says (--no-gaps drops them): leave it out",
            Some("status" | "end") => "status and end records are asked for with --status-records: leave it out",
            _ => return self.0.parse_ref(command, arg, value),
        };
        let reject = move |_: OsString| Err::<RecordType, _>(advice);
        OsStringValueParser::new().try_map(reject).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// Returns the named types, once each, or `None` if there are none.
fn named(typed: &[RecordType]) -> Option<Vec<RecordType>> {
    let mut only = Vec::new();
    for kind in typed {
        if !only.contains(kind) {
            only.push(*kind);
        }
    }
    (!only.is_empty()).then_some(only)
}

/// Returns the types that a stream prints. Never empty: a list that leaves nothing is a mistake.
///
/// # Errors
/// None of them is printed; says which are, and what to write instead.
pub fn printed(only: &[RecordType], feed: Stream, view: View) -> Result<Vec<RecordType>, String> {
    let kept: Vec<_> = only.iter().copied().filter(|kind| is_printed(*kind, feed, view)).collect();
    if !kept.is_empty() {
        return Ok(kept);
    }
    let (book, sides) = (RecordType::Depth, RecordType::DepthSide);
    Err(match feed {
        Stream::Depth(_) if only.contains(&book) || only.contains(&sides) => {
            let (prints, other) = if view == View::Book { (book, "sides") } else { (sides, "book") };
            format!(
                "--only leaves nothing: this view prints {} records; add it, or write --view {other}",
                prints.name()
            )
        }
        _ => {
            let all = RecordType::of_stream(feed).iter().filter(|kind| is_printed(**kind, feed, view));
            let printed = all.map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
            format!("--only leaves nothing: the {} stream prints {printed} records", feed.name())
        }
    })
}

/// Checks that the packets to print are those of a requested mode.
///
/// # Errors
/// Only packets of other modes are to be printed; says what to write instead.
pub fn requested(only: &[RecordType], modes: &[Mode]) -> Result<(), String> {
    let is_of_mode = |kind: &RecordType| Mode::ALL.iter().any(|mode| mode.name() == kind.name());
    let is_requested = |kind: &RecordType| modes.iter().any(|mode| mode.name() == kind.name());
    match only {
        [first, ..] if !modes.is_empty() && only.iter().all(|kind| is_of_mode(kind) && !is_requested(kind)) => {
            let name = first.name();
            Err(format!("--only leaves nothing: nothing is requested in {name} mode; write --mode {name}"))
        }
        _ => Ok(()),
    }
}

fn is_printed(kind: RecordType, feed: Stream, view: View) -> bool {
    match kind {
        RecordType::Depth if view == View::Sides => false,
        RecordType::DepthSide if view == View::Book => false,
        _ => RecordType::of_stream(feed).contains(&kind),
    }
}
