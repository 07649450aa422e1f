//! Keeps a valid token in the token file: renews the present one, or makes a new one with PIN and TOTP.
//!
//! Dhan makes one token in two minutes and counts refused attempts too: programs that tried again have locked their
//! accounts for days. So only one process at a time works for an account, the time of the last attempt is stored on
//! disk before the request is sent, and a refusal ends the run.

mod failures;

use super::answer::{Call, NewToken, Refusal, RefusalKind};
use super::calls::Calls;
use super::file::{Slot, StoredToken, TokenFile};
use super::inputs::Inputs;
use super::otp::Seed;
use super::time::Timing;
use crate::account::{Account, TokenState, TokenTurn};
use crate::auth::{self, Claims, Credentials, ist_minute};
use crate::console::{Console, untrusted};
use crate::model::{Exit, Failure, Micros};
use crate::redact::mask_client_id;
use crate::rest::{self, RestError};
use failures::shown;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// Time between two attempts to make a token: Dhan's two minutes and a margin.
const BETWEEN: Duration = Duration::from_secs(130);
/// Tolerance of this host's clock.
const CLOCK_OFF: Duration = Duration::from_secs(30);
/// Time for which a failing network is tried.
const NETWORK: Duration = Duration::from_secs(10);
/// Time to wait for another process that makes the account's token; it may wait the two minutes itself.
const TURN: Duration = Duration::from_secs(6 * 60);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Says what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing: the token in the file is valid long enough.
    StillValid,
    /// The token was renewed.
    Renewed,
    /// A new one was made.
    Made,
}

/// Makes and renews the token of one file.
pub struct Maker {
    /// The token file.
    pub file: TokenFile,
    /// The account, if an option or a variable names it; otherwise the token in the file does.
    pub client_id: Option<String>,
    /// Sources of PIN and TOTP secret.
    pub inputs: Inputs,
    /// Client of the token requests.
    pub calls: Calls,
    /// Client that checks whether a token is valid.
    pub rest: rest::Client,
    /// Folder of the accounts' state.
    pub state_dir: Option<PathBuf>,
    /// The clock.
    pub timing: Timing,
    /// The printer.
    pub console: Console,
}

/// Holds the account while this process may make its token.
struct Turn {
    account: Account,
    turn: TokenTurn,
    client_id: String,
    /// Whether another process had the permission before.
    waited: bool,
}

impl Turn {
    /// Returns the account's state with no request under way.
    fn closed(&self) -> TokenState {
        TokenState { is_open: false, ..self.account.token_state() }
    }
}

impl Maker {
    /// Ensures that the file holds a token that is valid until a time.
    ///
    /// # Errors
    /// Returns the exit codes of the command line: see `dhan token ensure`.
    pub async fn ensure(&self, until: Micros) -> Result<Done, Failure> {
        let stored = self.file.read()?;
        let client_id = self.owner(&stored)?;
        let account = Account::open(self.state_dir.clone(), &client_id);
        if holds(&stored, until) && !account.token_state().is_open {
            self.report_still_valid(&stored);
            return Ok(Done::StillValid);
        }
        let turn = self.turn(account, client_id).await?;
        let stored = self.recover(&turn)?;
        let is_open = turn.account.token_state().is_open;
        if holds(&stored, until) && (!is_open || self.is_valid_at_server(&turn, &stored).await?) {
            self.set_state(&turn, turn.closed())?;
            self.report_still_valid(&stored);
            return Ok(Done::StillValid);
        }
        let (done, ends) = match stored {
            StoredToken::Token(token, claims) if !is_open && self.is_valid_by_claims(&claims) && is_self(&claims) => {
                (Done::Renewed, self.renewed(&turn, token).await?)
            }
            _ => (Done::Made, self.made(&turn).await?),
        };
        if let Some(ends) = ends.filter(|ends| *ends < until) {
            let (path, ends, until) = (self.file.path(), ist_minute(ends), ist_minute(until));
            let words = format!(
                "the new token in {path:?} ends on {ends}, before {until}: Dhan's tokens last 24 hours; ask for less \
                 with --for or --until"
            );
            return Err(Failure::new(Exit::Credentials, words));
        }
        Ok(done)
    }

    /// Makes a new token, unless another process made one while this one waited for it.
    ///
    /// # Errors
    /// As [`ensure`](Maker::ensure).
    pub async fn mint(&self) -> Result<Done, Failure> {
        let before = self.file.read()?;
        let client_id = self.owner(&before)?;
        let Some((turn, _)) = self.own_turn(&before, client_id).await? else { return Ok(Done::StillValid) };
        self.made(&turn).await.map(|_| Done::Made)
    }

