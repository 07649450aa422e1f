//! Resolves specs to instruments, with all problems together and the notices for stderr.

use super::contracts::instead;
use super::lookup::{self, LookUpOutcome, candidates, look_up, suggestions};
use super::master::{Master, MasterError};
use super::spec::{Name, Spec, SpecSegment};
use super::store::{Cached, Store};
use crate::clock;
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, Segment};
use jiff::civil::Date;
use std::sync::Arc;

/// Says what a command can stream; only such instruments are candidates for its specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streamable {
    /// The market feed: all eight segments.
    Feed,
    /// The depth sockets: NSE cash and NSE derivatives.
    Depth,
}

impl Streamable {
    /// Returns whether instruments of this segment can be streamed.
    pub fn takes(self, segment: Segment) -> bool {
        match self {
            Streamable::Feed => true,
            Streamable::Depth => segment.has_depth(),
        }
    }
}

/// An instrument that can be subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its segment and id.
    pub key: InstrumentKey,
    /// Its symbol, if a master has it.
    pub symbol: Option<Arc<str>>,
}

/// Says why a spec names nothing that can be streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No instrument has this name.
    Unknown {
        /// The spec as typed.
        spec: String,
        /// What to write instead, one per line, and why if known.
        nearest: Vec<String>,
    },
    /// The name is that of an underlying, not of an instrument.
    Underlying {
        /// The spec as typed.
        spec: String,
        /// What to write instead, one per line.
        instead: Vec<String>,
    },
    /// The simulated exchange does not know the name.
    UnknownToDemo {
        /// The spec as typed.
        spec: String,
        /// The names that it knows, one per line.
        known: Vec<String>,
    },
    /// Several instruments have this name.
    Ambiguous {
        /// The spec as typed.
        spec: String,
        /// All of them, as lines that can be pasted.
        candidates: Vec<String>,
    },
    /// The contract has expired.
    Expired {
        /// The spec as typed.
        spec: String,
        /// The contract and its expiry.
        contract: String,
    },
    /// The name belongs only to instruments that the command cannot stream.
    Elsewhere {
        /// The spec as typed.
        spec: String,
        /// What it names, and why that cannot be streamed.
        reason: String,
        /// Whether no command can stream it, because the feed has no code for its segment.
        by_none: bool,
    },
    /// The spec names a segment that the command cannot stream: a usage error, never skipped.
    NotStreamable {
        /// The spec as typed.
        spec: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl Problem {
    /// Returns the exit code of this problem alone.
    pub fn exit(&self) -> Exit {
        match self {
            Problem::NotStreamable { .. } | Problem::Elsewhere { by_none: true, .. } => Exit::Usage,
            _ => Exit::NotFound,
        }
    }

    /// Returns whether `--skip-missing` may skip it.
    pub fn can_be_skipped(&self) -> bool {
        !matches!(self, Problem::NotStreamable { .. })
    }
}

/// Holds the result for a list of specs.
#[derive(Debug)]
pub struct Resolution {
    /// One entry for each spec, in order.
    pub instruments: Vec<Result<Resolved, Problem>>,
    /// Notices for stderr (`RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)`).
    pub notices: Vec<String>,
    /// Whether the result came from yesterday's master: today's is then loaded with [`Store::refresh_behind`].
    pub stale: bool,
}

impl Resolution {
    /// Returns one failure for all problems, or `None` if there are none.
    #[cfg(any(test, feature = "testing"))]
    pub fn failure(&self) -> Option<Failure> {
        let problems = self.instruments.iter().filter_map(|one| one.as_ref().err());
        failure(problems.map(|problem| (problem.exit(), problem.to_string())))
    }
}

/// Returns one failure for these exit codes and messages; its exit code is 2 if one cannot be streamed at all, else 14.
pub fn failure(problems: impl Iterator<Item = (Exit, String)>) -> Option<Failure> {
    let (exits, lines): (Vec<_>, Vec<_>) = problems.unzip();
    Some(Failure::new(exits.into_iter().min()?, lines.join("\n")))
}

/// Maximum number of unknown specs for which nearest names are searched; further ones are only named.
const SUGGESTED_FOR: usize = 20;

/// Says what to resolve, and for which day.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The specs.
    pub specs: &'a [Spec],
    /// Which instruments are candidates.
    pub streamable: Streamable,
    /// Today's date in India.
    pub today: Date,
    /// Whether contracts that have expired are candidates too.
    pub expired: bool,
}

