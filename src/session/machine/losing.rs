//! Handles the end of a connection or an attempt, and carries out the policy's verdict.

use super::*;
use crate::model::Micros;
use crate::model::time::retry_detail;

impl Session {
    /// Returns how the ending connection went; resets the counts that a stable connection resets.
    pub(super) fn outcome(&mut self) -> SessionOutcome {
        let State::Online(online) = &self.state else { return SessionOutcome::Useless };
        let (lasted, data) = (self.now.at.since(online.since), online.packets > 0);
        // An account without orders gets no data for days, so for orders being connected is enough.
        let useful = data || self.config.feed == Stream::Orders;
        self.server.answers_pings = online.pulse.answers_pings();
        if lasted >= STABLE {
            // This holds even without data: the server has kept a connection that it would have refused by now.
            self.server.has_served = true;
            self.credentials.awaited_since = None;
        }
        if useful && lasted >= STABLE {
            self.failures.throttled = 0;
            self.failures.foreign.0 = 0;
            self.failures.server_faults = 0;
            SessionOutcome::Stable
        } else if data && lasted >= BRIEF {
            SessionOutcome::Briefly
        } else {
            SessionOutcome::Useless
        }
    }

    /// Records the end of a connection and returns how it went.
    pub(super) fn end_connection(&mut self, reason: GapReason, cause: &Cause, from: Option<Micros>) -> SessionOutcome {
        let outcome = self.outcome();
        let State::Online(online) = &self.state else { return outcome };
        let from = from.unwrap_or_else(|| online.pulse.last().wall);
        let detail = cause.to_string();
        self.status(StatusEvent::Disconnected, Some(detail.clone()));
        if !std::mem::replace(&mut self.loss.is_open, true) {
            self.act(Action::OpenGap { reason, detail, from });
        }
        self.snapshot.is_pending = false;
        self.failures.unreachable_since = Some(self.now.at);
        self.outage.lose(self.now, cause.clone());
        outcome
    }

    /// Drops the connection from this side.
    pub(super) fn drop_connection(&mut self, cause: &Cause, from: Option<Micros>) {
        let outcome = self.end_connection(GapReason::Stalled, cause, from);
        if matches!(cause, Cause::Stale(_)) {
            self.outage.mark_reported(&cause.to_string());
        }
        self.retry(outcome, Duration::ZERO, &cause.to_string());
    }

    pub(super) fn closed(&mut self, ended: Ended) {
        match &self.state {
            State::Stopping { .. } => self.stopped(),
            State::Online(_) => self.connection_lost(Cause::Ended(ended)),
            _ => {}
        }
    }

    /// Handles a connection that the server or the network ended.
    pub(super) fn connection_lost(&mut self, cause: Cause) {
        let State::Online(online) = &self.state else { return };
        let early = online.refused_in_words || self.now.at.since(online.since) < SILENT_REFUSAL;
        let by_server = matches!(cause, Cause::Ended(Ended::Reset | Ended::Eof | Ended::CloseFrame { .. }));
        let refused_silently = by_server && online.packets == 0 && early;
        let silent_refusals = self.failures.silent_refusals;
        self.failures.silent_refusals = if refused_silently { silent_refusals.saturating_add(1) } else { 0 };
        if matches!(cause, Cause::Disconnect(_)) {
            self.act(Action::Close { polite: false });
        }
        let reason = match cause {
            Cause::Ended(Ended::Io(std::io::ErrorKind::TimedOut)) => GapReason::Stalled,
            _ => GapReason::Disconnected,
        };
        let outcome = self.end_connection(reason, &cause, None);
        if refused_silently {
            self.refused_silently(cause, outcome);
        } else {
            self.fail(cause, outcome);
        }
    }

    pub(super) fn refused_silently(&mut self, cause: Cause, outcome: SessionOutcome) {
        if self.config.other_path && !self.server.is_on_other_path {
            self.server.is_on_other_path = true;
            self.act(Action::SwitchPath);
            self.warn(format!(
                "200 levels: {cause} without one packet; trying the server's other path, /twohundreddepth"
            ));
            self.outage.mark_reported(&cause.to_string());
            return self.retry(outcome, Duration::ZERO, &cause.to_string());
        }
        if self.failures.silent_refusals == 2 {
            let hint = match self.config.feed {
                Stream::DEPTH_200 => " (200 levels also want a token made on web.dhan.co, consumer type SELF)",
                _ => "",
            };
            let ends = if matches!(cause, Cause::Ended(Ended::CloseFrame { .. })) { "closes" } else { "resets" };
            self.warn(format!(
                "connection {}: two {ends} within 5 s of connecting without one packet: this looks like bad \
                 credentials or a missing data plan{hint} ({cause})",
                self.config.conn
            ));
            self.outage.mark_reported(&cause.to_string());
        }
        match policy::verdict(&cause, self.server.has_served) {
            Verdict::Retry if self.failures.silent_refusals < 2 => {
                self.retry(outcome, Duration::ZERO, &cause.to_string())
            }
            Verdict::Retry => self.probe_or_retry(cause, outcome),
            _ => self.fail(cause, outcome),
        }
    }

