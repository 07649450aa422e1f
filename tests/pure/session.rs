//! The session in virtual time: the policy row by row, every input in every state, days of faults.

use dhan::testing::model::Stream;
use dhan::testing::model::exit::Exit;
use dhan::testing::model::{Cause, ConnectClass, ConnectError, CoolOffKind, CredentialProblem, Ended, Micros, TlsKind};
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::pipeline::item::{GapReason, StatusEvent};
use dhan::testing::protocol::depth::Levels;
use dhan::testing::protocol::{DisconnectReason, Mode};
use dhan::testing::session::plan::{Plan, SOCKETS_PER_KIND};
use dhan::testing::session::{
    Action, Calendar, Config, Fingerprint, Input, Now, ProbeResult, Session, StateName, Subscription, Time,
};
use proptest::prelude::*;
use std::time::Duration;

const SECOND: u64 = 1_000_000;
/// 2026-11-23, a Monday, 09:15 IST.
const OPEN: Micros = Micros::from_secs(1_795_405_500);

/// A session with its clock, and every action it has returned.
struct Bench {
    session: Session,
    now: u64,
    from: Micros,
    log: Vec<(u64, Action)>,
    /// The number of the current credentials.
    token: u64,
    /// The problem with them, if there is one.
    trouble: Option<CredentialProblem>,
}

impl Bench {
    fn new(config: Config) -> Bench {
        Bench::with(config, &[Subscription::feed(InstrumentKey::new(Segment::IDX_I, 13), Mode::Quote)])
    }

    fn with(config: Config, subscriptions: &[Subscription]) -> Bench {
        let session = Session::new(config, subscriptions.iter().copied());
        Bench { session, now: 0, from: OPEN, log: Vec::new(), token: 1, trouble: None }
    }

    fn market() -> Bench {
        Bench::new(Config::new(Stream::Market, 1, 7))
    }

    fn online() -> Bench {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        bench.tell(Input::Connected);
        bench
    }

    fn tell(&mut self, input: Input) {
        let now = Now { at: Time(self.now), wall: self.from + Duration::from_micros(self.now) };
        self.session.on(now, input);
        while let Some(action) = self.session.next_action() {
            self.log.push((self.now, action.clone()));
            if action == Action::ReadCredentials {
                let read = match self.trouble.clone() {
                    Some(problem) => Err(problem),
                    None => Ok(Fingerprint(self.token)),
                };
                self.session.on(now, Input::CredentialsRead(read));
            }
        }
    }

    /// Advances the time, and wakes the session at its timers.
    fn pass(&mut self, wait: Duration) {
        let until = self.now + u64::try_from(wait.as_micros()).unwrap();
        while let Some(at) = self.session.deadline().filter(|at| at.0 <= until) {
            self.now = self.now.max(at.0);
            self.tell(Input::Tick);
        }
        self.now = until;
    }

    /// Advances the time to the next attempt, and returns the duration.
    fn until_connect(&mut self) -> Duration {
        let from = self.now;
        while self.session.state() != StateName::Connecting {
            let at = self.session.deadline().expect("something is waited for");
            self.now = self.now.max(at.0);
            self.tell(Input::Tick);
            assert_ne!(self.session.state(), StateName::Ended, "{:?}", self.log.last());
        }
        Duration::from_micros(self.now - from)
    }

    fn count(&self, wanted: &Action) -> usize {
        self.log.iter().filter(|(_, action)| action == wanted).count()
    }

    fn exit(&self) -> Option<Exit> {
        self.log.iter().find_map(|(_, action)| match action {
            Action::GiveUp(failure) => Some(failure.exit),
            _ => None,
        })
    }

    fn lost(&self) -> Vec<GapReason> {
        let reason = |(_, action): &(u64, Action)| match action {
            Action::OpenGap { reason, .. } => Some(*reason),
            _ => None,
        };
        self.log.iter().filter_map(reason).collect()
    }

    fn warned(&self) -> Vec<&str> {
        fn text((_, action): &(u64, Action)) -> Option<&str> {
            match action {
                Action::Warn(text) => Some(text.as_str()),
                _ => None,
            }
        }
        self.log.iter().filter_map(text).collect()
    }

    fn sent(&self) -> Vec<&str> {
        fn text((_, action): &(u64, Action)) -> Option<&str> {
            match action {
                Action::Send(text) => Some(text.as_str()),
                _ => None,
            }
        }
        self.log.iter().filter_map(text).collect()
    }
}

fn cannot_connect(class: ConnectClass, words: &str) -> Cause {
    Cause::Connect(ConnectError { class, detail: words.to_owned() })
}

fn http_answer(status: u16, retry_after: Option<Duration>) -> Cause {
    let redirect_host = (300..400).contains(&status).then(|| "evil.example".to_owned());
    cannot_connect(ConnectClass::Http { status, retry_after, redirect_host }, "the server refuses")
}

fn http(status: u16) -> Input {
    Input::ConnectFailed(http_answer(status, None))
}

fn frame(code: u16) -> Input {
    Input::Closed(Ended::CloseFrame { code, reason: String::new() })
}

#[test]
fn every_permanent_reason_and_status_ends_the_run_with_its_exit_code() {
    for (reason, exit) in [
        (804, Exit::Refused),
        (806, Exit::Account),
        (810, Exit::Account),
        (811, Exit::Refused),
        (812, Exit::Refused),
        (813, Exit::Refused),
        (814, Exit::Refused),
    ] {
        let mut bench = Bench::online();
        bench.tell(Input::ServerDisconnect(DisconnectReason(reason)));
        assert_eq!(bench.exit(), Some(exit), "{reason}");
        assert_eq!(bench.count(&Action::Connect), 1);
        assert_eq!(bench.count(&Action::Close { polite: false }), 1);
    }
    for (input, exit) in [
        (http(400), Exit::Refused),
        (http(404), Exit::Refused),
        (http(302), Exit::Refused),
        (Input::ConnectFailed(http_answer(302, None)), Exit::Refused),
        (Input::ConnectFailed(Cause::NoPlace("held by pid 7".into())), Exit::NoPlace),
    ] {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        bench.tell(input.clone());
        assert_eq!(bench.exit(), Some(exit), "{input:?}");
    }
}

