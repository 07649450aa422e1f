//! The windows of a secret, to be found in a stream of bytes in one pass.

use secrecy::{ExposeSecret as _, SecretString};
use std::collections::HashSet;

/// How many bytes of a secret in a row are too many to show.
const WINDOW: usize = 12;

/// A secret and the hashes of its windows. No further copy of the secret is kept.
pub(super) struct Windows {
    secret: SecretString,
    hashes: HashSet<u64>,
    width: usize,
}

const BASE: u64 = 0x0100_0000_01b3;

impl Windows {
    pub(super) fn of(secret: &SecretString) -> Windows {
        let secret = SecretString::from(secret.expose_secret().trim());
        let bytes = secret.expose_secret().as_bytes();
        let width = bytes.len().min(WINDOW);
        let hashes = bytes.windows(width.max(1)).map(hash).collect();
        Windows { secret, hashes, width }
    }

    pub(super) fn is_of(&self, secret: &SecretString) -> bool {
        self.secret.expose_secret() == secret.expose_secret().trim()
    }

    /// Bytes in a window: 12, or the whole of a shorter secret.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Calls `hit` with the start of every window of `bytes` that is one of the secret's.
    pub(super) fn scan(&self, bytes: &[u8], mut hit: impl FnMut(usize)) {
        let width = self.width;
        if width == 0 || bytes.len() < width {
            return;
        }
        let secret = self.secret.expose_secret().as_bytes();
        let leaving = BASE.wrapping_pow(u32::try_from(width - 1).unwrap_or(0));
        let mut rolling = hash(&bytes[..width]);
        for start in 0..=bytes.len() - width {
            if self.hashes.contains(&rolling) {
                let window = &bytes[start..start + width];
                // The hash is weak on purpose (rolling); what is masked is really the secret's.
                if memchr::memmem::find(secret, window).is_some() {
                    hit(start);
                }
            }
            if let Some(&next) = bytes.get(start + width) {
                rolling = rolling
                    .wrapping_sub((u64::from(bytes[start]) + 1).wrapping_mul(leaving))
                    .wrapping_mul(BASE)
                    .wrapping_add(u64::from(next) + 1);
            }
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |h: u64, &b| h.wrapping_mul(BASE).wrapping_add(u64::from(b) + 1))
}
