//! Sequences of whatever can happen to a session: it never panics, never spins, has one attempt at a time, and ends when told.

use super::take::Take;
use dhan::testing::model::Stream;
use dhan::testing::model::{
    Cause, ConnectClass, ConnectError, CoolOffKind, CredentialProblem, Ended, Exit, Micros, TlsKind,
};
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::pipeline::item::StatusEvent;
use dhan::testing::protocol::depth::Levels;
use dhan::testing::protocol::{DisconnectReason, Mode};
use dhan::testing::session::{
    Action, Config, Fingerprint, Input, Now, ProbeResult, Session, StateName, Subscription, Time,
};
use std::time::Duration;

/// 2026-11-23, a Monday, 09:15 IST.
const OPEN: Micros = Micros::from_secs(1_795_405_500);

fn key(take: &mut Take<'_>) -> InstrumentKey {
    InstrumentKey::new(Segment::from_code(take.u8() % 10), u32::from(take.u8()))
}

fn subscriptions(take: &mut Take<'_>, feed: Stream) -> Vec<Subscription> {
    let count = take.u8() % 6;
    let one = |take: &mut Take<'_>| {
        let instrument = key(take);
        match (feed, take.u8() % 4) {
            (Stream::Market, 3) | (Stream::Depth(_) | Stream::Orders, _) => Subscription { instrument, mode: None },
            (Stream::Market, mode) => Subscription::feed(instrument, Mode::ALL[usize::from(mode)]),
        }
    };
    (0..count).map(|_| one(take)).collect()
}

fn cannot_connect(class: ConnectClass) -> Cause {
    Cause::Connect(ConnectError { class, detail: "in words".to_owned() })
}

/// Anything the driver could tell, with whatever in it.
fn input(take: &mut Take<'_>, feed: Stream) -> Input {
    let words = || "in words".to_owned();
    let wait = |take: &mut Take<'_>| match take.u8() % 4 {
        0 => Duration::ZERO,
        1 => Duration::from_secs(u64::MAX),
        _ => Duration::from_millis(u64::from(take.u32())),
    };
    let problem = |take: &mut Take<'_>| {
        let exit = take.one(&[Exit::Credentials, Exit::Account]);
        CredentialProblem { exit, can_change: take.bit(), words: "in words".to_owned() }
    };
    match take.u8() % 29 {
        0 => Input::Start,
        1 | 2 => Input::CredentialsRead(Ok(Fingerprint(u64::from(take.u8() % 4)))),
        3 => Input::CredentialsRead(Err(problem(take))),
        4 => Input::CredentialsRefused(Fingerprint(u64::from(take.u8() % 4))),
        5 | 6 => Input::Connected,
        7 => Input::ConnectFailed(cannot_connect(ConnectClass::Dns)),
        8 => Input::ConnectFailed(match take.u8() % 8 {
            0 => cannot_connect(ConnectClass::Proxy { status: None }),
            1 => cannot_connect(ConnectClass::Tls(TlsKind::UnknownCa)),
            2 => cannot_connect(ConnectClass::NotLoopback),
            3 => cannot_connect(ConnectClass::NotWebsocket),
            4 => Cause::Credentials(problem(take)),
            5 => Cause::NoPlace(words()),
            6 => Cause::Budget { wait: wait(take) },
            _ => Cause::CoolingOff { kind: take.one(&CoolOffKind::ALL), step: take.u32(), wait: wait(take) },
        }),
        9 => Input::ConnectFailed(cannot_connect(ConnectClass::Http {
            status: take.one(&[400, 401, 403, 404, 429, 500, 502, 503, 302, 200]),
            retry_after: take.bit().then(|| wait(take)),
            redirect_host: None,
        })),
        26 => Input::NoOrderMessage,
        27 => Input::RunIsLive,
        28 => Input::ReadingPaused(take.bit()),
        10 | 11 => Input::Traffic,
        12 => Input::Pong,
        13 | 14 => Input::Data { packets: if take.bit() { u32::MAX } else { u32::from(take.u8()) } },
        15 => Input::ServerDisconnect(DisconnectReason(800 + u16::from(take.u8() % 20))),
        16 => Input::Closed(match take.u8() % 5 {
            0 => Ended::CloseFrame { code: take.u16(), reason: words() },
            1 => Ended::CloseFrame { code: 1005, reason: String::new() },
            2 => Ended::Eof,
            3 => Ended::Reset,
            _ => Ended::WriteStuck,
        }),
        17 => Input::Closed(Ended::Protocol { detail: "a masked frame" }),
        18 => Input::Probed(take.one(&[
            ProbeResult::TokenDead,
            ProbeResult::PlanInactive,
            ProbeResult::Fine,
            ProbeResult::Unknown,
        ])),
        19 => Input::Subscribe(subscriptions(take, feed)),
        20 => Input::Unsubscribe(subscriptions(take, feed)),
        21 => Input::Unwanted(key(take)),
        22 => Input::SnapshotFetched,
        23 => Input::SnapshotFailed(words()),
        _ => Input::Tick,
    }
}

