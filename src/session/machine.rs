//! The states of a connection, and what leads from one to another.

use super::action::Action;
use super::backoff::{Backoff, Served, jitter};
use super::calendar::Calendar;
use super::input::{Close, ConnectFailure, CoolOffKind, CredentialProblem, Fingerprint, Input, ProbeResult};
use super::liveness::{Liveness, Pulse};
use super::mute::{Mute, Silence};
use super::policy::{self, Failure, Verdict};
use super::requests::{self, Desired, Subscription};
use super::time::{Now, Time, words};
use crate::exit::{self, Exit};
use crate::wire::depth::Levels;
use crate::wire::{InstrumentKey, request};
use crate::writer::item::{Feed, GapReason, StatusEvent};
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
/// A jump of the wall clock that looks like a machine that slept.
const SLEPT_US: i64 = 5_000_000;
/// Refused credentials that are remembered.
const REFUSED_KEPT: usize = 16;

/// What a session is for, and how patient it is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which stream.
    pub feed: Feed,
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
    /// Whether the REST order book is asked for (orders, unless `--no-snapshot` or a partner).
    pub snapshot: bool,
    /// When silence is remarkable.
    pub calendar: Calendar,
}

impl Config {
    /// The defaults of the command line for a feed.
    pub fn new(feed: Feed, conn: u16, seed: u64) -> Config {
        Config {
            feed,
            conn,
            seed,
            start_delay: Duration::ZERO,
            max_outage: None,
            auth_wait: Duration::from_secs(600),
            snapshot: feed == Feed::Orders,
            calendar: Calendar::default(),
        }
    }
}

/// Where a session is, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    AwaitingCredentials { deadline: Time, next_read: Option<Time>, problem: String },
    Connecting,
    Probing { until: Time },
    Online(Online),
    Stopping { until: Time },
    Ended,
}

/// What is known of a connection while it lasts.
#[derive(Debug)]
struct Online {
    since: Time,
    pulse: Liveness,
    packets: u64,
    /// Unsubscribed depth that may go on coming.
    leaving: Vec<(InstrumentKey, Time)>,
    snapshot_at: Option<Time>,
    explain_at: Option<Time>,
    unseen_at: Option<Time>,
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
    backoff: Backoff,
    mute: Mute,
    /// Credentials that were read last, and those that were refused, the latest last.
    current: Option<Fingerprint>,
    refused: VecDeque<Fingerprint>,
    /// Since when other credentials are waited for.
    auth_since: Option<Time>,
    /// Since when there has been no connection, and what the last trouble was.
    outage_since: Option<Time>,
    trouble: String,
    throttled: u32,
    displaced: VecDeque<Time>,
    untrusted: u32,
    foreign: (u32, Time),
    silent_refusals: u32,
    probed: Option<Time>,
    path_switched: bool,
    answers_pings: bool,
    ever_live: bool,
    gap_open: bool,
    unseen_reported: bool,
    /// The last time the order book was asked for; whether it ever came, and since when it may be out of date.
    asked_for_book: Option<Time>,
    book_came: bool,
    book_lost: bool,
}

