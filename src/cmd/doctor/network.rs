//! Checks the servers: the account, every endpoint, the clock.
//!
//! It is polite: it takes one attempt of the account's budget for each endpoint, none during a cool-off, and never
//! opens a socket that could disconnect a running stream.

use super::report::Report;
use crate::account::Account;
use crate::auth::{ApiBase, Credentials, Environment};
use crate::console::Console;
use crate::doctor::{Check, Facts, Finding, State, judge};
use crate::model::{Cause, CoolOffKind, Exit, Failure, Stream};
use crate::net::tls::LazyTls;
use crate::net::{CONNECT_LIMIT, ConnectClass, Connection, Connector, Incoming, Proxies, Resolver};
use crate::protocol::{DisconnectReason, depth, feed};
use crate::session::plan::SOCKETS_PER_KIND;
use crate::session::policy;
use crate::session::time::words;
use crate::{clock, rest};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Time limit of the REST server.
const REST_LIMIT: Duration = Duration::from_secs(4);
/// Time to wait for a refusal after an endpoint accepted the upgrade; a refusal follows at once.
const LISTEN: Duration = Duration::from_millis(500);
/// Time that a server has to answer our close frame.
const GOODBYE: Duration = Duration::from_millis(500);
/// Shortest useful time limit of an attempt; with less time a failure says nothing about the server.
const SHORTEST: Duration = Duration::from_secs(2);

/// Holds what the checks need.
pub(super) struct Network<'a> {
    pub environment: &'a Environment,
    pub tls: LazyTls,
    pub console: &'a Console,
    pub deadline: Instant,
}

/// An endpoint's finding, and how far our clock is ahead of the server's, in microseconds.
type EndpointResult = (Finding, Option<i64>);

