//! Holds what tests command a running simulator to do: outcomes of upgrades, plain answers, silence.

use super::state::Broker;
use crate::server::{ClientStream, Request, Response, http};
use std::collections::VecDeque;
use std::time::Instant;
use tokio::io::AsyncWriteExt as _;

/// Says what happens to an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upgrade {
    /// It succeeds.
    Accept,
    /// It is answered with this instead, for example 429 with `Retry-After`, or 302 with `Location`.
    Answer(Response),
    /// It succeeds, and a reset follows immediately.
    AcceptThenReset,
    /// A reset instead of an answer.
    Reset,
    /// No answer at all; the connection stays open.
    Silence,
    /// These bytes are sent instead of an answer, then the connection ends: broken heads, floods of headers, other
    /// protocols.
    Raw(Vec<u8>),
}

/// Holds the commands that apply until they are changed.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub next_upgrades: VecDeque<Upgrade>,
    pub every_upgrade: Option<Upgrade>,
    /// Times of granted upgrades, for the budget.
    granted: VecDeque<Instant>,
    pub reset_at_request: Option<usize>,
    pub answers: Vec<(String, Response)>,
    pub muted: bool,
    pub stalled: bool,
}

/// Says what remains to be done after a scripted upgrade.
pub(crate) enum Fate {
    /// Continue as usual.
    GoOn(ClientStream),
    /// Grant the upgrade, then reset.
    Reset(ClientStream),
    /// Nothing: it was answered.
    Answered,
}

impl Broker {
    /// Returns whether a connection that sent this many requests is to be reset now; true once.
    pub fn is_reset_due(&self, requests: usize) -> bool {
        self.state().script.reset_at_request.take_if(|at| requests >= *at).is_some()
    }

    /// Returns the answer that a test has set for a path.
    pub fn scripted_answer(&self, request: &Request) -> Option<Response> {
        let path = request.path.as_str();
        self.state().script.answers.iter().find(|(end, _)| path.ends_with(end.as_str())).map(|(_, r)| r.clone())
    }

    fn next_upgrade(&self) -> Upgrade {
        let mut state = self.state();
        let script = &mut state.script;
        let next = script.next_upgrades.pop_front();
        let next = next.or_else(|| script.every_upgrade.clone()).unwrap_or(Upgrade::Accept);
        if let (Upgrade::Accept, Some((most, within))) = (&next, self.config.upgrade_budget) {
            script.granted.retain(|at| at.elapsed() < within);
            if script.granted.len() >= most {
                return Upgrade::Answer(Response::status(429));
            }
            script.granted.push_back(Instant::now());
        }
        next
    }

    /// Carries out what the script says about an upgrade.
    pub async fn scripted_upgrade(&self, mut stream: ClientStream) -> Fate {
        match self.next_upgrade() {
            Upgrade::Accept => return Fate::GoOn(stream),
            Upgrade::AcceptThenReset => return Fate::Reset(stream),
            Upgrade::Answer(response) => drop(http::respond(&mut stream, &response, true).await),
            Upgrade::Reset => stream.reset_on_drop(),
            Upgrade::Silence => std::future::pending().await,
            Upgrade::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        }
        Fate::Answered
    }
}
