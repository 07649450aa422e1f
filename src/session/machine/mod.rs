//! Implements the states of a connection and the transitions between them.

mod connected;
mod connecting;
mod losing;

use super::action::Action;
use super::backoff::{Backoff, SessionOutcome, jitter};
use super::calendar::{Calendar, Markets};
use super::input::{Fingerprint, Input, ProbeResult};
use super::liveness::{Liveness, Pulse};
use super::outage::Outage;
use super::policy::{self, Verdict};
use super::requests::{self, Subscription, WantedSubscriptions};
use super::stale_feed::{StaleAction, StaleFeed};
use super::time::{Now, Time, words};
use crate::model::exit::{self, Exit};
use crate::model::{Cause, CoolOffKind, CredentialProblem, Ended, InstrumentKey, Levels, Stream};
use crate::protocol::request;
use crate::record::control::{GapReason, StatusEvent};
use connected::markets;
use std::collections::VecDeque;
use std::time::Duration;

/// Age, with data, from which a session counts as stable: the next attempt comes at once.
pub const STABLE: Duration = Duration::from_secs(60);
/// Age, with data, from which a session takes one step off the delay.
const BRIEF: Duration = Duration::from_secs(3);
/// Age below which a reset without a packet may be a silent refusal.
const SILENT_REFUSAL: Duration = Duration::from_secs(5);
/// Minimum interval between requests of the account's profile.
const PROBE_EVERY: Duration = Duration::from_secs(60);
/// Time limit of the profile's answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval at which credentials are read while the session waits for others.
const READ_EVERY: Duration = Duration::from_secs(1);
/// Time that the server has to close after our close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Minimum interval between order snapshots.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(10);
/// Silence after the request from which it is explained on stderr.
const EXPLAIN_AFTER: Duration = Duration::from_secs(10);
/// Silence after a snapshot from which no more of them are awaited.
const SNAPSHOTS_END: Duration = Duration::from_secs(5);
/// Time after the request at which instruments that were never seen are named.
const UNSEEN_AFTER: Duration = Duration::from_secs(30);
/// Time for which packets may continue after unsubscribing before it is requested again with the other code.
const LEAVING: Duration = Duration::from_secs(3);
/// Time from the beginning of the run after which a missing first connection is a gap.
const FIRST_CONNECTION: Duration = Duration::from_secs(5);
/// Difference between both clocks, in microseconds, from which the machine counts as having slept.
const SLEPT_US: i64 = 5_000_000;
/// Number of refused credentials that are remembered.
const REFUSED_KEPT: usize = 16;

/// Holds a session's parameters.
#[derive(Debug, Clone)]
pub struct Config {
    /// The stream.
    pub feed: Stream,
    /// Number of the connection, from 1, for people.
    pub conn: u16,
    /// Seed of its random numbers. Different in every process, or all would reconnect at the same moment.
    pub seed: u64,
    /// Delay from [`Input::Start`] to the first attempt; staggers the connections of a run.
    pub start_delay: Duration,
    /// `--max-outage`.
    pub max_outage: Option<Duration>,
    /// `--auth-wait`; zero if the credentials cannot change.
    pub auth_wait: Duration,
    /// The same until the run is first live: a person at a terminal gets the error at once.
    pub auth_wait_at_start: Duration,
    /// Whether to fetch the order snapshot (orders, unless `--no-snapshot` or a partner).
    pub snapshot: bool,
    /// Whether the server may have another path (200 levels). False if the user gave the address, which is used
    /// unchanged.
    pub other_path: bool,
    /// Calendar that says when silence is unusual.
    pub calendar: Calendar,
}

impl Config {
    /// Creates the command line's default parameters for a stream.
    pub fn new(feed: Stream, conn: u16, seed: u64) -> Config {
        Config {
            feed,
            conn,
            seed,
            start_delay: Duration::ZERO,
            max_outage: None,
            auth_wait: Duration::from_secs(600),
            auth_wait_at_start: Duration::from_secs(600),
            snapshot: feed == Stream::Orders,
            other_path: feed == Stream::Depth(Levels::TwoHundred),
            calendar: Calendar::default(),
        }
    }
}

