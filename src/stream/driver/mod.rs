//! Drives a run: its sockets, signals, timers and pipeline, on one thread, until the run is over.

mod ending;

use super::shared::Shared;
use super::signals::{Signal, Signals};
use super::socket::{Socket, SocketEnd};
use super::{
    Chains, Change, CredentialsOrigin, Ended, Run, RunControl, SocketObserver, SocketState, report, sleep_until, status,
};
use crate::auth::BaseUrl;
use crate::clock;
use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::bars::{Interval, next_due};
use crate::pipeline::handle::{Handle, Wake};
use crate::pipeline::item::Event;
use crate::pipeline::observer::Observer;
use crate::pipeline::stages::{Pipeline, STRANGERS, StopReason};
use crate::session::{Config, Input, Markets, Plan, Session, Subscription};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Time between the first attempts of a run's sockets.
const STAGGER: Duration = Duration::from_millis(200);
/// Interval at which chains check the time and their spots.
const CHAINS_EVERY: Duration = Duration::from_millis(250);

/// Drives a run.
pub(super) struct Driver {
    shared: Rc<Shared>,
    chains: Chains,
    console: Console,
    plan: Plan,
    base: BaseUrl,
    session: Config,
    control: RunControl,
    has_drained: bool,
    sockets: tokio::task::JoinSet<SocketEnd>,
    report: report::RunReport,
    status: status::StatusLine,
    failure: Option<Failure>,
    has_reported_damage: bool,
    told_of_crowd: bool,
    /// Lengths of the pipeline's bars, and when one may be due next.
    bars: Vec<Interval>,
    bars_due: Option<Micros>,
}

/// An event that the driver handles.
enum DriverEvent {
    Signal(Signal),
    Output,
    Socket(SocketEnd),
    Change(Option<Change>),
    Second,
    Stats,
    Alive,
    DurationOver,
    ChainsDue,
    Clock,
}

impl Driver {
    pub(super) fn start(run: Run, sockets: Option<Rc<dyn SocketObserver>>) -> Result<Driver, Failure> {
        let Run { feed, plan, symbols, control, console, .. } = run;
        let no_thread = |error: std::io::Error| {
            Failure::new(Exit::Bug, format!("the thread of an output cannot be started: {}", error.kind()))
        };
        let wake = Wake::default();
        let (mut outputs, mut capture) = (run.outputs, run.frame_observer);
        outputs.set_stream(feed);
        outputs.start_threads(control.on_lag, &wake.caller()).map_err(no_thread)?;
        if let Some(capture) = &mut capture {
            capture.start(control.on_lag, &wake.caller()).map_err(no_thread)?;
        }
        let bars = run.rules.bars.clone();
        let mut pipeline = Pipeline::new(run.rules, outputs, clock::now());
        if let Some(look_up) = run.look_up {
            pipeline.look_up_with(look_up);
        }
        let gaps = run.metrics.as_ref().map(|metrics| Box::new(metrics.gaps.clone()) as Box<dyn Observer>);
        if let Some(observer) = run.observer.or(gaps) {
            pipeline.observe_with(observer);
        }
        let pipeline = Handle::new(pipeline, capture, wake);
        if !symbols.is_empty() {
            pipeline.event(Event::Symbols(symbols));
        }
        for event in run.found {
            pipeline.event(event);
        }
        let shared = Rc::new(Shared {
            observer: sockets,
            feed,
            console: console.clone(),
            redactor: console.redactor(),
            connector: run.connector,
            pipeline,
            reports_unseen: Cell::new(false),
            credentials_origin: run.credentials_origin,
            rest: run.rest,
            admission: RefCell::new(run.admission),
            started: Instant::now(),
            peers: RefCell::default(),
            sockets: RefCell::default(),
            probed: Cell::new(None),
            has_been_live: Cell::new(false),
            planned_end: Cell::new(planned_end(control.duration, control.until)),
            token_ends: Cell::new(None),
            is_kind_checked: Cell::new(false),
            texts: Cell::new(0),
            spots: control.spots.clone(),
            last_text: RefCell::default(),
        });
        let is_demo = matches!(shared.credentials_origin, CredentialsOrigin::Demo);
        let report = report::RunReport::new(run.metrics, run.session.calendar.clone(), is_demo);
        Ok(Driver {
            status: status::StatusLine::new(run.live_line, &console),
            shared,
            chains: run.chains,
            console,
            plan,
            base: run.base,
            session: run.session,
            control,
            has_drained: false,
            sockets: tokio::task::JoinSet::new(),
            report,
            failure: None,
            has_reported_damage: false,
            told_of_crowd: false,
            bars_due: next_due(&bars, clock::now()),
            bars,
        })
    }

