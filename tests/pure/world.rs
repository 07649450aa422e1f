//! Virtual trading days with seeded random faults: several processes share an account, the network cuts and stalls, the
//! server throttles, displaces and refuses tokens, processes are killed and restarted.
//!
//! `DHAN_WORLD_SEEDS=10000 cargo test --test pure world::` runs that many days (some hundreds without it). A day that breaks
//! an invariant says which, and the command that runs it alone: `DHAN_WORLD_SEED=N cargo test --test pure world::`.

use dhan::testing::account::Account;
use dhan::testing::model::Stream;
use dhan::testing::model::{Cause, ConnectClass, ConnectError, Ended, Micros};
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::{DisconnectReason, Mode};
use dhan::testing::session::{
    Action, Config, Fingerprint, Input, Now, ProbeResult, Session, StateName, Subscription, Time,
};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

const SECOND: u64 = 1_000_000;
const MS: u64 = 1_000;
/// 2026-11-23, a Monday, 09:15 IST.
const OPEN: Micros = Micros::from_secs(1_795_405_500);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// The session's own timer.
    Timer(usize),
    /// An attempt ends, on the socket of that number.
    Attempt(usize, u64),
    /// Data, server ping, pong and end of a socket.
    Data(usize, u64),
    ServerPing(usize, u64),
    Pong(usize, u64),
    End(usize, u64),
    Silence(usize, u64),
    /// The server has closed after we asked it to.
    Closed(usize, u64),
    /// Checks 3 s after connecting that every subscription was requested.
    Check(usize, u64),
    /// The wanted subscriptions change.
    Wants(usize),
    /// The server refuses the token from now on; a new one is on disk.
    TokenDies,
    TokenAppears(u64),
    /// Attempts are refused from now on, in some way; no longer.
    Weather(u8),
    /// A process is killed and starts again.
    Kill(usize),
    Restart(usize),
    /// Another host opens five sockets.
    Stranger,
    /// The server refuses once what it accepted before: with this status on a reconnect, or with this disconnect packet.
    Refusal(usize, u16),
    /// It is long over.
    LiveAgain(usize),
    /// Checks that a silent socket has been closed.
    Dead(usize, u64),
}

struct Peer {
    session: Session,
    process: usize,
    /// The number of the socket that is open or being opened, and whether it is open.
    socket: Option<(u64, bool)>,
    token: u64,
    /// The subscriptions that the server has on this socket.
    asked: HashSet<(Mode, u32)>,
    silent_since: Option<u64>,
    /// Whether it has answered a ping on this socket.
    knows_pongs: bool,
    gap_open: bool,
    /// The HTTP status of the next attempt.
    refusal: Option<u16>,
    lost: u32,
    stop_asked: bool,
    over: bool,
    data: u32,
}

