//! What the sockets of a run share: clocks, credentials, the account, the pipeline, and what people are told.

use super::gate::Gate;
use super::observer::SocketObserver;
use crate::auth::{CredentialSource, Credentials, Login, ProblemKind};
use crate::clock::now_us;
use crate::console::{Console, untrusted};
use crate::model::exit::{Exit, Failure};
use crate::model::{Cause, CoolOffKind, CredentialProblem, Stream};
use crate::net::Connector;
use crate::pipeline::handle::Handle;
use crate::protocol::depth::Levels;
use crate::record::control::StatusEvent;
use crate::redact::Redactor;
use crate::rest;
use crate::session::{Fingerprint, Input, Now, ProbeResult, Time};
use secrecy::SecretString;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The account is asked what is wrong at most this often.
const PROBE_EVERY: Duration = Duration::from_secs(60);

/// Texts of the server that are shown in a run.
const TEXTS_SHOWN: u32 = 20;

/// Where a run's credentials come from.
pub enum CredentialsOrigin {
    /// The user's.
    Source(CredentialSource),
    /// The simulated exchange takes any.
    Demo,
}

/// Where a socket is, for people.
#[derive(Debug, Clone, Default)]
pub struct SocketState {
    /// Its last step.
    pub event: Option<StatusEvent>,
    /// What is known beyond the step.
    pub detail: Option<String>,
    /// How often it was connected.
    pub connected: u64,
    /// When its last data came, µs since the epoch; 0 when none did.
    pub last_data_us: i64,
    /// The exit code of a run that ends now, where the connection is missing.
    pub exit: Option<Exit>,
}

/// What the sockets of a run share.
pub(super) struct Shared {
    /// Sees frames before they are decoded.
    pub observer: Option<Rc<dyn SocketObserver>>,
    pub feed: Stream,
    pub console: Console,
    /// What must never be shown or kept, in whatever a server sends.
    pub redactor: Redactor,
    pub connector: Connector,
    pub pipeline: Handle,
    /// Instruments that were never seen are to be told of.
    pub tells_unseen: Cell<bool>,
    pub credentials_origin: CredentialsOrigin,
    pub rest: Option<rest::Client>,
    /// `None` where no account is at stake (demo).
    pub gate: RefCell<Option<Gate>>,
    pub started: Instant,
    pub peers: RefCell<Vec<mpsc::UnboundedSender<Input>>>,
    pub sockets: RefCell<Vec<SocketState>>,
    /// The last answer of `GET /profile`, and about which credentials.
    pub probed: Cell<Option<(Instant, Fingerprint, ProbeResult)>>,
    /// Whether a connection of the run has been live.
    pub has_been_live: Cell<bool>,
    /// The planned end, µs since the epoch, until a token was compared with it.
    pub planned_end_us: Cell<Option<i64>>,
    /// When the token that was used last ends, µs since the epoch.
    pub token_ends_us: Cell<Option<i64>>,
    /// Whether a token's kind was looked at.
    pub kind_looked_at: Cell<bool>,
    /// Texts that came where only packets are known.
    pub texts: Cell<u32>,
    /// The prices that chains follow.
    pub spots: RefCell<super::chains::Spots>,
    /// The last of them, so that a repeated one is shown once.
    pub last_text: RefCell<Vec<u8>>,
}

/// What a session recognises credentials by.
pub(super) fn fingerprint(login: &Login) -> Fingerprint {
    Fingerprint(login.fingerprint().number())
}

