//! The end of a connection or an attempt, and what the policy makes of it.

use super::*;

impl Session {
    /// What the connection that ends here was worth; forgives what a stable one forgives.
    pub(super) fn served(&mut self) -> Served {
        let State::Online(online) = &self.state else { return Served::Nothing };
        let (lasted, data) = (self.now.at.since(online.since), online.packets > 0);
        // An account without orders is silent for days: there, being connected is all there is.
        let useful = data || self.config.feed == Stream::Orders;
        self.answers_pings = online.pulse.answers_pings();
        if useful && lasted >= STABLE {
            self.throttled = 0;
            self.foreign.0 = 0;
            self.auth_since = None;
            Served::Stable
        } else if data && lasted >= BRIEF {
            Served::Briefly
        } else {
            Served::Nothing
        }
    }

    /// The bookkeeping of a connection that is gone; returns what it was worth.
    pub(super) fn gone(&mut self, reason: GapReason, detail: &str, from_us: Option<i64>) -> Served {
        let served = self.served();
        let State::Online(online) = &self.state else { return served };
        let from_us = from_us.unwrap_or_else(|| online.pulse.last().wall_us);
        self.status(StatusEvent::Disconnected, Some(detail.to_owned()));
        if !std::mem::replace(&mut self.gap_open, true) {
            self.act(Action::Lost { reason, detail: detail.to_owned(), from_us });
        }
        self.outage_since = Some(self.now.at);
        self.trouble = detail.to_owned();
        served
    }

    /// We gave the connection up ourselves.
    pub(super) fn drop_connection(&mut self, reason: GapReason, detail: &str, from_us: Option<i64>) {
        let served = self.gone(reason, detail, from_us);
        self.retry(served, Duration::ZERO, detail);
    }

    pub(super) fn closed(&mut self, close: Close) {
        match &self.state {
            State::Stopping { .. } => self.stopped(),
            State::Online(_) => self.lost(Failure::Closed(close)),
            _ => {}
        }
    }

    /// The server, or the network, ended the connection.
    pub(super) fn lost(&mut self, failure: Failure) {
        let State::Online(online) = &self.state else { return };
        let refused_silently = matches!(failure, Failure::Closed(Close::Reset | Close::Eof))
            && online.packets == 0
            && self.now.at.since(online.since) < SILENT_REFUSAL;
        self.silent_refusals = if refused_silently { self.silent_refusals.saturating_add(1) } else { 0 };
        if matches!(failure, Failure::Disconnect(_)) {
            self.act(Action::Close { polite: false });
        }
        let served = self.gone(GapReason::Disconnected, &failure.to_string(), None);
        if refused_silently {
            self.refused_silently(&failure, served);
        } else {
            self.fail(&failure, served);
        }
    }

    pub(super) fn refused_silently(&mut self, failure: &Failure, served: Served) {
        if self.config.other_path && !self.path_switched {
            self.path_switched = true;
            self.act(Action::SwitchPath);
            self.warn(format!("200 levels: {failure} without one packet; trying the server's other path, /"));
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        if self.silent_refusals < 2 {
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        if self.silent_refusals == 2 {
            let hint = match self.config.feed {
                Stream::Depth(Levels::TwoHundred) => {
                    " (200 levels also want a token made on web.dhan.co, consumer type SELF)"
                }
                _ => "",
            };
            self.warn(format!(
                "two resets within 5 s of connecting without one packet: this looks like bad credentials or a missing data plan{hint}"
            ));
        }
        self.probe_or_retry(failure, served);
    }

    /// Does what the table says.
    pub(super) fn fail(&mut self, failure: &Failure, served: Served) {
        let detail = failure.to_string();
        match policy::verdict(failure) {
            Verdict::Retry => self.retry(served, Duration::ZERO, &detail),
            Verdict::RetrySlow(from, to) => {
                let floor = from + jitter(&mut self.rng, to.saturating_sub(from));
                self.retry(served, floor, &detail);
            }
            Verdict::Credentials => self.refused(detail),
            Verdict::AwaitCredentials => self.await_credentials(detail, Exit::Credentials),
            Verdict::Probe => self.probe_or_retry(failure, served),
            Verdict::CoolOff(kind, asked) => self.cool_off(kind, asked, &detail),
            Verdict::Wait(wait) => {
                if let Failure::Connect(ConnectFailure::CoolingOff { kind: CoolOffKind::Throttled, step, .. }) = failure
                {
                    // Another process, or the one before us, was told already: ours would be the next step.
                    self.throttled = self.throttled.max(step.saturating_add(1));
                }
                let wait = wait.min(policy::LONGEST_COOL_OFF) + jitter(&mut self.rng, Duration::from_millis(250));
                self.wait(wait, &detail);
            }
            Verdict::Untrusted => {
                self.untrusted = self.untrusted.saturating_add(1);
                if self.untrusted >= policy::UNTRUSTED_TRIES {
                    return self.give_up(Exit::Certificate, detail);
                }
                self.retry(served, Duration::from_secs(5), &detail);
            }
            Verdict::Foreign => {
                let (count, since) = &mut self.foreign;
                if *count == 0 {
                    *since = self.now.at;
                }
                *count = count.saturating_add(1);
                let patient = self.ever_live && self.now.at.since(*since) < policy::FOREIGN_PATIENCE;
                if *count >= policy::FOREIGN_TRIES && !patient {
                    let message = format!("the server keeps speaking something else than Dhan's protocol: {detail}");
                    return self.give_up(Exit::Protocol, message);
                }
                self.retry(served, Duration::ZERO, &detail);
            }
            Verdict::Fatal(exit) => self.give_up(exit, detail),
        }
    }

    pub(super) fn retry(&mut self, served: Served, floor: Duration, detail: &str) {
        let wait = self.backoff.next(served, &mut self.rng).max(floor);
        self.wait(wait, detail);
    }

    pub(super) fn wait(&mut self, wait: Duration, why: &str) {
        self.status(StatusEvent::Retrying, Some(format!("in {}: {why}", words(wait))));
        self.state = State::Waiting { until: self.now.at + wait };
    }

    pub(super) fn cool_off(&mut self, kind: CoolOffKind, asked: Option<Duration>, detail: &str) {
        let now = self.now.at;
        let step = match kind {
            CoolOffKind::Throttled => {
                let step = self.throttled;
                self.throttled = step.saturating_add(1);
                step
            }
            CoolOffKind::Displaced => {
                self.displaced.retain(|then| now.since(*then) < policy::DISPLACED_WINDOW);
                self.displaced.push_back(now);
                u32::try_from(self.displaced.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let wait = policy::cool_off(kind, step, asked);
        self.act(Action::CoolOff { kind, step, wait });
        if kind == CoolOffKind::Displaced && self.displaced.len() >= policy::DISPLACED_LIMIT {
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