impl Network<'_> {
    /// Runs all checks.
    pub async fn look(
        &self,
        account: Option<&Account>,
        credentials: Option<Credentials>,
        report: &mut Report<'_>,
    ) -> Result<(), Failure> {
        let api = ApiBase::resolve(self.environment);
        let (mut ahead, mut dead, mut reachable, mut plan_is_active) = (None, false, false, None);
        match (&api, &credentials) {
            (Err(failure), _) => report.add(Finding::fail(Check::Account, failure.exit, failure.message.clone()))?,
            (Ok(api), Some(credentials)) => {
                let (finding, plan) = self.profile(api, credentials).await;
                plan_is_active = plan;
                dead = finding.exit == Exit::Credentials;
                reachable = finding.state != State::Fail || finding.facts.http_status.is_some();
                report.add(finding)?;
            }
            (Ok(api), None) => {
                // Not `reachable`, since it was asked already.
                let (finding, clock) = self.reach(api).await;
                ahead = clock;
                report.add(finding)?;
            }
        }
        let unsent = match (&credentials, dead) {
            (None, _) => Some("there are no credentials that could be sent"),
            (_, true) => Some("the credentials are dead, and are not sent again"),
            _ => None,
        };
        let cools_off = || account.is_some_and(|account| !account.cool_offs(clock::now()).is_empty());
        let no_quote = match unsent {
            None if !reachable => Some("the server cannot be asked, as is said of the account"),
            None if cools_off() => Some("the account cools off"),
            unsent => unsent,
        };
        let quote = async {
            match (&api, &credentials, no_quote) {
                (Ok(api), Some(credentials), None) => self.quote(api, credentials, plan_is_active).await,
                _ => Finding::skipped(Check::Quote, format!("not asked for: {}", no_quote.unwrap_or_default())),
            }
        };
        let endpoints = async {
            match (&credentials, account, unsent) {
                (Some(credentials), Some(account), None) => self.endpoints(account, credentials).await,
                _ => {
                    let words = format!(
                        "not connected to: {}",
                        unsent.unwrap_or("no client id in --client-id, DHAN_CLIENT_ID")
                    );
                    let skipped =
                        |endpoint: Stream| Finding::skipped(Check::Endpoint, &*words).of(endpoint.socket_name());
                    Stream::ALL.map(|endpoint| (skipped(endpoint), None)).to_vec()
                }
            }
        };
        let (quote, endpoints) = tokio::join!(quote, endpoints);
        report.add(quote)?;
        let mut source = "the REST server";
        for ((finding, clock), endpoint) in endpoints.into_iter().zip(Stream::ALL) {
            if let (None, Some(us)) = (ahead, clock) {
                (ahead, source) = (Some(us), endpoint.socket_name());
            }
            report.add(finding)?;
        }
        if let (None, true, Ok(api)) = (ahead, reachable, &api) {
            ahead = self.reach(api).await.1;
        }
        report.add(match ahead {
            Some(ahead_us) => judge::clock(ahead_us, source),
            None => Finding::skipped(Check::Clock, "no server told its time"),
        })
    }

    /// Returns the finding about the profile, and whether the data plan is active.
    async fn profile(&self, api: &ApiBase, credentials: &Credentials) -> (Finding, Option<bool>) {
        let (answer, took) = match self.ask(api, |client| async move { client.profile(credentials).await }).await {
            Ok(answered) => answered,
            Err(failure) => return (Finding::fail(Check::Account, failure.exit, failure.message).of(host(api)), None),
        };
        let plan = answer.as_ref().ok().and_then(rest::Profile::data_plan_is_active);
        (judge::profile(&answer, took).of(host(api)), plan)
    }

    /// Returns the finding about one requested quote, because a profile can be wrong.
    async fn quote(&self, api: &ApiBase, credentials: &Credentials, plan_is_active: Option<bool>) -> Finding {
        match self.ask(api, |client| async move { client.quote(credentials).await }).await {
            Ok((answer, took)) => judge::quote(&answer, plan_is_active, took),
            Err(failure) => Finding::fail(Check::Quote, failure.exit, failure.message),
        }
    }

    /// Makes a REST call, and returns its answer and duration.
    ///
    /// # Errors
    /// Fails without a client, or without an answer in time.
    async fn ask<T, F: Future<Output = T>>(
        &self,
        api: &ApiBase,
        call: impl FnOnce(rest::Client) -> F,
    ) -> Result<(T, Duration), Failure> {
        let client = rest::Client::new(api.clone(), &self.tls, &Resolver::default(), self.console.redactor())?;
        let started = Instant::now();
        let answer = tokio::time::timeout(self.left(REST_LIMIT), call(client)).await;
        let answer = answer.map_err(|_| Failure::new(Exit::Network, no_answer(started)))?;
        Ok((answer, started.elapsed()))
    }

    /// Checks whether the REST server answers a request without credentials, and its clock.
    async fn reach(&self, api: &ApiBase) -> (Finding, Option<i64>) {
        let started = Instant::now();
        let source = async {
            let http = crate::net::http_client(&self.tls, &Resolver::default(), !api.is_plain(), |builder| builder)?;
            http.get(api.join("")).send().await.map_err(|error| refused(&error))
        };
        let (finding, ahead) = match tokio::time::timeout(self.left(REST_LIMIT), source).await {
            Err(_) => (Finding::fail(Check::Account, Exit::Network, no_answer(started)), None),
            Ok(Err(failure)) => (Finding::fail(Check::Account, failure.exit, failure.message), None),
            Ok(Ok(response)) => {
                let (took, here) = (started.elapsed(), clock::now());
                let date = response.headers().get("date").and_then(|date| date.to_str().ok());
                let date = date.and_then(crate::net::parse_http_date);
                let facts = Facts { answer_us: u64::try_from(took.as_micros()).ok(), ..Facts::default() };
                let words = "the server answers; not asked about the account, since there are no credentials to send";
                let finding = Finding::skipped(Check::Account, words).with(facts);
                (finding, date.map(|date| judge::clock_ahead(date, here)))
            }
        };
        (finding.of(host(api)), ahead)
    }

    /// Checks all endpoints in parallel, as far as sockets are free.
    async fn endpoints(&self, account: &Account, credentials: &Credentials) -> Vec<EndpointResult> {
        let held = account.holders().len();
        // The server may count all kinds together, so this must never be the sixth socket.
        let free = &Semaphore::new(SOCKETS_PER_KIND.saturating_sub(held));
        let looked = Stream::ALL.map(|endpoint| async move {
            let looked = if held >= SOCKETS_PER_KIND {
                let words =
                    format!("not connected to: {held} sockets are open on this host, and another could throw one out");
                Err(Finding::skipped(Check::Endpoint, words))
            } else {
                self.endpoint(endpoint, account, credentials, free).await
            };
            let (finding, ahead_us) = looked.unwrap_or_else(|finding| (finding, None));
            (finding.of(endpoint.socket_name()), ahead_us)
        });
        futures_util::future::join_all(looked).await
    }

    /// Checks an endpoint.
    ///
    /// # Errors
    /// Returns the finding if it was not connected to.
    async fn endpoint(
        &self,
        endpoint: Stream,
        account: &Account,
        credentials: &Credentials,
        free: &Semaphore,
    ) -> Result<EndpointResult, Finding> {
        let base = endpoint.resolve(None, self.environment);
        let base = base.map_err(|failure| Finding::fail(Check::Endpoint, failure.exit, failure.message))?;
        let skipped = |why: String| Finding::skipped(Check::Endpoint, format!("not connected to: {why}"));
        let late = || skipped("no time was left".to_owned());
        let Ok(Ok(_socket)) = tokio::time::timeout(self.left(Duration::MAX), free.acquire()).await else {
            return Err(late());
        };
        let limit = self.left(CONNECT_LIMIT).saturating_sub(LISTEN + GOODBYE);
        // Rounded to tenths of a second for messages.
        let limit = Duration::from_millis(u64::try_from(limit.as_millis()).unwrap_or(0) / 100 * 100);
        if limit < SHORTEST {
            return Err(late());
        }
        let place = account.take_place(endpoint, 0, clock::now(), false);
        let _place = place.map_err(|none| Finding::fail(Check::Endpoint, Exit::NoPlace, none.to_string()))?;
        if let Err(cause) = account.admit(clock::now()) {
            return Err(skipped(match cause {
                Cause::Budget { wait } => format!("the account's connect budget is used up for {}", words(wait)),
                Cause::CoolingOff { wait, .. } => format!("the account cools off for {} more", words(wait)),
                other => other.to_string(),
            }));
        }
        let address = match endpoint {
            Stream::Orders => base.bare_address(),
            _ => base.address(credentials),
        };
        let connector = Connector::new(self.tls.clone(), Proxies::from_env(), self.console.redactor());
        let connection = match connector.with_limit(limit).connect(&address).await {
            Ok(connection) => connection,
            Err(error) => {
                if let ConnectClass::Http { status: 429, retry_after, .. } = &error.class {
                    let wait = policy::cool_off(CoolOffKind::Throttled, 0, *retry_after);
                    account.cool_off(CoolOffKind::Throttled, 0, wait, clock::now());
                }
                return Err(judge::endpoint_failure(&error));
            }
        };
        let here = clock::now();
        let made = connection.report().clone();
        let ahead_us = made.server_date.map(|date| judge::clock_ahead(date, here));
        let finding = match refusal(connection, endpoint).await {
            Some(failure) => {
                if let Cause::Disconnect(DisconnectReason(805)) = failure {
                    let wait = policy::cool_off(CoolOffKind::Displaced, 0, None);
                    account.cool_off(CoolOffKind::Displaced, 0, wait, clock::now());
                }
                judge::endpoint_refusal(&failure)
            }
            None => Finding::ok(Check::Endpoint, format!("{}: {}", base.host(), judge::timing_words(&made))),
        };
        let facts = Facts { http_status: finding.facts.http_status, ..judge::timings(&made) };
        Ok((finding.with(facts), ahead_us))
    }

    /// Returns the rest of the time, at most `limit`.
    fn left(&self, limit: Duration) -> Duration {
        limit.min(self.deadline.saturating_duration_since(Instant::now()))
    }
}

