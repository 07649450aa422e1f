//! Holds what the sockets of a run share: clocks, credentials, the account, the pipeline, and messages.

use super::admission::Admission;
use super::observer::SocketObserver;
use crate::auth::{CredentialSource, Credentials, Login, ProblemKind};
use crate::clock;
use crate::console::{Console, untrusted};
use crate::model::exit::{Exit, Failure};
use crate::model::{Cause, CoolOffKind, CredentialProblem, Micros, Stream};
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

/// Minimum interval between requests of the account's profile.
const PROBE_EVERY: Duration = Duration::from_secs(60);

/// Maximum number of the server's texts shown in a run.
const TEXTS_SHOWN: u32 = 20;

/// Says where a run's credentials come from.
pub enum CredentialsOrigin {
    /// From the user.
    Source(CredentialSource),
    /// None: the simulated exchange accepts any.
    Demo,
}

/// Describes a socket for people.
#[derive(Debug, Clone, Default)]
pub struct SocketState {
    /// Its last step.
    pub event: Option<StatusEvent>,
    /// What is known beyond the step.
    pub detail: Option<String>,
    /// Number of times it was connected.
    pub connected: u64,
    /// Time of its last data; [`Micros::EPOCH`] if there was none.
    pub last_data: Micros,
    /// Exit code of a run that ends now, if the connection is missing.
    pub exit: Option<Exit>,
}

impl SocketState {
    /// Returns whether the socket is connected.
    pub(super) fn is_up(&self) -> bool {
        use StatusEvent::{Connected, Live, Requested, Stale};
        matches!(self.event, Some(Connected | Requested | Live | Stale))
    }

    /// Returns how often the socket was connected again.
    pub(super) fn reconnects(&self) -> u64 {
        self.connected.saturating_sub(1)
    }
}

/// Holds what the sockets of a run share.
pub(super) struct Shared {
    /// Observes frames before they are decoded.
    pub observer: Option<Rc<dyn SocketObserver>>,
    pub feed: Stream,
    pub console: Console,
    /// Masks secrets in everything that a server sends.
    pub redactor: Redactor,
    pub connector: Connector,
    pub pipeline: Handle,
    /// Whether to print the instruments that were never seen.
    pub reports_unseen: Cell<bool>,
    pub credentials_origin: CredentialsOrigin,
    pub rest: Option<rest::Client>,
    /// `None` without an account (demo).
    pub admission: RefCell<Option<Admission>>,
    pub started: Instant,
    pub peers: RefCell<Vec<mpsc::UnboundedSender<Input>>>,
    pub sockets: RefCell<Vec<SocketState>>,
    /// The last result of `GET /profile`, with its time and credentials.
    pub probed: Cell<Option<(Instant, Fingerprint, ProbeResult)>>,
    /// Whether a connection of the run has been live.
    pub has_been_live: Cell<bool>,
    /// The planned end, until a token was compared with it.
    pub planned_end: Cell<Option<Micros>>,
    /// Expiry of the last used token.
    pub token_ends: Cell<Option<Micros>>,
    /// Whether the token's kind was checked.
    pub is_kind_checked: Cell<bool>,
    /// Number of texts on streams that only have packets.
    pub texts: Cell<u32>,
    /// The prices that chains follow.
    pub spots: super::Spots,
    /// The last of these texts, so that a repeated one is shown once.
    pub last_text: RefCell<Vec<u8>>,
}

/// Returns the fingerprint by which a session recognises credentials.
pub(super) fn fingerprint(login: &Login) -> Fingerprint {
    Fingerprint(login.fingerprint().number())
}

impl Shared {
    /// Returns the present time on both clocks.
    pub fn now(&self) -> Now {
        let at = Time(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX));
        Now { at, wall: clock::now() }
    }

    /// Converts a time of the sessions' clock to the runtime's.
    pub fn instant(&self, at: Time) -> Instant {
        self.started + Duration::from_micros(at.0)
    }

    /// Reads the credentials again.
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

    /// Warns once about properties of the token that the user should know.
    pub fn warn_about(&self, login: &Login) {
        let Login::Own(credentials) = login else { return };
        self.token_ends.set(credentials.claims().and_then(|claims| claims.expires_at));
        if let Some(end) = self.planned_end.take()
            && let Some(warning) = credentials.expiry_warning(end)
        {
            self.console.warn(warning);
        }
        if self.feed == Stream::Depth(Levels::TwoHundred)
            && !self.is_kind_checked.replace(true)
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
        match (self.admission.borrow_mut().as_mut(), login) {
            (Some(admission), Some(login)) => admission.admit(conn, instruments, login.id(), &self.console),
            _ => Ok(()),
        }
    }

    /// Returns an attempt to the connect budget: it did not reach the server, or its session ended in order.
    pub fn return_attempt(&self) {
        if let Some(account) = self.admission.borrow().as_ref().and_then(Admission::account) {
            account.return_attempt(clock::now());
        }
    }

    /// Keeps the whole account from connecting.
    pub fn cool_off(&self, kind: CoolOffKind, step: u32, wait: Duration) {
        if let Some(account) = self.admission.borrow().as_ref().and_then(Admission::account) {
            account.cool_off(kind, step, wait, clock::now());
        }
    }

    /// Requests `GET /profile` to learn what is wrong; a result about the same credentials is reused for a minute.
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

    /// Fetches the order snapshot.
    pub async fn fetch_orders(&self, login: Option<Login>) -> Result<Vec<u8>, String> {
        let (Some(rest), Some(Login::Own(credentials))) = (&self.rest, login) else {
            return Err("there is no REST server to ask".to_owned());
        };
        match rest.orders(&credentials).await {
            Ok(body) => Ok(body.to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Passes an input to the other sockets of the run.
    pub fn send_to_others(&self, conn: u16, input: Input) {
        for (i, peer) in self.peers.borrow().iter().enumerate() {
            if i + 1 != usize::from(conn) {
                let _ = peer.send(input.clone());
            }
        }
    }

    /// Passes an input to every socket of the run.
    pub fn send_to_all(&self, input: Input) {
        for peer in self.peers.borrow().iter() {
            let _ = peer.send(input.clone());
        }
    }

    /// Records the last step of a socket.
    pub fn record_status(&self, conn: u16, event: StatusEvent, detail: Option<String>, exit: Option<Exit>) {
        if let Some(state) = self.sockets.borrow_mut().get_mut(usize::from(conn) - 1) {
            state.connected += u64::from(event == StatusEvent::Connected);
            *state = SocketState { event: Some(event), detail, exit, ..*state };
        }
    }

    /// Records the time of a socket's last data.
    pub fn record_data(&self, conn: u16, recv: Micros) {
        if let Some(state) = self.sockets.borrow_mut().get_mut(usize::from(conn) - 1) {
            state.last_data = recv;
        }
    }

    /// Returns the last step of a socket.
    pub fn last_event(&self, conn: u16) -> Option<StatusEvent> {
        self.sockets.borrow().get(usize::from(conn) - 1)?.event
    }

    /// Returns text of other origin in a form that records may carry.
    pub fn masked(&self, words: String) -> String {
        match self.redactor.mask(&words) {
            Cow::Borrowed(_) => words,
            Cow::Owned(masked) => masked,
        }
    }

    /// Prints a text on a stream that only has packets, but only a limited number of them.
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

    /// Makes the driver print which instruments were never seen.
    pub fn report_unseen(&self) {
        self.reports_unseen.set(true);
        self.pipeline.wake_driver();
    }
}