#[test]
fn a_refusal_that_ends_a_new_run_is_retried_by_a_run_that_was_live() {
    let refusals = [http(400), http(404), http(302), http(403), http(401)];
    let disconnects = [806].map(|reason| Input::ServerDisconnect(DisconnectReason(reason)));
    for refusal in refusals.into_iter().chain(disconnects) {
        let mut bench = Bench::online();
        bench.tell(Input::Data { packets: 1 });
        let is_disconnect = matches!(refusal, Input::ServerDisconnect(_));
        if !is_disconnect {
            bench.tell(Input::Closed(Ended::Reset));
        }
        let mut waits = Vec::new();
        for _ in 0..5 {
            if !is_disconnect {
                bench.until_connect();
            }
            bench.tell(refusal.clone());
            if bench.session.state() == StateName::Probing {
                bench.tell(Input::Probed(ProbeResult::Fine));
            }
            let from = bench.now;
            bench.until_connect();
            waits.push((bench.now - from) / SECOND);
            if is_disconnect {
                bench.tell(Input::Connected);
            } else {
                // `until_connect` of the next round returns at once.
                assert_eq!(bench.session.state(), StateName::Connecting);
            }
        }
        assert_eq!(waits, [60, 120, 240, 300, 300], "{refusal:?}");
        assert_eq!(bench.lost(), [GapReason::Disconnected], "one gap: {refusal:?}");
        assert_eq!(bench.exit(), None);
        // Live again, the next fault begins at 60 s.
        if !is_disconnect {
            bench.tell(Input::Connected);
        }
        bench.tell(Input::Data { packets: 1 });
        bench.pass(Duration::from_secs(61));
        assert!(bench.warned().iter().any(|words| words.contains("fault of the server's")), "{:?}", bench.warned());
        assert!(bench.warned().iter().any(|words| words.contains("live again after")), "{:?}", bench.warned());
    }
}

#[test]
fn a_profile_without_token_or_plan_ends_a_live_run_too() {
    let told = |refusal: Input, answer| {
        let mut bench = Bench::online();
        bench.tell(Input::Data { packets: 1 });
        if !matches!(refusal, Input::ServerDisconnect(_)) {
            bench.tell(Input::Closed(Ended::Reset));
            bench.until_connect();
        }
        bench.tell(refusal);
        assert_eq!(bench.session.state(), StateName::Probing);
        bench.tell(Input::Probed(answer));
        bench
    };
    let plan = || Input::ServerDisconnect(DisconnectReason(806));
    assert_eq!(told(plan(), ProbeResult::PlanInactive).exit(), Some(Exit::Account));
    assert_eq!(told(http(403), ProbeResult::TokenDead).session.state(), StateName::AwaitingCredentials);
    // The profile does not answer: the plan was valid a minute ago …
    assert_eq!(told(plan(), ProbeResult::Unknown).session.state(), StateName::Waiting);
    // … and so was the token: it is sent again a few times while a new one is waited for.
    let mut bench = told(http(403), ProbeResult::Unknown);
    for seconds in [60, 120, 240] {
        assert_eq!(bench.session.state(), StateName::AwaitingCredentials);
        assert_eq!(bench.until_connect().as_secs(), seconds);
        bench.tell(http(403));
        bench.tell(Input::Probed(ProbeResult::Unknown));
    }
    bench.pass(Duration::from_secs(600));
    assert_eq!(bench.exit(), Some(Exit::Credentials));
}

#[test]
fn an_unknown_profile_answer_does_not_end_a_live_run_whose_token_cannot_change() {
    let mut bench = Bench::new(Config { auth_wait: Duration::ZERO, ..Config::new(Stream::Market, 1, 7) });
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.tell(Input::Data { packets: 1 });
    bench.tell(Input::Closed(Ended::Reset));
    bench.until_connect();
    for seconds in [60, 120] {
        bench.tell(http(403));
        bench.tell(Input::Probed(ProbeResult::Unknown));
        assert_eq!((bench.session.state(), bench.exit()), (StateName::Waiting, None));
        assert_eq!(bench.until_connect().as_secs(), seconds);
    }
    // Dhan's own answer is believed.
    bench.tell(http(403));
    bench.tell(Input::Probed(ProbeResult::TokenDead));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.exit(), Some(Exit::Credentials));
}

#[test]
fn a_live_connection_of_the_same_run_shows_that_the_request_is_valid() {
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    bench.tell(Input::RunIsLive);
    bench.tell(http(400));
    assert_eq!((bench.session.state(), bench.exit()), (StateName::Waiting, None));
}

#[test]
fn b01_a_healthy_session_restarts_the_wait_after_a_refusal() {
    let mut bench = Bench::online();
    bench.tell(Input::ServerDisconnect(DisconnectReason(807)));
    bench.pass(Duration::from_secs(500));
    bench.token = 2;
    bench.until_connect();
    bench.tell(Input::Connected);
    for _ in 0..60 {
        bench.pass(Duration::from_secs(2));
        bench.tell(Input::Traffic);
    }
    bench.tell(Input::ServerDisconnect(DisconnectReason(807)));
    bench.pass(Duration::from_secs(500));
    assert_eq!(bench.exit(), None, "not what was left of the first wait");
    bench.pass(Duration::from_secs(101));
    assert_eq!(bench.exit(), Some(Exit::Credentials));
}

#[test]
fn a_token_replaced_during_a_session_is_used_without_a_wait() {
    let mut bench = Bench::online();
    bench.tell(Input::Data { packets: 1 });
    bench.token = 2;
    bench.tell(Input::ServerDisconnect(DisconnectReason(807)));
    assert_eq!(bench.session.state(), StateName::Connecting, "{:?}", bench.log);
}

#[test]
fn a_late_or_missing_first_connection_is_a_gap_from_the_start_of_the_run() {
    let from = |bench: &Bench| {
        bench.log.iter().find_map(|(at, action)| match action {
            Action::OpenGap { from, .. } => Some((*at, from.us_since(bench.from))),
            _ => None,
        })
    };
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    bench.pass(Duration::from_secs(6));
    assert_eq!(from(&bench), Some((5 * SECOND, 0)), "late");
    bench.tell(Input::Connected);
    bench.tell(Input::Data { packets: 1 });
    bench.tell(Input::Stop);
    assert_eq!(bench.lost().len(), 1);

    let mut bench = Bench::market();
    bench.tell(Input::Start);
    bench.pass(Duration::from_secs(2));
    bench.tell(Input::Stop);
    assert_eq!(from(&bench), Some((2 * SECOND, 0)), "never");

    let mut bench = Bench::market();
    bench.tell(Input::Start);
    bench.pass(Duration::from_secs(4));
    bench.tell(Input::Connected);
    bench.pass(Duration::from_secs(2));
    bench.tell(Input::Stop);
    assert_eq!(from(&bench), None, "in time");
}