#[cfg(any(test, feature = "testing"))]
crate::model::words::words! {
    /// Names a session's state.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum StateName {
        /// Not started.
        Idle = "idle",
        /// Waiting for the next attempt.
        Waiting = "waiting",
        /// Reading the credentials for an attempt.
        Reading = "reading",
        /// Waiting for other credentials, because they were refused or missing.
        AwaitingCredentials = "awaiting credentials",
        /// Attempting to connect.
        Connecting = "connecting",
        /// Requesting the account's profile.
        Probing = "probing",
        /// Connected.
        Online = "online",
        /// Stopping; the server has not closed yet.
        Stopping = "stopping",
        /// Ended.
        Ended = "ended",
    }
}

#[derive(Debug)]
enum State {
    Idle,
    Waiting { until: Time },
    Reading,
    AwaitingCredentials(Awaiting),
    Connecting,
    Probing { until: Time, cause: Cause, reason: ProfileReason },
    Online(Online),
    Stopping { until: Time },
    Ended,
}

/// Holds a wait for other credentials.
#[derive(Debug)]
struct Awaiting {
    deadline: Time,
    next_read: Option<Time>,
    problem: CredentialProblem,
    /// When the same credentials may be sent again, if it is uncertain that they were refused.
    again: Option<Time>,
}

/// Says why the account's profile is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProfileReason {
    /// Connections end silently.
    Silence,
    /// The server refused what it accepted before, which may be its own fault.
    Refusal,
}

/// Holds the state of a connection while it lasts.
#[derive(Debug)]
struct Online {
    since: Time,
    pulse: Liveness,
    packets: u64,
    /// Whether a text arrived that is no order message; if the connection ends now, it was a refusal.
    refused_in_words: bool,
    /// Unsubscribed depth instruments whose packets may continue, with the time of unsubscribing.
    leaving: Vec<(InstrumentKey, Time)>,
    snapshot_at: Option<Time>,
    explain_at: Option<Time>,
    unseen_at: Option<Time>,
}

/// Holds the state of the credentials: those read last, those refused (the latest last), and since when others are
/// waited for.
#[derive(Debug, Default)]
struct Credentials {
    current: Option<Fingerprint>,
    refused: VecDeque<Fingerprint>,
    awaited_since: Option<Time>,
    /// The reason for which the credentials that are being read again were refused.
    refusal: Option<String>,
    /// When the profile was last requested because of silent refusals, and with which credentials.
    probed: Option<(Time, Option<Fingerprint>)>,
}

/// Counts failures in a row.
#[derive(Debug, Default)]
struct Failures {
    backoff: Backoff,
    throttled: u32,
    displaced: VecDeque<Time>,
    untrusted: u32,
    foreign: (u32, Time),
    silent_refusals: u32,
    server_faults: u32,
    /// Since when connecting has failed, for `--max-outage`.
    unreachable_since: Option<Time>,
}

/// Holds what is known of the server over all its connections.
#[derive(Debug, Default)]
struct Server {
    is_on_other_path: bool,
    answers_pings: bool,
    /// Whether it has accepted this run's requests: data came, or a connection lasted for a minute.
    has_served: bool,
}

/// Holds the open gap, and when the run's beginning becomes one.
#[derive(Debug, Default)]
struct Loss {
    is_open: bool,
    began: Option<Now>,
    /// When the beginning of the run becomes a gap; `None` once there was a connection.
    beginning_at: Option<Time>,
}

/// Holds the state of the order snapshot.
#[derive(Debug, Default)]
struct Snapshot {
    requested_at: Option<Time>,
    /// Whether the answer is awaited.
    is_pending: bool,
    /// Whether it was ever fetched, and whether the last attempt failed.
    came: bool,
    failed: bool,
}

