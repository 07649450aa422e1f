//! Resolves specs to subscriptions, with the instrument master or the simulated exchange.

use crate::cli::plan::{StreamKind, StreamPlan, StreamSource};
use crate::cli::specs::Takes;
use crate::clock::{self, ist_today};
use crate::console::Console;
use crate::instruments::index::{Bytes, build};
use crate::instruments::lookup::{LookUpOutcome, look_up};
use crate::instruments::master::{Master, MasterError};
use crate::instruments::resolve::not_streamable;
use crate::instruments::{
    self, Layout, Name, Problem, Question, Resolution, Resolved, Spec, SpecSegment, Store, Streamable, Symbols,
};
use crate::model::{Exit, Failure, InstrumentKey};
use crate::pipeline::stages::LookUp;
use crate::protocol::Mode;
use crate::session::Subscription;
use crate::session::requests::effective_mode;
use crate::simulator;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Holds the subscription that one spec names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestedInstrument {
    /// The instrument, in the mode of the spec or the run.
    pub subscription: Subscription,
    /// Its symbol, if known.
    pub symbol: Option<Arc<str>>,
    /// Whether the spec itself names the mode.
    pub names_mode: bool,
}

/// Says where names are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    /// The instrument master: waits until `until` at most, and downloads with the roots of `ca_file` too.
    Master {
        until: Option<Instant>,
        ca_file: Option<PathBuf>,
    },
    Demo,
}

impl Names {
    pub fn of(plan: &StreamPlan) -> Names {
        let left = plan.stop.until.map(|until| until.since(clock::now()));
        let left = left.into_iter().chain(plan.stop.duration).min();
        Names::at(&plan.source, left.and_then(|left| Instant::now().checked_add(left)))
    }

    /// Returns the names of a source; waits until `until` at most.
    pub fn at(source: &StreamSource, until: Option<Instant>) -> Names {
        match source {
            StreamSource::Demo { .. } => Names::Demo,
            StreamSource::Server(server) => Names::Master { until, ca_file: server.ca_file.clone() },
        }
    }

    fn store(&self) -> Result<Store, Failure> {
        let store = Store::from_env(Layout::Compact, false)?;
        Ok(match self {
            Names::Master { until, ca_file } => Store { until: *until, ca_file: ca_file.clone(), ..store },
            Names::Demo => store,
        })
    }

    /// Returns a look-up for symbols of instruments that were not subscribed. The simulated exchange sends none.
    pub fn look_up_later(&self) -> Option<LookUp> {
        let store = (*self != Names::Demo).then(|| self.store().ok())??;
        let mut symbols = Symbols::of(store);
        Some(Box::new(move |key| symbols.symbol(key)))
    }

    /// Queries the instrument master, or the simulated exchange's.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn ask_master<T>(
        &self,
        console: &Console,
        question: impl Fn(&Master) -> Result<T, MasterError>,
    ) -> Result<T, Failure> {
        let answer = match self {
            Names::Demo => question(&demo_master()?)
                .map_err(|error| Failure::new(Exit::Bug, format!("the simulated exchange's master: {error}"))),
            Names::Master { .. } => self.store()?.query_current(console, question).map(|(answer, _)| answer),
        };
        self.in_time(answer)
    }

    /// Resolves all specs of a plan.
    ///
    /// # Errors
    /// Names all specs that match nothing, in one message.
    pub fn resolve(&self, plan: &StreamPlan, console: &Console) -> Result<Vec<RequestedInstrument>, Failure> {
        let wanted = LookUpOptions { skip: plan.instruments.skip_missing, expired: false };
        self.in_time(self.look_up(&plan.kind, &plan.instruments.specs, wanted, console))
    }

    /// If an answer is missing because the run's time is over, the master is not at fault.
    fn in_time<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        answer.map_err(|failure| match self {
            Names::Master { until: Some(until), .. } if failure.exit == Exit::Data && *until <= Instant::now() => {
                let message = format!("{}; the run's time was over before the names were known", failure.message);
                Failure::new(Exit::Network, message)
            }
            _ => failure,
        })
    }

    /// Resolves these specs, in order.
    ///
    /// # Errors
    /// Names all specs that match nothing, in one message; or says that there is no instrument master.
    pub fn look_up(
        &self,
        kind: &StreamKind,
        specs: &[Spec],
        wanted: LookUpOptions,
        console: &Console,
    ) -> Result<Vec<RequestedInstrument>, Failure> {
        if specs.is_empty() {
            return Ok(Vec::new());
        }
        let streamable = match kind {
            StreamKind::Depth { .. } => Streamable::Depth,
            _ => Streamable::Feed,
        };
        let resolution = match self {
            Names::Demo => demo(specs, streamable),
            Names::Master { .. } => {
                let store = self.store()?;
                let question = Question { specs, streamable, today: ist_today(), expired: wanted.expired };
                let resolution = instruments::resolve(question, &store, console)?;
                if resolution.stale {
                    store.refresh_behind(console);
                }
                resolution
            }
        };
        for notice in &resolution.notices {
            console.info(notice);
        }
        let (mut requested, mut problems, mut lowered) = (Vec::new(), Vec::new(), Vec::new());
        for (spec, one) in specs.iter().zip(&resolution.instruments) {
            match one {
                Ok(Resolved { key, symbol }) => {
                    let mode = match kind {
                        StreamKind::Market { mode, .. } => Some(effective_mode(*key, spec.mode.unwrap_or(*mode))),
                        _ => None,
                    };
                    if mode == Some(Mode::Quote) && requests_full(kind, spec) {
                        lowered.push(*key);
                    }
                    requested.push(RequestedInstrument {
                        subscription: Subscription { instrument: *key, mode },
                        symbol: symbol.clone(),
                        names_mode: spec.mode.is_some(),
                    });
                }
                Err(problem) if wanted.skip && problem.can_be_skipped() => {
                    console.warn(format!("left out: {}", spec.with_place(problem)));
                }
                Err(problem) => problems.push((problem.exit(), spec.with_place(problem))),
            }
        }
        if let Some(words) = lowered_words(&lowered) {
            console.warn(words);
        }
        match instruments::resolve::failure(problems.into_iter()) {
            Some(failure) => Err(failure),
            None => Ok(requested),
        }
    }
}

