//! Runs a session over one connection. It decides nothing: it carries out the session's actions and reports what
//! happened.

mod incoming;

use super::shared::{Shared, fingerprint};
use super::sleep_until;
use crate::auth::{BaseUrl, Login, login_message};
use crate::clock;
use crate::console::{LogFields, LogLevel};
use crate::model::exit::Failure;
use crate::model::{Cause, CredentialProblem, Ended, Stream};
use crate::net::{Connection, Incoming};
use crate::pipeline::item::{Event, Frame, FrameKind, GapReason, StatusEvent};
use crate::session::{Action, Input, Session};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Pause of a socket while too much data is queued; the runtime's clock has no shorter one.
const REST: Duration = Duration::from_millis(1);
/// Interval of pongs to the server while an output blocks reading, now or again and again.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Says how a socket's task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketEnd {
    /// It stopped as requested.
    Stopped,
    /// The run cannot continue.
    GaveUp(Failure),
}

/// One socket.
pub(super) struct Socket {
    conn: u16,
    feed: Stream,
    session: Session,
    shared: Rc<Shared>,
    base: BaseUrl,
    login: Option<Login>,
    connection: Option<Connection>,
    /// Requests whose answers are awaited.
    answers: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
    /// Number of the attempt, by which the answer of an abandoned one is recognised.
    attempt: u64,
    received_bytes: u64,
    /// Whether the connection was live when the end of the run was decided.
    ends_live: bool,
    /// Moment of the last sign of life to the server, or of the connection.
    signed_at: Instant,
    /// Whether reading waits for room in an output.
    paused: bool,
    /// Whether this socket has paused for a crowded queue; then it reads once more in any case.
    rested: bool,
    inputs: mpsc::UnboundedReceiver<Input>,
}

/// The result of a request that takes time.
enum Answer {
    Input(Input),
    Credentials(Result<Login, CredentialProblem>),
    Connected(u64, Box<Result<Connection, Cause>>),
    Orders { attempt: u64, after_gap: bool, result: Result<Vec<u8>, String> },
}

/// An event that the socket handles.
enum SocketEvent {
    Input(Option<Input>),
    Answer(Answer),
    Incoming(Incoming),
    Room,
    /// Nothing was read for a while, because an output blocks.
    Unread,
    Rested,
    Deadline,
}

impl Socket {
    pub(super) fn new(
        conn: u16,
        session: Session,
        shared: Rc<Shared>,
        base: BaseUrl,
        inputs: mpsc::UnboundedReceiver<Input>,
    ) -> Socket {
        Socket {
            conn,
            feed: shared.feed,
            session,
            base,
            login: None,
            connection: None,
            answers: FuturesUnordered::new(),
            attempt: 0,
            received_bytes: 0,
            ends_live: false,
            signed_at: Instant::now(),
            paused: false,
            rested: false,
            inputs,
            shared,
        }
    }

    /// Runs the session to its end.
    pub(super) async fn run(mut self) -> SocketEnd {
        self.input(Input::Start);
        loop {
            while let Some(action) = self.session.next_action() {
                if let Some(end) = self.act(action) {
                    return end;
                }
            }
            let blocked = self.is_blocked();
            if blocked != self.paused {
                self.paused = blocked;
                self.input(Input::ReadingPaused(blocked));
                continue;
            }
            let happened = self.next().await;
            match happened {
                SocketEvent::Input(Some(input)) => {
                    self.ends_live = input == Input::Stop && self.session.is_live();
                    self.input(input);
                }
                // The sender is gone, so nothing else can stop the socket: stop it.
                SocketEvent::Input(None) => self.input(Input::Stop),
                SocketEvent::Answer(answer) => self.answer(answer),
                SocketEvent::Incoming(incoming) => {
                    self.rested = false;
                    self.incoming(incoming);
                }
                SocketEvent::Room => {}
                SocketEvent::Unread => self.send_sign_of_life(),
                SocketEvent::Rested => self.rested = true,
                SocketEvent::Deadline => {
                    self.report_traffic();
                    self.input(Input::Tick);
                }
            }
        }
    }

    fn input(&mut self, input: Input) {
        self.session.on(self.shared.now(), input);
    }

    /// Returns whether a blocked output keeps this socket from reading (`--on-lag block`).
    fn is_blocked(&self) -> bool {
        self.connection.is_some() && self.shared.pipeline.is_full()
    }

