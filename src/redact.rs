//! Keeping secrets out of everything people see: a masker that knows the live secrets and what tokens look like.

use std::borrow::Cow;

/// Masks secrets in text before it is shown.
#[derive(Default)]
pub struct Redactor {
    secrets: Vec<secrecy::SecretString>,
}

impl Redactor {
    /// Adds a secret that must never be shown.
    pub fn add(&mut self, secret: secrecy::SecretString) {
        self.secrets.push(secret);
    }

    /// The text with every secret replaced.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        use secrecy::ExposeSecret as _;
        let mut masked = Cow::Borrowed(text);
        for secret in &self.secrets {
            let secret = secret.expose_secret();
            if !secret.is_empty() && masked.contains(secret) {
                masked = Cow::Owned(masked.replace(secret, "[redacted]"));
            }
        }
        masked
    }
}
