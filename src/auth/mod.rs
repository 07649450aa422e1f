//! Finds and reads credentials, and builds addresses with a secret in them, in one place.

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
pub use command::run as run_command;
pub use endpoint::{ApiBase, BaseUrl};
pub use file::{permission_warning, secret_text};
pub use harden::{harden, refuse_token_arguments};
#[cfg(feature = "testing")]
pub use jwt::looks_like_jwt;
pub use jwt::{Claims, claims};
pub use login::{Login, Partner, login_message};
pub use shape::checked_token;
pub(crate) use shape::secret_parts;
pub use source::{
    CredentialError, CredentialSource, Environment, ProblemKind, SourceOptions, TokenPlace, default_token_file,
    ist_minute,
};

use crate::redact::mask_client_id;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Holds an account's credentials. `Debug` shows only the masked client id.
#[derive(Clone)]
pub struct Credentials {
    /// The account's client id; digits.
    pub client_id: String,
    /// The access token.
    pub token: SecretString,
}

/// Identifies a secret without holding it, so that refused credentials are never sent twice. The value differs from
/// process to process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CredentialsHash(u64);

impl CredentialsHash {
    /// Returns the value as a number without meaning outside this process.
    pub const fn number(self) -> u64 {
        self.0
    }

    fn of(parts: &[&str]) -> CredentialsHash {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        CredentialsHash(KEY.get_or_init(RandomState::new).hash_one(parts))
    }
}

impl Credentials {
    /// Returns the hash by which the same credentials are recognised when they are read again.
    pub fn fingerprint(&self) -> CredentialsHash {
        CredentialsHash::of(&[&self.client_id, self.token.expose_secret()])
    }

    /// Returns the token's claims, if it is a JWT.
    pub fn claims(&self) -> Option<Claims> {
        claims(&self.token)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("client_id", &mask_client_id(&self.client_id)).finish_non_exhaustive()
    }
}

/// Reads a file that holds a secret, on a thread of its own because a pipe may take ten seconds. Error texts follow
/// the file's name.
///
/// # Errors
/// Says why it cannot be read.
pub async fn read_file(path: PathBuf) -> Result<SecretString, String> {
    file::read_on_thread(path, file::Fifo::default()).await
}

/// Reads a regular file that holds a secret, like [`read_file`] but without a thread.
///
/// # Errors
/// Says why it cannot be read.
pub fn read_file_now(path: &Path) -> Result<SecretString, String> {
    file::read(path, &file::Fifo::default())
}
