//! The states of a connection, and what leads from one to another.

mod connected;
mod connecting;
mod losing;

use super::action::Action;
use super::backoff::{Backoff, Served, jitter};
use super::calendar::{Calendar, Hours, Markets};
use super::input::{Fingerprint, Input, ProbeResult};
use super::liveness::{Liveness, Pulse};
use super::mute::{Mute, Silence};
use super::outage::{Outage, Say};
use super::policy::{self, Verdict};
use super::requests::{self, Desired, Subscription};
use super::time::{Now, Time, words};
use crate::model::exit::{self, Exit};
use crate::model::{Cause, CoolOffKind, CredentialProblem, Ended, InstrumentKey, Levels, Stream};
use crate::protocol::request;
use crate::record::control::{GapReason, StatusEvent};
use connected::markets;
use std::collections::VecDeque;
use std::time::Duration;

/// A session this long, with data, was stable: the next attempt comes at once.
pub const STABLE: Duration = Duration::from_secs(60);
/// A session this long, with data, takes a step off the delay.
const BRIEF: Duration = Duration::from_secs(3);
/// A reset this soon after connecting, without a packet, may be a refusal without a word.
const SILENT_REFUSAL: Duration = Duration::from_secs(5);
/// What is wrong with the account is asked at most this often.
const PROBE_EVERY: Duration = Duration::from_secs(60);
/// How long the answer is waited for.
const PROBE_PATIENCE: Duration = Duration::from_secs(20);
/// How often credentials are read while others are waited for.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How long the server has to close, once told that we go.
const CLOSE_PATIENCE: Duration = Duration::from_millis(1_500);
/// The order book is asked for at most this often.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(10);
/// Silence after the request that deserves a word.
const EXPLAIN_AFTER: Duration = Duration::from_secs(10);
/// When instruments that were never seen are named.
const UNSEEN_AFTER: Duration = Duration::from_secs(30);
/// How long packets may go on after unsubscribing before it is asked again by the other code.
const LEAVING: Duration = Duration::from_secs(3);
/// How late the first connection of a run may be before the time since its beginning is a gap.
const FIRST_CONNECTION: Duration = Duration::from_secs(5);
/// A jump of the wall clock that looks like a machine that slept.
const SLEPT_US: i64 = 5_000_000;
/// Refused credentials that are remembered.
const REFUSED_KEPT: usize = 16;

/// What a session is for, and how patient it is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which stream.
    pub feed: Stream,
    /// The connection's number, from 1, for people.
    pub conn: u16,
    /// Where its dice start. Different in every process, or all come back at the same moment.
    pub seed: u64,
    /// How long after [`Input::Start`] the first attempt waits; staggers the connections of a run.
    pub start_delay: Duration,
    /// `--max-outage`.
    pub max_outage: Option<Duration>,
    /// `--auth-wait`; zero where the credentials cannot change.
    pub auth_wait: Duration,
    /// The same until the run is live for the first time: a person at a terminal is told at once.
    pub auth_wait_at_start: Duration,
    /// Whether the REST order book is asked for (orders, unless `--no-snapshot` or a partner).
    pub snapshot: bool,
    /// Whether the server may have another path (200 levels). Not where the user named the address: it is used as it
    /// stands.
    pub other_path: bool,
    /// When silence is remarkable.
    pub calendar: Calendar,
}

impl Config {
    /// The defaults of the command line for a feed.
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

/// Where a session is, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg(any(test, feature = "testing"))]
pub enum StateName {
    /// Not begun.
    Idle,
    /// Until the next attempt.
    Waiting,
    /// The credentials are being read for an attempt.
    Reading,
    /// Refused or without credentials: until there are others.
    AwaitingCredentials,
    /// An attempt is under way.
    Connecting,
    /// The account is being asked what is wrong.
    Probing,
    /// Connected.
    Online,
    /// Told to stop; the server has not closed yet.
    Stopping,
    /// Over.
    Ended,
}

#[cfg(any(test, feature = "testing"))]
impl StateName {
    /// Every state.
    pub const ALL: [StateName; 9] = [
        StateName::Idle,
        StateName::Waiting,
        StateName::Reading,
        StateName::AwaitingCredentials,
        StateName::Connecting,
        StateName::Probing,
        StateName::Online,
        StateName::Stopping,
        StateName::Ended,
    ];
}

#[derive(Debug)]
enum State {
    Idle,
    Waiting { until: Time },
    Reading,
    AwaitingCredentials(Awaiting),
    Connecting,
    Probing { until: Time, cause: Cause, asks: Asks },
    Online(Online),
    Stopping { until: Time },
    Ended,
}

/// A wait for other credentials.
#[derive(Debug)]
struct Awaiting {
    deadline: Time,
    next_read: Option<Time>,
    problem: CredentialProblem,
    /// When the same credentials may be sent again, where it is not certain that it was they who were refused.
    again: Option<Time>,
}

/// What the account's profile is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Why connections end without a word.
    Silence,
    /// Whether a refusal of what was accepted before is the server's fault.
    Refusal,
}

/// What is known of a connection while it lasts.
#[derive(Debug)]
struct Online {
    since: Time,
    pulse: Liveness,
    packets: u64,
    /// A text came that is no order message; if the connection ends now, it was a refusal.
    refused_in_words: bool,
    /// Unsubscribed depth that may go on coming.
    leaving: Vec<(InstrumentKey, Time)>,
    snapshot_at: Option<Time>,
    explain_at: Option<Time>,
    unseen_at: Option<Time>,
}

