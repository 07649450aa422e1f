//! The way to a connection: waiting, credentials, the attempt.

use super::*;

impl Session {
    pub(super) fn start(&mut self) {
        if matches!(self.state, State::Idle) {
            self.outage_since = Some(self.now.at);
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

    pub(super) fn credentials_read(&mut self, read: Result<Fingerprint, CredentialProblem>) {
        let waiting = match &mut self.state {
            State::Reading => false,
            State::AwaitingCredentials { next_read, .. } => {
                *next_read = Some(self.now.at + READ_EVERY);
                true
            }
            _ => return,
        };
        match read {
            Ok(which) if !self.refused.contains(&which) => {
                if waiting {
                    self.warn("other credentials are there: trying them".to_owned());
                    // Waiting for them was no outage of the network: --max-outage counts from here.
                    self.outage_since = Some(self.now.at);
                }
                self.current = Some(which);
                self.status(StatusEvent::Connecting, None);
                self.state = State::Connecting;
                self.act(Action::Connect);
            }
            Ok(_) if waiting => {}
            Ok(_) => {
                let refusal = self.refusal.take();
                let words = refusal.unwrap_or_else(|| "these credentials were refused before".to_owned());
                self.await_credentials(words, Exit::Credentials);
            }
            Err(problem) => {
                let exit = match problem.kind {
                    CredentialTrouble::OtherAccount => Exit::Account,
                    _ => Exit::Credentials,
                };
                let is_final = match problem.kind {
                    CredentialTrouble::Nowhere => true,
                    // A file may be mended; at the start the user is there to hear of it.
                    CredentialTrouble::OtherAccount => !self.ever_live && !waiting,
                    _ => false,
                };
                match &mut self.state {
                    _ if is_final => self.give_up(exit, problem.words),
                    State::AwaitingCredentials { problem: last, exit: code, .. } => {
                        *last = problem.words;
                        *code = exit;
                    }
                    _ => self.await_credentials(problem.words, exit),
                }
            }
        }
    }

    pub(super) fn connected(&mut self) {
        if !matches!(self.state, State::Connecting) {
            // An attempt that was given up came through after all.
            if !matches!(self.state, State::Online(_) | State::Stopping { .. }) {
                self.act(Action::Close { polite: false });
            }
            return;
        }
        let now = self.now;
        self.outage_since = None;
        self.untrusted = 0;
        self.mute.forget();
        self.status(StatusEvent::Connected, None);
        let asked = match self.config.feed {
            Stream::Orders => {
                self.act(Action::Login);
                "login sent; the server confirms nothing".to_owned()
            }
            feed => {
                self.actions.extend(requests::subscribe(feed, self.desired.all()).into_iter().map(Action::Send));
                match self.desired.len() {
                    1 => "1 subscription".to_owned(),
                    many => format!("{many} subscriptions"),
                }
            }
        };
        self.status(StatusEvent::Requested, Some(asked));
        let expects_data = self.config.feed != Stream::Orders && !self.desired.is_empty();
        let soonest = self.asked_for_book.map_or(now.at, |last| now.at.max(last + SNAPSHOT_EVERY));
        let online = Online {
            since: now.at,
            pulse: Liveness::new(now, self.answers_pings),
            packets: 0,
            leaving: Vec::new(),
            snapshot_at: self.config.snapshot.then_some(soonest),
            explain_at: (expects_data && !self.ever_live).then_some(now.at + EXPLAIN_AFTER),
            unseen_at: (expects_data && !self.unseen_reported).then(|| self.unseen_deadline()).flatten(),
        };
        self.state = State::Online(online);
    }

    pub(super) fn connect_failed(&mut self, failure: ConnectFailure) {
        if matches!(self.state, State::Connecting) {
            self.state = State::Waiting { until: self.now.at };
            self.trouble = failure.to_string();
            self.fail(&Failure::Connect(failure), Served::Nothing);
        }
    }

    pub(super) fn remember_refused(&mut self, which: Fingerprint) {
        if !self.refused.contains(&which) {
            self.refused.push_back(which);
            if self.refused.len() > REFUSED_KEPT {
                self.refused.pop_front();
            }
        }
    }

    pub(super) fn refuse_current(&mut self) {
        if let Some(which) = self.current.take() {
            self.remember_refused(which);
            self.act(Action::Refused(which));
        }
    }

    /// Reads the credentials once more after a refusal: a token that was replaced meanwhile needs no waiting.
    pub(super) fn refused(&mut self, problem: String) {
        self.refuse_current();
        if self.auth_deadline() > self.now.at {
            return self.await_credentials(problem, Exit::Credentials);
        }
        self.refusal = Some(problem);
        self.attempt();
    }

    /// Returns until when other credentials are waited for, from the first moment they were needed.
    fn auth_deadline(&mut self) -> Time {
        let since = *self.auth_since.get_or_insert(self.now.at);
        since + self.auth_wait()
    }

    fn auth_wait(&self) -> Duration {
        if self.ever_live { self.config.auth_wait } else { self.config.auth_wait_at_start }
    }

    pub(super) fn await_credentials(&mut self, problem: String, exit: Exit) {
        self.trouble.clone_from(&problem);
        let deadline = self.auth_deadline();
        if deadline <= self.now.at {
            return self.no_credentials(&problem, exit);
        }
        let left = words(deadline.since(self.now.at));
        self.warn(format!("{problem}; waiting up to {left} for other credentials"));
        self.status(StatusEvent::Retrying, Some(format!("waiting for other credentials: {problem}")));
        self.state = State::AwaitingCredentials { deadline, next_read: None, problem, exit };
        self.act(Action::ReadCredentials);
    }

    pub(super) fn no_credentials(&mut self, problem: &str, exit: Exit) {
        let waited = match self.auth_wait() {
            Duration::ZERO => String::new(),
            wait => format!("; no others came within {} (--auth-wait)", words(wait)),
        };
        self.give_up(exit, format!("{problem}{waited}"));
    }

    pub(super) fn probe_or_retry(&mut self, failure: &Failure, served: Served) {
        let asked_lately = self.probed.is_some_and(|then| self.now.at.since(then) < PROBE_EVERY);
        // The delay is drawn either way: it is what a probe that finds nothing falls back on.
        if asked_lately {
            return self.retry(served, Duration::ZERO, &failure.to_string());
        }
        self.probed = Some(self.now.at);
        self.state = State::Probing { until: self.now.at + PROBE_PATIENCE };
        self.act(Action::Probe);
    }

    pub(super) fn probed(&mut self, result: ProbeResult) {
        if !matches!(self.state, State::Probing { .. }) {
            return;
        }
        match result {
            ProbeResult::TokenDead => {
                self.refused("the access token is dead, as the account's profile tells".to_owned());
            }
            ProbeResult::PlanInactive => {
                self.give_up(
                    Exit::Account,
                    "the account's Data API plan is not active, as its profile tells: renew it on web.dhan.co"
                        .to_owned(),
                );
            }
            ProbeResult::Fine => {
                self.warn(
                    "token and data plan are fine, as the account's profile tells: it is the network, or the server"
                        .to_owned(),
                );
                let trouble = self.trouble.clone();
                self.retry(Served::Nothing, Duration::ZERO, &trouble);
            }
            ProbeResult::Unknown => {
                let trouble = self.trouble.clone();
                self.retry(Served::Nothing, Duration::ZERO, &trouble);
            }
        }
    }
}