    async fn next(&mut self) -> SocketEvent {
        let blocked = self.is_blocked();
        // The limit is far below what a slow reader leaves waiting, and far above what a market sends.
        let crowded = self.connection.is_some() && !blocked && !self.rested && self.shared.pipeline.is_crowded();
        let deadline = self.session.deadline().map(|at| self.shared.instant(at));
        // A reader that takes a little at a time unblocks reading often, but pings wait behind what is unread.
        let sign_due = self.signed_at + SIGN_OF_LIFE;
        let Socket { inputs, answers, connection, shared, .. } = self;
        tokio::select! {
            biased;
            input = inputs.recv() => SocketEvent::Input(input),
            Some(answer) = answers.next(), if !answers.is_empty() => SocketEvent::Answer(answer),
            () = tokio::time::sleep_until(sign_due.into()), if blocked => SocketEvent::Unread,
            () = shared.pipeline.room(), if blocked => SocketEvent::Room,
            () = tokio::time::sleep(REST), if crowded => SocketEvent::Rested,
            incoming = next_of(connection), if connection.is_some() && !blocked && !crowded => {
                SocketEvent::Incoming(incoming)
            }
            () = sleep_until(deadline), if deadline.is_some() => SocketEvent::Deadline,
        }
    }

    /// Sends the server a sign of life, although its pings are not read.
    fn send_sign_of_life(&mut self) {
        self.signed_at = Instant::now();
        self.send(Connection::send_pong);
    }

    /// Sends something, if there is a connection.
    fn send(&mut self, send: impl FnOnce(&mut Connection) -> Result<(), Ended>) {
        if let Some(Err(ended)) = self.connection.as_mut().map(send) {
            self.closed(ended);
        }
    }

    fn act(&mut self, action: Action) -> Option<SocketEnd> {
        match action {
            Action::ReadCredentials => {
                let shared = Rc::clone(&self.shared);
                self.answers.push(Box::pin(async move { Answer::Credentials(shared.read_login().await) }));
            }
            Action::Connect => self.connect(),
            Action::Send(text) => {
                self.shared.console.debug(format_args!("connection {}: request: {text}", self.conn));
                self.send(|connection| connection.send_text(&text));
            }
            Action::Login => {
                if let Some(message) = self.login.as_ref().map(login_message) {
                    self.send(|connection| connection.send_secret(&message));
                }
            }
            Action::Ping => self.send(Connection::send_ping),
            Action::Close { polite: true } => {
                if let Some(connection) = &mut self.connection {
                    let _ = connection.close();
                }
            }
            Action::Close { polite: false } => {
                self.attempt += 1;
                self.connection = None;
            }
            Action::Probe => {
                let (shared, login) = (Rc::clone(&self.shared), self.login.clone());
                self.answers.push(Box::pin(async move { Answer::Input(Input::Probed(shared.probe(login).await)) }));
            }
            Action::FetchOrders { after_gap } => {
                let (shared, login, attempt) = (Rc::clone(&self.shared), self.login.clone(), self.attempt);
                self.answers.push(Box::pin(async move {
                    Answer::Orders { attempt, after_gap, result: shared.fetch_orders(login).await }
                }));
            }
            Action::CoolOff { kind, step, wait } => self.shared.cool_off(kind, step, wait),
            Action::SwitchPath => {
                if let Some(other) = self.base.alternative() {
                    self.base = other;
                }
            }
            Action::Refused(fingerprint) => {
                self.shared.send_to_others(self.conn, Input::CredentialsRefused(fingerprint))
            }
            Action::Status { event, detail } => self.status(event, detail),
            Action::OpenGap { reason, detail, from } => {
                let detail = self.shared.masked(detail);
                if let Some(observer) = &self.shared.observer {
                    observer.gap_opened(self.conn, reason, &detail, from);
                }
                self.shared.pipeline.event(Event::GapOpened { conn: self.conn, reason, detail, from });
            }
            Action::SnapshotGap { detail, from } => {
                let detail = self.shared.masked(detail);
                let to = clock::now();
                self.shared
                    .console
                    .warn(format!("the order book could not be fetched: {detail}; orders may be missing"));
                self.shared.pipeline.event(Event::Gap {
                    conn: self.conn,
                    reason: GapReason::Snapshot,
                    detail: Some(detail),
                    from,
                    to,
                    dropped: None,
                });
            }
            Action::Warn(text) => self.say(LogLevel::Warn, text),
            Action::Inform(text) => self.say(LogLevel::Info, text),
            Action::ReportUnseen => self.shared.report_unseen(),
            Action::GiveUp(failure) => return Some(SocketEnd::GaveUp(failure)),
            Action::Stopped => {
                if self.ends_live {
                    self.shared.return_attempt();
                }
                return Some(SocketEnd::Stopped);
            }
        }
        None
    }

