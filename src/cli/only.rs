//! `--only`: which types of record are kept.

use super::plan::View;
use super::value::one_of;
use crate::model::Stream;
use crate::record::RecordType;
use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use std::ffi::{OsStr, OsString};

/// Returns a parser of the types that a command knows; control records get a word of their own.
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

/// Returns the types that were named, once each; `None` where none was.
pub fn kept(typed: &[RecordType]) -> Option<Vec<RecordType>> {
    let mut only = Vec::new();
    for kind in typed {
        if !only.contains(kind) {
            only.push(*kind);
        }
    }
    (!only.is_empty()).then_some(only)
}

/// Those of the types that a stream prints. Never none: a list that leaves nothing is a mistake, not a wish.
///
/// # Errors
/// None of them is printed; what is, and what to write instead.
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
            let printed = RecordType::words(feed).join(", ");
            format!("--only leaves nothing: the {} stream prints {printed} records", feed.name())
        }
    })
}

fn is_printed(kind: RecordType, feed: Stream, view: View) -> bool {
    match kind {
        RecordType::Depth if view == View::Sides => false,
        RecordType::DepthSide if view == View::Book => false,
        _ => RecordType::of_stream(feed).contains(&kind),
    }
}
