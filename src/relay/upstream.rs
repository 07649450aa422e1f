//! Runs the streams that hold the account's sockets, one run for each of Dhan's streams that is needed.

use super::hub::Hub;
use crate::model::exit::Failure;
use crate::model::{InstrumentKey, Micros, Stream};
use crate::pipeline::item::{FrameKind, GapReason};
use crate::session::{Plan, Subscription};
use crate::stream::{Change, Ended, Run, SocketObserver};
use std::any::Any;
use std::rc::Rc;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// Holds a run that can be started, and what must live as long.
pub struct OpenedRun {
    /// The run, without outputs.
    pub run: Run,
    /// Kept until the run has ended, for example a simulated exchange.
    pub guard: Box<dyn Any>,
}

/// Creates the run of a stream with a plan and a receiver of changes.
pub type Open = Box<dyn Fn(Stream, Plan, UnboundedReceiver<Change>) -> Result<OpenedRun, Failure>>;

/// One stream of the account.
#[derive(Default)]
pub(super) struct Upstream {
    /// Sends changes while a run holds the stream.
    changes: Option<UnboundedSender<Change>>,
    /// Whether the run was told to end.
    is_ending: bool,
}

/// The stream of a run that ended, and its result.
pub(super) type UpstreamResult = (Stream, Result<Ended, Failure>);

/// Passes a run's frames to the hub.
struct ToHub {
    hub: Rc<Hub>,
    stream: Stream,
}

impl SocketObserver for ToHub {
    fn frame(&self, conn: u16, kind: FrameKind, bytes: &[u8]) {
        self.hub.frame(self.stream, conn, kind, bytes);
    }

    fn batch_ended(&self) {
        self.hub.flush();
    }

    fn gap_opened(&self, conn: u16, reason: GapReason, detail: &str, from: Micros) {
        self.hub.gap_opened(self.stream, conn, reason, detail, from);
    }
}

impl Upstream {
    pub fn is_open(&self) -> bool {
        self.changes.is_some()
    }

    pub fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Starts the run; its end is reported once.
    pub fn start(
        &mut self,
        hub: &Rc<Hub>,
        stream: Stream,
        subscriptions: &[Subscription],
        open: &Open,
        say: UnboundedSender<UpstreamResult>,
    ) {
        let (changes, receiver) = mpsc::unbounded_channel();
        let observer = Rc::new(ToHub { hub: Rc::clone(hub), stream });
        let started = Plan::new(stream, subscriptions)
            .map_err(|many| Failure::usage(many.to_string()))
            .and_then(|plan| open(stream, plan, receiver))
            .and_then(|OpenedRun { run, guard }| Ok((crate::stream::drive(run, observer)?, guard)));
        self.changes = Some(changes);
        self.is_ending = false;
        tokio::task::spawn_local(async move {
            let result = match started {
                Ok((running, guard)) => {
                    let result = running.await;
                    drop(guard);
                    result
                }
                Err(failure) => Err(failure),
            };
            let _ = say.send((stream, result));
        });
    }

    /// Records that the run has ended.
    pub fn ended(&mut self) {
        self.changes = None;
        self.is_ending = false;
    }

    /// Ends the run.
    pub fn stop(&mut self) {
        if !std::mem::replace(&mut self.is_ending, true) {
            self.send_change(Change::Quit);
        }
    }

    /// Changes the run's subscriptions.
    pub fn change(&self, add: Vec<Subscription>, remove: Vec<Subscription>, remove_first: bool) {
        let remove = (!remove.is_empty()).then_some(Change::Unsubscribe(remove));
        let add = (!add.is_empty())
            .then(|| Change::Subscribe(add.into_iter().map(|subscription| (subscription, None)).collect()));
        let changes = if remove_first { [remove, add] } else { [add, remove] };
        changes.into_iter().flatten().for_each(|change| self.send_change(change));
    }

    fn send_change(&self, change: Change) {
        if let Some(changes) = &self.changes {
            // A run that is just ending takes no changes; its end will be reported.
            let _ = changes.send(change);
        }
    }
}

/// Returns the subscription of an instrument without modes.
pub(super) fn depth(instrument: InstrumentKey) -> Subscription {
    Subscription { instrument, mode: None }
}