    /// Waits for the permission and reads the file again. Returns `None` if another process meanwhile made a token
    /// that suffices.
    async fn own_turn(&self, before: &StoredToken, client_id: String) -> Result<Option<(Turn, StoredToken)>, Failure> {
        let turn = self.turn(Account::open(self.state_dir.clone(), &client_id), client_id).await?;
        let now = self.recover(&turn)?;
        if turn.waited && is_another(before, &now) {
            self.report_still_valid(&now);
            return Ok(None);
        }
        Ok(Some((turn, now)))
    }

    /// Renews the token in the file.
    ///
    /// # Errors
    /// As [`ensure`](Maker::ensure).
    pub async fn renew(&self) -> Result<Done, Failure> {
        let before = self.file.read()?;
        self.renewable(&before)?;
        let client_id = self.owner(&before)?;
        let Some((turn, now)) = self.own_turn(&before, client_id).await? else { return Ok(Done::StillValid) };
        self.renewable(&now)?;
        let StoredToken::Token(token, _) = now else { return Err(self.no_token()) };
        self.renewed(&turn, token).await.map(|_| Done::Renewed)
    }

    /// Returns the client id of the token's account.
    fn owner(&self, stored: &StoredToken) -> Result<String, Failure> {
        let of_token = match stored {
            StoredToken::Token(_, claims) => claims.client_id.as_deref(),
            _ => None,
        };
        match (self.client_id.as_deref(), of_token) {
            (Some(named), Some(owner)) if named != owner => {
                let (owner, named) = (untrusted(&mask_client_id(owner)), mask_client_id(named));
                let words = format!(
                    "the token file {:?} holds a token of the client id {owner}, but --client-id or DHAN_CLIENT_ID \
                     says {named}: name another file with --token-file, or the token's own client id",
                    self.file.path()
                );
                Err(Failure::new(Exit::Account, words))
            }
            (Some(id), _) | (None, Some(id)) => Ok(id.to_owned()),
            (None, None) => Err(Failure::new(
                Exit::Credentials,
                "whose token? no client id in --client-id, DHAN_CLIENT_ID, and no token in the file that names one",
            )),
        }
    }

    /// Waits until no other process makes this account's token.
    async fn turn(&self, account: Account, client_id: String) -> Result<Turn, Failure> {
        let began = self.timing.now();
        let mut waited = false;
        loop {
            let turn = account.take_token_turn().map_err(|why| {
                let words = "the account's folder cannot be used, and without it tokens would be asked for too often";
                Failure::new(Exit::Output, format!("{words} ({why}): set XDG_STATE_HOME to a folder of this user"))
            })?;
            match turn {
                Some(turn) => return Ok(Turn { account, turn, client_id, waited }),
                None if self.timing.now().since(began) >= TURN => {
                    return Err(Failure::new(
                        Exit::Locked,
                        "another dhan has been making this account's token for 6 minutes: end it, then run this again",
                    ));
                }
                None => {}
            }
            if !waited {
                self.console.info("another dhan is making this account's token: waiting for it");
            }
            waited = true;
            self.timing.pause(LOOK_EVERY).await;
        }
    }

    /// Finishes what a killed run began, and reads the file again.
    fn recover(&self, turn: &Turn) -> Result<StoredToken, Failure> {
        if self.file.recover()? {
            let path = self.file.path();
            let words = "the last run was killed before its new token was in place";
            self.console.info(format_args!("{words}: it is now in {path:?}"));
            self.set_state(turn, turn.closed())?;
        }
        let stored = self.file.read()?;
        self.owner(&stored)?;
        Ok(stored)
    }

    fn set_state(&self, turn: &Turn, state: TokenState) -> Result<(), Failure> {
        if turn.account.token_state() == state {
            return Ok(());
        }
        turn.account.set_token_state(&turn.turn, state).map_err(|why| {
            let words = format!("the account's folder cannot be written ({why}), so nothing is asked for");
            Failure::new(Exit::Output, words)
        })
    }

    fn is_valid_by_claims(&self, claims: &Claims) -> bool {
        claims.expires_at.is_some_and(|ends| ends > self.timing.now())
    }