#[test]
fn a_missing_order_snapshot_is_a_gap_at_the_end() {
    let mut bench = Bench::with(Config::new(Stream::Orders, 1, 7), &[]);
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.pass(Duration::from_secs(3));
    bench.tell(Input::Stop);
    assert!(bench.log.iter().any(|(_, action)| matches!(action, Action::SnapshotGap { .. })), "{:?}", bench.log);
}

#[test]
fn c09_silence_on_200_levels_is_tolerated_until_the_server_answers_a_ping() {
    let subscription = Subscription::depth(InstrumentKey::new(Segment::NSE_EQ, 1333));
    let mut bench = Bench::with(Config::new(Stream::DEPTH_200, 1, 7), &[subscription]);
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.tell(Input::Data { packets: 1 });
    bench.pass(Duration::from_secs(600));
    assert_eq!((bench.session.state(), bench.lost().len()), (StateName::Online, 0));
    assert!(bench.count(&Action::Ping) > 10, "the kernel has something to wait for");
    bench.tell(Input::Pong);
    bench.pass(Duration::from_secs(11));
    assert_eq!(bench.lost(), [GapReason::Stalled], "a server that answers is held to it");
}

#[test]
fn silence_while_the_socket_is_not_read_is_no_fault_of_the_server() {
    let mut bench = Bench::online();
    bench.tell(Input::Data { packets: 1 });
    bench.tell(Input::ReadingPaused(true));
    bench.pass(Duration::from_secs(300));
    assert_eq!((bench.session.state(), bench.count(&Action::Ping)), (StateName::Online, 0));
    bench.tell(Input::ReadingPaused(false));
    bench.pass(Duration::from_secs(24));
    assert_eq!(bench.session.state(), StateName::Online);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.lost(), [GapReason::Stalled]);
}

#[test]
fn two_early_ends_of_any_kind_look_like_bad_credentials_on_every_stream() {
    let subscription = Subscription::depth(InstrumentKey::new(Segment::NSE_EQ, 1333));
    for stream in Stream::ALL {
        for ended in [Ended::Reset, Ended::Eof, Ended::CloseFrame { code: 1000, reason: String::new() }] {
            let config = Config { other_path: false, ..Config::new(stream, 1, 7) };
            let mut bench = Bench::with(config, &[subscription]);
            bench.tell(Input::Start);
            for _ in 0..2 {
                bench.tell(Input::Connected);
                bench.tell(Input::Closed(ended.clone()));
                if bench.session.state() == StateName::Waiting {
                    bench.until_connect();
                }
            }
            let said = bench.warned().join("\n");
            assert!(said.contains("bad credentials or a missing data plan"), "{stream} {ended:?}: {said}");
            assert_eq!(bench.session.state(), StateName::Probing, "{stream} {ended:?}");
        }
    }
}

#[test]
fn a_refusal_text_on_the_order_socket_counts_however_late_the_close_comes() {
    let mut bench = Bench::with(Config::new(Stream::Orders, 1, 7), &[]);
    bench.tell(Input::Start);
    for _ in 0..2 {
        bench.tell(Input::Connected);
        bench.tell(Input::NoOrderMessage);
        bench.pass(Duration::from_secs(9));
        bench.tell(Input::Closed(Ended::CloseFrame { code: 1000, reason: String::new() }));
        if bench.session.state() == StateName::Waiting {
            bench.until_connect();
        }
    }
    assert_eq!(bench.session.state(), StateName::Probing);
}

#[test]
fn b01_refused_credentials_are_never_sent_again_and_new_ones_are_used_at_once() {
    let online = [807, 808, 809].map(|reason| (true, Input::ServerDisconnect(DisconnectReason(reason))));
    let connecting = [401, 403].map(|status| (false, http(status)));
    for (connected, refusal) in online.into_iter().chain(connecting) {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        if connected {
            bench.tell(Input::Connected);
        }
        bench.tell(refusal.clone());
        bench.pass(Duration::from_secs(300));
        assert_eq!(bench.count(&Action::Connect), 1, "{refusal:?}");
        assert_eq!(bench.session.state(), StateName::AwaitingCredentials);
        bench.token = 2;
        assert!(bench.until_connect() <= Duration::from_secs(1), "{refusal:?}");
        // … and refused too: the wait continues, and does not start again.
        bench.tell(http(401));
        bench.pass(Duration::from_secs(301));
        assert_eq!(bench.exit(), Some(Exit::Credentials));
        assert_eq!(bench.count(&Action::Connect), 2);
    }
}

fn impatient() -> Config {
    let (auth_wait, auth_wait_at_start) = (Duration::ZERO, Duration::ZERO);
    Config { auth_wait, auth_wait_at_start, ..Config::new(Stream::Market, 1, 7) }
}

#[test]
fn credentials_from_the_environment_are_not_waited_for() {
    let mut bench = Bench::new(impatient());
    bench.tell(Input::Start);
    bench.tell(http(401));
    assert_eq!((bench.exit(), bench.now), (Some(Exit::Credentials), 0));
}

#[test]
fn a_replaced_token_is_read_and_used_without_a_wait() {
    let mut bench = Bench::new(impatient());
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.token = 2;
    bench.tell(Input::ServerDisconnect(DisconnectReason(807)));
    assert_eq!((bench.exit(), bench.now, bench.count(&Action::Connect)), (None, 0, 2));
}

#[test]
fn permanent_credential_errors_end_the_run_at_once_with_their_exit_code() {
    for (can_change, exit) in [(false, Exit::Credentials), (true, Exit::Account)] {
        let mut session = Session::new(Config::new(Stream::Market, 1, 7), []);
        let now = Now { at: Time(0), wall: OPEN };
        session.on(now, Input::Start);
        session.on(now, Input::CredentialsRead(Err(CredentialProblem { exit, can_change, words: "why".into() })));
        let end = std::iter::from_fn(|| session.next_action()).find_map(|action| match action {
            Action::GiveUp(failure) => Some(failure.exit),
            _ => None,
        });
        assert_eq!(end, Some(exit));
    }
}