    pub(super) async fn run(mut self) -> Result<Ended, Failure> {
        let mut signals = Signals::new()?;
        if self.control.early.is_requested() {
            return self.end("signal".to_owned(), &mut signals).await;
        }
        for i in 0..self.plan.connections().len() {
            let subscriptions = self.plan.connections()[i].all().to_vec();
            self.open(&subscriptions);
        }
        let reason = self.stream(&mut signals).await;
        self.end(reason, &mut signals).await
    }

    /// Opens one more socket.
    fn open(&mut self, subscriptions: &[Subscription]) {
        let (say, inputs) = mpsc::unbounded_channel();
        self.shared.peers.borrow_mut().push(say);
        self.shared.sockets.borrow_mut().push(SocketState::default());
        let conn = u16::try_from(self.shared.peers.borrow().len()).unwrap_or(u16::MAX);
        let config = Config {
            conn,
            seed: fastrand::u64(..),
            start_delay: STAGGER * u32::from(conn - 1),
            other_path: self.base.alternative().is_some(),
            ..self.session.clone()
        };
        self.add_subscriptions(conn, subscriptions);
        let session = Session::new(config, subscriptions.iter().copied());
        let socket = Socket::new(conn, session, Rc::clone(&self.shared), self.base.clone(), inputs);
        self.sockets.spawn_local(socket.run());
    }

    fn add_subscriptions(&self, conn: u16, subscriptions: &[Subscription]) {
        if !subscriptions.is_empty() {
            let instruments = subscriptions.iter().map(|s| (s.instrument, s.mode)).collect();
            self.shared.pipeline.event(Event::Subscribed { conn, instruments });
        }
    }

    /// Streams until something ends the run; returns the reason.
    async fn stream(&mut self, signals: &mut Signals) -> String {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let every = self.control.stats.unwrap_or(Duration::from_secs(3600));
        let mut stats = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        let mut chains = tokio::time::interval(CHAINS_EVERY);
        chains.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let alive_interval = self.report.alive_interval();
        let mut alive = tokio::time::interval(alive_interval.unwrap_or(Duration::from_secs(3600)));
        alive.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let over_at = self.control.duration.map(|duration| self.shared.started + duration);
        loop {
            let happened = tokio::select! {
                signal = signals.next() => DriverEvent::Signal(signal),
                () = self.shared.pipeline.changed() => DriverEvent::Output,
                Some(end) = self.sockets.join_next() => DriverEvent::Socket(end_of(end)),
                change = next_change(&mut self.control.changes) => DriverEvent::Change(change),
                () = sleep_until(over_at) => DriverEvent::DurationOver,
                () = clock_reaches(self.bars_due) => DriverEvent::Clock,
                _ = stats.tick(), if self.control.stats.is_some() => DriverEvent::Stats,
                _ = chains.tick(), if !self.chains.is_empty() => DriverEvent::ChainsDue,
                _ = seconds.tick() => DriverEvent::Second,
                _ = alive.tick(), if alive_interval.is_some() => DriverEvent::Alive,
            };
            match happened {
                DriverEvent::Signal(Signal::Stop) => return "signal".to_owned(),
                DriverEvent::Signal(Signal::HangUp) => self.hang_up(),
                DriverEvent::Signal(Signal::Figures) | DriverEvent::Stats => self.print_figures(),
                DriverEvent::Output => {
                    self.shared.pipeline.look();
                    match self.shared.pipeline.stop_reason() {
                        Some(StopReason::Done(reason)) => return reason,
                        Some(StopReason::Output(_)) => return "output".to_owned(),
                        None => {}
                    }
                    if self.shared.reports_unseen.take() {
                        self.print_unseen(&self.shared.pipeline.never_seen());
                    }
                }
                DriverEvent::Socket(SocketEnd::Stopped) => {}
                DriverEvent::Socket(SocketEnd::GaveUp(failure)) => {
                    self.failure = Some(failure);
                    return "gave up".to_owned();
                }
                DriverEvent::Change(Some(Change::Quit)) => return "quit".to_owned(),
                DriverEvent::Change(Some(change)) => self.change(change),
                DriverEvent::Change(None) => self.control.changes = None,
                DriverEvent::ChainsDue => self.follow_chains(),
                DriverEvent::Alive => self.report.report_alive(),
                DriverEvent::DurationOver => return "duration".to_owned(),
                DriverEvent::Clock => self.bars_due(),
                DriverEvent::Second => {
                    // The wall clock is checked every second, because it may be set during the run.
                    if self.control.until.is_some_and(|until| clock::now() >= until) {
                        return "until".to_owned();
                    }
                    self.second();
                }
            }
        }
    }