impl Shared {
    /// One moment on both clocks.
    pub fn now(&self) -> Now {
        let at = Time(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX));
        Now { at, wall_us: now_us() }
    }

    /// A moment of the sessions' clock as the runtime's.
    pub fn instant(&self, at: Time) -> Instant {
        self.started + Duration::from_micros(at.0)
    }

    /// Reads the credentials afresh.
    pub async fn read_login(&self) -> Result<Login, CredentialProblem> {
        match &self.credentials_origin {
            CredentialsOrigin::Source(source) => source.read_login().await.map_err(|problem| {
                let can_change = problem.kind != ProblemKind::Missing;
                let Failure { exit, message } = problem.into();
                CredentialProblem { exit, can_change, words: message }
            }),
            CredentialsOrigin::Demo => {
                Ok(Login::Own(Credentials { client_id: "1000000001".to_owned(), token: SecretString::from("demo") }))
            }
        }
    }

    /// Says once what the token tells about itself that the user should know.
    pub fn look_at(&self, login: &Login) {
        let Login::Own(credentials) = login else { return };
        self.token_ends_us.set(credentials.claims().and_then(|claims| claims.expires_at_us));
        if let Some(end_us) = self.planned_end_us.take()
            && let Some(warning) = credentials.expiry_warning(end_us)
        {
            self.console.warn(warning);
        }
        if self.feed == Stream::Depth(Levels::TwoHundred)
            && !self.kind_looked_at.replace(true)
            && let Some(kind) = credentials.claims().and_then(|claims| claims.consumer_type)
            && kind != "SELF"
        {
            let kind = untrusted(&kind);
            self.console.warn(format!(
                "the token's tokenConsumerType is {kind:?}: 200 levels have only been seen with tokens made on \
                 web.dhan.co (\"SELF\"); others were reset without a word"
            ));
        }
    }

    /// Takes a place for a socket (once) and one attempt from the connect budget.
    pub fn admit(&self, conn: u16, instruments: usize, login: Option<&Login>) -> Result<(), Cause> {
        match (self.gate.borrow_mut().as_mut(), login) {
            (Some(gate), Some(login)) => gate.admit(conn, instruments, login.id(), &self.console),
            _ => Ok(()),
        }
    }

    /// Gives an attempt back to the connect budget: it did not reach the server, or its session ended as it should.
    pub fn return_attempt(&self) {
        if let Some(gate) = self.gate.borrow().as_ref() {
            gate.return_attempt();
        }
    }

    /// Keeps the whole account from connecting.
    pub fn cool_off(&self, kind: CoolOffKind, step: u32, wait: Duration) {
        if let Some(gate) = self.gate.borrow().as_ref() {
            gate.cool_off(kind, step, wait);
        }
    }

    /// Asks `GET /profile` what is wrong; the last answer about the same
    /// credentials serves for a minute.
    pub async fn probe(&self, login: Option<Login>) -> ProbeResult {
        let Some(login) = login else { return ProbeResult::Unknown };
        let which = fingerprint(&login);
        if let Some((at, about, result)) = self.probed.get()
            && about == which
            && at.elapsed() < PROBE_EVERY
        {
            return result;
        }
        let (Some(rest), Login::Own(credentials)) = (&self.rest, login) else { return ProbeResult::Unknown };
        let result = match rest.profile(&credentials).await {
            Ok(profile) => match profile.data_plan_is_active() {
                Some(false) if self.feed != Stream::Orders => ProbeResult::PlanInactive,
                _ => ProbeResult::Fine,
            },
            Err(rest::RestError::TokenDead { .. }) => ProbeResult::TokenDead,
            Err(error) => {
                self.console.debug(format!("GET /profile: {error}"));
                ProbeResult::Unknown
            }
        };
        self.probed.set(Some((Instant::now(), which, result)));
        result
    }

    /// Asks for the REST order book.
    pub async fn fetch_orders(&self, login: Option<Login>) -> Result<Vec<u8>, String> {
        let (Some(rest), Some(Login::Own(credentials))) = (&self.rest, login) else {
            return Err("there is no REST server to ask".to_owned());
        };
        match rest.orders(&credentials).await {
            Ok(body) => Ok(body.to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Tells the other sockets of the run.
    pub fn tell_others(&self, conn: u16, input: Input) {
        for (i, peer) in self.peers.borrow().iter().enumerate() {
            if i + 1 != usize::from(conn) {
                let _ = peer.send(input.clone());
            }
        }
    }

    /// Tells every socket of the run.
    pub fn tell_all(&self, input: Input) {
        for peer in self.peers.borrow().iter() {
            let _ = peer.send(input.clone());
        }
    }

    /// Keeps where a socket is.
    pub fn note_status(&self, conn: u16, event: StatusEvent, detail: Option<String>, exit: Option<Exit>) {
        if let Some(state) = self.sockets.borrow_mut().get_mut(usize::from(conn) - 1) {
            state.connected += u64::from(event == StatusEvent::Connected);
            *state = SocketState { event: Some(event), detail, exit, ..*state };
        }
    }

    /// Keeps when data of a socket came.
    pub fn note_data(&self, conn: u16, recv_us: i64) {
        if let Some(state) = self.sockets.borrow_mut().get_mut(usize::from(conn) - 1) {
            state.last_data_us = recv_us;
        }
    }

    /// Returns the last step of a socket.
    pub fn last_event(&self, conn: u16) -> Option<StatusEvent> {
        self.sockets.borrow().get(usize::from(conn) - 1)?.event
    }

    /// Somebody else's words as records may carry them.
    pub fn masked(&self, words: String) -> String {
        match self.redactor.mask(&words) {
            Cow::Borrowed(_) => words,
            Cow::Owned(masked) => masked,
        }
    }

    /// Shows a text that came where only packets are known, but not a storm of them.
    pub fn show_text(&self, conn: u16, text: &[u8]) {
        if self.last_text.replace(text.to_vec()) == text {
            return;
        }
        let shown = self.texts.get();
        self.texts.set(shown.saturating_add(1));
        if shown < TEXTS_SHOWN {
            let text = untrusted(&String::from_utf8_lossy(text));
            self.console.warn(format!("connection {conn}: the server says: {text}"));
        } else if shown == TEXTS_SHOWN {
            self.console.warn("the server says more; it is not shown any more");
        }
    }

    /// Has the driver tell which instruments were never seen.
    pub fn report_unseen(&self) {
        self.tells_unseen.set(true);
        self.pipeline.wake_driver();
    }
}