/// The state machine of one connection. See the [module](super) for how it is driven.
#[derive(Debug)]
pub struct Session {
    config: Config,
    wanted: WantedSubscriptions,
    rng: fastrand::Rng,
    now: Now,
    state: State,
    actions: VecDeque<Action>,
    stale_feed: StaleFeed,
    /// The markets of the wanted subscriptions.
    markets: Markets,
    outage: Outage,
    credentials: Credentials,
    failures: Failures,
    server: Server,
    loss: Loss,
    snapshot: Snapshot,
    unseen_reported: bool,
    reading_paused: bool,
}

impl Session {
    /// Creates a session that has not started.
    pub fn new(config: Config, subscriptions: impl IntoIterator<Item = Subscription>) -> Session {
        let wanted: WantedSubscriptions = subscriptions.into_iter().collect();
        Session {
            rng: fastrand::Rng::with_seed(config.seed),
            config,
            markets: markets(&wanted),
            wanted,
            now: Now::default(),
            state: State::Idle,
            actions: VecDeque::new(),
            stale_feed: StaleFeed::default(),
            outage: Outage::default(),
            credentials: Credentials::default(),
            failures: Failures::default(),
            server: Server::default(),
            loss: Loss::default(),
            snapshot: Snapshot::default(),
            unseen_reported: false,
            reading_paused: false,
        }
    }

    /// Handles an input. The resulting actions come from [`Session::next_action`].
    pub fn on(&mut self, now: Now, input: Input) {
        let slept = self.clocks_moved_apart(now);
        self.now = Now { at: now.at.max(self.now.at), wall: now.wall };
        match input {
            Input::Start => self.start(),
            Input::CredentialsRead(read) => self.credentials_read(read),
            Input::CredentialsRefused(which) => self.remember_refused(which),
            Input::Connected => self.connected(),
            Input::ConnectFailed(failure) => self.connect_failed(failure),
            Input::Traffic => self.online(|online, now| online.pulse.traffic(now)),
            Input::Pong => self.pong(),
            Input::Data { packets } => self.data(packets),
            Input::NoOrderMessage => self.online(|online, _| online.refused_in_words = true),
            Input::RunIsLive => self.server.has_served = true,
            Input::ReadingPaused(paused) => self.reading_paused(paused),
            Input::ServerDisconnect(reason) => self.connection_lost(Cause::Disconnect(reason)),
            Input::Closed(ended) => self.closed(ended),
            Input::Probed(result) => self.probed(result),
            Input::Subscribe(subscriptions) => self.subscribe(&subscriptions),
            Input::Unsubscribe(subscriptions) => self.unsubscribe(&subscriptions),
            Input::Unwanted(instrument) => self.unwanted(instrument),
            Input::SnapshotFetched => self.snapshot_fetched(),
            Input::SnapshotFailed(words) => self.snapshot_failed(words),
            Input::Tick => {}
            Input::Stop => self.stop(),
        }
        if slept {
            self.nudge();
        }
        if self.deadline().is_some_and(|deadline| deadline <= self.now.at) {
            self.timers();
        }
    }

    /// Returns the next action; call it until it returns `None`.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Returns when to send [`Input::Tick`] unless another input comes first, or `None` if no timer runs.
    pub fn deadline(&self) -> Option<Time> {
        let own = match &self.state {
            State::Idle | State::Ended => return None,
            State::Stopping { until } => return Some(*until),
            State::AwaitingCredentials(Awaiting { deadline, next_read, .. }) => {
                let next = next_read.map_or(*deadline, |next| next.min(*deadline));
                return [Some(next), self.outage.deadline(), self.loss.beginning_at].into_iter().flatten().min();
            }
            State::Waiting { until } | State::Probing { until, .. } => Some(*until),
            State::Reading | State::Connecting => None,
            State::Online(online) => {
                let timers = [online.snapshot_at, online.explain_at, online.unseen_at, self.stale_deadline()];
                return timers.into_iter().flatten().chain(online.pulse.deadline()).min();
            }
        };
        [own, self.outage_limit(), self.outage.deadline(), self.loss.beginning_at].into_iter().flatten().min()
    }