    /// Passes the time and the spots to the chains, and subscribes what they change.
    fn follow_chains(&mut self) {
        let today = clock::ist_civil(clock::now()).date();
        let elapsed = self.shared.started.elapsed();
        let steps = self.chains.tick(elapsed, today, &self.shared.spots, &self.console);
        for step in steps {
            self.apply(step.subscribe, &step.unsubscribe);
            if let Some((underlying, change)) = step.change {
                self.shared.pipeline.event(Event::Chain { chain: chain_record(underlying, change), at: clock::now() });
            }
        }
    }

    /// Tells the pipeline that bars may be due while no frame arrives.
    fn bars_due(&mut self) {
        let at = clock::now();
        if self.bars_due.is_some_and(|due| at >= due) {
            self.shared.pipeline.event(Event::Clock { at });
            self.bars_due = next_due(&self.bars, at);
        }
    }

    fn second(&mut self) {
        self.shared.pipeline.tick();
        let figures = self.shared.pipeline.figures();
        self.status.show(&figures, &self.shared.sockets.borrow());
        self.warn_of_strangers(figures.strangers);
        if figures.counts.malformed > 0 && !std::mem::replace(&mut self.has_reported_damage, true) {
            self.console.warn(format!(
                "damaged packets came: {} so far; gap records with the reason malformed say when, the closing line how many",
                figures.counts.malformed
            ));
        }
        let markets = self.markets();
        self.report.second(&self.shared, &figures, markets);
    }

    /// Returns the markets of the wanted subscriptions.
    fn markets(&self) -> Markets {
        Markets::of(
            self.plan.connections().iter().flat_map(|wanted| wanted.all()).map(|wanted| wanted.instrument.segment),
        )
    }

    /// Warns once that the server sends far more instruments than were subscribed.
    fn warn_of_strangers(&mut self, strangers: usize) {
        if strangers >= STRANGERS && !std::mem::replace(&mut self.told_of_crowd, true) {
            self.console.warn(format!(
                "packets of {STRANGERS} instruments came that nobody asked for; more of them are printed too, but without \
                 a symbol, and are not counted as seen"
            ));
        }
    }

    fn hang_up(&mut self) {
        self.console.info("SIGHUP: lists are read again and files re-opened");
        self.shared.pipeline.reopen();
        if let Some(reread) = &self.control.reread {
            reread();
        }
    }

    fn print_figures(&mut self) {
        let figures = self.shared.pipeline.figures();
        let line = self.status.line(&figures, &self.shared.sockets.borrow());
        self.console.info(line);
    }

