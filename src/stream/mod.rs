//! Runs sessions over connections and passes frames to the pipeline.
//!
//! One thread runs every socket (`socket`), the pipeline, the signals and the timers. It waits for no output: each
//! has a bounded [queue](crate::output::queue) that counts what it sheds.

mod admission;
mod chains;
mod driver;
mod early;
mod hint;
mod observer;
mod report;
mod shared;
mod signals;
mod socket;
mod status;
mod trace;

pub use admission::Admission;
pub use chains::{Chains, Spots, at_spot};
pub use early::{EarlyStop, close_empty_books};
pub use observer::SocketObserver;
pub use shared::{CredentialsOrigin, SocketState};

use crate::auth::BaseUrl;
use crate::console::Console;
use crate::metrics::MetricsFile;
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, Micros, Stream};
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
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Holds everything a run needs. It is checked before: nothing in it can be a usage error.
pub struct Run {
    /// The stream.
    pub feed: Stream,
    /// The subscriptions, distributed over connections.
    pub plan: Plan,
    /// Option chains that follow their spot; their first subscriptions are in the plan.
    pub chains: Chains,
    /// Symbols of the instruments.
    pub symbols: Vec<(InstrumentKey, Arc<str>)>,
    /// Looks up symbols of instruments that were not subscribed.
    pub look_up: Option<LookUp>,
    /// The server.
    pub base: BaseUrl,
    /// Origin of the credentials.
    pub credentials_origin: CredentialsOrigin,
    /// Opens connections.
    pub connector: Connector,
    /// Client of the REST calls, if the server has them.
    pub rest: Option<rest::Client>,
    /// Places and budget of the account; `None` without an account.
    pub admission: Option<Admission>,
    /// Parameters of the sessions; connection number and seed are filled in.
    pub session: Config,
    /// What is printed.
    pub rules: Rules,
    /// The outputs.
    pub outputs: Outputs,
    /// Gaps of a killed run, found when the outputs were opened.
    pub found: Vec<Event>,
    /// Observes every frame before it is decoded: the capture.
    pub frame_observer: Option<Box<dyn FrameObserver>>,
    /// Writer of figures for Prometheus.
    pub metrics: Option<MetricsFile>,
    /// Receives the records as values.
    pub observer: Option<Box<dyn Observer>>,
    /// Whether to show a live line on a terminal.
    pub live_line: bool,
    /// How the run is controlled, and when it ends.
    pub control: RunControl,
    /// The printer.
    pub console: Console,
}

/// Says how a run is controlled while it lasts, and when it ends.
#[derive(Default)]
pub struct RunControl {
    /// Ends the waits of outputs when the run must end.
    pub stop: StopSignal,
    /// Signals that came before the driver listens.
    pub early: EarlyStop,
    /// What to do if the reader is too slow.
    pub on_lag: OnLag,
    /// Duration after which the run ends.
    pub duration: Option<Duration>,
    /// Time at which the run ends.
    pub until: Option<Micros>,
    /// Total duration of gaps above which the exit code is 13.
    pub fail_on_gap: Option<Duration>,
    /// Interval at which figures are printed.
    pub stats: Option<Duration>,
    /// Changes of the subscriptions during the run.
    pub changes: Option<mpsc::UnboundedReceiver<Change>>,
    /// Receives the last prices that chains follow.
    pub spots: Spots,
    /// Called to read the lists again.
    pub reread: Option<Box<dyn Fn()>>,
    /// Called first when the run ends, before any message.
    pub on_end: Option<Box<dyn FnOnce()>>,
}

/// A change during the run.
#[derive(Debug, Clone)]
pub enum Change {
    /// Subscribe these too, with their symbols.
    Subscribe(Vec<(Subscription, Option<Arc<str>>)>),
    /// Unsubscribe these; without a mode, in all modes.
    Unsubscribe(Vec<Subscription>),
    /// Print the subscriptions.
    List,
    /// End the run.
    Quit,
}

/// Says how a run ended.
#[derive(Debug)]
pub enum Ended {
    /// With this exit code; all messages were printed.
    Exit(Exit),
    /// The reader of stdout closed it: die by SIGPIPE without a message.
    ReaderGone,
}

/// Streams until the run is over.
///
/// # Errors
/// Says why the run could not continue.
pub fn run(run: Run) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Bug, format!("the runtime cannot be started: {}", error.kind())))?;
    let result = tokio::task::LocalSet::new().block_on(&runtime, Driver::start(run, None)?.run());
    // A name look-up that hangs must not delay the end of the process.
    runtime.shutdown_background();
    result
}

/// Starts a run, shows its frames to an observer, and returns a future that streams until the run is over. For a
/// caller that has a runtime: the future is polled within a `LocalSet`.
///
/// # Errors
/// Says why the run could not be started.
pub fn drive(
    run: Run,
    observer: Rc<dyn SocketObserver>,
) -> Result<impl Future<Output = Result<Ended, Failure>>, Failure> {
    Ok(Driver::start(run, Some(observer))?.run())
}

/// Waits until a moment; without one, for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
