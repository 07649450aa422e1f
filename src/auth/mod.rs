//! Where credentials come from, and the one place that builds an address with a secret in it.

mod address;
mod command;
mod endpoint;
mod file;
mod harden;
mod jwt;
mod login;
mod loopback;
mod shape;
mod source;

pub use address::Address;
pub use endpoint::{ApiBase, BaseUrl};
pub use harden::{harden, refuse_token_arguments};
pub use jwt::{Claims, claims, looks_like_jwt};
pub use login::{Login, Partner, login_message};
pub use source::{CredentialProblem, Environment, ProblemKind, Source, SourceOptions, TokenPlace, default_token_file};

use crate::redact::mask_client_id;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

/// An account's credentials. `Debug` shows the masked client id only.
#[derive(Clone)]
pub struct Credentials {
    /// The account's id; digits.
    pub client_id: String,
    /// The access token.
    pub token: SecretString,
}

/// Tells whether two secrets are the same, without holding them: "the same ones are never sent twice". Differs from
/// process to process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// A number of no meaning outside this process.
    pub const fn number(self) -> u64 {
        self.0
    }

    fn of(parts: &[&str]) -> Fingerprint {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        Fingerprint(KEY.get_or_init(RandomState::new).hash_one(parts))
    }
}

impl Credentials {
    /// What the credentials are recognised by when they are read again.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&[&self.client_id, self.token.expose_secret()])
    }

    /// What the token tells about itself, where it is a JWT.
    pub fn claims(&self) -> Option<Claims> {
        claims(&self.token)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("client_id", &mask_client_id(&self.client_id)).finish_non_exhaustive()
    }
}
