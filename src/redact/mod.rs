//! Keeps secrets out of everything that people see: it masks the known secrets in every form, and what looks like a
//! token.
//!
//! Every 12 consecutive bytes of a secret are masked, and all of a shorter one: plain, percent- and form-encoded,
//! base64 (any alignment, standard and URL-safe), hex, JSON escapes, and as a list of byte values, as `Debug` prints
//! bytes. Market data is not searched: a fully decoded packet has no room for text.

mod forms;
mod ids;
mod in_place;
mod patterns;
mod search;

pub use ids::mask_client_id;
pub use patterns::find_jwt;

use patterns::find_patterns;
use search::Search;
use secrecy::{ExposeSecret as _, SecretString};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// Replacement for a secret.
const MASK: &str = "[redacted]";
/// Minimum length in bytes of a secret that is replaced in data; a shorter one may be an ordinary word of a remark.
const SHORTEST_IN_DATA: usize = 8;

/// Masks secrets in text before it is shown. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Known>);

#[derive(Default)]
struct Known {
    secrets: RwLock<Search>,
    /// The user's client ids: masked in messages for people, kept in data.
    ids: RwLock<Vec<String>>,
}

impl Redactor {
    /// Adds a secret that is masked from now on. White space around it is not part of it.
    pub fn add(&self, secret: SecretString) {
        let secret = secret.expose_secret().trim();
        if secret.is_empty() || self.0.secrets.read().unwrap_or_else(PoisonError::into_inner).knows(secret) {
            return;
        }
        let mut all = self.0.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if !all.knows(secret) {
            all.add(secret);
        }
    }

    /// Adds a client id of which only the last four characters are shown from now on. An id that is too short to be
    /// distinguished from other words is ignored.
    pub fn add_client_id(&self, id: &str) {
        let mut ids = self.0.ids.write().unwrap_or_else(PoisonError::into_inner);
        if ids::is_distinct(id) && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }

    /// Returns the text with every secret replaced, and everything that looks like one; of client ids only the last
    /// characters remain.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hits = self.known(text.as_bytes(), 0);
        find_patterns(text.as_bytes(), &mut hits);
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().fold(replace(text, hits), |text, id| ids::mask(text, id))
    }

    /// Returns a server's binary message with every known secret overwritten; packets keep their lengths. Text that
    /// only looks like a secret is kept, since this is data.
    pub fn redact_bytes<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        in_place::overwrite(message, self.known(message, SHORTEST_IN_DATA))
    }

    /// Returns a server's text with every known secret replaced; JSON stays valid.
    pub fn redact_text<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        in_place::replace(message, self.known(message, SHORTEST_IN_DATA))
    }

    fn known(&self, text: &[u8], shortest: usize) -> Vec<Range<usize>> {
        self.0.secrets.read().unwrap_or_else(PoisonError::into_inner).find(text, shortest)
    }
}

/// Replaces the ranges, merged and widened to whole characters.
fn replace(text: &str, mut hits: Vec<Range<usize>>) -> Cow<'_, str> {
    if hits.is_empty() {
        return Cow::Borrowed(text);
    }
    hits.sort_unstable_by_key(|hit| hit.start);
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    let mut hits = hits.into_iter().peekable();
    while let Some(mut hit) = hits.next() {
        while let Some(next) = hits.next_if(|next| next.start <= hit.end) {
            hit.end = hit.end.max(next.end);
        }
        let (start, end) = (text.floor_char_boundary(hit.start).max(done), text.ceil_char_boundary(hit.end));
        masked.push_str(&text[done..start]);
        masked.push_str(MASK);
        done = end.max(done);
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests;
