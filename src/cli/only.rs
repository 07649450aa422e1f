//! `--only` and `--bars`: which types of record are kept.

use super::plan::{OutputPlan, OutputTarget, OutputsPlan, ShapePlan, View};
use super::problems::Problems;
use super::value;
use crate::format::encoder::Format;
use crate::model::Stream;
use crate::pipeline::bars::Interval;
use crate::record::RecordType;

/// The types of record that are kept, and the bars that are made.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// What `--only` names, and bars where they are made; `None`: everything.
    pub only: Option<Vec<RecordType>>,
    /// Lengths of bars.
    pub bars: Vec<Interval>,
}

/// Reads `--only`, whose words are those of `types`, and `--bars`.
pub fn kept(only: &[String], bars: &[String], types: &[RecordType], problems: &mut Problems) -> Kept {
    let mut only = self::types(only, types, problems);
    let typed = !bars.is_empty();
    let bars: Vec<_> = bars.iter().filter_map(|typed| problems.ok(Interval::parse(typed))).collect();
    let named = |only: &Option<Vec<RecordType>>| only.as_ref().is_some_and(|only| only.contains(&RecordType::Bar));
    if typed && !named(&only) {
        only.get_or_insert_default().insert(0, RecordType::Bar);
    } else if !typed && named(&only) {
        problems.add("--only \"bar\": bars are asked for with --bars 1m");
    }
    Kept { only, bars }
}

/// Refuses a CSV that would hold bars and packets: their columns differ.
pub fn check_csv(shape: &ShapePlan, outputs: &OutputsPlan, problems: &mut Problems) {
    let is_mixed = !shape.bars.is_empty() && shape.only.as_ref().is_some_and(|only| only.len() > 1);
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

/// The types that `--only` names, of those that a command knows; `None` where it is not given.
fn types(typed: &[String], types: &[RecordType], problems: &mut Problems) -> Option<Vec<RecordType>> {
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
