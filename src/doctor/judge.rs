//! Turns observations into findings, without I/O, so that every case is a line of a test.

use super::view::counted;
use super::{Check, Facts, Finding};
use crate::account::{CoolOff, Holder};
use crate::auth::Claims;
use crate::clock::{SECOND_US, ist_civil};
use crate::console::untrusted;
use crate::model::{Cause, ConnectClass, ConnectError, CoolOffKind, DisconnectClass, Ended, Exit, Micros, Stream};
use crate::net::HandshakeReport;
use crate::redact::mask_client_id;
use crate::rest::{Profile, QUOTED, QuoteError, RestError};
use crate::session::calendar::moment as at;
use crate::session::plan::SOCKETS_PER_KIND;
use crate::session::time::words;
use crate::session::{Calendar, Market, MarketPhase, policy};
use std::time::Duration;

/// Microseconds before a token's expiry from which it is reported.
const SOON: Duration = Duration::from_secs(3_600);
/// `Date` has whole seconds and travels for a while, so a smaller difference in microseconds is none.
const SAME_CLOCK_US: i64 = 2 * SECOND_US;

/// Returns a finding for every place of a credential, in the order of precedence; the first that is set is used.
///
/// A place has the name of its option or variable and, if it is set, words that contain nothing of the credential.
pub fn credential_places(places: &[(&'static str, Option<String>)]) -> Vec<Finding> {
    let used = places.iter().find(|(_, set)| set.is_some()).map(|(name, _)| *name);
    let finding = |(name, set): &(&'static str, Option<String>)| {
        let words = set.as_ref().map_or_else(
            || "not set".to_owned(),
            |words| {
                let wins = used.filter(|used| used != name).map(|used| format!(", but not used: {used} wins"));
                let words = if words.is_empty() { String::new() } else { format!(", {words}") };
                format!("set{}{words}", wins.unwrap_or_default())
            },
        );
        Finding::ok(Check::Credentials, words).of(*name)
    };
    places.iter().map(finding).collect()
}

/// Returns the finding about a usable token.
pub fn token(claims: Option<&Claims>, client_id: &str, now: Micros) -> Finding {
    let Some(claims) = claims else {
        return Finding::ok(Check::Token, "not a JWT: it tells nothing about itself, and is sent as it is");
    };
    let consumer_type = claims.consumer_type.as_deref().map(untrusted);
    let facts = Facts { until: claims.expires_at, consumer_type: consumer_type.clone(), ..Facts::default() };
    let mut words_found = Vec::new();
    let mut fine = true;
    match claims.expires_at {
        Some(at) => {
            let remaining = at.since(now);
            fine &= remaining >= SOON;
            words_found.push(format!("expires {}, in {}", moment(at), span(remaining)));
        }
        None => words_found.push("does not say when it expires".to_owned()),
    }
    match consumer_type.as_deref() {
        Some("SELF") => words_found.push("made on web.dhan.co (SELF)".to_owned()),
        Some(other) => {
            words_found.push(format!(
                "of the kind {other:?}: 200 levels have only been seen with tokens of the kind \"SELF\""
            ));
        }
        None => {}
    }
    if let Some(owner) = claims.client_id.as_deref().filter(|owner| *owner != client_id) {
        fine = false;
        words_found.push(format!(
            "made for the client id {}, not for {}: the server refuses that with 810",
            untrusted(&mask_client_id(owner)),
            mask_client_id(client_id)
        ));
    }
    let words_found = words_found.join("; ");
    let finding = if fine { Finding::ok(Check::Token, words_found) } else { Finding::warn(Check::Token, words_found) };
    finding.with(facts)
}

/// Returns the finding about the answer to `GET /profile` and its duration.
pub fn profile(answer: &Result<Profile, RestError>, took: Duration) -> Finding {
    let facts = Facts { answer_us: Some(micros(took)), ..Facts::default() };
    let fail = |exit, words: String| Finding::fail(Check::Account, exit, words);
    let (finding, http_status) = match answer {
        Ok(profile) => {
            let mut words = match (profile.data_plan_is_active(), &profile.data_plan) {
                (Some(true), _) => "the token is alive and the data plan is active".to_owned(),
                (Some(false), plan) => {
                    let plan = plan.as_deref().unwrap_or_default();
                    format!(
                        "the token is alive, but the data plan is {plan:?}: feed and depth need an active one (web.dhan.co)"
                    )
                }
                (None, _) => "the token is alive; the server does not say whether the data plan is active".to_owned(),
            };
            if let Some(until) = &profile.data_validity {
                words.push_str(&format!("; plan until {until}"));
            }
            if let Some(until) = &profile.token_validity {
                words.push_str(&format!("; token until {until}"));
            }
            let finding = match profile.data_plan_is_active() {
                Some(true) => Finding::ok(Check::Account, words),
                Some(false) => fail(Exit::Account, words),
                None => Finding::warn(Check::Account, words),
            };
            (finding, None)
        }
        Err(error) => match error {
            RestError::TokenDead { status, .. } => {
                (fail(error.exit(), format!("{error}: make a new one on web.dhan.co")), Some(*status))
            }
            RestError::TooMany { .. } => {
                (Finding::warn(Check::Account, format!("{error}: ask again in a minute")), Some(429))
            }
            RestError::Refused { status, .. } => (fail(error.exit(), error.to_string()), Some(*status)),
            _ => (fail(error.exit(), error.to_string()), None),
        },
    };
    finding.with(Facts { http_status, ..facts })
}

/// Returns the finding about a requested quote and its duration. `plan_is_active`: what the profile says about the
/// data plan.
pub fn quote(answer: &Result<Option<f64>, QuoteError>, plan_is_active: Option<bool>, took: Duration) -> Finding {
    let facts = Facts { answer_us: Some(micros(took)), ..Facts::default() };
    let (segment, id) = QUOTED;
    let subject = "the last price";
    let finding = match answer {
        Ok(Some(price)) if plan_is_active == Some(false) => {
            Finding::ok(Check::Quote, format!("{subject} is {price}, though the profile calls the data plan inactive"))
        }
        Ok(Some(price)) => Finding::ok(Check::Quote, format!("{subject} is {price}: the data plan serves")),
        Ok(None) => {
            Finding::warn(Check::Quote, format!("the server answers, but without {subject}: ask again in a minute"))
        }
        Err(QuoteError::Data(reason)) if reason.class() == DisconnectClass::Limit => {
            Finding::warn(Check::Quote, format!("{subject} was refused: {reason}; ask again in a minute"))
        }
        Err(QuoteError::Data(reason)) => {
            let exit = policy::exit(&Cause::Disconnect(*reason), false);
            let lies = reason.class() == DisconnectClass::Plan && plan_is_active == Some(true);
            let but = if lies { "; the profile calls the plan active, so it may be an outage of Dhan's" } else { "" };
            Finding::fail(Check::Quote, exit, format!("{subject} was refused: {reason}{but}"))
        }
        // These errors mean the same as for the profile.
        Err(QuoteError::Rest(error)) => {
            let of_profile = profile(&Err(error.clone()), took);
            Finding { check: Check::Quote, detail: format!("{subject}: {}", of_profile.detail), ..of_profile }
        }
    };
    let http_status = finding.facts.http_status;
    finding.with(Facts { http_status, ..facts }).of(format!("{segment}:{id}"))
}

/// Returns how far the clock is ahead of a server's that sent `date` (whole seconds) when ours showed `here`.
pub fn clock_ahead(date: Micros, here: Micros) -> i64 {
    here.us_since(date).saturating_sub(SECOND_US / 2)
}

/// Returns the finding about this host's clock.
pub fn clock(ahead_us: i64, subject: &str) -> Finding {
    let facts = Facts { ahead_us: Some(ahead_us), ..Facts::default() };
    if ahead_us.saturating_abs() <= SAME_CLOCK_US {
        return Finding::ok(Check::Clock, "agrees with the server's, to the second").of(subject).with(facts);
    }
    let (off, way) =
        (span(Duration::from_micros(ahead_us.unsigned_abs())), if ahead_us > 0 { "ahead of" } else { "behind" });
    let words =
        format!("{off} {way} the server's: receive times, --until and certificates suffer; synchronise it (NTP)");
    Finding::warn(Check::Clock, words).of(subject).with(facts)
}

/// Returns the timings of a connection as facts.
pub fn timings(report: &HandshakeReport) -> Facts {
    Facts {
        dns_us: Some(micros(report.dns)),
        tcp_us: Some(micros(report.tcp)),
        proxy_us: report.proxy.map(micros),
        tls_us: report.tls.map(micros),
        answer_us: Some(micros(report.upgrade)),
        ..Facts::default()
    }
}

/// Returns the timings in words.
pub fn timing_words(report: &HandshakeReport) -> String {
    let mut words = vec![format!("DNS {}", ms(report.dns)), format!("TCP {}", ms(report.tcp))];
    words.extend(report.proxy.map(|took| format!("proxy {}", ms(took))));
    words.push(report.tls.map_or_else(|| "no TLS".to_owned(), |took| format!("TLS {}", ms(took))));
    words.push(format!("upgrade {}", ms(report.upgrade)));
    words.join(", ")
}

/// Returns the finding about an endpoint that cannot be connected to.
pub fn endpoint_failure(error: &ConnectError) -> Finding {
    let exit = policy::exit(&Cause::Connect(error.clone()), false);
    let http_status = match &error.class {
        ConnectClass::Http { status, .. } => Some(*status),
        ConnectClass::Proxy { status } => *status,
        _ => None,
    };
    let finding = Finding::fail(Check::Endpoint, exit, error.detail.clone());
    finding.with(Facts { http_status, ..Facts::default() })
}

/// Returns the finding about an endpoint that accepted the upgrade and then refused; `failure` is how the connection
/// ended.
pub fn endpoint_refusal(failure: &Cause) -> Finding {
    let words = match failure {
        Cause::Ended(Ended::Eof | Ended::Reset) => format!(
            "{failure} right after the upgrade: that looks like a bad token or a missing data plan, unless the account \
             is fine above; then it is the network"
        ),
        _ => format!("{failure}, right after the upgrade"),
    };
    Finding::fail(Check::Endpoint, policy::exit(failure, false), words)
}

/// Returns the finding about the places of a kind.
pub fn places(kind: Stream, holders: &[Holder]) -> Finding {
    let held = holders.iter().filter(|holder| holder.kind == kind).count();
    let words = format!("{held} of {SOCKETS_PER_KIND} held on this host");
    let finding = if held < SOCKETS_PER_KIND {
        Finding::ok(Check::Places, words)
    } else {
        let words = format!("{words}: another stream would throw out the oldest; dhan doctor --stop ends them all");
        Finding::fail(Check::Places, Exit::NoPlace, words)
    };
    let (held, limit) = (u64::try_from(held).ok(), u64::try_from(SOCKETS_PER_KIND).ok());
    finding.of(kind.socket_name()).with(Facts { held, limit, ..Facts::default() })
}

/// Returns the findings about running cool-offs.
pub fn cool_offs(running: &[(CoolOffKind, CoolOff)], now: Micros) -> Vec<Finding> {
    if running.is_empty() {
        return vec![Finding::ok(Check::CoolOff, "none: the account may connect")];
    }
    let finding = |(kind, cool_off): &(CoolOffKind, CoolOff)| {
        let subject = match kind {
            CoolOffKind::Throttled => "429",
            CoolOffKind::Displaced => "805",
        };
        let words = format!("{}: nobody connects for {} more", kind.words(), words(cool_off.remaining(now)));
        let facts = Facts { until: Some(cool_off.until), since: Some(cool_off.since), ..Facts::default() };
        Finding::warn(Check::CoolOff, words).of(subject).with(facts)
    };
    running.iter().map(finding).collect()
}

/// Says what is known about the process of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Process {
    /// It is a `dhan`.
    Dhan,
    /// It is another program: the process id was reused.
    Other(String),
    /// There is none.
    Gone,
}

/// Returns the finding about a stream on this host.
pub fn stream(holder: &Holder, process: &Process, now: Micros) -> Finding {
    let Holder { pid, kind, instruments, since } = holder;
    let what = match kind {
        Stream::Orders => "the account's orders".to_owned(),
        _ => counted(*instruments, "instrument"),
    };
    let since = format!("pid {pid}: {what} since {}, for {}", moment(*since), span(now.since(*since)));
    let finding = match process {
        Process::Dhan => Finding::ok(Check::Stream, since),
        Process::Other(name) => {
            let name = untrusted(name);
            Finding::warn(Check::Stream, format!("{since}; but pid {pid} is {name:?}, not a dhan"))
        }
        Process::Gone => Finding::warn(Check::Stream, format!("{since}; but there is no pid {pid} (of a container?)")),
    };
    finding.of(kind.socket_name()).with(stream_facts(holder))
}

/// Returns the facts about a stream.
pub fn stream_facts(holder: &Holder) -> Facts {
    Facts {
        pid: Some(holder.pid),
        instruments: u64::try_from(holder.instruments).ok(),
        since: Some(holder.since),
        ..Facts::default()
    }
}

/// Returns the finding about a usable cached instrument master.
pub fn master(rows: u32, checked: Micros, fresh: bool, now: Micros) -> Finding {
    let age = now.since(checked);
    let words = format!("{rows} rows, confirmed {}, {} ago", moment(checked), span(age));
    let finding = if fresh {
        Finding::ok(Check::Instruments, words)
    } else {
        Finding::ok(Check::Instruments, format!("{words}; renewed when a symbol is looked up next"))
    };
    finding.with(Facts {
        rows: Some(rows.into()),
        age_us: Some(now.us_since(checked)),
        since: Some(checked),
        ..Facts::default()
    })
}

/// Returns the finding about a file or folder that only its owner may read.
pub fn private(mode: u32, owned: bool, shown: &str) -> Finding {
    let facts = Facts { mode: Some(format!("{:04o}", mode & 0o7777)), ..Facts::default() };
    let words = if mode & 0o077 != 0 {
        format!("{shown} can be read or changed by others (mode {:04o}): chmod go-rwx it", mode & 0o7777)
    } else if !owned {
        format!("{shown} belongs to another user")
    } else {
        return Finding::ok(Check::Permissions, format!("{shown} is for this user only")).with(facts);
    };
    Finding::warn(Check::Permissions, words).with(facts)
}

/// Returns a finding for each market: whether it is open, until when or why not, and its next opening.
pub fn markets(calendar: &Calendar, now: Micros) -> Vec<Finding> {
    let finding = |market: Market| {
        let (words, until) = match calendar.phase(market, now) {
            MarketPhase::Open { until } => (format!("the market is open until {}", at(until)), Some(until)),
            MarketPhase::PreOpen { opens } => {
                (format!("the market is in its pre-open; it opens {}", at(opens)), Some(opens))
            }
            MarketPhase::Closed { reason, opens } => {
                let next = opens.map_or_else(|| "is not known".to_owned(), at);
                (format!("the market is closed: {reason}; next opening {next}"), opens)
            }
        };
        Finding::ok(Check::Market, words).of(market.name()).with(Facts { until, ..Facts::default() })
    };
    Market::ALL.map(finding).to_vec()
}

/// Returns a time in India for people.
fn moment(at: Micros) -> String {
    format!("{} IST", ist_civil(at).strftime("%Y-%m-%d %H:%M:%S"))
}

/// Returns a duration in words.
fn span(whole: Duration) -> String {
    // Days and hours, or minutes and seconds; the facts have more detail.
    let coarse = match whole.as_secs() {
        0..3_600 => whole,
        3_600..86_400 => Duration::from_secs(whole.as_secs() / 60 * 60),
        _ => Duration::from_secs(whole.as_secs() / 3_600 * 3_600),
    };
    words(coarse)
}

fn ms(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1e3)
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::net::{ConnectPhase, TlsKind};
    use crate::protocol::DisconnectReason;

    const NOW: Micros = Micros::from_secs(1_781_065_197);
    const HOUR: i64 = 3_600 * SECOND_US;

    #[test]
    fn the_first_place_that_is_set_is_used_and_the_others_say_who_wins() {
        let place = |name, set: Option<&str>| (name, set.map(str::to_owned));
        let places = [place("a", None), place("b", Some("the file \"x\"")), place("c", Some(""))];
        let found = credential_places(&places);
        let words_found: Vec<_> = found.iter().map(|f| (f.state, f.detail.as_str())).collect();
        assert_eq!(
            words_found,
            [(State::Ok, "not set"), (State::Ok, "set, the file \"x\""), (State::Ok, "set, but not used: b wins")]
        );
    }

    #[test]
    fn a_token_that_ends_soon_or_is_somebody_elses_is_a_warning() {
        let claims = |expires: Option<Micros>, kind: &str, owner: &str| Claims {
            issued_at: None,
            expires_at: expires,
            consumer_type: Some(kind.to_owned()),
            client_id: Some(owner.to_owned()),
        };
        for (claims, state, says) in [
            (claims(Some(NOW.plus_us(5 * HOUR)), "SELF", "1000000001"), State::Ok, "in 5h"),
            (claims(Some(NOW.plus_us(HOUR / 2)), "SELF", "1000000001"), State::Warn, "in 30m"),
            (claims(None, "APP", "1000000001"), State::Ok, "200 levels"),
            (claims(Some(NOW.plus_us(30 * HOUR)), "SELF", "1000009999"), State::Warn, "******9999"),
        ] {
            let finding = token(Some(&claims), "1000000001", NOW);
            assert_eq!(finding.state, state, "{finding:?}");
            assert!(finding.detail.contains(says) && !finding.detail.contains("10000"), "{finding:?}");
            assert_eq!(finding.facts.until, claims.expires_at);
        }
        assert_eq!(token(None, "1", NOW).state, State::Ok);
    }

    #[test]
    fn what_the_account_says_decides_the_code() {
        let plan = |plan: Option<&str>| {
            Ok(Profile { token_validity: None, data_plan: plan.map(str::to_owned), data_validity: None })
        };
        for (answer, exit, state) in [
            (plan(Some("Active")), Exit::Done, State::Ok),
            (plan(Some("Deactive")), Exit::Account, State::Fail),
            (plan(None), Exit::Done, State::Warn),
            (Err(RestError::TokenDead { status: 401, code: None }), Exit::Credentials, State::Fail),
            (Err(RestError::TooMany { retry_after: None }), Exit::Done, State::Warn),
            (Err(RestError::Refused { status: 302, code: None }), Exit::Refused, State::Fail),
            (Err(RestError::Refused { status: 502, code: None }), Exit::Network, State::Fail),
            (Err(RestError::Unreachable), Exit::Network, State::Fail),
            (Err(RestError::Nonsense), Exit::Protocol, State::Fail),
        ] {
            let finding = profile(&answer, Duration::from_millis(3));
            assert_eq!((finding.exit, finding.state), (exit, state), "{finding:?}");
            assert_eq!(finding.facts.answer_us, Some(3_000));
        }
    }

    #[test]
    fn a_quote_is_believed_before_the_profile() {
        let refused = |code| Err(QuoteError::Data(DisconnectReason(code)));
        for (answer, plan, state, exit, says) in [
            (Ok(Some(24500.5)), Some(true), State::Ok, Exit::Done, "is 24500.5: the data plan serves"),
            (Ok(Some(24500.0)), Some(false), State::Ok, Exit::Done, "though the profile calls the data plan inactive"),
            (Ok(None), Some(true), State::Warn, Exit::Done, "without the last price"),
            (refused(806), None, State::Fail, Exit::Account, "806 (the account has no Data API subscription)"),
            (refused(806), Some(true), State::Fail, Exit::Account, "it may be an outage of Dhan's"),
            (refused(808), None, State::Fail, Exit::Credentials, "808 ("),
            (refused(810), None, State::Fail, Exit::Account, "810 ("),
            (refused(814), None, State::Fail, Exit::Refused, "814 ("),
            (refused(805), None, State::Warn, Exit::Done, "ask again in a minute"),
            (Err(RestError::TooMany { retry_after: None }.into()), None, State::Warn, Exit::Done, "429"),
            (Err(RestError::Unreachable.into()), None, State::Fail, Exit::Network, "cannot be reached"),
            (Err(RestError::Nonsense.into()), None, State::Fail, Exit::Protocol, "not what it should be"),
            (Err(RestError::Refused { status: 403, code: None }.into()), None, State::Fail, Exit::Refused, "HTTP 403"),
        ] {
            let finding = quote(&answer, plan, Duration::from_millis(3));
            assert_eq!((finding.check, finding.state, finding.exit), (Check::Quote, state, exit), "{finding:?}");
            assert!(finding.detail.contains(says), "{says}: {finding:?}");
            assert_eq!(finding.facts.answer_us, Some(3_000));
        }
    }

    #[test]
    fn a_failure_to_connect_asks_for_the_code_that_a_stream_would_end_with() {
        let http = |status| ConnectClass::Http { status, retry_after: None, redirect_host: None };
        for (class, exit) in [
            (ConnectClass::Dns, Exit::Network),
            (ConnectClass::Timeout(ConnectPhase::Tcp), Exit::Network),
            (ConnectClass::Tls(TlsKind::UnknownCa), Exit::Certificate),
            (ConnectClass::Tls(TlsKind::Protocol), Exit::Protocol),
            (http(401), Exit::Credentials),
            (http(404), Exit::Refused),
            (http(429), Exit::Network),
            (http(200), Exit::Protocol),
            (ConnectClass::NotWebsocket, Exit::Protocol),
        ] {
            let finding = endpoint_failure(&ConnectError { class: class.clone(), detail: "words".to_owned() });
            assert_eq!(finding.exit, exit, "{class:?}");
        }
        for (failure, exit) in [
            (Cause::Disconnect(DisconnectReason(806)), Exit::Account),
            (Cause::Disconnect(DisconnectReason(805)), Exit::NoPlace),
            (Cause::Disconnect(DisconnectReason(808)), Exit::Credentials),
            (Cause::Ended(Ended::Reset), Exit::Network),
        ] {
            assert_eq!(endpoint_refusal(&failure).exit, exit, "{failure:?}");
        }
    }

    #[test]
    fn clocks_that_differ_by_more_than_two_seconds_are_a_warning() {
        for (here, state) in
            [(0, State::Ok), (SECOND_US, State::Ok), (4 * SECOND_US, State::Warn), (-HOUR, State::Warn)]
        {
            let finding = clock(clock_ahead(NOW, NOW.plus_us(here)), "feed");
            assert_eq!(finding.state, state, "{here}");
            assert_eq!(finding.facts.ahead_us, Some(here - SECOND_US / 2));
        }
        assert!(clock(-HOUR, "feed").detail.contains("1h behind"));
    }

    #[test]
    fn five_held_places_are_a_failure_of_their_kind_only() {
        let holder = |pid| Holder { pid, kind: Stream::Market, instruments: 3, since: NOW };
        let holders: Vec<_> = (1..=5).map(holder).collect();
        assert_eq!(places(Stream::Market, &holders).exit, Exit::NoPlace);
        assert_eq!(places(Stream::Market, &holders[1..]).exit, Exit::Done);
        assert_eq!(places(Stream::Orders, &holders).facts.held, Some(0));
    }

    #[test]
    fn a_stream_whose_process_is_somebody_else_is_not_called_a_dhan() {
        let holder = Holder { pid: 7, kind: Stream::Market, instruments: 1, since: NOW.plus_us(-HOUR) };
        let words_found = |process| stream(&holder, &process, NOW);
        assert_eq!(words_found(Process::Dhan).state, State::Ok);
        assert!(words_found(Process::Dhan).detail.contains("1 instrument since 2026-06-10 08:49:57 IST, for 1h"));
        assert!(words_found(Process::Other("sh".to_owned())).detail.contains("not a dhan"));
        assert_eq!(words_found(Process::Gone).state, State::Warn);
    }

    #[test]
    fn private_files_that_others_can_read_are_named_with_their_mode() {
        assert_eq!(private(0o100_600, true, "x").state, State::Ok);
        let wide = private(0o100_644, true, "x");
        assert_eq!((wide.state, wide.facts.mode.as_deref()), (State::Warn, Some("0644")));
        assert_eq!(private(0o40_700, false, "x").state, State::Warn);
    }
}