impl Session {
    /// A session that has not begun.
    pub fn new(config: Config, subscriptions: impl IntoIterator<Item = Subscription>) -> Session {
        Session {
            rng: fastrand::Rng::with_seed(config.seed),
            config,
            desired: subscriptions.into_iter().collect(),
            now: Now::default(),
            state: State::Idle,
            actions: VecDeque::new(),
            backoff: Backoff::default(),
            mute: Mute::default(),
            current: None,
            refused: VecDeque::new(),
            auth_since: None,
            outage_since: None,
            trouble: String::new(),
            throttled: 0,
            displaced: VecDeque::new(),
            untrusted: 0,
            foreign: (0, Time::default()),
            silent_refusals: 0,
            probed: None,
            path_switched: false,
            answers_pings: false,
            ever_live: false,
            gap_open: false,
            unseen_reported: false,
            asked_for_book: None,
            book_came: false,
            book_lost: false,
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
            Input::ServerDisconnect(reason) => self.lost(Failure::Disconnect(reason)),
            Input::Closed(close) => self.closed(close),
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
        let outage = self.outage_since.zip(self.config.max_outage).map(|(since, most)| since + most);
        let own = match &self.state {
            State::Idle | State::Ended => return None,
            State::Stopping { until } => return Some(*until),
            State::AwaitingCredentials { deadline, next_read, .. } => {
                return Some(next_read.map_or(*deadline, |next| next.min(*deadline)));
            }
            State::Waiting { until } | State::Probing { until } => Some(*until),
            State::Reading | State::Connecting => None,
            State::Online(online) => {
                let timers = [online.snapshot_at, online.explain_at, online.unseen_at, self.mute_deadline()];
                return Some(timers.into_iter().flatten().fold(online.pulse.deadline(), Time::min));
            }
        };
        own.into_iter().chain(outage).min()
    }

    /// Where it is.
    pub const fn state(&self) -> StateName {
        match &self.state {
            State::Idle => StateName::Idle,
            State::Waiting { .. } => StateName::Waiting,
            State::Reading => StateName::Reading,
            State::AwaitingCredentials { .. } => StateName::AwaitingCredentials,
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

    /// Whether a gap is open: what was lost has not come back.
    pub const fn gap_open(&self) -> bool {
        self.gap_open
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

    // --- beginning and connecting -------------------------------------------------------------------------------

    fn start(&mut self) {
        if matches!(self.state, State::Idle) {
            self.outage_since = Some(self.now.at);
            self.attempt_after(self.config.start_delay);
        }
    }

    fn attempt_after(&mut self, wait: Duration) {
        if wait.is_zero() {
            self.attempt();
        } else {
            self.state = State::Waiting { until: self.now.at + wait };
        }
    }

    fn attempt(&mut self) {
        self.state = State::Reading;
        self.act(Action::ReadCredentials);
    }

    fn credentials_read(&mut self, read: Result<Fingerprint, CredentialProblem>) {
        let waiting = match &mut self.state {
            State::Reading => false,
            State::AwaitingCredentials { next_read, .. } => {
                *next_read = Some(self.now.at + READ_EVERY);
                true
            }
            _ => return,
        };
        match read {
            Ok(which) if !self.refused.contains(&which) => {
                if waiting {
                    self.warn("other credentials are there: trying them".to_owned());
                    self.outage_since.get_or_insert(self.now.at);
                }
                self.current = Some(which);
                self.status(StatusEvent::Connecting, None);
                self.state = State::Connecting;
                self.act(Action::Connect);
            }
            Ok(_) if waiting => {}
            Ok(_) => self.await_credentials("these credentials were refused before".to_owned()),
            Err(problem) if waiting => {
                if let State::AwaitingCredentials { problem: last, .. } = &mut self.state {
                    *last = problem.words;
                }
            }
            Err(problem) => self.await_credentials(problem.words),
        }
    }

    fn connected(&mut self) {
        if !matches!(self.state, State::Connecting) {
            // An attempt that was given up came through after all.
            if !matches!(self.state, State::Online(_) | State::Stopping { .. }) {
                self.act(Action::Close { polite: false });
            }
            return;
        }
        let now = self.now;
        self.outage_since = None;
        self.untrusted = 0;
        self.mute.forget();
        self.status(StatusEvent::Connected, None);
        let asked = match self.config.feed {
            Feed::Orders => {
                self.act(Action::Login);
                "login sent; the server confirms nothing".to_owned()
            }
            feed => {
                self.actions.extend(requests::subscribe(feed, self.desired.all()).into_iter().map(Action::Send));
                format!("{} subscriptions", self.desired.len())
            }
        };
        self.status(StatusEvent::Requested, Some(asked));
        let expects_data = self.config.feed != Feed::Orders && !self.desired.is_empty();
        let soonest = self.asked_for_book.map_or(now.at, |last| now.at.max(last + SNAPSHOT_EVERY));
        let online = Online {
            since: now.at,
            pulse: Liveness::new(now, self.answers_pings),
            packets: 0,
            leaving: Vec::new(),
            snapshot_at: self.config.snapshot.then_some(soonest),
            explain_at: (expects_data && !self.ever_live).then_some(now.at + EXPLAIN_AFTER),
            unseen_at: (expects_data && !self.unseen_reported).then(|| self.unseen_deadline()).flatten(),
        };
        self.state = State::Online(online);
    }

    fn connect_failed(&mut self, failure: ConnectFailure) {
        if matches!(self.state, State::Connecting) {
            self.state = State::Waiting { until: self.now.at };
            self.trouble = failure.to_string();
            self.fail(&Failure::Connect(failure), Served::Nothing);
        }
    }

    // --- while connected ----------------------------------------------------------------------------------------

    fn online(&mut self, change: impl FnOnce(&mut Online, Now)) {
        let now = self.now;
        if let State::Online(online) = &mut self.state {
            change(online, now);
        }
    }

    fn pong(&mut self) {
        self.online(|online, now| online.pulse.pong(now));
        self.answers_pings |= matches!(self.state, State::Online(_));
    }

    fn data(&mut self, packets: u32) {
        let now = self.now;
        let State::Online(online) = &mut self.state else { return };
        online.pulse.traffic(now);
        if packets == 0 {
            return;
        }
        let first = online.packets == 0;
        online.packets = online.packets.saturating_add(u64::from(packets));
        online.explain_at = None;
        self.mute.data(now);
        if first {
            self.ever_live = true;
            self.gap_open = false;
            self.auth_since = None;
            self.silent_refusals = 0;
            self.status(StatusEvent::Live, None);
        }
    }

    fn subscribe(&mut self, subscriptions: &[Subscription]) {
        let new = self.desired.add(subscriptions);
        let feed = self.config.feed;
        if let State::Online(online) = &mut self.state {
            online.leaving.retain(|(instrument, _)| !new.iter().any(|s| s.instrument == *instrument));
            self.actions.extend(requests::subscribe(feed, &new).into_iter().map(Action::Send));
        }
    }

    fn unsubscribe(&mut self, subscriptions: &[Subscription]) {
        let gone = self.desired.remove(subscriptions);
        if gone.is_empty() {
            return;
        }
        // What had been ticking may be just what is no longer wanted.
        self.mute.forget();
        let (feed, now) = (self.config.feed, self.now.at);
        if let State::Online(online) = &mut self.state {
            if let Feed::Depth(_) = feed {
                online.leaving.extend(gone.iter().map(|s| (s.instrument, now)));
            }
            self.actions.extend(requests::unsubscribe(feed, &gone).into_iter().map(Action::Send));
        }
    }

    fn unwanted(&mut self, instrument: InstrumentKey) {
        let (Feed::Depth(levels), now) = (self.config.feed, self.now.at) else { return };
        let State::Online(online) = &mut self.state else { return };
        let due = |(leaving, since): &(InstrumentKey, Time)| *leaving == instrument && now.since(*since) >= LEAVING;
        if let Some(at) = online.leaving.iter().position(due) {
            online.leaving.swap_remove(at);
            self.actions.extend(requests::unsubscribe_depth_again(levels, &[instrument]).into_iter().map(Action::Send));
        }
    }

    fn snapshot_fetched(&mut self) {
        self.book_came = true;
        self.book_lost = false;
        if matches!(self.state, State::Online(_)) {
            self.gap_open = false;
        }
        self.online(|online, _| online.snapshot_at = None);
    }

    fn snapshot_failed(&mut self, detail: String) {
        let State::Online(online) = &mut self.state else { return };
        online.snapshot_at = Some(self.now.at + SNAPSHOT_EVERY);
        let from_us = online.pulse.last().wall_us;
        if !std::mem::replace(&mut self.book_lost, true) {
            self.act(Action::SnapshotLost { detail, from_us });
        }
    }

    fn mute_deadline(&self) -> Option<Time> {
        (self.config.feed != Feed::Orders).then(|| self.mute.deadline(self.now, &self.config.calendar)).flatten()
    }

    fn unseen_deadline(&self) -> Option<Time> {
        let calendar = &self.config.calendar;
        if calendar.is_open(self.now.wall_us) {
            return Some(self.now.at + UNSEEN_AFTER);
        }
        let wait_us = calendar.next_open(self.now.wall_us)?.saturating_sub(self.now.wall_us);
        Some(self.now.at + Duration::from_micros(u64::try_from(wait_us).unwrap_or(0)) + UNSEEN_AFTER)
    }

    fn clocks_moved_apart(&self, now: Now) -> bool {
        let wall = now.wall_us.saturating_sub(self.now.wall_us);
        let steady = i64::try_from(now.at.0.saturating_sub(self.now.at.0)).unwrap_or(i64::MAX);
        wall.saturating_sub(steady) > SLEPT_US
    }

    fn nudge(&mut self) {
        let now = self.now;
        let ping = match &mut self.state {
            State::Online(online) if online.since < now.at => online.pulse.nudge(now.at) == Pulse::Ping,
            _ => false,
        };
        if ping {
            self.act(Action::Ping);
        }
    }

    // --- timers -------------------------------------------------------------------------------------------------

    fn timers(&mut self) {
        let at = self.now.at;
        if self.outage_is_over_long() {
            return;
        }
        match &mut self.state {
            State::Waiting { until } if *until <= at => self.attempt(),
            State::AwaitingCredentials { deadline, problem, .. } if *deadline <= at => {
                let problem = std::mem::take(problem);
                self.no_credentials(&problem);
            }
            State::AwaitingCredentials { next_read, .. } if next_read.is_some_and(|next| next <= at) => {
                *next_read = None;
                self.act(Action::ReadCredentials);
            }
            State::Probing { until } if *until <= at => self.probed(ProbeResult::Unknown),
            State::Stopping { until } if *until <= at => {
                self.act(Action::Close { polite: false });
                self.stopped();
            }
            State::Online(_) => self.online_timers(),
            _ => {}
        }
    }

    fn outage_is_over_long(&mut self) -> bool {
        let disconnected =
            matches!(self.state, State::Waiting { .. } | State::Reading | State::Connecting | State::Probing { .. });
        let (Some(since), Some(most)) = (self.outage_since, self.config.max_outage) else { return false };
        let over = disconnected && self.now.at.since(since) >= most;
        if over {
            let trouble = if self.trouble.is_empty() { "no attempt has ended" } else { &self.trouble };
            let message = format!("no connection for {} (--max-outage): {trouble}", words(most));
            self.give_up(Exit::Network, message);
        }
        over
    }

    fn online_timers(&mut self) {
        let (now, calendar) = (self.now, &self.config.calendar);
        let State::Online(online) = &mut self.state else { return };
        let due = |timer: &mut Option<Time>| timer.take_if(|at| *at <= now.at).is_some();
        let (explain, unseen, snapshot) =
            (due(&mut online.explain_at), due(&mut online.unseen_at), due(&mut online.snapshot_at));
        let pulse = online.pulse.check(now.at);
        if explain {
            let open = calendar.is_open(now.wall_us);
            self.warn(silence_words(self.config.feed, self.desired.len(), open).to_owned());
        }
        if unseen {
            // The market may have closed, or the clock stepped, since the moment was chosen.
            if self.config.calendar.is_open(now.wall_us) {
                self.unseen_reported = true;
                self.act(Action::ReportUnseen);
            } else {
                let later = self.unseen_deadline();
                self.online(|online, _| online.unseen_at = later);
            }
        }
        if snapshot {
            self.asked_for_book = Some(now.at);
            self.act(Action::FetchOrders { after_gap: self.book_came });
        }
        match pulse {
            Pulse::Fine => self.check_mute(),
            Pulse::Ping => {
                self.act(Action::Ping);
                self.check_mute();
            }
            Pulse::Dead => {
                self.act(Action::Close { polite: false });
                let silence = self.now.at.since(self.last_byte());
                self.drop_connection(GapReason::Stalled, &format!("nothing came for {}", words(silence)), None);
            }
        }
    }

    fn last_byte(&self) -> Time {
        match &self.state {
            State::Online(online) => online.pulse.last().at,
            _ => self.now.at,
        }
    }

    fn check_mute(&mut self) {
        if self.config.feed == Feed::Orders || !matches!(self.state, State::Online(_)) {
            return;
        }
        let silence = self.mute.check(self.now, &self.config.calendar);
        if silence == Silence::Fine {
            return;
        }
        let last = self.mute.last().unwrap_or(self.now);
        let since = words(self.now.at.since(last.at));
        let detail =
            format!("connected, but everything that had been ticking has been silent for {since} in market hours");
        self.status(StatusEvent::Stale, Some(detail.clone()));
        if silence == Silence::SayOnly {
            self.warn(format!("connection {}: {detail}; connecting again has not helped lately", self.config.conn));
            return;
        }
        self.warn(format!("connection {}: {detail}; connecting again", self.config.conn));
        self.act(Action::Close { polite: false });
        self.drop_connection(GapReason::Stalled, &detail, Some(last.wall_us));
    }

    // --- losing the connection ----------------------------------------------------------------------------------

    /// What the connection that ends here was worth; forgives what a stable one forgives.
    fn served(&mut self) -> Served {
        let State::Online(online) = &self.state else { return Served::Nothing };
        let (lasted, data) = (self.now.at.since(online.since), online.packets > 0);
        // An account without orders is silent for days: there, being connected is all there is.
        let useful = data || self.config.feed == Feed::Orders;
        self.answers_pings = online.pulse.answers_pings();
        if useful && lasted >= STABLE {
            self.throttled = 0;
            self.foreign.0 = 0;
            self.auth_since = None;
            Served::Stable
        } else if data && lasted >= BRIEF {
            Served::Briefly
        } else {
            Served::Nothing
        }
    }

    /// The bookkeeping of a connection that is gone; returns what it was worth.
    fn gone(&mut self, reason: GapReason, detail: &str, from_us: Option<i64>) -> Served {
        let served = self.served();
        let State::Online(online) = &self.state else { return served };
        let from_us = from_us.unwrap_or_else(|| online.pulse.last().wall_us);
        self.status(StatusEvent::Disconnected, Some(detail.to_owned()));
        if !std::mem::replace(&mut self.gap_open, true) {
            self.act(Action::Lost { reason, detail: detail.to_owned(), from_us });
        }
        self.outage_since = Some(self.now.at);
        self.trouble = detail.to_owned();
        served
    }

    /// We gave the connection up ourselves.
    fn drop_connection(&mut self, reason: GapReason, detail: &str, from_us: Option<i64>) {
        let served = self.gone(reason, detail, from_us);
        self.retry(served, Duration::ZERO, detail);
    }

    fn closed(&mut self, close: Close) {
        match &self.state {
            State::Stopping { .. } => self.stopped(),
            State::Online(_) => self.lost(Failure::Closed(close)),
            _ => {}
        }
    }

    /// The server, or the network, ended the connection.
    fn lost(&mut self, failure: Failure) {
        let State::Online(online) = &self.state else { return };
        let refused_silently = matches!(failure, Failure::Closed(Close::Reset | Close::Eof))
            && online.packets == 0
            && self.now.at.since(online.since) < SILENT_REFUSAL;
        self.silent_refusals = if refused_silently { self.silent_refusals.saturating_add(1) } else { 0 };
        if matches!(failure, Failure::Disconnect(_)) {
            self.act(Action::Close { polite: false });
        }
        let served = self.gone(GapReason::Disconnected, &failure.to_string(), None);
        if refused_silently {
            self.refused_silently(&failure, served);
        } else {
            self.fail(&failure, served);
        }
    }

    fn refused_silently(&mut self, failure: &Failure, served: Served) {
        if self.config.feed == Feed::Depth(Levels::TwoHundred) && !self.path_switched {
            self.path_switched = true;
            self.act(Action::SwitchPath);
            self.warn(format!("200 levels: {failure} without one packet; trying the server's other path, /"));
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        if self.silent_refusals < 2 {
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        if self.silent_refusals == 2 {
            let hint = match self.config.feed {
                Feed::Depth(Levels::TwoHundred) => {
                    " (200 levels also want a token made on web.dhan.co, consumer type SELF)"
                }
                _ => "",
            };
            self.warn(format!(
                "two resets within 5 s of connecting without one packet: this looks like bad credentials or a missing data plan{hint}"
            ));
        }
        self.probe_or_retry(failure, served);
    }

    /// Does what the table says.
    fn fail(&mut self, failure: &Failure, served: Served) {
        let detail = failure.to_string();
        match policy::verdict(failure) {
            Verdict::Retry => self.retry(served, Duration::ZERO, &detail),
            Verdict::RetrySlow(from, to) => {
                let floor = from + jitter(&mut self.rng, to.saturating_sub(from));
                self.retry(served, floor, &detail);
            }
            Verdict::Credentials => {
                self.refuse_current();
                self.await_credentials(detail);
            }
            Verdict::AwaitCredentials => self.await_credentials(detail),
            Verdict::Probe => self.probe_or_retry(failure, served),
            Verdict::CoolOff(kind, asked) => self.cool_off(kind, asked, &detail),
            Verdict::Wait(wait) => {
                if let Failure::Connect(ConnectFailure::CoolingOff { kind: CoolOffKind::Throttled, step, .. }) = failure
                {
                    // Another process, or the one before us, was told already: ours would be the next step.
                    self.throttled = self.throttled.max(step.saturating_add(1));
                }
                let wait = wait.min(policy::LONGEST_COOL_OFF) + jitter(&mut self.rng, Duration::from_millis(250));
                self.wait(wait, &detail);
            }
            Verdict::Untrusted => {
                self.untrusted = self.untrusted.saturating_add(1);
                if self.untrusted >= policy::UNTRUSTED_TRIES {
                    return self.give_up(Exit::Certificate, detail);
                }
                self.retry(served, Duration::from_secs(5), &detail);
            }
            Verdict::Foreign => {
                let (count, since) = &mut self.foreign;
                if *count == 0 {
                    *since = self.now.at;
                }
                *count = count.saturating_add(1);
                let patient = self.ever_live && self.now.at.since(*since) < policy::FOREIGN_PATIENCE;
                if *count >= policy::FOREIGN_TRIES && !patient {
                    let message = format!("the server keeps speaking something else than Dhan's protocol: {detail}");
                    return self.give_up(Exit::Protocol, message);
                }
                self.retry(served, Duration::ZERO, &detail);
            }
            Verdict::Fatal(exit) => self.give_up(exit, detail),
        }
    }

    fn retry(&mut self, served: Served, floor: Duration, detail: &str) {
        let wait = self.backoff.next(served, &mut self.rng).max(floor);
        self.wait(wait, detail);
    }

    fn wait(&mut self, wait: Duration, why: &str) {
        self.status(StatusEvent::Retrying, Some(format!("in {}: {why}", words(wait))));
        self.state = State::Waiting { until: self.now.at + wait };
    }

    fn cool_off(&mut self, kind: CoolOffKind, asked: Option<Duration>, detail: &str) {
        let now = self.now.at;
        let step = match kind {
            CoolOffKind::Throttled => {
                let step = self.throttled;
                self.throttled = step.saturating_add(1);
                step
            }
            CoolOffKind::Displaced => {
                self.displaced.retain(|then| now.since(*then) < policy::DISPLACED_WINDOW);
                self.displaced.push_back(now);
                u32::try_from(self.displaced.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let wait = policy::cool_off(kind, step, asked);
        self.act(Action::CoolOff { kind, step, wait });
        if kind == CoolOffKind::Displaced && self.displaced.len() >= policy::DISPLACED_LIMIT {
            let message = format!(
                "no free place: {detail}, {} times within {}. Somebody else uses this account's connections",
                policy::DISPLACED_LIMIT,
                words(policy::DISPLACED_WINDOW)
            );
            return self.give_up(Exit::NoPlace, message);
        }
        if asked.is_some_and(|asked| asked > policy::LONGEST_COOL_OFF) {
            self.warn(format!(
                "the server asks for {} of rest; after {} it is asked again",
                words(asked.unwrap_or_default()),
                words(wait)
            ));
        }
        let spread = jitter(&mut self.rng, Duration::from_millis(500));
        self.wait(wait + spread, &format!("cooling off, {detail}"));
    }

    // --- credentials --------------------------------------------------------------------------------------------

    fn remember_refused(&mut self, which: Fingerprint) {
        if !self.refused.contains(&which) {
            self.refused.push_back(which);
            if self.refused.len() > REFUSED_KEPT {
                self.refused.pop_front();
            }
        }
    }

    fn refuse_current(&mut self) {
        if let Some(which) = self.current.take() {
            self.remember_refused(which);
            self.act(Action::Refused(which));
        }
    }

    fn await_credentials(&mut self, problem: String) {
        self.trouble.clone_from(&problem);
        let since = *self.auth_since.get_or_insert(self.now.at);
        let deadline = since + self.config.auth_wait;
        if deadline <= self.now.at {
            return self.no_credentials(&problem);
        }
        let left = words(deadline.since(self.now.at));
        self.warn(format!("{problem}; waiting up to {left} for other credentials"));
        self.status(StatusEvent::Retrying, Some(format!("waiting for other credentials: {problem}")));
        self.state = State::AwaitingCredentials { deadline, next_read: None, problem };
        self.act(Action::ReadCredentials);
    }

    fn no_credentials(&mut self, problem: &str) {
        let waited = match self.config.auth_wait {
            Duration::ZERO => String::new(),
            wait => format!("; no others came within {} (--auth-wait)", words(wait)),
        };
        self.give_up(Exit::Credentials, format!("{problem}{waited}"));
    }

    fn probe_or_retry(&mut self, failure: &Failure, served: Served) {
        let asked_lately = self.probed.is_some_and(|then| self.now.at.since(then) < PROBE_EVERY);
        // The delay is drawn either way: it is what a probe that finds nothing falls back on.
        if asked_lately {
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        self.probed = Some(self.now.at);
        self.state = State::Probing { until: self.now.at + PROBE_PATIENCE };
        self.act(Action::Probe);
    }

    fn probed(&mut self, result: ProbeResult) {
        if !matches!(self.state, State::Probing { .. }) {
            return;
        }
        match result {
            ProbeResult::TokenDead => {
                self.refuse_current();
                self.await_credentials("the access token is dead, as the account's profile tells".to_owned());
            }
            ProbeResult::PlanInactive => {
                self.give_up(
                    Exit::Account,
                    "the account's Data API plan is not active, as its profile tells: renew it on web.dhan.co"
                        .to_owned(),
                );
            }
            ProbeResult::Fine => {
                self.warn(
                    "token and data plan are fine, as the account's profile tells: it is the network, or the server"
                        .to_owned(),
                );
                let trouble = self.trouble.clone();
                self.retry(Served::Nothing, Duration::ZERO, &trouble);
            }
            ProbeResult::Unknown => {
                let trouble = self.trouble.clone();
                self.retry(Served::Nothing, Duration::ZERO, &trouble);
            }
        }
    }

    // --- ending -------------------------------------------------------------------------------------------------

    fn stop(&mut self) {
        match &self.state {
            State::Ended | State::Stopping { .. } => return,
            State::Online(_) => {
                self.status(StatusEvent::Stopping, None);
                if self.config.feed != Feed::Orders {
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
        self.stopped();
    }

    fn stopped(&mut self) {
        self.state = State::Ended;
        self.act(Action::Stopped);
    }

    fn give_up(&mut self, exit: Exit, message: String) {
        if matches!(self.state, State::Connecting) {
            self.act(Action::Close { polite: false });
        }
        self.state = State::Ended;
        self.act(Action::GiveUp(exit::Failure::new(exit, message)));
    }

    // --- saying -------------------------------------------------------------------------------------------------

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

/// Why nothing may have come, as far as is known.
fn silence_words(feed: Feed, asked: usize, open: bool) -> String {
    let things = if asked == 1 { "1 subscription".to_owned() } else { format!("{asked} subscriptions") };
    match (feed, open) {
        (_, true) => format!(
            "nothing has come for 10 s after {things} were asked for, though the market is open: \
             instruments that do not trade, a segment the server does not serve, or a token without data; dhan doctor can tell more"
        ),
        (Feed::Depth(_), false) => {
            format!(
                "nothing has come for 10 s after {things} were asked for: the market is closed, and the depth server is silent then"
            )
        }
        (_, false) => {
            format!(
                "nothing has come for 10 s after {things} were asked for: the market is closed (weekdays 09:15-15:30 IST)"
            )
        }
    }
}
