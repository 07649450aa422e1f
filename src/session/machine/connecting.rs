//! Handles the steps to a connection: waiting, credentials, the attempt.

use super::*;

impl Session {
    pub(super) fn start(&mut self) {
        if matches!(self.state, State::Idle) {
            self.failures.unreachable_since = Some(self.now.at);
            self.outage.begin(self.now);
            self.loss.began = Some(self.now);
            self.loss.beginning_at = Some(self.now.at + FIRST_CONNECTION);
            self.attempt_after(self.config.start_delay);
        }
    }

    pub(super) fn attempt_after(&mut self, wait: Duration) {
        if wait.is_zero() {
            self.attempt();
        } else {
            self.state = State::Waiting { until: self.now.at + wait };
        }
    }

    pub(super) fn attempt(&mut self) {
        self.state = State::Reading;
        self.act(Action::ReadCredentials);
    }

    /// Opens the gap at the beginning of the run if no connection has been made so far.
    pub(super) fn lose_beginning(&mut self) {
        let (Some(began), Some(_)) = (self.loss.began, self.loss.beginning_at.take()) else { return };
        if std::mem::replace(&mut self.loss.is_open, true) {
            return;
        }
        let why = self.outage.cause().map_or_else(String::new, |cause| format!(": {cause}"));
        let detail = format!("not connected since the run began{why}");
        self.act(Action::OpenGap { reason: GapReason::Disconnected, detail, from: began.wall });
    }

    pub(super) fn credentials_read(&mut self, read: Result<Fingerprint, CredentialProblem>) {
        let now = self.now.at;
        let waiting = match &mut self.state {
            State::Reading => None,
            State::AwaitingCredentials(awaiting) => {
                awaiting.next_read = Some(now + READ_EVERY);
                Some(awaiting)
            }
            _ => return,
        };
        match (read, waiting) {
            (Ok(which), _) if self.credentials.refused.contains(&which) => {
                if matches!(self.state, State::Reading) {
                    let refusal = self.credentials.refusal.take();
                    let words = refusal.unwrap_or_else(|| "these credentials were refused before".to_owned());
                    self.await_credentials(CredentialProblem::refused(words));
                }
            }
            (Ok(which), Some(awaiting)) => {
                let is_same = self.credentials.current == Some(which);
                if is_same && awaiting.again.is_some_and(|again| again > now) {
                    return;
                }
                if !is_same {
                    self.warn("other credentials are there: trying them".to_owned());
                    // Waiting for credentials was no outage of the network, so --max-outage counts from here.
                    self.failures.unreachable_since = Some(now);
                }
                self.connect_with(which);
            }
            (Ok(which), None) => self.connect_with(which),
            (Err(problem), Some(awaiting)) if problem.can_change => awaiting.problem = problem,
            (Err(problem), Some(_)) => self.give_up(problem.exit, problem.words),
            // A file may be corrected later; at the start the user is there to read the error.
            (Err(problem), None) if problem.exit == Exit::Account && !self.server.has_served => {
                self.give_up(problem.exit, problem.words);
            }
            (Err(problem), None) => {
                self.outage.fail(Cause::Credentials(problem.clone()));
                self.await_credentials(problem);
            }
        }
    }

    fn connect_with(&mut self, which: Fingerprint) {
        self.credentials.refusal = None;
        self.credentials.current = Some(which);
        self.status(StatusEvent::Connecting, None);
        self.state = State::Connecting;
        self.act(Action::Connect);
    }

    pub(super) fn connected(&mut self) {
        if !matches!(self.state, State::Connecting) {
            // The attempt was given up, yet it succeeded.
            if !matches!(self.state, State::Online(_) | State::Stopping { .. }) {
                self.act(Action::Close { polite: false });
            }
            return;
        }
        let now = self.now;
        self.failures.unreachable_since = None;
        self.failures.untrusted = 0;
        self.loss.beginning_at = None;
        self.outage.connected(now.at);
        self.stale_feed.forget();
        self.status(StatusEvent::Connected, None);
        let requested = match self.config.feed {
            Stream::Orders => {
                self.act(Action::Login);
                "login sent; the server confirms nothing".to_owned()
            }
            feed => {
                self.actions.extend(requests::subscribe(feed, self.wanted.all()).into_iter().map(Action::Send));
                match self.wanted.len() {
                    1 => "1 subscription".to_owned(),
                    many => format!("{many} subscriptions"),
                }
            }
        };
        self.status(StatusEvent::Requested, Some(requested));
        let is_orders = self.config.feed == Stream::Orders;
        let expects_data = !is_orders && !self.wanted.is_empty();
        let explains = (expects_data && !self.server.has_served) || self.outage.has_warned();
        let soonest = self.snapshot.requested_at.map_or(now.at, |last| now.at.max(last + SNAPSHOT_EVERY));
        // The 200-level server does not ping, and whether it answers pings is unknown.
        let may_be_silent = self.config.feed == Stream::DEPTH_200;
        let mut pulse = Liveness::new(now, self.server.answers_pings, may_be_silent);
        if self.reading_paused {
            pulse.pause();
        }
        let online = Online {
            since: now.at,
            pulse,
            packets: 0,
            refused_in_words: false,
            leaving: Vec::new(),
            snapshot_at: self.config.snapshot.then_some(soonest),
            explain_at: explains.then_some(now.at + EXPLAIN_AFTER),
            unseen_at: (expects_data && !self.unseen_reported).then(|| self.unseen_deadline()).flatten(),
        };
        self.state = State::Online(online);
    }

    pub(super) fn connect_failed(&mut self, cause: Cause) {
        if matches!(self.state, State::Connecting) {
            self.state = State::Waiting { until: self.now.at };
            self.outage.fail(cause.clone());
            self.fail(cause, SessionOutcome::Useless);
        }
    }

