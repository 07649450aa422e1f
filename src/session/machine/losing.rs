//! The end of a connection or an attempt, and what the policy makes of it.

use super::*;

impl Session {
    /// What the connection that ends here was worth; forgives what a stable one forgives.
    pub(super) fn served(&mut self) -> Served {
        let State::Online(online) = &self.state else { return Served::Nothing };
        let (lasted, data) = (self.now.at.since(online.since), online.packets > 0);
        // An account without orders is silent for days: there, being connected is all there is.
        let useful = data || self.config.feed == Stream::Orders;
        self.server.answers_pings = online.pulse.answers_pings();
        if lasted >= STABLE {
            // Even in silence: the server has kept a connection that it would have refused by now.
            self.server.has_served = true;
            self.credentials.awaited_since = None;
        }
        if useful && lasted >= STABLE {
            self.failures.throttled = 0;
            self.failures.foreign.0 = 0;
            self.failures.server_faults = 0;
            Served::Stable
        } else if data && lasted >= BRIEF {
            Served::Briefly
        } else {
            Served::Nothing
        }
    }

    /// The bookkeeping of a connection that is gone; returns what it was worth.
    pub(super) fn gone(&mut self, reason: GapReason, cause: &Cause, from_us: Option<i64>) -> Served {
        let served = self.served();
        let State::Online(online) = &self.state else { return served };
        let from_us = from_us.unwrap_or_else(|| online.pulse.last().wall_us);
        let detail = cause.to_string();
        self.status(StatusEvent::Disconnected, Some(detail.clone()));
        if !std::mem::replace(&mut self.loss.is_open, true) {
            self.act(Action::Lost { reason, detail, from_us });
        }
        self.snapshot.is_pending = false;
        self.failures.unreachable_since = Some(self.now.at);
        self.outage.lose(self.now, cause.clone());
        served
    }

    /// We gave the connection up ourselves.
    pub(super) fn drop_connection(&mut self, cause: &Cause, from_us: Option<i64>) {
        let served = self.gone(GapReason::Stalled, cause, from_us);
        if matches!(cause, Cause::Stale(_)) {
            self.outage.told(&cause.to_string());
        }
        self.retry(served, Duration::ZERO, &cause.to_string());
    }

    pub(super) fn closed(&mut self, ended: Ended) {
        match &self.state {
            State::Stopping { .. } => self.stopped(),
            State::Online(_) => self.lost(Cause::Ended(ended)),
            _ => {}
        }
    }

    /// The server, or the network, ended the connection.
    pub(super) fn lost(&mut self, cause: Cause) {
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
        let served = self.gone(reason, &cause, None);
        if refused_silently {
            self.refused_silently(cause, served);
        } else {
            self.fail(cause, served);
        }
    }

    pub(super) fn refused_silently(&mut self, cause: Cause, served: Served) {
        if self.config.other_path && !self.server.is_on_other_path {
            self.server.is_on_other_path = true;
            self.act(Action::SwitchPath);
            self.warn(format!(
                "200 levels: {cause} without one packet; trying the server's other path, /twohundreddepth"
            ));
            self.outage.told(&cause.to_string());
            return self.retry(served, Duration::ZERO, &cause.to_string());
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
            self.outage.told(&cause.to_string());
        }
        match policy::verdict(&cause, self.server.has_served) {
            Verdict::Retry if self.failures.silent_refusals < 2 => {
                self.retry(served, Duration::ZERO, &cause.to_string())
            }
            Verdict::Retry => self.probe_or_retry(cause, served),
            _ => self.fail(cause, served),
        }
    }

