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
#[cfg(feature = "testing")]
pub use jwt::looks_like_jwt;
pub use jwt::{Claims, claims};
pub use login::{Login, Partner, login_message};
pub use shape::checked_token;
pub(crate) use shape::secret_parts;
pub use source::{
    CredentialProblem, Environment, ProblemKind, Source, SourceOptions, TokenPlace, default_token_file, ist_minute,
};

use crate::redact::{Redactor, mask_client_id};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
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

/// Reads a file that holds a secret, on a thread of its own: a pipe may take ten seconds. Errors are words that go behind
/// the file's name.
///
/// # Errors
/// Why it cannot be read.
pub async fn read_file(path: PathBuf) -> Result<SecretString, String> {
    command::on_thread(move |_| file::read(&path, &file::Fifo::default())).await
}

/// Reads a regular file that holds a secret; as [`read_file`], without a thread.
///
/// # Errors
/// Why it cannot be read.
pub fn read_file_now(path: &Path) -> Result<SecretString, String> {
    file::read(path, &file::Fifo::default())
}

/// Runs a command that prints a secret: `sh -c`, ten seconds, none of our secrets. Errors are words that go behind "the
/// command".
///
/// # Errors
/// Why it gave nothing.
pub async fn run_command(line: String, redactor: Redactor) -> Result<SecretString, String> {
    command::on_thread(move |work| command::run(&line, work, &redactor)).await
}

/// Returns a warning when a file that holds a secret can be read by others, or is somebody else's.
pub fn permission_warning(what: &str, path: &Path) -> Option<String> {
    file::permission_warning(what, path)
}