/// Finds the instruments that specs name. `SEGMENT:ID` never waits; a symbol uses the cached master, and first
/// downloads today's if there is none, or if the result from an old one is no index or share.
///
/// Blocks while it downloads; safe to call from a blocking thread of a runtime, and safe to abandon.
///
/// # Errors
/// Exit 11 if a symbol must be looked up and no master is available.
pub fn resolve(question: Question<'_>, store: &Store, console: &Console) -> Result<Resolution, Failure> {
    let Question { specs, streamable, .. } = question;
    let streams = |segment: SpecSegment| segment.feed().is_some_and(|segment| streamable.takes(segment));
    let needs_master =
        specs.iter().any(|spec| matches!(spec.name, Name::Symbol(_)) && spec.segment.is_none_or(streams));
    let ask = |cached: &Cached| answer(question, Some(&cached.master));
    let old = store.query(store.cached(), ask);
    if !needs_master {
        // No master is needed; symbols for the records come from the cached one, if there is one.
        return match old {
            Some(((resolution, _), _)) => Ok(resolution),
            None => Ok(answer(question, None).map_or_else(|_| empty(), |(resolution, _)| resolution)),
        };
    }
    if let Some(((mut resolution, all_cash), cached)) = old {
        let fresh = cached.is_fresh(clock::now());
        if fresh || store.offline || all_cash {
            if !fresh && store.offline {
                resolution.notices.push(format!("the instrument master is of {} (--offline)", cached.day()));
            }
            resolution.stale = !fresh && !store.offline;
            return Ok(resolution);
        }
    }
    let newest = store.renewed_or_old(console)?;
    match ask(&newest) {
        Ok((resolution, _)) => Ok(resolution),
        Err(_) => match store.query(store.repaired(), ask) {
            Some(((resolution, _), _)) => Ok(resolution),
            None => Err(store.none("it is damaged; run `dhan instruments sync --force`")),
        },
    }
}

/// Returns the problems of specs that the cached master alone proves. Nothing is downloaded: without a master nothing
/// is known, and a name missing from an old one may be in today's.
pub fn known_problems(specs: &[Spec], streamable: Streamable, store: &Store, today: Date) -> Vec<String> {
    let question = Question { specs, streamable, today, expired: false };
    let ask = |cached: &Cached| answer(question, Some(&cached.master));
    let Some(((resolution, _), cached)) = store.query(store.cached(), ask) else { return Vec::new() };
    let is_fresh = cached.is_fresh(clock::now());
    let problems = specs.iter().zip(resolution.instruments).filter_map(|(spec, one)| Some((spec, one.err()?)));
    let proven = problems.filter(|(_, problem)| is_fresh || !matches!(problem, Problem::Unknown { .. }));
    proven.map(|(spec, problem)| spec.with_place(problem)).collect()
}

const fn empty() -> Resolution {
    Resolution { instruments: Vec::new(), notices: Vec::new(), stale: false }
}