    /// Returns the name of the state.
    #[cfg(any(test, feature = "testing"))]
    pub const fn state(&self) -> StateName {
        match &self.state {
            State::Idle => StateName::Idle,
            State::Waiting { .. } => StateName::Waiting,
            State::Reading => StateName::Reading,
            State::AwaitingCredentials(_) => StateName::AwaitingCredentials,
            State::Connecting => StateName::Connecting,
            State::Probing { .. } => StateName::Probing,
            State::Online(_) => StateName::Online,
            State::Stopping { .. } => StateName::Stopping,
            State::Ended => StateName::Ended,
        }
    }

    /// Returns all subscriptions that this connection should serve.
    pub fn wanted(&self) -> &WantedSubscriptions {
        &self.wanted
    }

    /// Returns whether a gap is open: data has not resumed.
    #[cfg(any(test, feature = "testing"))]
    pub const fn gap_open(&self) -> bool {
        self.loss.is_open
    }

    /// Returns the exit code of a run that ends while this connection is missing, or `None` while it is up.
    pub fn exit(&self) -> Option<Exit> {
        if let State::AwaitingCredentials(awaiting) = &self.state {
            return Some(awaiting.problem.exit);
        }
        self.outage.since()?;
        let exit = self.outage.cause().map_or(Exit::Network, |cause| policy::exit(cause, self.server.has_served));
        // A single 805 proves nothing yet; three of them end the run anyway.
        Some(if exit == Exit::NoPlace { Exit::Network } else { exit })
    }

    /// Returns why the connection is missing, or was until it became live.
    pub fn cause(&self) -> Option<&Cause> {
        self.outage.cause()
    }

    /// Returns the time until the next attempt, or `None` if none is scheduled.
    pub fn next_attempt_in(&self) -> Option<Duration> {
        match &self.state {
            State::Waiting { until } => Some(until.since(self.now.at)),
            _ => None,
        }
    }

    /// Returns whether data has arrived on the present connection.
    pub fn is_live(&self) -> bool {
        matches!(&self.state, State::Online(online) if online.packets > 0)
    }

    /// Returns depth instruments that were unsubscribed a while ago: report each packet of one as
    /// [`Input::Unwanted`]. Nearly always empty.
    pub fn leaving(&self) -> impl Iterator<Item = InstrumentKey> + '_ {
        let leaving = match &self.state {
            State::Online(online) => online.leaving.as_slice(),
            _ => &[],
        };
        leaving.iter().filter(|(_, since)| self.now.at.since(*since) >= LEAVING).map(|(instrument, _)| *instrument)
    }

    fn stop(&mut self) {
        match &self.state {
            State::Ended | State::Stopping { .. } => return,
            State::Online(_) => {
                self.snapshot_missing_at_end();
                self.status(StatusEvent::Stopping, None);
                if self.config.feed != Stream::Orders {
                    self.act(Action::Send(request::disconnect()));
                }
                self.act(Action::Close { polite: true });
                self.state = State::Stopping { until: self.now.at + CLOSE_TIMEOUT };
                return;
            }
            State::Connecting => {
                self.status(StatusEvent::Stopping, None);
                self.act(Action::Close { polite: false });
            }
            _ => self.status(StatusEvent::Stopping, None),
        }
        self.lose_beginning();
        self.stopped();
    }

    fn stopped(&mut self) {
        self.state = State::Ended;
        self.act(Action::Stopped);
    }

    fn give_up(&mut self, exit: Exit, message: String) {
        self.lose_beginning();
        if matches!(self.state, State::Connecting) {
            self.act(Action::Close { polite: false });
        }
        self.state = State::Ended;
        self.act(Action::GiveUp(exit::Failure::new(exit, message)));
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn status(&mut self, event: StatusEvent, detail: Option<String>) {
        self.act(Action::Status { event, detail });
    }

    fn warn(&mut self, words: String) {
        self.act(Action::Warn(words));
    }
}