#[test]
fn another_accounts_token_in_the_file_is_waited_out_with_its_own_exit_code() {
    let mut bench = Bench::online();
    bench.tell(Input::Data { packets: 1 });
    bench.trouble = Some(CredentialProblem { exit: Exit::Account, can_change: true, words: "why".into() });
    bench.tell(Input::ServerDisconnect(DisconnectReason(807)));
    assert_eq!(bench.session.state(), StateName::AwaitingCredentials);
    bench.pass(Duration::from_secs(601));
    assert_eq!(bench.exit(), Some(Exit::Account));
}

#[test]
fn g04_unusable_credentials_are_waited_for_at_the_start_too() {
    let problem = CredentialProblem { exit: Exit::Credentials, can_change: true, words: "token.txt is empty".into() };
    let mut session = Session::new(Config::new(Stream::Market, 1, 7), []);
    let mut now = Now { at: Time(0), wall: OPEN };
    session.on(now, Input::Start);
    session.on(now, Input::CredentialsRead(Err(problem.clone())));
    let mut reads = 0;
    let mut end = None;
    while end.is_none() {
        while let Some(action) = session.next_action() {
            match action {
                Action::ReadCredentials => {
                    reads += 1;
                    session.on(now, Input::CredentialsRead(Err(problem.clone())));
                }
                Action::GiveUp(failure) => end = Some(failure),
                Action::Connect => panic!("nothing to connect with"),
                _ => {}
            }
        }
        if end.is_none() {
            now.at = session.deadline().unwrap();
            session.on(now, Input::Tick);
        }
    }
    let end = end.unwrap();
    assert_eq!(end.exit, Exit::Credentials);
    assert!(end.message.contains("token.txt is empty"), "{}", end.message);
    assert_eq!(now.at, Time(600 * SECOND));
    assert!((595..=602).contains(&reads), "once a second: {reads}");
}

#[test]
fn a12_and_a13_the_cool_off_is_the_longer_of_retry_after_and_the_ladder() {
    let limit = |asked: Option<u64>| Input::ConnectFailed(http_answer(429, asked.map(Duration::from_secs)));
    for (asked, first) in [(None, 60), (Some(5), 60), (Some(90), 90), (Some(86_400), 900)] {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        for expected in [first, first.max(120), first.max(240), first.max(300), first.max(300)] {
            bench.tell(limit(asked));
            let waited = bench.until_connect();
            let expected = Duration::from_secs(expected);
            assert!((expected..=expected + Duration::from_secs(1)).contains(&waited), "{asked:?}: {waited:?}");
        }
    }
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    bench.tell(limit(None));
    let minute = Duration::from_secs(60);
    assert_eq!(bench.count(&Action::CoolOff { kind: CoolOffKind::Throttled, step: 0, wait: minute }), 1);
}

#[test]
fn a14_a_cool_off_on_disk_is_waited_out_and_counts_as_a_step() {
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    let wait = Duration::from_secs(33);
    bench.tell(Input::ConnectFailed(Cause::CoolingOff { kind: CoolOffKind::Throttled, step: 0, wait }));
    assert!((wait..wait + Duration::from_secs(1)).contains(&bench.until_connect()));
    bench.tell(http(429));
    let second = Action::CoolOff { kind: CoolOffKind::Throttled, step: 1, wait: Duration::from_secs(120) };
    assert_eq!(bench.count(&second), 1);
}

#[test]
fn b06_the_third_805_in_a_quarter_of_an_hour_ends_the_run() {
    let mut bench = Bench::online();
    for _ in 0..2 {
        bench.tell(Input::ServerDisconnect(DisconnectReason(805)));
        assert!(bench.until_connect() >= Duration::from_secs(60));
        bench.tell(Input::Connected);
    }
    bench.tell(Input::ServerDisconnect(DisconnectReason(805)));
    assert_eq!(bench.exit(), Some(Exit::NoPlace));
    assert_eq!(bench.count(&Action::Connect), 3);

    let mut bench = Bench::online();
    for _ in 0..6 {
        bench.tell(Input::Data { packets: 1 });
        bench.tell(Input::ServerDisconnect(DisconnectReason(805)));
        bench.until_connect();
        bench.tell(Input::Connected);
        bench.now += 500 * SECOND;
    }
    assert_eq!(bench.exit(), None, "two within any quarter of an hour are borne");
}

#[test]
fn a07_an_untrusted_certificate_gets_three_tries_five_seconds_apart() {
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    for _ in 0..2 {
        bench.tell(Input::ConnectFailed(cannot_connect(
            ConnectClass::Tls(TlsKind::UnknownCa),
            "the certificate has expired",
        )));
        assert!(bench.until_connect() >= Duration::from_secs(5));
    }
    bench.tell(Input::ConnectFailed(cannot_connect(
        ConnectClass::Tls(TlsKind::UnknownCa),
        "the certificate has expired",
    )));
    assert_eq!((bench.exit(), bench.count(&Action::Connect)), (Some(Exit::Certificate), 3));
}

#[test]
fn a18_b10_a_server_that_keeps_violating_the_protocol_ends_the_run() {
    for (connected, foreign) in [
        (false, Input::ConnectFailed(cannot_connect(ConnectClass::NotWebsocket, "wrong Sec-WebSocket-Accept"))),
        (false, http(200)),
        (true, frame(1002)),
        (true, frame(1009)),
        (true, Input::Closed(Ended::Protocol { detail: "a masked frame" })),
    ] {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        for attempt in 1..=5 {
            bench.until_connect();
            if connected {
                bench.tell(Input::Connected);
            }
            bench.tell(foreign.clone());
            assert_eq!(bench.exit(), (attempt == 5).then_some(Exit::Protocol), "{foreign:?} {attempt}");
        }
    }
}