    /// Carries out the policy's verdict.
    pub(super) fn fail(&mut self, cause: Cause, outcome: SessionOutcome) {
        let detail = cause.to_string();
        match policy::verdict(&cause, self.server.has_served) {
            Verdict::Retry => self.retry(outcome, Duration::ZERO, &detail),
            Verdict::RetrySlow(from, to) => {
                let floor = from + jitter(&mut self.rng, to.saturating_sub(from));
                self.retry(outcome, floor, &detail);
            }
            Verdict::Credentials => self.await_others(detail),
            Verdict::AwaitCredentials => {
                let Cause::Credentials(problem) = cause else { return };
                self.await_credentials(problem);
            }
            Verdict::Probe => self.probe_or_retry(cause, outcome),
            Verdict::AskAccount => self.probe(cause, ProfileReason::Refusal),
            Verdict::ServerFault => self.server_fault(&cause),
            Verdict::CoolOff(kind, demanded) => self.cool_off(kind, demanded, &detail),
            Verdict::Wait(wait) => {
                if let Cause::CoolingOff { kind: CoolOffKind::Throttled, step, .. } = cause {
                    // Another process, or an earlier run, caused the cool-off already: ours would be the next step.
                    self.failures.throttled = self.failures.throttled.max(step.saturating_add(1));
                }
                let wait = wait.min(policy::LONGEST_COOL_OFF) + jitter(&mut self.rng, Duration::from_millis(250));
                let before = self.outage.cause().filter(|before| **before != cause).map(ToString::to_string);
                match before {
                    Some(before) => self.wait(wait, &format!("{detail}; before that: {before}")),
                    None => self.wait(wait, &detail),
                }
            }
            Verdict::Untrusted => {
                self.failures.untrusted = self.failures.untrusted.saturating_add(1);
                if self.failures.untrusted >= policy::UNTRUSTED_TRIES {
                    return self.give_up(Exit::Certificate, detail);
                }
                self.retry(outcome, Duration::from_secs(5), &detail);
            }
            Verdict::Foreign => {
                let (count, since) = &mut self.failures.foreign;
                if *count == 0 {
                    *since = self.now.at;
                }
                *count = count.saturating_add(1);
                let patient = self.server.has_served && self.now.at.since(*since) < policy::FOREIGN_DURATION;
                if *count >= policy::FOREIGN_TRIES && !patient {
                    let message = format!("the server keeps speaking something else than Dhan's protocol: {detail}");
                    return self.give_up(Exit::Protocol, message);
                }
                self.retry(outcome, Duration::ZERO, &detail);
            }
            Verdict::Fatal(exit) => self.give_up(exit, detail),
        }
    }

    pub(super) fn next_server_fault(&mut self) -> Duration {
        let step = self.failures.server_faults;
        self.failures.server_faults = step.saturating_add(1);
        policy::server_fault(step)
    }

    /// Retries with long delays what the server accepted earlier in the run.
    pub(super) fn server_fault(&mut self, cause: &Cause) {
        let wait = self.next_server_fault();
        self.warn(format!(
            "connection {}: {cause}; the server accepted the same earlier in this run, so this is taken for a fault of \
             the server's: trying again in {}",
            self.config.conn,
            words(wait)
        ));
        self.outage.mark_reported(&cause.to_string());
        let spread = jitter(&mut self.rng, Duration::from_millis(250));
        self.wait(wait + spread, &cause.to_string());
    }

    pub(super) fn retry(&mut self, outcome: SessionOutcome, floor: Duration, detail: &str) {
        let wait = self.failures.backoff.next(outcome, &mut self.rng).max(floor);
        self.wait(wait, detail);
    }

    pub(super) fn wait(&mut self, wait: Duration, why: &str) {
        self.status(StatusEvent::Retrying, Some(retry_detail(wait, why)));
        self.actions.extend(self.outage.retrying(self.config.conn, why, wait));
        self.state = State::Waiting { until: self.now.at + wait };
    }

    pub(super) fn cool_off(&mut self, kind: CoolOffKind, demanded: Option<Duration>, detail: &str) {
        let now = self.now.at;
        let step = match kind {
            CoolOffKind::Throttled => {
                let step = self.failures.throttled;
                self.failures.throttled = step.saturating_add(1);
                step
            }
            CoolOffKind::Displaced => {
                let displaced = &mut self.failures.displaced;
                displaced.retain(|then| now.since(*then) < policy::DISPLACED_WINDOW);
                displaced.push_back(now);
                u32::try_from(displaced.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let wait = policy::cool_off(kind, step, demanded);
        self.act(Action::CoolOff { kind, step, wait });
        if kind == CoolOffKind::Displaced && self.failures.displaced.len() >= policy::DISPLACED_LIMIT {
            let message = format!(
                "no free place: {detail}, {} times within {}. Another program uses this account's connections",
                policy::DISPLACED_LIMIT,
                words(policy::DISPLACED_WINDOW)
            );
            return self.give_up(Exit::NoPlace, message);
        }
        if demanded.is_some_and(|demanded| demanded > policy::LONGEST_COOL_OFF) {
            self.warn(format!(
                "the server demands a pause of {}; the next attempt follows after {} all the same",
                words(demanded.unwrap_or_default()),
                words(wait)
            ));
        }
        let spread = jitter(&mut self.rng, Duration::from_millis(500));
        self.wait(wait + spread, &format!("cooling off, {detail}"));
    }
}