struct World {
    session: Session,
    at: u64,
    wall: Micros,
    /// An attempt or a connection that has not ended.
    open: bool,
    ends: u32,
}

impl World {
    fn tell(&mut self, input: Input) {
        self.session.on(Now { at: Time(self.at), wall: self.wall }, input);
        while let Some(action) = self.session.next_action() {
            // An attempt that was given up may come through after all, and is dropped.
            let late = self.ends > 0 && action == Action::Close { polite: false };
            assert!(self.ends == 0 || late, "{action:?} follows the end");
            match action {
                Action::Connect => assert!(!std::mem::replace(&mut self.open, true), "two attempts at once"),
                Action::Probe | Action::Status { event: StatusEvent::Retrying, .. } => self.open = false,
                Action::GiveUp(_) | Action::Stopped => self.ends += 1,
                _ => {}
            }
        }
        assert_eq!(self.session.state() == StateName::Ended, self.ends == 1);
    }

    /// Time passes; the session is woken whenever it wants to be.
    fn pass(&mut self, us: u64) {
        let until = self.at + us;
        let mut woken = 0;
        while let Some(at) = self.session.deadline().filter(|at| at.0 <= until) {
            let before = self.at;
            self.at = self.at.max(at.0);
            self.wall = self.wall + Duration::from_micros(self.at - before);
            woken = if self.at == before { woken + 1 } else { 0 };
            assert!(woken < 16, "it wants to be woken for ever: {:?}", self.session.state());
            self.tell(Input::Tick);
        }
        self.wall = self.wall + Duration::from_micros(until - self.at);
        self.at = until;
    }
}

/// A configuration, then steps: time passes or the clock jumps, then something happens; at last, stop.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    let feeds = [Stream::Market, Stream::Orders, Stream::Depth(Levels::Twenty), Stream::Depth(Levels::TwoHundred)];
    let feed = take.one(&feeds);
    let flags = take.u8();
    let config = Config {
        max_outage: (flags & 1 != 0).then(|| Duration::from_secs(u64::from(take.u8()))),
        auth_wait: Duration::from_secs(if flags & 2 != 0 { 0 } else { 600 }),
        start_delay: Duration::from_millis(if flags & 4 != 0 { 250 } else { 0 }),
        ..Config::new(feed, 1, u64::from(take.u16()))
    };
    let first = subscriptions(&mut take, feed);
    let session = Session::new(config, first);
    let mut world = World { session, at: 0, wall: OPEN, open: false, ends: 0 };
    world.tell(Input::Start);
    for _ in 0..400 {
        if take.is_empty() {
            break;
        }
        match take.u8() % 8 {
            0..4 => {}
            4 => world.pass(u64::from(take.u16())),
            5 => world.pass(u64::from(take.u16()) * 1_000),
            6 => world.pass(u64::from(take.u8()) * 1_000_000),
            // The wall clock is set, either way.
            _ => world.wall = world.wall.plus_us(i64::from(take.u32() as i32) * 1_000),
        }
        let input = input(&mut take, feed);
        world.tell(input);
        let _ = world.session.leaving().count();
    }
    world.tell(Input::Stop);
    world.pass(2_000_000);
    assert_eq!(world.session.state(), StateName::Ended, "it ends within two seconds of being told");
    assert_eq!(world.ends, 1);
}