    pub(super) fn remember_refused(&mut self, which: Fingerprint) {
        let refused = &mut self.credentials.refused;
        if !refused.contains(&which) {
            refused.push_back(which);
            if refused.len() > REFUSED_KEPT {
                refused.pop_front();
            }
        }
    }

    pub(super) fn refuse_current(&mut self) {
        if let Some(which) = self.credentials.current.take() {
            self.remember_refused(which);
            self.act(Action::Refused(which));
        }
    }

    /// Waits for other credentials than the refused ones.
    pub(super) fn await_others(&mut self, words: String) {
        self.refuse_current();
        if self.auth_deadline() <= self.now.at {
            // The credentials are read once more: a token that was replaced meanwhile needs no wait.
            self.credentials.refusal = Some(words);
            return self.attempt();
        }
        self.await_credentials(CredentialProblem::refused(words));
    }

    /// Returns until when to wait for other credentials, counted from the first moment they were needed.
    fn auth_deadline(&mut self) -> Time {
        let since = *self.credentials.awaited_since.get_or_insert(self.now.at);
        since + self.auth_wait()
    }

    fn auth_wait(&self) -> Duration {
        if self.server.has_served { self.config.auth_wait } else { self.config.auth_wait_at_start }
    }

    pub(super) fn await_credentials(&mut self, problem: CredentialProblem) {
        self.await_credentials_or(problem, None);
    }

    /// Waits for other credentials; the same ones may be sent again after `again`.
    pub(super) fn await_credentials_or(&mut self, problem: CredentialProblem, again: Option<Duration>) {
        let now = self.now.at;
        let deadline = self.auth_deadline();
        if deadline <= now || !problem.can_change {
            return self.no_credentials(&problem);
        }
        let is_retried = again.is_some();
        let again = again.map(|wait| now + wait).filter(|again| *again < deadline);
        if is_retried && again.is_none() {
            self.refuse_current();
        }
        let remaining = words(deadline.since(now));
        let same = again
            .map_or_else(String::new, |again| format!(", and trying the same again in {}", words(again.since(now))));
        self.warn(format!("{problem}; waiting up to {remaining} for other credentials{same}"));
        self.outage.mark_reported(&problem.words);
        self.status(StatusEvent::Retrying, Some(format!("waiting for other credentials: {problem}")));
        self.state = State::AwaitingCredentials(Awaiting { deadline, next_read: None, problem, again });
        self.act(Action::ReadCredentials);
    }

    pub(super) fn no_credentials(&mut self, problem: &CredentialProblem) {
        let waited = match self.auth_wait() {
            Duration::ZERO => String::new(),
            _ if !problem.can_change => String::new(),
            wait => format!("; no others came within {} (--auth-wait)", words(wait)),
        };
        self.give_up(problem.exit, format!("{problem}{waited}"));
    }

    /// Requests the profile to learn why connections end silently, at most once a minute for the same credentials.
    pub(super) fn probe_or_retry(&mut self, cause: Cause, outcome: SessionOutcome) {
        let current = self.credentials.current;
        let requested_lately = self
            .credentials
            .probed
            .is_some_and(|(then, which)| which == current && self.now.at.since(then) < PROBE_EVERY);
        if requested_lately {
            return self.retry(outcome, Duration::ZERO, &cause.to_string());
        }
        self.credentials.probed = Some((self.now.at, current));
        self.probe(cause, ProfileReason::Silence);
    }

    pub(super) fn probe(&mut self, cause: Cause, reason: ProfileReason) {
        self.state = State::Probing { until: self.now.at + PROBE_TIMEOUT, cause, reason };
        self.act(Action::Probe);
    }

    pub(super) fn probed(&mut self, result: ProbeResult) {
        let State::Probing { cause, reason, .. } = &self.state else { return };
        let (cause, reason) = (cause.clone(), *reason);
        match (result, reason) {
            (ProbeResult::TokenDead, _) => {
                self.outage.fail(Cause::TokenDead);
                self.await_others(Cause::TokenDead.to_string());
            }
            (ProbeResult::PlanInactive, _) => {
                let plan = Cause::PlanInactive;
                let words = match cause {
                    // Users search for the server's code, so it is kept in the message.
                    Cause::Disconnect(_) => format!("{cause}; {plan}"),
                    _ => plan.to_string(),
                };
                self.give_up(Exit::Account, words);
            }
            (ProbeResult::Fine, ProfileReason::Refusal) => self.server_fault(&cause),
            // Nothing says that the plan is at fault, and this run has been live with it.
            (ProbeResult::Unknown, ProfileReason::Refusal) if matches!(cause, Cause::Disconnect(_)) => {
                self.server_fault(&cause)
            }
            // Nor that the token is, and no others can come: something in between may have answered both.
            (ProbeResult::Unknown, ProfileReason::Refusal) if self.auth_wait().is_zero() => self.server_fault(&cause),
            (ProbeResult::Unknown, ProfileReason::Refusal) => {
                let wait = self.next_server_fault();
                self.await_credentials_or(CredentialProblem::refused(cause.to_string()), Some(wait));
            }
            (ProbeResult::Fine, ProfileReason::Silence) => {
                self.warn(
                    "token and data plan are fine, as the account's profile says: it is the network, or the server"
                        .to_owned(),
                );
                self.retry(SessionOutcome::Useless, Duration::ZERO, &cause.to_string());
            }
            (ProbeResult::Unknown, ProfileReason::Silence) => {
                self.retry(SessionOutcome::Useless, Duration::ZERO, &cause.to_string())
            }
        }
    }
}