/// Returns the result from one master (or none), and whether every symbol in it is an index or a share.
fn answer(question: Question<'_>, master: Option<&Master>) -> Result<(Resolution, bool), MasterError> {
    let Question { specs, streamable, today, expired } = question;
    let mut resolution = empty();
    let mut all_cash = true;
    let mut unknown = 0;
    for spec in specs {
        let one = match (spec.segment, &spec.name) {
            (Some(segment), _) if segment.feed().is_none_or(|segment| !streamable.takes(segment)) => {
                Err(Problem::NotStreamable { spec: spec.text.clone(), reason: not_streamable(segment, streamable) })
            }
            (Some(SpecSegment::Feed(segment)), Name::Id(id)) => {
                let known = master.map(|master| master.by_id(SpecSegment::Feed(segment), *id)).transpose()?.flatten();
                let mut symbol = None;
                if let (Some(master), Some(found)) = (master, &known) {
                    let row = found.row(master.columns())?;
                    symbol = row.symbol(found.entry.form).map(Arc::from);
                    if let Some(expiry) = row.expiry.filter(|_| row.has_expired(today) && !expired) {
                        resolution.notices.push(format!("{segment}:{id} expired on {expiry}"));
                    }
                }
                Ok(Resolved { key: InstrumentKey::new(segment, *id), symbol })
            }
            _ => match master {
                Some(master) => {
                    let (one, cash) = by_symbol(master, spec, question, &mut resolution.notices, &mut unknown)?;
                    all_cash &= cash;
                    one
                }
                None => Err(Problem::Unknown { spec: spec.text.clone(), nearest: Vec::new() }),
            },
        };
        resolution.instruments.push(one);
    }
    Ok((resolution, all_cash))
}

fn by_symbol(
    master: &Master,
    spec: &Spec,
    question: Question<'_>,
    notices: &mut Vec<String>,
    unknown: &mut usize,
) -> Result<(Result<Resolved, Problem>, bool), MasterError> {
    let Question { streamable, today, expired, .. } = question;
    let streams = |segment: SpecSegment| segment.feed().is_some_and(|segment| streamable.takes(segment));
    let text = || spec.text.clone();
    let problem = match look_up(master, spec, streams, today, expired)? {
        LookUpOutcome::One(found, also) => {
            let row = found.row(master.columns())?;
            let Some(segment) = row.segment.feed() else {
                return Ok((Err(Problem::Unknown { spec: text(), nearest: Vec::new() }), false));
            };
            if !also.is_empty() {
                notices.push(lookup::also(spec, &found, &also));
            }
            let symbol = row.symbol(found.entry.form).map(Arc::from);
            let key = InstrumentKey::new(segment, row.id);
            return Ok((Ok(Resolved { key, symbol }), !row.kind.is_contract()));
        }
        LookUpOutcome::Many(found) => Problem::Ambiguous { spec: text(), candidates: candidates(master, found)? },
        LookUpOutcome::Expired(found) => Problem::Expired {
            spec: text(),
            contract: candidates(master, found)?.join("; ").replace("expires", "expired"),
        },
        LookUpOutcome::Elsewhere(found) => {
            let reason = found.first().map(|found| not_streamable(found.entry.segment(), streamable));
            let by_none = found.iter().all(|found| found.entry.segment().feed().is_none());
            let names = candidates(master, found)?.join("; ");
            Problem::Elsewhere {
                spec: text(),
                reason: format!("it is {names}; {}", reason.unwrap_or_default()),
                by_none,
            }
        }
        LookUpOutcome::None => {
            *unknown += 1;
            if *unknown <= SUGGESTED_FOR {
                missing(master, spec, streams, today)?
            } else {
                Problem::Unknown { spec: text(), nearest: Vec::new() }
            }
        }
    };
    Ok((Err(problem), false))
}

/// Returns the problem of a spec that names nothing.
///
/// # Errors
/// Fails if the master is damaged.
pub fn missing(
    master: &Master,
    spec: &Spec,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
) -> Result<Problem, MasterError> {
    let text = spec.text.clone();
    if let Some(instead) = instead(master, spec, &takes, today)? {
        return Ok(Problem::Underlying { spec: text, instead });
    }
    Ok(Problem::Unknown { spec: text, nearest: suggestions(master, spec, takes, today)? })
}