/// Says how names are looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LookUpOptions {
    /// Whether to skip those that match nothing, with a warning.
    pub skip: bool,
    /// Whether to include contracts that have expired.
    pub expired: bool,
}

/// Returns one warning for all indices whose mode is lowered.
fn lowered_words(keys: &[InstrumentKey]) -> Option<String> {
    const SHOWN: usize = 5;
    let mut names: Vec<_> = keys.iter().take(SHOWN).map(ToString::to_string).collect();
    names.extend((keys.len() > SHOWN).then(|| format!("{} more", keys.len() - SHOWN)));
    let names = names.join(", ");
    (!keys.is_empty())
        .then(|| format!("{names}: the server has no full packets for indices; quote is requested instead"))
}

/// Returns the problems of these names that are known without a download, for a run that will not start anyway.
pub(crate) fn known_problems(specs: &[Spec], takes: Takes, is_demo: bool) -> Vec<String> {
    let streamable = match takes {
        Takes::Modes(_) => Streamable::Feed,
        Takes::Depth => Streamable::Depth,
    };
    if is_demo {
        let found = demo(specs, streamable).instruments;
        return specs.iter().zip(found).filter_map(|(spec, one)| Some(spec.with_place(one.err()?))).collect();
    }
    // Without a place for a master, nothing is known.
    let store = Store::from_env(Layout::Compact, false);
    store.map(|store| instruments::resolve::known_problems(specs, streamable, &store, ist_today())).unwrap_or_default()
}

fn requests_full(kind: &StreamKind, spec: &Spec) -> bool {
    matches!(kind, StreamKind::Market { mode, warn_indices, .. }
        if spec.mode == Some(Mode::Full) || (*warn_indices && spec.mode.unwrap_or(*mode) == Mode::Full))
}

/// Returns the instrument master of the simulated exchange.
fn demo_master() -> Result<Master, Failure> {
    let bug = |error: String| Failure::new(Exit::Bug, format!("the simulated exchange's master: {error}"));
    let csv = Bytes::Memory(simulator::master_csv(ist_today()).into_bytes());
    let built = build(&csv).map_err(|error| bug(error.to_string()))?;
    Master::from_parts(Arc::new(csv), &built).map_err(|error| bug(error.to_string()))
}

/// Resolves a contract of the simulated exchange.
fn demo_contract(spec: &Spec, streamable: Streamable) -> Option<Resolved> {
    let master = demo_master().ok()?;
    let takes = |segment: SpecSegment| segment.feed().is_some_and(|segment| streamable.takes(segment));
    let LookUpOutcome::One(found, _) = look_up(&master, spec, takes, ist_today(), false).ok()? else { return None };
    let row = found.row(master.columns()).ok()?;
    let key = InstrumentKey::new(row.segment.feed()?, row.id);
    Some(Resolved { key, symbol: row.symbol(found.entry.form).map(Arc::from) })
}

/// Resolves specs with the simulated exchange, which knows a dozen names and their contracts, and any id.
fn demo(specs: &[Spec], streamable: Streamable) -> Resolution {
    let known =
        |key: InstrumentKey| simulator::KNOWN.iter().find(|(k, _)| *k == key).map(|(_, symbol)| Arc::from(*symbol));
    let one = |spec: &Spec| match (&spec.name, spec.segment.map(|segment| segment.feed())) {
        (Name::Id(id), Some(Some(segment))) => {
            let key = InstrumentKey::new(segment, *id);
            Ok(Resolved { key, symbol: known(key) })
        }
        (Name::Symbol(name), segment) => {
            let named = simulator::KNOWN.iter().find(|(key, symbol)| {
                symbol.eq_ignore_ascii_case(name) && segment.is_none_or(|segment| segment == Some(key.segment))
            });
            let streams = |key: &InstrumentKey| streamable.takes(key.segment);
            match named {
                Some((key, symbol)) if streams(key) => Ok(Resolved { key: *key, symbol: Some(Arc::from(*symbol)) }),
                Some((key, symbol)) => {
                    let why = not_streamable(SpecSegment::Feed(key.segment), streamable);
                    let reason = format!("it is {key}  {symbol}; {why}");
                    Err(Problem::Elsewhere { spec: spec.text.clone(), reason, by_none: false })
                }
                None => {
                    if let Some(contract) = demo_contract(spec, streamable) {
                        return Ok(contract);
                    }
                    let known = simulator::KNOWN.iter().filter(|(key, _)| streams(key));
                    let nearest = known.map(|(key, symbol)| format!("{key}  {symbol}")).collect();
                    Err(Problem::UnknownToDemo { spec: spec.text.clone(), known: nearest })
                }
            }
        }
        _ => Err(Problem::NotStreamable {
            spec: spec.text.clone(),
            reason: "the feed has no code for this segment".to_owned(),
        }),
    };
    Resolution { instruments: specs.iter().map(one).collect(), notices: Vec::new(), stale: false }
}