struct World {
    rng: fastrand::Rng,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    serial: u64,
    account: Account,
    peers: Vec<Peer>,
    /// Tokens that were refused to a process.
    told: Vec<HashSet<u64>>,
    alive: u64,
    on_disk: u64,
    weather: u8,
    cool_until: u64,
    attempts: Vec<u64>,
    silent_refusals: bool,
    connects: u64,
    /// Whether sockets stay open.
    is_calm: bool,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = fastrand::Rng::with_seed(seed);
        let processes = rng.usize(1..=3);
        let silent_refusals = rng.bool();
        let mut world = World {
            rng,
            now: 0,
            queue: BinaryHeap::new(),
            serial: 0,
            account: Account::in_memory(),
            peers: Vec::new(),
            told: vec![HashSet::new(); processes],
            alive: 1,
            on_disk: 1,
            weather: 0,
            cool_until: 0,
            attempts: Vec::new(),
            silent_refusals,
            connects: 0,
            is_calm: false,
        };
        // At most five of a stream, which places ensure (tests/pure/account.rs).
        for process in 0..processes {
            for _ in 0..world.rng.usize(1..=5 / processes) {
                let peer = world.peer(process);
                world.peers.push(peer);
            }
        }
        world
    }

    fn peer(&mut self, process: usize) -> Peer {
        let conn = u16::try_from(self.peers.len() + 1).unwrap();
        let config =
            Config { auth_wait: HOUR, auth_wait_at_start: HOUR, ..Config::new(Stream::Market, conn, self.rng.u64(..)) };
        let wanted = self.some_subscriptions(200);
        Peer {
            session: Session::new(config, wanted),
            process,
            socket: None,
            token: 0,
            asked: HashSet::new(),
            silent_since: None,
            knows_pongs: false,
            gap_open: false,
            refusal: None,
            lost: 0,
            stop_asked: false,
            over: false,
            data: 0,
        }
    }

    fn some_subscriptions(&mut self, most: u32) -> Vec<Subscription> {
        (0..self.rng.u32(1..=most))
            .map(|_| {
                let mode = Mode::ALL[self.rng.usize(0..3)];
                Subscription::feed(InstrumentKey::new(Segment::NSE_FNO, self.rng.u32(1..=300)), mode)
            })
            .collect()
    }

    fn later(&mut self, wait: u64, what: Happening) {
        self.serial += 1;
        self.queue.push(Reverse((self.now + wait, self.serial, what)));
    }

    fn clock(&self) -> Now {
        Now { at: Time(self.now), wall: self.wall() }
    }

    fn wall(&self) -> Micros {
        OPEN + Duration::from_micros(self.now)
    }

    fn day(&mut self) {
        let minutes = if self.rng.u8(0..20) == 0 { 375 } else { self.rng.u64(5..60) };
        let length = minutes * 60 * SECOND;
        for i in 0..self.peers.len() {
            self.tell(i, Input::Start);
        }
        for _ in 0..self.rng.u32(0..12) {
            let what = match self.rng.u8(0..6) {
                0 => Happening::TokenDies,
                1 => Happening::Kill(self.rng.usize(0..self.told.len())),
                2 => Happening::Stranger,
                3 => Happening::Wants(self.rng.usize(0..self.peers.len())),
                weather => {
                    let until = self.rng.u64(SECOND..300 * SECOND);
                    let from = self.rng.u64(0..length);
                    self.later(from + until, Happening::Weather(0));
                    let kind = if weather == 4 { 1 } else { self.rng.u8(2..6) };
                    self.later(from, Happening::Weather(kind));
                    continue;
                }
            };
            let at = self.rng.u64(0..length);
            self.later(at, what);
        }
        while let Some(Reverse((at, _, what))) = self.queue.pop() {
            if at > length {
                break;
            }
            self.now = at;
            self.happen(what);
        }
        // Every process stops within two seconds from any state.
        self.now = length;
        self.queue.clear();
        for i in 0..self.peers.len() {
            self.tell(i, Input::Stop);
            self.peers[i].stop_asked = true;
        }
        let stop_by = self.now + 2 * SECOND;
        while let Some(Reverse((at, _, what))) = self.queue.pop() {
            if at > stop_by {
                break;
            }
            self.now = at;
            self.happen(what);
        }
        for peer in &self.peers {
            assert!(peer.over, "still {:?} two seconds after it was told to stop", peer.session.state());
            assert!(peer.socket.is_none(), "a socket is left behind");
            assert_eq!(peer.gap_open, peer.session.gap_open(), "gaps pair up");
        }
        self.check_budget();
    }

    /// Runs half an hour with one refusal for each peer that has long been live.
    fn refusals(&mut self) {
        self.is_calm = true;
        for i in 0..self.peers.len() {
            self.tell(i, Input::Start);
            let at = self.rng.u64(120 * SECOND..900 * SECOND);
            let code = [302, 400, 403, 404, 806][self.rng.usize(0..5)];
            self.later(at, Happening::Refusal(i, code));
            self.later(at + 120 * SECOND, Happening::LiveAgain(i));
        }
        while let Some(Reverse((at, _, what))) = self.queue.pop() {
            if at > 1_800 * SECOND {
                break;
            }
            self.now = at;
            self.happen(what);
        }
        for peer in &self.peers {
            assert_eq!((peer.lost, peer.gap_open, peer.over), (1, false, false), "one gap, which has ended");
        }
    }

    fn check_budget(&self) {
        for (i, from) in self.attempts.iter().enumerate() {
            for (j, to) in self.attempts.iter().enumerate().skip(i).take(40) {
                let allowed = 10 + usize::try_from((to - from) / (6 * SECOND)).unwrap();
                assert!(j - i < allowed, "{} attempts from {from} to {to} µs", j - i + 1);
            }
        }
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Timer(i) if self.peers[i].session.deadline().is_some_and(|at| at.0 <= self.now) => {
                self.tell(i, Input::Tick);
            }
            Happening::Attempt(i, socket) => self.attempt_ends(i, socket),
            Happening::Data(i, socket) if self.talks(i, socket) => {
                let wait = self.rng.u64(200 * MS..4 * SECOND);
                self.later(wait, Happening::Data(i, socket));
                self.peers[i].gap_open = false;
                self.peers[i].data += 1;
                self.tell(i, Input::Data { packets: 3 });
            }
            Happening::ServerPing(i, socket) if self.talks(i, socket) => {
                self.later(10 * SECOND, Happening::ServerPing(i, socket));
                self.tell(i, Input::Traffic);
            }
            Happening::Pong(i, socket) if self.talks(i, socket) => {
                self.peers[i].knows_pongs = true;
                self.tell(i, Input::Pong);
            }
            Happening::End(i, socket) if self.is_open(i, socket) => {
                let close = match self.rng.u8(0..6) {
                    0 => Ended::Eof,
                    1 => Ended::CloseFrame { code: 1000, reason: String::new() },
                    2 => Ended::CloseFrame { code: 1012, reason: "restart".to_owned() },
                    3 => return self.ended_by_server(i, DisconnectReason(800)),
                    _ => Ended::Reset,
                };
                self.peers[i].socket = None;
                self.tell(i, Input::Closed(close));
            }
            Happening::Silence(i, socket) if self.is_open(i, socket) => {
                self.peers[i].silent_since = Some(self.now);
                let limit = if self.peers[i].knows_pongs { 10_500 * MS } else { 25_500 * MS };
                self.later(limit, Happening::Dead(i, socket));
            }
            Happening::Closed(i, socket) if self.is_open(i, socket) => {
                self.peers[i].socket = None;
                self.tell(i, Input::Closed(Ended::Eof));
            }
            Happening::Check(i, socket) if self.is_open(i, socket) => {
                let peer = &self.peers[i];
                if peer.session.state() == StateName::Online {
                    let wanted: HashSet<_> = peer
                        .session
                        .wanted()
                        .all()
                        .iter()
                        .map(|s| (s.mode.unwrap(), s.instrument.security_id))
                        .collect();
                    assert_eq!(peer.asked, wanted, "requested is what is desired");
                }
            }
            Happening::Wants(i) => {
                let (add, remove) = (self.some_subscriptions(150), self.some_subscriptions(150));
                self.tell(i, Input::Subscribe(add));
                self.tell(i, Input::Unsubscribe(remove));
                if let Some((socket, true)) = self.peers[i].socket {
                    self.later(0, Happening::Check(i, socket));
                }
            }
            Happening::TokenDies => {
                self.alive += 1;
                let wait = self.rng.u64(0..300 * SECOND);
                self.later(wait, Happening::TokenAppears(self.alive));
                // Connected sockets are displaced.
                for i in 0..self.peers.len() {
                    if let Some((_, true)) = self.peers[i].socket {
                        self.refuse_token(i);
                    }
                }
            }
            Happening::TokenAppears(token) => self.on_disk = self.on_disk.max(token),
            Happening::Weather(kind) => self.weather = kind,
            Happening::Kill(process) => {
                for peer in self.peers.iter_mut().filter(|peer| peer.process == process) {
                    peer.socket = None;
                    peer.over = true;
                }
                let wait = self.rng.u64(0..60 * SECOND);
                self.later(wait, Happening::Restart(process));
            }
            Happening::Restart(process) => {
                self.told[process].clear();
                for i in 0..self.peers.len() {
                    if self.peers[i].process == process && self.peers[i].over && !self.peers[i].stop_asked {
                        self.peers[i] = self.peer(process);
                        self.tell(i, Input::Start);
                    }
                }
            }
            Happening::Stranger => {
                for i in 0..self.peers.len() {
                    if let Some((_, true)) = self.peers[i].socket {
                        self.ended_by_server(i, DisconnectReason(805));
                    }
                }
            }
            Happening::Refusal(i, 806) => self.ended_by_server(i, DisconnectReason(806)),
            Happening::Refusal(i, status) => {
                self.peers[i].refusal = Some(status);
                self.peers[i].socket = None;
                self.tell(i, Input::Closed(Ended::Reset));
            }
            Happening::LiveAgain(i) => {
                let peer = &self.peers[i];
                let is_open = matches!(peer.socket, Some((_, true)));
                assert!(is_open && !peer.gap_open, "not live two minutes after a refusal: {:?}", peer.session.state());
            }
            Happening::Dead(i, socket) => {
                assert!(!self.is_open(i, socket), "a silent connection is still believed alive");
            }
            _ => {}
        }
    }

    fn is_open(&self, i: usize, socket: u64) -> bool {
        self.peers[i].socket == Some((socket, true))
    }

    fn talks(&self, i: usize, socket: u64) -> bool {
        self.is_open(i, socket) && self.peers[i].silent_since.is_none()
    }

    fn ended_by_server(&mut self, i: usize, reason: DisconnectReason) {
        self.tell(i, Input::ServerDisconnect(reason));
    }

    /// The server refuses this peer's token in one of its ways.
    fn refuse_token(&mut self, i: usize) {
        if self.silent_refusals {
            self.peers[i].socket = None;
            self.tell(i, Input::Closed(Ended::Reset));
        } else {
            let (process, token) = (self.peers[i].process, self.peers[i].token);
            self.told[process].insert(token);
            self.ended_by_server(i, DisconnectReason(807));
        }
    }

    fn attempt_ends(&mut self, i: usize, socket: u64) {
        if self.peers[i].socket != Some((socket, false)) {
            return;
        }
        let refusal = self.peers[i].refusal.take().map(|status| http_answer(status, None));
        let failure = match self.weather {
            _ if refusal.is_some() => refusal,
            1 => Some(cannot_connect(ConnectClass::Refused, "no route")),
            2 => Some(http_answer(503, None)),
            3 => Some(http_answer(429, self.rng.bool().then(|| Duration::from_secs(self.rng.u64(0..2_000))))),
            4 if self.rng.bool() => Some(cannot_connect(ConnectClass::Refused, "reset")),
            _ => None,
        };
        if let Some(failure) = failure {
            self.peers[i].socket = None;
            return self.tell(i, Input::ConnectFailed(failure));
        }
        let peer = &mut self.peers[i];
        peer.socket = Some((socket, true));
        peer.asked.clear();
        peer.knows_pongs = false;
        peer.silent_since = None;
        let open = self.peers.iter().filter(|peer| matches!(peer.socket, Some((_, true)))).count();
        assert!(open <= 5, "{open} sockets");
        self.tell(i, Input::Connected);
        if self.peers[i].token < self.alive {
            return self.refuse_token(i);
        }
        let first = self.rng.u64(20 * MS..800 * MS);
        self.later(first, Happening::Data(i, socket));
        self.later(10 * SECOND, Happening::ServerPing(i, socket));
        self.later(3 * SECOND, Happening::Check(i, socket));
        if self.is_calm {
            return;
        }
        let lasts = match (self.weather, self.rng.u8(0..4)) {
            (5, _) => self.rng.u64(0..20 * SECOND),
            (_, 0) => self.rng.u64(0..5 * SECOND),
            (_, 1) => 300 * SECOND,
            _ => self.rng.u64(0..3_600 * SECOND),
        };
        let end = if self.rng.u8(0..4) == 0 { Happening::Silence(i, socket) } else { Happening::End(i, socket) };
        self.later(lasts, end);
    }

    fn tell(&mut self, i: usize, input: Input) {
        if self.peers[i].over {
            return;
        }
        let clock = self.clock();
        self.peers[i].session.on(clock, input);
        while let Some(action) = self.peers[i].session.next_action() {
            self.act(i, action);
            if self.peers[i].over {
                return;
            }
        }
        let session = &self.peers[i].session;
        match session.deadline() {
            Some(at) => self.later(at.0.saturating_sub(self.now), Happening::Timer(i)),
            None => assert!(
                matches!(session.state(), StateName::Reading | StateName::Connecting | StateName::Ended),
                "nothing would ever wake {:?}",
                session.state()
            ),
        }
    }

    fn act(&mut self, i: usize, action: Action) {
        let clock = self.clock();
        match action {
            Action::ReadCredentials => {
                self.peers[i].token = self.on_disk;
                let read = Input::CredentialsRead(Ok(Fingerprint(self.on_disk)));
                self.peers[i].session.on(clock, read);
            }
            Action::Connect => self.connect(i),
            Action::Send(text) => self.receive(i, &text),
            Action::Ping => {
                if let Some((socket, true)) = self.peers[i].socket {
                    self.later(50 * MS, Happening::Pong(i, socket));
                }
            }
            Action::Close { polite: false } => self.peers[i].socket = None,
            Action::Close { polite: true } => {
                // Some servers never close.
                if let (Some((socket, true)), true) = (self.peers[i].socket, self.rng.bool()) {
                    self.later(100 * MS, Happening::Closed(i, socket));
                }
            }
            Action::Probe => {
                let dead = self.peers[i].token < self.alive;
                if dead {
                    let (process, token) = (self.peers[i].process, self.peers[i].token);
                    self.told[process].insert(token);
                }
                let result = match self.rng.u8(0..4) {
                    _ if dead => ProbeResult::TokenDead,
                    0 => ProbeResult::Unknown,
                    _ => ProbeResult::Fine,
                };
                self.peers[i].session.on(clock, Input::Probed(result));
            }
            Action::CoolOff { kind, step, wait } => {
                let longest = Duration::from_secs(900);
                assert!((Duration::from_secs(60)..=longest).contains(&wait), "{wait:?}");
                let wait_us = u64::try_from(wait.as_micros()).unwrap();
                self.cool_until = self.cool_until.max(self.now + wait_us);
                self.account.cool_off(kind, step, wait, self.wall());
            }
            Action::Refused(which) => {
                let process = self.peers[i].process;
                for j in 0..self.peers.len() {
                    if self.peers[j].process == process && j != i {
                        self.peers[j].session.on(clock, Input::CredentialsRefused(which));
                    }
                }
            }
            Action::OpenGap { from, .. } => {
                let peer = &mut self.peers[i];
                assert!(!std::mem::replace(&mut peer.gap_open, true), "a gap opens in a gap");
                assert!(from <= clock.wall);
                peer.lost += 1;
            }
            Action::GiveUp(_) => {
                let peer = &mut self.peers[i];
                peer.over = true;
                assert!(peer.socket.is_none(), "gave up with a socket open");
                // systemd restarts it.
                let process = peer.process;
                if !peer.stop_asked {
                    self.later(30 * SECOND, Happening::Restart(process));
                }
            }
            Action::Stopped => self.peers[i].over = true,
            Action::Login
            | Action::FetchOrders { .. }
            | Action::SwitchPath
            | Action::SnapshotGap { .. }
            | Action::Status { .. }
            | Action::Warn(_)
            | Action::Inform(_)
            | Action::ReportUnseen => {}
        }
    }

    fn connect(&mut self, i: usize) {
        let clock = self.clock();
        assert!(self.peers[i].socket.is_none(), "connects while it has a socket");
        if let Err(failure) = self.account.admit(clock.wall) {
            return self.peers[i].session.on(clock, Input::ConnectFailed(failure));
        }
        assert!(self.now >= self.cool_until, "connects while the account cools off");
        let (process, token) = (self.peers[i].process, self.peers[i].token);
        assert!(
            !self.told[process].contains(&token),
            "sends token {token} again, of which it was told that it is dead"
        );
        self.attempts.push(self.now);
        self.connects += 1;
        let socket = self.connects;
        self.peers[i].socket = Some((socket, false));
        let takes = self.rng.u64(5 * MS..300 * MS);
        self.later(takes, Happening::Attempt(i, socket));
    }

    fn receive(&mut self, i: usize, text: &str) {
        let request: serde_json::Value = serde_json::from_str(text).unwrap();
        let code = request["RequestCode"].as_u64().unwrap();
        let Some(list) = request["InstrumentList"].as_array() else {
            assert_eq!(code, 12);
            return;
        };
        assert!(list.len() <= 100 && request["InstrumentCount"] == list.len());
        for item in list {
            let id: u32 = item["SecurityId"].as_str().unwrap().parse().unwrap();
            let asked = &mut self.peers[i].asked;
            for mode in Mode::ALL {
                if code == u64::from(mode.subscribe().0) {
                    assert!(asked.insert((mode, id)), "asked for twice on one connection");
                }
                if code == u64::from(mode.unsubscribe().0) {
                    assert!(asked.remove(&(mode, id)), "given up without having been asked for");
                }
            }
        }
    }
}