/// Returns why a command cannot stream a segment.
pub fn not_streamable(segment: SpecSegment, streamable: Streamable) -> String {
    match (segment, streamable) {
        (SpecSegment::NseComm, _) => {
            "the feed has no code for NSE_COMM (NSE commodity); it can be looked up only".to_owned()
        }
        (SpecSegment::Feed(segment), Streamable::Depth) => {
            format!("depth is for NSE_EQ and NSE_FNO, not for {segment}")
        }
        (SpecSegment::Feed(segment), Streamable::Feed) => format!("the feed has no {segment}"),
    }
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
            Problem::Underlying { spec, instead } => {
                write!(f, "\"{spec}\" is no instrument itself, but what contracts are about; write one of:")?;
                list(f, instead)
            }
            Problem::UnknownToDemo { spec, known } => {
                write!(
                    f,
                    "\"{spec}\" is not known to the simulated exchange of --demo; it knows any SEGMENT:ID, and:"
                )?;
                list(f, known)
            }
            Problem::Ambiguous { spec, candidates } => {
                write!(f, "\"{spec}\" is {} instruments; write one of:", candidates.len())?;
                list(f, candidates)
            }
            Problem::Expired { spec, contract } => write!(f, "\"{spec}\" has expired: {contract}"),
            Problem::NotStreamable { spec, reason } | Problem::Elsewhere { spec, reason, .. } => {
                write!(f, "\"{spec}\" cannot be streamed: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::master::tests::small;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 2, 10);

    fn question(specs: &[Spec]) -> Question<'_> {
        Question { specs, streamable: Streamable::Feed, today: TODAY, expired: false }
    }

    fn resolved(texts: &[&str], streamable: Streamable) -> Resolution {
        let specs: Vec<_> = texts.iter().map(|text| Spec::parse(text).unwrap()).collect();
        answer(Question { specs: &specs, streamable, today: TODAY, expired: false }, Some(&small())).unwrap().0
    }

    #[test]
    fn a_spec_finds_the_one_instrument_it_means() {
        for (text, key, symbol) in [
            ("NIFTY", "IDX_I:13", "NIFTY"),
            ("nifty 50", "IDX_I:13", "NIFTY"),
            ("RELIANCE", "NSE_EQ:2885", "RELIANCE"),
            ("BSE:reliance", "BSE_EQ:500325", "RELIANCE"),
            ("MOTHERSON", "NSE_EQ:4204", "MOTHERSON"),
            ("NSE_EQ:MOTHERSON-D1", "NSE_EQ:25510", "MOTHERSON-D1"),
            ("MOTHERSON-EQ", "NSE_EQ:4204", "MOTHERSON"),
            ("M&M@full", "NSE_EQ:2031", "M&M"),
            ("NIFTY-24Feb2026-31200-CE", "NSE_FNO:101", "NIFTY-24Feb2026-31200-CE"),
            ("NIFTY-Mar2026-31200-CE", "NSE_FNO:103", "NIFTY-30Mar2026-31200-CE"),
            ("NIFTY 24 FEB 31200 CALL", "NSE_FNO:101", "NIFTY-24Feb2026-31200-CE"),
            ("IDX:METAL", "IDX_I:75", "METAL"),
            ("2:101", "NSE_FNO:101", "NIFTY-24Feb2026-31200-CE"),
        ] {
            let resolution = resolved(&[text], Streamable::Feed);
            let one = resolution.instruments[0].as_ref().unwrap();
            assert_eq!((one.key.to_string().as_str(), one.symbol.as_deref()), (key, Some(symbol)), "{text}");
        }
    }

    #[test]
    fn a_share_on_both_exchanges_is_nse_s_and_said_so() {
        let resolution = resolved(&["RELIANCE", "NSE_EQ:METAL"], Streamable::Feed);
        assert_eq!(resolution.notices, ["RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)"]);
        // There is no BSE depth, so there is no notice.
        assert_eq!(resolved(&["RELIANCE"], Streamable::Depth).notices, Vec::<String>::new());
    }

    #[test]
    fn an_id_needs_no_master() {
        let specs = [Spec::parse("NSE_EQ:1").unwrap()];
        let (resolution, _) = answer(question(&specs), None).unwrap();
        let expected = Resolved { key: InstrumentKey::new(Segment::NSE_EQ, 1), symbol: None };
        assert_eq!(resolution.instruments, [Ok(expected)]);
    }

    #[test]
    fn all_problems_come_in_one_message_with_what_to_write() {
        let resolution = resolved(
            &["METAL", "NIFTY-Feb2026-31200-CE", "RELIENCE", "IMC1", "NIFTY-03Feb2026-31200-CE", "2885", "NSE_FO:101"],
            Streamable::Feed,
        );
        let failure = resolution.failure().unwrap();
        assert_eq!(failure.exit, Exit::NotFound);
        assert_eq!(
            failure.message,
            "\"METAL\" is 3 instruments; write one of:
  IDX_I:75  METAL, BSE Metals
  NSE_EQ:25744  METAL, Mirae Asset Nifty Metal ETF
  BSE_EQ:544268  METAL, Mirae Asset Nifty Metal ETF
\"NIFTY-Feb2026-31200-CE\" is 2 instruments; write one of:
  NSE_FNO:100  NIFTY-17Feb2026-31200-CE, expires 2026-02-17
  NSE_FNO:101  NIFTY-24Feb2026-31200-CE, expires 2026-02-24
\"RELIENCE\" is not in the instrument master; nearest:
  NSE_EQ:2885  RELIANCE, Reliance Industries
  BSE_EQ:500325  RELIANCE, Reliance Industries
\"IMC1\" is 2 instruments; write one of:
  NSE_EQ:14219  IMC1-N1, IMC-8.25%-20022028-NCD
  NSE_EQ:14224  IMC1-N2, IMC-8.25%-20022030-NCD
\"NIFTY-03Feb2026-31200-CE\" has expired: NSE_FNO:102  NIFTY-03Feb2026-31200-CE, expired 2026-02-03
\"2885\" is not in the instrument master; nearest:
  NSE_EQ:2885  RELIANCE, Reliance Industries
\"NSE_FO:101\" is not in the instrument master; nearest:
  (\"NSE_FO\" is no segment: IDX_I, NSE_EQ, NSE_FNO, NSE_CURRENCY, BSE_EQ, MCX_COMM, BSE_CURRENCY, BSE_FNO are)"
        );
        assert!(resolution.instruments.iter().all(|one| one.as_ref().unwrap_err().can_be_skipped()));
    }

    #[test]
    fn a_segment_that_cannot_be_streamed_is_a_usage_error() {
        for (text, streamable, says) in [
            ("NSE_COMM:148560", Streamable::Feed, "no code for NSE_COMM"),
            ("IDX_I:13", Streamable::Depth, "depth is for NSE_EQ and NSE_FNO, not for IDX_I"),
            ("BSE:RELIANCE", Streamable::Depth, "not for BSE_EQ"),
        ] {
            let resolution = resolved(&["NSE_EQ:1", "QQQQQQQQ", text], streamable);
            let failure = resolution.failure().unwrap();
            assert_eq!(failure.exit, Exit::Usage, "{text}");
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(!resolution.instruments[2].as_ref().unwrap_err().can_be_skipped());
        }
    }

    /// Only what the command can stream is a candidate, so such a name counts as missing and can be skipped.
    #[test]
    fn a_name_that_only_other_commands_stream_is_missing_and_can_be_skipped() {
        for (text, streamable, exit, says) in [
            ("NIFTY", Streamable::Depth, Exit::NotFound, "it is IDX_I:13"),
            // No command can stream it: that is more than missing, unless missing names may be skipped.
            ("SILVERM-23Oct2026-273000-PE", Streamable::Feed, Exit::Usage, "it is NSE_COMM:148560"),
        ] {
            let resolution = resolved(&["NSE_EQ:1", text], streamable);
            let failure = resolution.failure().unwrap();
            assert_eq!(failure.exit, exit, "{text}");
            assert!(failure.message.contains(says), "{}", failure.message);
            assert!(resolution.instruments[1].as_ref().unwrap_err().can_be_skipped());
        }
    }

    #[test]
    fn only_indices_and_shares_may_come_from_an_old_master() {
        for (texts, cash) in [
            (vec!["NIFTY", "RELIANCE", "NSE_FNO:101"], true),
            (vec!["NIFTY", "NIFTY-24Feb2026-FUT"], false),
            (vec!["NIFTY", "NOTHING"], false),
        ] {
            let specs: Vec<_> = texts.iter().map(|text| Spec::parse(text).unwrap()).collect();
            assert_eq!(answer(question(&specs), Some(&small())).unwrap().1, cash, "{texts:?}");
        }
    }
}