#[test]
fn g05_two_silent_resets_request_the_profile_at_most_once_a_minute() {
    let silent = |bench: &mut Bench| {
        bench.until_connect();
        bench.tell(Input::Connected);
        bench.now += SECOND;
        bench.tell(Input::Closed(Ended::Reset));
    };
    for (result, exit, state) in [
        (ProbeResult::TokenDead, None, StateName::AwaitingCredentials),
        (ProbeResult::PlanInactive, Some(Exit::Account), StateName::Ended),
        (ProbeResult::Fine, None, StateName::Waiting),
        (ProbeResult::Unknown, None, StateName::Waiting),
    ] {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        silent(&mut bench);
        assert_eq!(bench.count(&Action::Probe), 0);
        silent(&mut bench);
        assert_eq!(bench.session.state(), StateName::Probing);
        let said = |(_, action): &(u64, Action)| matches!(action, Action::Warn(words) if words.contains("bad credentials or a missing data plan"));
        assert_eq!(bench.log.iter().filter(|entry| said(entry)).count(), 1);
        bench.tell(Input::Probed(result));
        assert_eq!((bench.exit(), bench.session.state()), (exit, state), "{result:?}");
        if state == StateName::Waiting {
            let first = bench.now;
            while bench.now < first + 600 * SECOND {
                silent(&mut bench);
                bench.tell(Input::Probed(result));
            }
            let probes: Vec<_> = bench.log.iter().filter(|(_, a)| *a == Action::Probe).map(|(at, _)| *at).collect();
            assert!(probes.len() > 2 && probes.windows(2).all(|two| two[1] - two[0] >= 60 * SECOND));
        }
    }
}

#[test]
fn two_hundred_levels_try_the_other_path_once() {
    let subscription = Subscription::depth(InstrumentKey::new(Segment::NSE_EQ, 1333));
    let mut bench = Bench::with(Config::new(Stream::Depth(Levels::TwoHundred), 1, 7), &[subscription]);
    bench.tell(Input::Start);
    for _ in 0..4 {
        bench.until_connect();
        bench.tell(Input::Connected);
        bench.tell(Input::Closed(Ended::Reset));
        bench.tell(Input::Probed(ProbeResult::Fine));
    }
    assert_eq!(bench.count(&Action::SwitchPath), 1);
    let named = Config { other_path: false, ..Config::new(Stream::Depth(Levels::TwoHundred), 1, 7) };
    let mut bench_of_named = Bench::with(named, &[subscription]);
    bench_of_named.tell(Input::Start);
    for _ in 0..4 {
        bench_of_named.until_connect();
        bench_of_named.tell(Input::Connected);
        bench_of_named.tell(Input::Closed(Ended::Reset));
        bench_of_named.tell(Input::Probed(ProbeResult::Fine));
    }
    assert_eq!(bench_of_named.count(&Action::SwitchPath), 0, "an address that the user named is used as it stands");
    let says_so = |(_, action): &(_, Action)| matches!(action, Action::Warn(text) if text.contains("other path"));
    assert!(!bench_of_named.log.iter().any(says_so), "nothing is claimed that is not done");
    assert!(
        bench.sent().iter().all(|text| *text == r#"{"RequestCode":23,"ExchangeSegment":"NSE_EQ","SecurityId":"1333"}"#)
    );
}

#[test]
fn an_outage_is_reported_after_ten_seconds_each_minute_and_at_its_end() {
    let mut bench = Bench::online();
    bench.tell(Input::Data { packets: 1 });
    // Data every few seconds: a stable session.
    for _ in 0..20 {
        bench.pass(Duration::from_secs(4));
        bench.tell(Input::Data { packets: 1 });
    }
    bench.tell(Input::Closed(Ended::Reset));
    let lost = bench.now;
    while bench.now < lost + 200 * SECOND {
        if bench.session.state() == StateName::Connecting {
            bench.tell(Input::ConnectFailed(cannot_connect(ConnectClass::Refused, "nobody listens")));
        }
        bench.pass(Duration::from_millis(100));
    }
    bench.until_connect();
    bench.tell(Input::Connected);
    bench.tell(Input::Data { packets: 1 });
    let warned: Vec<_> = bench
        .log
        .iter()
        .filter_map(|(at, action)| match action {
            Action::Warn(text) => Some((at.checked_sub(lost)? / SECOND, text.as_str())),
            _ => None,
        })
        .collect();
    let (last, minutes) = warned.split_last().unwrap();
    assert_eq!(minutes.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [10, 60, 120, 180], "{warned:?}");
    assert!(minutes.iter().all(|(_, text)| text.contains("no connection for")), "{warned:?}");
    assert!(last.1.contains("live again after 3m"), "{warned:?}");
    // One line has the cause.
    assert_eq!(minutes.iter().filter(|(_, text)| text.contains("nobody listens")).count(), 1, "{warned:?}");
}

#[test]
fn max_outage_counts_from_the_last_connection() {
    let mut bench =
        Bench::new(Config { max_outage: Some(Duration::from_secs(300)), ..Config::new(Stream::Market, 1, 7) });
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.now += 3_600 * SECOND;
    bench.tell(Input::Closed(Ended::Reset));
    let lost = bench.now;
    while bench.exit().is_none() {
        bench.now = bench.now.max(bench.session.deadline().unwrap().0);
        bench.tell(Input::Tick);
        bench.tell(Input::ConnectFailed(cannot_connect(ConnectClass::Refused, "connection refused")));
    }
    assert_eq!(bench.exit(), Some(Exit::Network));
    assert_eq!(bench.now - lost, 300 * SECOND);
}

#[test]
fn a_max_outage_of_zero_ends_the_run_after_the_first_attempt() {
    let mut bench = Bench::new(Config { max_outage: Some(Duration::ZERO), ..Config::new(Stream::Market, 1, 7) });
    bench.tell(Input::Start);
    bench.tell(Input::Tick);
    assert_eq!(bench.exit(), None, "no attempt has ended");
    bench.tell(Input::ConnectFailed(cannot_connect(ConnectClass::Refused, "connection refused")));
    bench.tell(Input::Tick);
    assert_eq!(bench.exit(), Some(Exit::Network));
}

#[test]
fn b08_repeated_close_frames_do_not_cause_a_busy_reconnect_loop() {
    for code in [1000, 1001, 1012] {
        let mut bench = Bench::market();
        bench.tell(Input::Start);
        while bench.now < 10 * SECOND {
            bench.until_connect();
            bench.tell(Input::Connected);
            bench.tell(frame(code));
        }
        assert!(bench.count(&Action::Connect) <= 10, "{code}: {}", bench.count(&Action::Connect));
    }
}

#[test]
fn c01_a_half_open_connection_is_detected_within_10_5_seconds_after_a_pong() {
    let mut bench = Bench::online();
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.count(&Action::Ping), 1);
    bench.tell(Input::Pong);
    bench.pass(Duration::from_millis(10_500));
    assert_eq!(bench.lost(), [GapReason::Stalled]);
    // Known for the run: the next connection has the same limit.
    bench.until_connect();
    bench.tell(Input::Connected);
    let before = bench.count(&Action::Close { polite: false });
    bench.pass(Duration::from_millis(10_500));
    assert_eq!(bench.count(&Action::Close { polite: false }), before + 1);
}