    /// Does what the table says.
    pub(super) fn fail(&mut self, cause: Cause, served: Served) {
        let detail = cause.to_string();
        match policy::verdict(&cause, self.server.has_served) {
            Verdict::Retry => self.retry(served, Duration::ZERO, &detail),
            Verdict::RetrySlow(from, to) => {
                let floor = from + jitter(&mut self.rng, to.saturating_sub(from));
                self.retry(served, floor, &detail);
            }
            Verdict::Credentials => self.await_others(detail),
            Verdict::AwaitCredentials => {
                let Cause::Credentials(problem) = cause else { return };
                self.await_credentials(problem);
            }
            Verdict::Probe => self.probe_or_retry(cause, served),
            Verdict::AskAccount => self.probe(cause, Asks::Refusal),
            Verdict::ServerFault => self.server_fault(&cause),
            Verdict::CoolOff(kind, asked) => self.cool_off(kind, asked, &detail),
            Verdict::Wait(wait) => {
                if let Cause::CoolingOff { kind: CoolOffKind::Throttled, step, .. } = cause {
                    // Another process, or the one before us, was told already: ours would be the next step.
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
                self.retry(served, Duration::from_secs(5), &detail);
            }
            Verdict::Foreign => {
                let (count, since) = &mut self.failures.foreign;
                if *count == 0 {
                    *since = self.now.at;
                }
                *count = count.saturating_add(1);
                let patient = self.server.has_served && self.now.at.since(*since) < policy::FOREIGN_PATIENCE;
                if *count >= policy::FOREIGN_TRIES && !patient {
                    let message = format!("the server keeps speaking something else than Dhan's protocol: {detail}");
                    return self.give_up(Exit::Protocol, message);
                }
                self.retry(served, Duration::ZERO, &detail);
            }
            Verdict::Fatal(exit) => self.give_up(exit, detail),
        }
    }

    pub(super) fn next_server_fault(&mut self) -> Duration {
        let step = self.failures.server_faults;
        self.failures.server_faults = step.saturating_add(1);
        policy::server_fault(step)
    }

    /// Retries what the server accepted earlier in the run, patiently.
    pub(super) fn server_fault(&mut self, cause: &Cause) {
        let wait = self.next_server_fault();
        self.warn(format!(
            "connection {}: {cause}; the server accepted the same earlier in this run, so this is taken for a fault of \
             the server's: trying again in {}",
            self.config.conn,
            words(wait)
        ));
        self.outage.told(&cause.to_string());
        let spread = jitter(&mut self.rng, Duration::from_millis(250));
        self.wait(wait + spread, &cause.to_string());
    }

    pub(super) fn retry(&mut self, served: Served, floor: Duration, detail: &str) {
        let wait = self.failures.backoff.next(served, &mut self.rng).max(floor);
        self.wait(wait, detail);
    }

    pub(super) fn wait(&mut self, wait: Duration, why: &str) {
        self.status(StatusEvent::Retrying, Some(format!("in {}: {why}", words(wait))));
        let say = self.outage.retrying(self.config.conn, why, wait);
        self.say(say);
        self.state = State::Waiting { until: self.now.at + wait };
    }

    pub(super) fn cool_off(&mut self, kind: CoolOffKind, asked: Option<Duration>, detail: &str) {
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
        let wait = policy::cool_off(kind, step, asked);
        self.act(Action::CoolOff { kind, step, wait });
        if kind == CoolOffKind::Displaced && self.failures.displaced.len() >= policy::DISPLACED_LIMIT {
            let message = format!(
                "no free place: {detail}, {} times within {}. Somebody else uses this account's connections",
                policy::DISPLACED_LIMIT,
                words(policy::DISPLACED_WINDOW)
            );
            return self.give_up(Exit::NoPlace, message);
        }
        if asked.is_some_and(|asked| asked > policy::LONGEST_COOL_OFF) {
            self.warn(format!(
                "the server asks for {} of rest; after {} it is asked again",
                words(asked.unwrap_or_default()),
                words(wait)
            ));
        }
        let spread = jitter(&mut self.rng, Duration::from_millis(500));
        self.wait(wait + spread, &format!("cooling off, {detail}"));
    }
}