/// Waits for a refusal after the upgrade, then closes the connection; returns `None` if there is none.
async fn refusal(mut connection: Connection, endpoint: Stream) -> Option<Cause> {
    let listening = async {
        loop {
            match connection.next().await {
                Incoming::Binary(bytes) => {
                    if let Some(reason) = disconnect(&bytes, endpoint) {
                        return Cause::Disconnect(reason);
                    }
                }
                Incoming::Closed(ended) => return Cause::Ended(ended),
                _ => {}
            }
        }
    };
    let refusal = tokio::time::timeout(LISTEN, listening).await.ok();
    if connection.close().is_ok() {
        let goodbye = async { while !matches!(connection.next().await, Incoming::Closed(_)) {} };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
    refusal
}

fn disconnect(bytes: &[u8], endpoint: Stream) -> Option<DisconnectReason> {
    let of_depth = |levels| {
        depth::packets(bytes, levels).flatten().find_map(|packet| match packet {
            depth::Packet::Disconnect(reason) => Some(reason),
            _ => None,
        })
    };
    match endpoint {
        Stream::DEPTH_20 => of_depth(depth::Levels::Twenty),
        Stream::DEPTH_200 => of_depth(depth::Levels::TwoHundred),
        Stream::Market | Stream::Orders => feed::packets(bytes).flatten().find_map(|(_, packet)| match packet {
            feed::Packet::Disconnect(packet) => Some(packet.reason()),
            _ => None,
        }),
    }
}

/// Returns why a request without credentials was not answered. The client's own text holds the address and is not
/// used.
fn refused(error: &reqwest::Error) -> Failure {
    if crate::net::is_untrusted(error) {
        return Failure::new(Exit::Certificate, "the server's certificate cannot be trusted");
    }
    Failure::new(Exit::Network, "the server cannot be reached")
}

fn no_answer(started: Instant) -> String {
    format!("no answer within {}", words(started.elapsed()))
}

fn host(api: &ApiBase) -> String {
    crate::console::untrusted(api.host())
}