#[test]
fn c09_a_server_without_pongs_is_given_25_seconds() {
    let mut bench = Bench::online();
    bench.pass(Duration::from_millis(24_900));
    assert_eq!(bench.lost(), []);
    bench.pass(Duration::from_millis(600));
    assert_eq!(bench.lost(), [GapReason::Stalled]);
}

#[test]
fn b14_a_reset_every_three_hundred_seconds_costs_under_a_second_each() {
    let mut bench = Bench::market();
    bench.tell(Input::Start);
    let mut out = Duration::ZERO;
    for cycle in 0..75 {
        let waited = bench.until_connect();
        out += waited;
        assert!(waited <= Duration::from_secs(1), "cycle {cycle}: {waited:?}");
        bench.tell(Input::Connected);
        for _ in 0..300 {
            bench.now += SECOND;
            bench.tell(Input::Data { packets: 4 });
        }
        bench.tell(Input::Closed(Ended::Reset));
    }
    assert!(out <= Duration::from_secs(75), "{out:?}");
    assert_eq!(bench.lost().len(), 75);
}

#[test]
fn b15_an_hour_of_315_resets_is_mostly_online() {
    for seed in 0..20 {
        let mut bench = Bench::new(Config::new(Stream::Market, 1, seed));
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut resets: Vec<u64> = (0..315).map(|_| rng.u64(0..3_600 * SECOND)).collect();
        resets.sort_unstable();
        bench.tell(Input::Start);
        let mut online = 0;
        for reset in resets {
            while bench.session.state() != StateName::Online {
                bench.until_connect();
                bench.now += SECOND / 5;
                bench.tell(Input::Connected);
            }
            if bench.now >= reset {
                continue;
            }
            let since = bench.now;
            while bench.now < reset {
                bench.now = (bench.now + SECOND).min(reset);
                bench.tell(Input::Data { packets: 1 });
            }
            online += bench.now - since;
            bench.tell(Input::Closed(Ended::Reset));
        }
        if bench.session.state() == StateName::Waiting {
            bench.until_connect();
        }
        online += (3_600 * SECOND).saturating_sub(bench.now);
        assert!(online >= 3_600 * SECOND * 9 / 10, "seed {seed}: online {} s of 3600", online / SECOND);
        assert_eq!(bench.exit(), None);
    }
}

#[test]
fn c05_c06_silent_nights_weekends_and_options_are_not_reconnected() {
    // 30 days of one option that trades twice a day, and the server's pings.
    let calendar = Calendar::parse("2026-11-24\n").0;
    let mut bench = Bench::new(Config { calendar, ..Config::new(Stream::Market, 1, 7) });
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.tell(Input::Data { packets: 1 });
    for beat in 0..30 * 8_640_u64 {
        bench.pass(Duration::from_secs(10));
        bench.tell(Input::Traffic);
        if beat % 4_000 == 0 {
            bench.tell(Input::Data { packets: 1 });
        }
    }
    assert_eq!((bench.count(&Action::Connect), bench.lost()), (1, vec![]));
}

#[test]
fn c05_a_feed_that_ticks_by_day_is_not_reconnected_by_night() {
    let mut bench = Bench::online();
    let mut random = fastrand::Rng::with_seed(3);
    for second in 0..14 * 86_400_u64 {
        bench.pass(Duration::from_secs(1));
        let (day, time) = (second / 86_400, second % 86_400);
        let open = day % 7 < 5 && time < 22_500;
        if open && random.u8(0..3) > 0 {
            bench.tell(Input::Data { packets: 2 });
        } else if second % 10 == 0 {
            bench.tell(Input::Traffic);
        }
    }
    assert_eq!((bench.count(&Action::Connect), bench.lost()), (1, vec![]));
}

#[test]
fn c04_a_stale_feed_in_market_hours_is_reconnected_at_most_three_times_an_hour() {
    let mut bench = Bench::online();
    for round in 0..6 {
        for _ in 0..120 {
            bench.pass(Duration::from_secs(1));
            bench.tell(Input::Data { packets: 9 });
        }
        let silent_from = bench.now;
        while bench.session.state() == StateName::Online && bench.now < silent_from + 60 * SECOND {
            bench.pass(Duration::from_secs(1));
            bench.tell(Input::Traffic);
        }
        if round < 3 {
            let stale = bench
                .log
                .iter()
                .rev()
                .find(|(_, action)| matches!(action, Action::Status { event: StatusEvent::Stale, .. }));
            assert_eq!(stale.unwrap().0 - silent_from, 15 * SECOND);
            bench.until_connect();
            bench.tell(Input::Connected);
        }
    }
    assert_eq!(bench.lost(), [GapReason::Stalled; 3]);
    assert_eq!(bench.count(&Action::Connect), 4);
}

#[test]
fn f05_f06_a_reconnect_subscribes_the_newest_set_completely() {
    let ids = |range: std::ops::Range<u32>, mode| -> Vec<Subscription> {
        range.map(|id| Subscription::feed(InstrumentKey::new(Segment::NSE_EQ, id), mode)).collect()
    };
    let mut bench = Bench::with(Config::new(Stream::Market, 1, 7), &ids(0..250, Mode::Full));
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    let counts = |bench: &Bench| -> Vec<(u64, u64)> {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let of = |v: serde_json::Value| (v["RequestCode"].as_u64().unwrap(), v["InstrumentCount"].as_u64().unwrap());
        bench.sent().into_iter().map(parse).map(of).collect()
    };
    assert_eq!(counts(&bench), [(21, 100), (21, 100), (21, 50)]);
    bench.tell(Input::Closed(Ended::Reset));
    bench.log.clear();
    bench.tell(Input::Subscribe(ids(0..3, Mode::Ticker)));
    bench.tell(Input::Unsubscribe(ids(0..200, Mode::Full)));
    assert_eq!(counts(&bench), [], "nobody to tell");
    bench.until_connect();
    bench.tell(Input::Connected);
    assert_eq!(counts(&bench), [(15, 3), (21, 50)]);
    bench.log.clear();
    bench.tell(Input::Unsubscribe(vec![Subscription {
        instrument: InstrumentKey::new(Segment::NSE_EQ, 1),
        mode: None,
    }]));
    bench.tell(Input::Subscribe(ids(0..1, Mode::Ticker)));
    assert_eq!(counts(&bench), [(16, 1)], "differences only");
}

