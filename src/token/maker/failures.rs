//! Words the failures of making and renewing a token.

use super::super::answer::{Call, Refusal, RefusalKind};
use super::super::file::StoredToken;
use super::{Maker, is_self};
use crate::console::untrusted;
use crate::model::{Exit, Failure};
use secrecy::{ExposeSecret as _, SecretString};

impl Maker {
    /// Returns the failure of a file that holds no token.
    pub(super) fn no_token(&self) -> Failure {
        let path = self.file.path();
        let words = format!("there is no token to renew in the file {path:?}: dhan token save or mint puts one there");
        Failure::new(Exit::Credentials, words)
    }

    /// Checks that a held token may be sent for renewal.
    pub(super) fn renewable(&self, stored: &StoredToken) -> Result<(), Failure> {
        let path = self.file.path();
        let refuse = |words: String| Err(Failure::new(Exit::Credentials, words));
        match stored {
            StoredToken::None => Err(self.no_token()),
            StoredToken::Malformed(words) => refuse(format!("the token file {path:?} {words}")),
            StoredToken::Token(_, claims) if claims.expires_at.is_some() && !self.is_valid_by_claims(claims) => {
                refuse(format!(
                    "the token in {path:?} has expired, and Dhan renews living ones only: make a new one with dhan token mint"
                ))
            }
            StoredToken::Token(_, claims) if !is_self(claims) => {
                let kind = untrusted(claims.consumer_type.as_deref().unwrap_or_default());
                refuse(format!(
                    "the token in {path:?} is of the kind {kind:?}, and Dhan renews only those made on web.dhan.co \
                     (SELF): nothing was sent. Make a new one with dhan token mint"
                ))
            }
            StoredToken::Token(..) => Ok(()),
        }
    }

    /// Returns the failure of a refused or failed request, with its exit code. `secrets` are removed from the
    /// server's words.
    pub(super) fn failure(&self, call: Call, refusal: &Refusal, secrets: &[&SecretString]) -> Failure {
        let words = shown(&refusal.words, secrets);
        let (host, path) = (self.calls.host(call), self.file.path());
        let (exit, message) = match (refusal.kind, call) {
            (RefusalKind::Credentials, Call::Mint) => {
                let blamed = self.blamed(&words);
                let message = format!(
                    "{host} refuses to make a token: {words}. Mend {blamed} and run this again; nothing is tried again \
                     by itself, since every refused try bars the account for two more minutes"
                );
                (Exit::Credentials, message)
            }
            (RefusalKind::Credentials, Call::Renew) => {
                let message = format!(
                    "{host} refuses to renew the token in {path:?}: {words}. Make a new one with dhan token mint, or \
                     on web.dhan.co"
                );
                (Exit::Credentials, message)
            }
            (RefusalKind::TooSoon | RefusalKind::Request, _) => {
                (Exit::Refused, format!("{host} refuses the request: {words}"))
            }
            (RefusalKind::NotSent, _) => {
                (Exit::Network, format!("{host}: {words}, tried for 10 s; no token was asked for. Is the network up?"))
            }
            (RefusalKind::Unreachable, _) => {
                let unknown = "Whether a token was made is not known: dhan token ensure finds out and mends it";
                (Exit::Network, format!("{host}: {words}. {unknown}"))
            }
            (RefusalKind::Untrusted, _) => (Exit::Certificate, format!("{host}: {words}; nothing was sent")),
            (RefusalKind::Foreign, _) => (Exit::Protocol, format!("{host} does not answer as Dhan does: {words}")),
        };
        Failure::new(exit, message)
    }

    /// Names what a refusal is about.
    fn blamed(&self, words: &str) -> String {
        let [pin, totp] = self.inputs.names();
        let lower = words.to_ascii_lowercase();
        match (lower.contains("pin"), lower.contains("totp") || lower.contains("otp")) {
            (true, false) => pin,
            (false, true) => totp,
            _ => format!("{pin} or {totp}"),
        }
    }
}

/// Returns a server's words for messages: PIN and password, which the server may quote, are removed.
pub(super) fn shown(words: &str, secrets: &[&SecretString]) -> String {
    secrets.iter().fold(untrusted(words), |words, secret| words.replace(secret.expose_secret(), "[redacted]"))
}