    /// Prints a message of the session, with what is known of its connection.
    fn say(&self, level: LogLevel, text: String) {
        let cause = self.session.cause().map(|cause| self.shared.masked(cause.to_string()));
        let event = self.shared.last_event(self.conn).map(StatusEvent::name);
        let delay = self.session.next_attempt_in();
        let fields = LogFields {
            event,
            conn: Some(self.conn),
            cause: cause.as_deref(),
            delay_ms: delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            code: self.session.cause().and_then(Cause::code),
            host: Some(self.base.host()),
        };
        self.shared.console.event(level, &fields, self.shared.masked(text));
    }

    fn status(&mut self, event: StatusEvent, detail: Option<String>) {
        let at = clock::now();
        let detail = detail.map(|detail| self.shared.masked(detail));
        let host = self.base.host();
        let fields = LogFields {
            event: Some(event.name()),
            conn: Some(self.conn),
            cause: detail.as_deref(),
            host: Some(host),
            ..LogFields::default()
        };
        let words = match &detail {
            Some(detail) => format!("connection {}: {}: {detail}", self.conn, event.name()),
            None => format!("connection {}: {}", self.conn, event.name()),
        };
        self.shared.console.event(LogLevel::Debug, &fields, words);
        if event == StatusEvent::Live && !self.shared.has_been_live.replace(true) {
            self.shared.send_to_all(Input::RunIsLive);
        }
        self.shared.record_status(self.conn, event, detail.clone(), self.session.exit());
        self.shared.pipeline.event(Event::Status { conn: self.conn, event, detail, at });
    }

    fn connect(&mut self) {
        self.attempt += 1;
        let attempt = self.attempt;
        let address = self.shared.admit(self.conn, self.session.wanted().len(), self.login.as_ref()).map(|()| {
            match (&self.login, self.feed) {
                (Some(Login::Own(credentials)), Stream::Market | Stream::Depth(_)) => self.base.address(credentials),
                _ => self.base.bare_address(),
            }
        });
        let connector = self.shared.connector.clone();
        self.answers.push(Box::pin(async move {
            let result = match address {
                Ok(address) => connector.connect(&address).await.map_err(Cause::from),
                Err(failure) => Err(failure),
            };
            Answer::Connected(attempt, Box::new(result))
        }));
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Input(input) => self.input(input),
            Answer::Credentials(Ok(login)) => {
                self.shared.warn_about(&login);
                let fingerprint = fingerprint(&login);
                self.login = Some(login);
                self.input(Input::CredentialsRead(Ok(fingerprint)));
            }
            Answer::Credentials(Err(problem)) => self.input(Input::CredentialsRead(Err(problem))),
            Answer::Connected(attempt, _) if attempt != self.attempt => {}
            Answer::Connected(_, result) => match *result {
                Ok(connection) => {
                    self.received_bytes = connection.received_bytes();
                    self.connection = Some(connection);
                    self.signed_at = Instant::now();
                    self.input(Input::Connected);
                }
                Err(cause) => {
                    // The budget and a cool-off took no attempt.
                    if matches!(cause, Cause::Connect(_)) && !cause.reached_server() {
                        self.shared.return_attempt();
                    }
                    self.input(Input::ConnectFailed(cause));
                }
            },
            // A snapshot that was requested on an earlier connection may be older than what was missed since.
            Answer::Orders { attempt, .. } if attempt != self.attempt || self.connection.is_none() => {}
            Answer::Orders { after_gap, result, .. } => match result {
                Ok(body) => {
                    // The stream's messages that arrived already are older than the snapshot.
                    if let Some(first) = self.connection.as_mut().and_then(Connection::poll_ready_now) {
                        self.incoming(first);
                    }
                    let kind = if after_gap { FrameKind::OrderBookAfterGap } else { FrameKind::OrderBookAtStart };
                    let at = clock::now();
                    let bytes = &self.shared.redactor.redact_text(&body);
                    let mut batch = self.shared.pipeline.batch();
                    batch.push(&Frame { conn: self.conn, kind, recv: at, bytes, packet: None });
                    batch.done();
                    self.shared.pipeline.event(Event::Resynced { conn: self.conn, at });
                    self.input(Input::SnapshotFetched);
                }
                Err(words) => self.input(Input::SnapshotFailed(words)),
            },
        }
    }

    fn connection_bytes(&self) -> u64 {
        self.connection.as_ref().map_or(0, Connection::received_bytes)
    }

    /// Reports received bytes to the session, complete messages or not.
    fn report_traffic(&mut self) {
        let received = self.connection_bytes();
        if received != self.received_bytes {
            self.received_bytes = received;
            self.input(Input::Traffic);
        }
    }

    fn closed(&mut self, ended: Ended) {
        self.connection = None;
        self.input(Input::Closed(ended));
    }
}

async fn next_of(connection: &mut Option<Connection>) -> Incoming {
    match connection {
        Some(connection) => connection.next().await,
        None => std::future::pending().await,
    }
}