    /// Checks with the server whether the token in the file is valid: a killed run may have replaced it there.
    async fn is_valid_at_server(&self, turn: &Turn, stored: &StoredToken) -> Result<bool, Failure> {
        let StoredToken::Token(token, _) = stored else { return Ok(false) };
        let credentials = Credentials { client_id: turn.client_id.clone(), token: token.clone() };
        match self.rest.profile(&credentials).await {
            Ok(_) => Ok(true),
            Err(RestError::TokenDead { .. }) => Ok(false),
            Err(error) => {
                let (path, host) = (self.file.path(), self.rest.host());
                let words = format!(
                    "the last run was killed while it made a token, and whether the one in {path:?} is alive could not \
                     be asked of {host}: {error}"
                );
                Err(Failure::new(Exit::Network, words))
            }
        }
    }

    /// Renews a token and returns the expiry of the new one.
    async fn renewed(&self, turn: &Turn, token: SecretString) -> Result<Option<Micros>, Failure> {
        let slot = self.file.prepare()?;
        let state = turn.account.token_state();
        self.set_state(turn, TokenState { is_open: true, ..state })?;
        let credentials = Credentials { client_id: turn.client_id.clone(), token };
        self.console.debug(format_args!("GET /RenewToken of {}", self.calls.host(Call::Renew)));
        let answer = self.while_down(async || self.calls.renew(&credentials).await, is_unsent).await;
        self.settle(turn, Call::Renew, answer, slot, state, &[])
    }

    /// Makes a token and returns its expiry.
    async fn made(&self, turn: &Turn) -> Result<Option<Micros>, Failure> {
        for warning in self.inputs.warnings() {
            self.console.warn(warning);
        }
        let (pin, seed) = self.inputs.read().await?;
        let slot = self.file.prepare()?;
        self.check_clock().await?;
        let host = self.calls.host(Call::Mint);
        let mut soon = None;
        for _ in 0..2 {
            self.await_two_minutes(turn.account.token_state()).await;
            let (answer, password) = self.one_try(turn, &pin, &seed).await?;
            let Err(Refusal { kind: RefusalKind::TooSoon, words }) = answer else {
                return self.settle(turn, Call::Mint, answer, slot, turn.closed(), &[&pin, &password]);
            };
            self.set_state(turn, turn.closed())?;
            let words = shown(&words, &[&pin, &password]);
            if soon.is_none() {
                self.console.warn(format_args!("{host} says {words}: waiting 130 s, then asking once more"));
            }
            soon = Some(words);
        }
        let soon = soon.unwrap_or_default();
        let words = format!(
            "{host} still refuses to make a token after 130 s ({soon}): another program makes this account's tokens. \
             Nothing is tried again by itself"
        );
        Err(Failure::new(Exit::Refused, words))
    }

    /// Sends one request for a new token; returns the password in it too. The attempt is stored on disk before it is
    /// sent.
    async fn one_try(
        &self,
        turn: &Turn,
        pin: &SecretString,
        seed: &Seed,
    ) -> Result<(Result<NewToken, Refusal>, SecretString), Failure> {
        let wait = seed.wait(self.timing.now());
        if !wait.is_zero() {
            self.console
                .debug(format_args!("the one-time password is about to end: waiting {:.1} s", wait.as_secs_f32()));
            self.timing.pause(wait).await;
        }
        let before = turn.account.token_state();
        self.set_state(turn, TokenState { last_try: Some(self.timing.now()), is_open: true })?;
        self.console.debug(format_args!("asking /app/generateAccessToken of {}", self.calls.host(Call::Mint)));
        let password = seed.password(self.timing.now());
        let ask = async || self.calls.mint(&turn.client_id, pin, &seed.password(self.timing.now())).await;
        let answer = self.while_down(ask, is_unsent).await;
        if answer.as_ref().is_err_and(is_unsent) {
            // The request was not sent, so Dhan counts no attempt.
            self.set_state(turn, before)?;
        }
        Ok((answer, password))
    }

    /// Waits until no process of this host has requested a token for 130 s. A time in the future is of another clock
    /// and ignored.
    async fn await_two_minutes(&self, state: TokenState) {
        let now = self.timing.now();
        let Some(last) = state.last_try.filter(|last| (now - BETWEEN..=now).contains(last)) else { return };
        let wait = (last + BETWEEN).since(now);
        if !wait.is_zero() {
            self.console.info(format_args!(
                "a token was asked for {} s ago, and Dhan makes one in two minutes: waiting {} s",
                now.since(last).as_secs(),
                wait.as_micros().div_ceil(1_000_000)
            ));
            self.timing.pause(wait).await;
        }
    }