    fn print_unseen(&self, instruments: &[InstrumentKey]) {
        if instruments.is_empty() {
            return;
        }
        const SHOWN: usize = 20;
        let mut names: Vec<_> = instruments.iter().take(SHOWN).map(ToString::to_string).collect();
        if instruments.len() > SHOWN {
            names.push(format!("and {} more", instruments.len() - SHOWN));
        }
        self.console.warn(format!(
            "{} of {} instruments were requested and never seen: {}",
            instruments.len(),
            self.plan.len(),
            names.join(", ")
        ));
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Subscribe(subscriptions) => {
                self.chains.own(subscriptions.iter().map(|(one, _)| *one));
                self.apply(subscriptions, &[]);
            }
            Change::Unsubscribe(gone) => {
                // Subscriptions that a chain holds stay.
                let stays = self.chains.disown(&gone).into_iter().map(|one| (one, None)).collect();
                self.apply(stays, &gone);
            }
            Change::List => self.list(),
            Change::Quit => {}
        }
    }

    /// Changes the subscriptions.
    fn apply(&mut self, subscribe: Vec<(Subscription, Option<Arc<str>>)>, remove: &[Subscription]) {
        let symbols: Vec<_> =
            subscribe.iter().filter_map(|(one, symbol)| Some((one.instrument, symbol.clone()?))).collect();
        let add: Vec<_> = subscribe.into_iter().map(|(one, _)| one).collect();
        let changes = match self.plan.apply(&add, remove) {
            Ok(changes) => changes,
            Err(too_many) => return self.console.error(format!("nothing is changed: {too_many}")),
        };
        if !symbols.is_empty() {
            self.shared.pipeline.event(Event::Symbols(symbols));
        }
        for change in changes {
            if !change.unsubscribe.is_empty() {
                let instruments = change.unsubscribe.iter().map(|s| (s.instrument, s.mode)).collect();
                self.shared.pipeline.event(Event::Unsubscribed { instruments });
            }
            if change.connection >= self.shared.peers.borrow().len() {
                self.open(&change.subscribe);
                continue;
            }
            let conn = u16::try_from(change.connection + 1).unwrap_or(u16::MAX);
            self.add_subscriptions(conn, &change.subscribe);
            let peers = self.shared.peers.borrow();
            if let Some(peer) = peers.get(change.connection) {
                if !change.unsubscribe.is_empty() {
                    let _ = peer.send(Input::Unsubscribe(change.unsubscribe));
                }
                if !change.subscribe.is_empty() {
                    let _ = peer.send(Input::Subscribe(change.subscribe));
                }
            }
        }
    }

    fn list(&self) {
        let mut text = String::new();
        for subscription in self.plan.connections().iter().flat_map(|desired| desired.all()) {
            text.push_str(&subscription.instrument.to_string());
            if let Some(mode) = subscription.mode {
                text.push('@');
                text.push_str(mode.name());
            }
            text.push('\n');
        }
        self.console.raw(&text);
    }
}

/// Returns the record of a chain's change.
fn chain_record(underlying: String, change: crate::chain::ChainChange) -> crate::record::chain::Chain {
    crate::record::chain::Chain {
        underlying,
        expiry: change.expiry.to_string(),
        spot: change.spot,
        atm: change.atm,
        step: change.step,
        added: change.added.iter().map(|(key, _)| key.to_string()).collect(),
        removed: change.removed.iter().map(ToString::to_string).collect(),
    }
}

/// Returns the planned end of the run, if there is one.
fn planned_end(duration: Option<Duration>, until: Option<Micros>) -> Option<Micros> {
    let after = duration.map(|d| clock::now() + d);
    after.into_iter().chain(until).min()
}

/// Returns how a socket's task ended; no task is cancelled while the run lasts.
fn end_of(task: Result<SocketEnd, tokio::task::JoinError>) -> SocketEnd {
    task.unwrap_or_else(|_| SocketEnd::GaveUp(a_socket_panicked()))
}

fn a_socket_panicked() -> Failure {
    Failure::new(Exit::Bug, "a socket's task ended by a bug of ours")
}

async fn next_change(changes: &mut Option<mpsc::UnboundedReceiver<Change>>) -> Option<Change> {
    match changes {
        Some(changes) => changes.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits until the wall clock reaches a time, for at most a second, because the clock may be set.
async fn clock_reaches(moment: Option<Micros>) {
    match moment {
        Some(moment) => {
            let left = moment.since(clock::now());
            tokio::time::sleep(left.min(Duration::from_secs(1))).await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_panics_ends_the_run_as_a_bug_and_does_not_die_silently() {
        let end = tokio::task::LocalSet::new()
            .run_until(async {
                let mut sockets = tokio::task::JoinSet::<SocketEnd>::new();
                sockets.spawn_local(async { panic!("on purpose") });
                sockets.join_next().await.map(end_of)
            })
            .await;
        assert!(matches!(end, Some(SocketEnd::GaveUp(failure)) if failure.exit == Exit::Bug));
    }
}
