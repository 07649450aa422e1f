//! Runs sessions over transports and carries frames to the writer.
//!
//! One thread runs every socket (`socket`), the pipeline, the signals and the timers. It waits for no output: each has a
//! bounded [queue](crate::output::queue) of its own that counts what it drops.

mod chains;
mod driver;
mod early;
mod gate;
mod hint;
mod observer;
mod report;
mod shared;
mod signals;
mod socket;
mod status;
mod trace;

use crate::model::Stream;
pub use chains::{Chains, at_spot};
pub use early::EarlyStop;
pub use gate::Gate;
pub use observer::SocketObserver;
pub use shared::{CredentialsOrigin, SocketState};

use crate::auth::BaseUrl;
use crate::console::Console;
use crate::metrics::MetricsFile;
use crate::model::InstrumentKey;
use crate::model::exit::{Exit, Failure};
use crate::net::Connector;
use crate::output::{OnLag, StopSignal};
use crate::pipeline::handle::FrameObserver;
use crate::pipeline::item::Event;
use crate::pipeline::observer::Observer;
use crate::pipeline::outputs::Outputs;
use crate::pipeline::stages::{LookUp, Rules};
use crate::rest;
use crate::session::{Config, Plan, Subscription};
use driver::Driver;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Everything a run needs. Whoever builds one has checked it: nothing in here is a usage error any more.
pub struct Run {
    /// Which stream.
    pub feed: Stream,
    /// What is asked for, spread over connections.
    pub plan: Plan,
    /// Option chains that follow their spot; what they begin with is in the plan.
    pub chains: Chains,
    /// What instruments are called.
    pub symbols: Vec<(InstrumentKey, Arc<str>)>,
    /// Knows what instruments are called that nobody asked for.
    pub look_up: Option<LookUp>,
    /// The server.
    pub base: BaseUrl,
    /// Where credentials come from.
    pub credentials_origin: CredentialsOrigin,
    /// Opens connections.
    pub connector: Connector,
    /// The REST calls, where there is a server for them.
    pub rest: Option<rest::Client>,
    /// Places and budget of the account; `None` where no account is at stake.
    pub gate: Option<Gate>,
    /// How patient sessions are; connection number and seed are filled in.
    pub session: Config,
    /// What is printed.
    pub rules: Rules,
    /// Where it goes.
    pub outputs: Outputs,
    /// What the outputs found when they were opened: gaps of a run that was killed.
    pub found: Vec<Event>,
    /// Sees every item before it is decoded: the capture.
    pub tap: Option<Box<dyn FrameObserver>>,
    /// Ends the waiting of outputs when the run must be over.
    pub stop: StopSignal,
    /// Signals that came before the driver listens.
    pub early: EarlyStop,
    /// What to do when the reader is too slow.
    pub on_lag: OnLag,
    /// End after this time.
    pub duration: Option<Duration>,
    /// End at this moment, µs since the epoch.
    pub until_us: Option<i64>,
    /// Exit 13 when gaps add up to more.
    pub fail_on_gap: Option<Duration>,
    /// Print figures this often.
    pub stats: Option<Duration>,
    /// Changes of what is asked for, while streaming.
    pub changes: Option<mpsc::UnboundedReceiver<Change>>,
    /// Asked to read its lists again.
    pub reread: Option<Box<dyn Fn()>>,
    /// Figures for Prometheus.
    pub metrics: Option<MetricsFile>,
    /// Sees the records as values.
    pub observer: Option<Box<dyn Observer>>,
    /// Done first when the run ends, before anything is said of it.
    pub on_end: Option<Box<dyn FnOnce()>>,
    /// Shows a live line on a terminal.
    pub live_line: bool,
    /// What stderr says.
    pub console: Console,
}

/// A change of what is asked for, while streaming.
#[derive(Debug, Clone)]
pub enum Change {
    /// These too, and what they are called.
    Subscribe(Vec<(Subscription, Option<Arc<str>>)>),
    /// These no longer; without a mode, in all modes.
    Unsubscribe(Vec<Subscription>),
    /// Say what is asked for.
    List,
    /// End the run.
    Quit,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// With this code; everything that was to be said has been.
    Exit(Exit),
    /// The reader of stdout went away: die by SIGPIPE, quietly.
    ReaderGone,
}

/// Streams until the run is over.
///
/// # Errors
/// Why it could not go on.
pub fn run(run: Run) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Bug, format!("the runtime cannot be started: {}", error.kind())))?;
    let result = tokio::task::LocalSet::new().block_on(&runtime, Driver::start(run, None)?.run());
    // A name look-up that hangs must not hold the process up.
    runtime.shutdown_background();
    result
}

/// Starts a run, shows its frames to an observer, and returns what streams until the run is over. For a caller that has a
/// runtime: what is returned is polled within a `LocalSet`.
///
/// # Errors
/// Why it could not be started.
pub fn drive(
    run: Run,
    observer: Rc<dyn SocketObserver>,
) -> Result<impl Future<Output = Result<Ended, Failure>>, Failure> {
    Ok(Driver::start(run, Some(observer))?.run())
}