#[test]
fn depth_is_unsubscribed_by_25_and_by_24_if_packets_keep_coming() {
    let key = InstrumentKey::new(Segment::NSE_EQ, 1333);
    let mut bench = Bench::with(Config::new(Stream::Depth(Levels::Twenty), 1, 7), &[Subscription::depth(key)]);
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    bench.log.clear();
    bench.tell(Input::Unsubscribe(vec![Subscription::depth(key)]));
    assert!(bench.sent()[0].starts_with(r#"{"RequestCode":25,"#));
    assert_eq!(bench.session.leaving().count(), 0);
    bench.now += 4 * SECOND;
    bench.tell(Input::Traffic);
    assert_eq!(bench.session.leaving().collect::<Vec<_>>(), [key]);
    bench.tell(Input::Unwanted(key));
    bench.tell(Input::Unwanted(key));
    assert_eq!(bench.sent().len(), 2);
    assert!(bench.sent()[1].starts_with(r#"{"RequestCode":24,"#));
}

#[test]
fn l02_the_order_snapshot_is_requested_after_every_connect_until_it_comes() {
    let mut bench = Bench::with(Config::new(Stream::Orders, 1, 7), &[]);
    bench.tell(Input::Start);
    bench.tell(Input::Connected);
    assert_eq!(bench.count(&Action::Login), 1);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.count(&Action::FetchOrders { after_gap: false }), 1);
    for _ in 0..3 {
        bench.tell(Input::SnapshotFailed("HTTP 500".into()));
        for _ in 0..5 {
            bench.pass(Duration::from_secs(2));
            bench.tell(Input::Pong);
        }
    }
    assert_eq!(bench.count(&Action::FetchOrders { after_gap: false }), 4);
    let told = bench.log.iter().filter(|(_, action)| matches!(action, Action::SnapshotGap { .. })).count();
    assert_eq!(told, 1, "one gap, however often it is tried");
    bench.tell(Input::SnapshotFetched);
    bench.tell(Input::Closed(Ended::Reset));
    bench.until_connect();
    bench.tell(Input::Connected);
    bench.pass(Duration::from_secs(4));
    bench.tell(Input::Pong);
    bench.pass(Duration::from_secs(4));
    bench.tell(Input::Pong);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.count(&Action::FetchOrders { after_gap: true }), 1);
    bench.tell(Input::SnapshotFetched);
    assert!(!bench.session.gap_open());
}

#[test]
fn silence_after_the_request_is_explained_once_with_the_unseen_instruments() {
    let mut bench = Bench::online();
    for _ in 0..6 {
        bench.pass(Duration::from_secs(9));
        bench.tell(Input::Traffic);
    }
    let explained: Vec<_> = bench.log.iter().filter(|(_, a)| matches!(a, Action::Warn(_))).map(|(at, _)| *at).collect();
    assert_eq!(explained, [10 * SECOND]);
    assert_eq!(bench.count(&Action::ReportUnseen), 1);
    assert!(bench.log.contains(&(30 * SECOND, Action::ReportUnseen)));
}

#[test]
fn a_closed_market_is_named_once_the_snapshots_have_come_and_not_while_data_flows() {
    let warnings = |from: Micros, beats: &[u64]| {
        let mut bench = Bench { from, ..Bench::market() };
        bench.tell(Input::Start);
        bench.tell(Input::Connected);
        for second in 1..60 {
            bench.pass(Duration::from_secs(1));
            bench.tell(if beats.contains(&second) { Input::Data { packets: 1 } } else { Input::Traffic });
        }
        let warned = bench.log.iter().filter_map(|(at, action)| match action {
            Action::Warn(words) => Some((at / SECOND, words.contains("only snapshots came: the market is closed"))),
            _ => None,
        });
        warned.collect::<Vec<_>>()
    };
    let night = OPEN + Duration::from_hours(12);
    assert_eq!(warnings(night, &[1, 2]), [(10, true)]);
    assert_eq!(warnings(OPEN, &[1, 2]), []);
    let flowing: Vec<u64> = (1..60).collect();
    assert_eq!(warnings(night, &flowing), []);
    assert_eq!(warnings(night, &[]), [(10, false)]);
}

/// Every kind of input.
fn inputs() -> Vec<Input> {
    let one = vec![Subscription::feed(InstrumentKey::new(Segment::NSE_EQ, 1), Mode::Full)];
    vec![
        Input::Start,
        Input::CredentialsRead(Ok(Fingerprint(9))),
        Input::CredentialsRead(Err(CredentialProblem {
            exit: Exit::Credentials,
            can_change: true,
            words: "none".into(),
        })),
        Input::CredentialsRefused(Fingerprint(1)),
        Input::Connected,
        Input::ConnectFailed(cannot_connect(ConnectClass::Refused, "refused")),
        Input::ConnectFailed(Cause::Budget { wait: Duration::from_secs(6) }),
        http(429),
        http(401),
        http(503),
        Input::Traffic,
        Input::Pong,
        Input::Data { packets: 1 },
        Input::ServerDisconnect(DisconnectReason(805)),
        Input::ServerDisconnect(DisconnectReason(807)),
        Input::ServerDisconnect(DisconnectReason(800)),
        Input::Closed(Ended::Reset),
        frame(1008),
        Input::Probed(ProbeResult::Fine),
        Input::Probed(ProbeResult::TokenDead),
        Input::Subscribe(one.clone()),
        Input::Unsubscribe(one),
        Input::Unwanted(InstrumentKey::new(Segment::NSE_EQ, 1)),
        Input::SnapshotFetched,
        Input::SnapshotFailed("HTTP 500".into()),
        Input::Tick,
        Input::Stop,
    ]
}

/// A session in each state.
fn in_state(state: StateName) -> Bench {
    let mut bench = Bench::market();
    let path: &[Input] = match state {
        StateName::Idle => &[],
        StateName::Waiting => &[Input::Start, Input::ConnectFailed(cannot_connect(ConnectClass::Refused, "x"))],
        StateName::Reading => {
            // The bench normally answers reads of credentials; here it does not.
            bench.session.on(Now::default(), Input::Start);
            while bench.session.next_action().is_some() {}
            &[]
        }
        StateName::AwaitingCredentials => &[Input::Start, Input::ConnectFailed(http_answer(401, None))],
        StateName::Connecting => &[Input::Start],
        StateName::Probing => {
            &[Input::Start, Input::Connected, Input::Closed(Ended::CloseFrame { code: 1008, reason: String::new() })]
        }
        StateName::Online => &[Input::Start, Input::Connected],
        StateName::Stopping => &[Input::Start, Input::Connected, Input::Stop],
        StateName::Ended => &[Input::Stop],
    };
    for input in path {
        bench.tell(input.clone());
    }
    assert_eq!(bench.session.state(), state);
    bench
}

/// The next state for each input (`inputs()`, across) in each state.
/// `.` stays; I W R A C P O S E are the states' first letters (Stopping is S, Ended E).
/// (Reading is followed by Connecting even after bad credentials: the bench answers the next read with good ones.)
#[test]
fn every_input_in_every_state_follows_the_table() {
    let letter = |state: StateName| format!("{state:?}").chars().next().unwrap();
    let table: Vec<String> = StateName::ALL
        .into_iter()
        .map(|from| {
            let row = inputs().into_iter().map(|input| {
                let mut bench = in_state(from);
                bench.tell(input);
                let to = bench.session.state();
                if to == from { '.' } else { letter(to) }
            });
            format!("{from:?}: {}", row.collect::<String>())
        })
        .collect();
    assert_eq!(
        table,
        [
            "Idle: C.........................E",
            "Waiting: ..........................E",
            "Reading: .CC.......................E",
            "AwaitingCredentials: .C........................E",
            "Connecting: ....OWWWAW................E",
            "Probing: ..................WA......E",
            "Online: .............WAWWP........S",
            "Stopping: ................EE.........",
            "Ended: ...........................",
        ]
    );
}

#[test]
fn i02_stop_ends_every_state_within_two_seconds_without_any_answer() {
    for state in StateName::ALL {
        let mut bench = in_state(state);
        let from = bench.now;
        bench.tell(Input::Stop);
        while bench.session.state() != StateName::Ended {
            bench.now = bench.now.max(bench.session.deadline().expect("a stopping session has a deadline").0);
            bench.tell(Input::Tick);
        }
        assert!(bench.now - from <= 2 * SECOND, "{state:?}");
        assert_eq!(bench.count(&Action::Stopped), 1, "{state:?}");
    }
}

#[test]
fn f11_a_clean_stop_sends_a_disconnect_before_closing() {
    let mut bench = in_state(StateName::Stopping);
    let said: Vec<_> = bench.log.iter().rev().take(2).map(|(_, action)| action.clone()).collect();
    assert_eq!(said, [Action::Close { polite: true }, Action::Send(r#"{"RequestCode":12}"#.to_owned())]);
    bench.tell(Input::Closed(Ended::Eof));
    assert_eq!(bench.log.last().unwrap().1, Action::Stopped);
}

#[test]
fn five_thousand_and_one_instruments_take_two_connections_and_25_001_do_not_fit() {
    let ids = |n: u32| -> Vec<Subscription> {
        (0..n).map(|id| Subscription::feed(InstrumentKey::new(Segment::NSE_FNO, id), Mode::Full)).collect()
    };
    let sizes = |plan: &Plan| plan.connections().iter().map(|c| c.len()).collect::<Vec<_>>();
    let mut plan = Plan::new(Stream::Market, &ids(5_001)).unwrap();
    assert_eq!(sizes(&plan), [5_000, 1]);
    assert_eq!(sizes(&Plan::new(Stream::Market, &ids(25_000)).unwrap()), [5_000; SOCKETS_PER_KIND]);
    let error = Plan::new(Stream::Market, &ids(25_001)).unwrap_err();
    assert!(error.to_string().contains("25001") && error.to_string().contains("leave out 1"), "{error}");

    let changes = plan.apply(&ids(5_002)[5_000..], &ids(2)).unwrap();
    assert_eq!(changes.len(), 1, "the new one takes a place that was left: {}", changes.len());
    assert_eq!((changes[0].unsubscribe.len(), changes[0].subscribe.len()), (2, 1));
    let asked: usize = plan.apply(&ids(5), &[]).unwrap().iter().map(|change| change.subscribe.len()).sum();
    assert_eq!(asked, 2, "what is there already is not asked for again");

    let before = plan.clone();
    assert!(plan.apply(&ids(30_000), &[]).is_err());
    assert_eq!(plan, before, "what does not fit changes nothing");
    let depth: Vec<_> = (0..6).map(|id| Subscription::depth(InstrumentKey::new(Segment::NSE_EQ, id))).collect();
    assert!(Plan::new(Stream::Depth(Levels::TwoHundred), &depth).is_err());
    assert_eq!(sizes(&Plan::new(Stream::Depth(Levels::TwoHundred), &depth[..5]).unwrap()), [1; 5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_inputs_panics_connects_twice_or_survives_a_stop(
        seed: u64,
        feed in 0_usize..4,
        story in proptest::collection::vec((0_usize..27, 0_u64..40_000_000), 0..120),
    ) {
        let feed = [Stream::Market, Stream::Orders, Stream::Depth(Levels::Twenty), Stream::Depth(Levels::TwoHundred)][feed];
        let mut bench = Bench::new(Config { max_outage: None, ..Config::new(feed, 1, seed) });
        let all = inputs();
        bench.tell(Input::Start);
        for (which, wait) in story {
            bench.now += wait;
            bench.tell(all[which].clone());
        }
        bench.tell(Input::Stop);
        bench.now += 2 * SECOND;
        bench.tell(Input::Tick);
        prop_assert_eq!(bench.session.state(), StateName::Ended);
        // Between two attempts the first one ends: reported, or closed by the session (`Retrying` covers both).
        let mut open = false;
        for (_, action) in &bench.log {
            match action {
                Action::Connect => prop_assert!(!std::mem::replace(&mut open, true), "two attempts at once"),
                Action::Probe | Action::Status { event: StatusEvent::Retrying, .. } => open = false,
                _ => {}
            }
        }
        let ends = bench.log.iter().filter(|(_, a)| matches!(a, Action::Stopped | Action::GiveUp(_))).count();
        prop_assert_eq!(ends, 1);
    }
}