/// The credentials: those that were read last, those that were refused (the latest last), and since when others are
/// waited for.
#[derive(Debug, Default)]
struct Credentials {
    current: Option<Fingerprint>,
    refused: VecDeque<Fingerprint>,
    awaited_since: Option<Time>,
    /// Why the credentials were refused that are now read once more.
    refusal: Option<String>,
    /// The last time the profile was asked about silent refusals, and with which credentials.
    probed: Option<(Time, Option<Fingerprint>)>,
}

/// What failures in a row have come to.
#[derive(Debug, Default)]
struct Failures {
    backoff: Backoff,
    throttled: u32,
    displaced: VecDeque<Time>,
    untrusted: u32,
    foreign: (u32, Time),
    silent_refusals: u32,
    server_faults: u32,
    /// Since when the network is tried in vain, for `--max-outage`.
    unreachable_since: Option<Time>,
}

/// What is known of the server, over all its connections.
#[derive(Debug, Default)]
struct Server {
    is_on_other_path: bool,
    answers_pings: bool,
    /// It has accepted what this run asks for: data came, or a connection stood for a minute.
    has_served: bool,
}

/// The loss that is open, and the run's beginning, which is one where the first connection is late.
#[derive(Debug, Default)]
struct Loss {
    is_open: bool,
    began: Option<Now>,
    /// When the beginning becomes a gap; `None` once there was a connection.
    beginning_at: Option<Time>,
}

/// The order snapshot.
#[derive(Debug, Default)]
struct Snapshot {
    asked_at: Option<Time>,
    /// Whether the answer is on its way.
    is_pending: bool,
    /// Whether it ever came, and whether the last one did not.
    came: bool,
    lost: bool,
}

/// A connection's life. See the [module](super) for how it is driven.
#[derive(Debug)]
pub struct Session {
    config: Config,
    desired: Desired,
    rng: fastrand::Rng,
    now: Now,
    state: State,
    actions: VecDeque<Action>,
    mute: Mute,
    /// The markets of what is wanted.
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
    /// A session that has not begun.
    pub fn new(config: Config, subscriptions: impl IntoIterator<Item = Subscription>) -> Session {
        let desired: Desired = subscriptions.into_iter().collect();
        Session {
            rng: fastrand::Rng::with_seed(config.seed),
            config,
            markets: markets(&desired),
            desired,
            now: Now::default(),
            state: State::Idle,
            actions: VecDeque::new(),
            mute: Mute::default(),
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

    /// Something happened. What is to be done about it is in [`Session::next_action`].
    pub fn on(&mut self, now: Now, input: Input) {
        let slept = self.clocks_moved_apart(now);
        self.now = Now { at: now.at.max(self.now.at), wall_us: now.wall_us };
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
            Input::ServerDisconnect(reason) => self.lost(Cause::Disconnect(reason)),
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

    /// What to do next; to be asked until there is nothing more.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to come back with [`Input::Tick`] unless something happens before; `None` where nothing would.
    pub fn deadline(&self) -> Option<Time> {
        let max_outage = self.failures.unreachable_since.zip(self.config.max_outage).map(|(since, most)| since + most);
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
                let timers = [online.snapshot_at, online.explain_at, online.unseen_at, self.mute_deadline()];
                return timers.into_iter().flatten().chain(online.pulse.deadline()).min();
            }
        };
        [own, max_outage, self.outage.deadline(), self.loss.beginning_at].into_iter().flatten().min()
    }

    /// Where it is.
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

    /// Everything that this connection should serve.
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// Returns whether a gap is open: what was lost has not come back.
    #[cfg(any(test, feature = "testing"))]
    pub const fn gap_open(&self) -> bool {
        self.loss.is_open
    }

    /// Returns the exit code that the run has if it ends while this connection is missing; `None` while it is there.
    pub fn exit(&self) -> Option<Exit> {
        if let State::AwaitingCredentials(awaiting) = &self.state {
            return Some(awaiting.problem.exit);
        }
        self.outage.since()?;
        let exit = self.outage.cause().map_or(Exit::Network, |cause| policy::exit(cause, self.server.has_served));
        // A single 805 proves nothing yet; three of them end the run by themselves.
        Some(if exit == Exit::NoPlace { Exit::Network } else { exit })
    }

    /// Returns why the connection is missing, or was until it became live.
    pub fn cause(&self) -> Option<&Cause> {
        self.outage.cause()
    }

    /// Returns the time until the next attempt, while one is waited for.
    pub fn next_attempt_in(&self) -> Option<Duration> {
        match &self.state {
            State::Waiting { until } => Some(until.since(self.now.at)),
            _ => None,
        }
    }

    /// Returns whether data has come on the connection that there is now.
    pub fn is_live(&self) -> bool {
        matches!(&self.state, State::Online(online) if online.packets > 0)
    }

    /// Depth instruments that were unsubscribed a while ago: a packet of one of them is an [`Input::Unwanted`].
    /// Empty nearly always, so that asking costs nothing.
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
                self.state = State::Stopping { until: self.now.at + CLOSE_PATIENCE };
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

    fn say(&mut self, say: Option<Say>) {
        match say {
            Some(Say::Inform(words)) => self.act(Action::Inform(words)),
            Some(Say::Warn(words)) => self.act(Action::Warn(words)),
            None => {}
        }
    }
}
