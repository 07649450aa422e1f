//! `--only`: which types of record are kept.

use super::plan::View;
use super::problems::Problems;
use super::value;
use crate::model::Stream;
use crate::record::RecordType;

/// The types that `--only` names, of those that a command knows; `None` where it is not given.
pub fn types(typed: &[String], types: &[RecordType], problems: &mut Problems) -> Option<Vec<RecordType>> {
    if typed.is_empty() {
        return None;
    }
    let names: Vec<_> = types.iter().map(|kind| kind.name()).collect();
    let mut only = Vec::new();
    for typed in typed {
        match typed.trim() {
            "gap" => problems
                .add("--only \"gap\": gap records stay whatever --only says (--no-gaps drops them): leave it out"),
            "status" | "end" => problems.add(format!(
                "--only {typed:?}: status and end records are asked for with --status-records: leave it out"
            )),
            _ => {
                if let Some(at) = problems.ok(value::word("--only", typed, &names))
                    && !only.contains(&types[at])
                {
                    only.push(types[at]);
                }
            }
        }
    }
    Some(only)
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