fn cannot_connect(class: ConnectClass, words: &str) -> Cause {
    Cause::Connect(ConnectError { class, detail: words.to_owned() })
}

fn http_answer(status: u16, retry_after: Option<Duration>) -> Cause {
    let redirect_host = (300..400).contains(&status).then(|| "evil.example".to_owned());
    cannot_connect(ConnectClass::Http { status, retry_after, redirect_host }, "the server refuses")
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn m01_no_day_breaks_an_invariant() {
    let seeds: Vec<u64> = match number("DHAN_WORLD_SEED") {
        Some(one) => vec![one],
        None => (0..number("DHAN_WORLD_SEEDS").unwrap_or(300)).collect(),
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(seeds.len());
    let mine = |worker: usize| seeds.iter().copied().skip(worker).step_by(workers).map(day).collect::<Vec<_>>();
    let days: Vec<Result<Counts, u64>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|worker| scope.spawn(move || mine(worker))).collect();
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    let broken: Vec<u64> = days.iter().filter_map(|day| day.as_ref().err().copied()).collect();
    if let Some(seed) = broken.iter().min() {
        panic!(
            "{} of {} days broke an invariant (above); run the first alone with: DHAN_WORLD_SEED={seed} cargo test --test pure world::",
            broken.len(),
            days.len()
        );
    }
    let all = days.iter().flatten();
    let (attempts, lost, data) =
        all.fold((0, 0, 0), |sum, day| (sum.0 + day.attempts, sum.1 + day.lost, sum.2 + u64::from(day.data)));
    assert!(attempts > 0 && data > 0, "nothing happened");
    assert!(seeds.len() == 1 || lost > 0, "nothing went wrong in {} days", seeds.len());
}

#[test]
fn m02_one_refusal_of_a_live_run_costs_one_gap_of_at_most_two_minutes() {
    for seed in 0..200 {
        let live = || World::new(seed).refusals();
        assert!(std::panic::catch_unwind(live).is_ok(), "seed {seed} (above)");
    }
}

/// The counts of a day.
struct Counts {
    attempts: usize,
    lost: u32,
    data: u32,
}

/// Runs a day; the error is the seed of a day that violates an invariant.
fn day(seed: u64) -> Result<Counts, u64> {
    let live = || {
        let mut world = World::new(seed);
        world.day();
        let peers = &world.peers;
        Counts {
            attempts: world.attempts.len(),
            lost: peers.iter().map(|peer| peer.lost).sum(),
            data: peers.iter().map(|peer| peer.data).sum(),
        }
    };
    std::panic::catch_unwind(live).map_err(|_| seed)
}