    /// Compares this host's clock with the server's.
    async fn check_clock(&self) -> Result<(), Failure> {
        let began = self.timing.now();
        let is_down = |refusal: &Refusal| matches!(refusal.kind, RefusalKind::NotSent | RefusalKind::Unreachable);
        let answer = self.while_down(async || self.calls.server_time().await, is_down).await;
        let server = answer.map_err(|refusal| self.failure(Call::Renew, &refusal, &[]))?;
        let Some(server) = server else { return Ok(()) };
        // The date is truncated to the second, and the answer took a while.
        let (ahead, behind) = (began.since(server + Duration::from_secs(1)), server.since(self.timing.now()));
        let (off, which) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
        if off <= CLOCK_OFF {
            return Ok(());
        }
        let off = humantime::format_duration(Duration::from_secs(off.as_secs()));
        let host = self.calls.host(Call::Renew);
        let words = format!(
            "this host's clock is {off} {which} {host}'s: a one-time password of another time would be refused, so no \
             token was asked for. Set the clock (timedatectl set-ntp true) and run this again"
        );
        Err(Failure::new(Exit::Credentials, words))
    }

    /// Tries for 10 s while the network fails.
    async fn while_down<T>(
        &self,
        ask: impl AsyncFn() -> Result<T, Refusal>,
        is_down: impl Fn(&Refusal) -> bool,
    ) -> Result<T, Refusal> {
        let began = self.timing.now();
        loop {
            match ask().await {
                Err(refusal) if is_down(&refusal) && self.timing.now().since(began) < NETWORK => {
                    self.timing.pause(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }

    /// Stores the token of an answer in the file, or words its failure. Returns the token's expiry.
    fn settle(
        &self,
        turn: &Turn,
        call: Call,
        answer: Result<NewToken, Refusal>,
        slot: Slot,
        after: TokenState,
        secrets: &[&SecretString],
    ) -> Result<Option<Micros>, Failure> {
        let made = match answer {
            Ok(made) => made,
            Err(refusal) => {
                // Without an answer the token may have been made all the same.
                if !matches!(refusal.kind, RefusalKind::Unreachable | RefusalKind::Foreign) {
                    self.set_state(turn, after)?;
                }
                return Err(self.failure(call, &refusal, secrets));
            }
        };
        let redactor = self.console.redactor();
        redactor.add(made.token.clone());
        let foreign = |words: &str| {
            self.failure(call, &RefusalKind::Foreign.with(format!("its answer holds a token that {words}")), &[])
        };
        let token = auth::checked_token(&made.token).map_err(foreign)?;
        let claims = auth::claims(&token).unwrap_or_default();
        if claims.client_id.as_ref().is_some_and(|owner| *owner != turn.client_id) {
            return Err(foreign("is another client id's"));
        }
        let ends = claims.expires_at.or_else(|| made.expiry.as_deref().and_then(ist_moment));
        if ends.is_some_and(|ends| ends <= self.timing.now()) {
            return Err(foreign("has ended already"));
        }
        slot.write(&token)?;
        self.set_state(turn, after)?;
        let what = if call == Call::Mint { "a new token is" } else { "the renewed token is" };
        let until = ends.map_or_else(String::new, |ends| format!(", until {}", ist_minute(ends)));
        self.console.info(format_args!("{what} in {:?}{until}", self.file.path()));
        Ok(ends)
    }

    fn report_still_valid(&self, stored: &StoredToken) {
        let ends = match stored {
            StoredToken::Token(_, claims) => claims.expires_at.map(ist_minute),
            _ => None,
        };
        let until = ends.map_or_else(String::new, |ends| format!(" until {ends}"));
        self.console.info(format_args!("the token in {:?} holds{until}: nothing to do", self.file.path()));
    }
}

fn is_unsent(refusal: &Refusal) -> bool {
    refusal.kind == RefusalKind::NotSent
}

/// A token without a stated kind may be of either kind.
fn is_self(claims: &Claims) -> bool {
    claims.consumer_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("SELF"))
}

fn holds(stored: &StoredToken, until: Micros) -> bool {
    matches!(stored, StoredToken::Token(_, claims) if claims.expires_at.is_some_and(|ends| ends >= until))
}

fn is_another(before: &StoredToken, now: &StoredToken) -> bool {
    match (before, now) {
        (StoredToken::Token(old, _), StoredToken::Token(new, _)) => old.expose_secret() != new.expose_secret(),
        (_, now) => matches!(now, StoredToken::Token(..)),
    }
}

/// Parses a time in India as the server writes it (`2026-11-30T08:45:00`).
fn ist_moment(text: &str) -> Option<Micros> {
    let text = text.trim();
    let instant = text.parse::<jiff::Timestamp>().map(|t| Micros::new(t.as_microsecond())).ok();
    instant.or_else(|| text.parse::<jiff::civil::DateTime>().ok().map(crate::clock::from_ist))
}
