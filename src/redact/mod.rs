//! Keeping secrets out of everything people see: a masker that knows the live secrets in every form, and what tokens look
//! like.
//!
//! Every 12 bytes of a secret in a row are masked, and all of a shorter one: plain, percent- and form-encoded, base64 (any
//! alignment, standard and URL-safe), hex, JSON escapes, and as a list of byte values, as `Debug` prints bytes. Numbers of
//! the market are not searched: a packet that is known whole has no room for a text.

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

/// What stands where a secret stood.
const MASK: &str = "[redacted]";
/// A shorter secret may well be a word of somebody's remark; data is not changed for its sake. Bytes.
const SHORTEST_IN_DATA: usize = 8;

/// Masks secrets in text before it is shown. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Known>);

#[derive(Default)]
struct Known {
    secrets: RwLock<Search>,
    /// Client ids of the user's: masked in what people see, and left in data.
    ids: RwLock<Vec<String>>,
}

impl Redactor {
    /// Adds a secret that must never be shown, from now on. White space around it is not part of it.
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

    /// Adds a client id that is shown by its last four characters only, from now on. One that is too short to be told
    /// from other words is not looked for.
    pub fn add_client_id(&self, id: &str) {
        let mut ids = self.0.ids.write().unwrap_or_else(PoisonError::into_inner);
        if ids::is_distinct(id) && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }

    /// Returns the text with every secret replaced, and everything that looks like one; client ids by their last
    /// characters.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hits = self.known(text.as_bytes(), 0);
        find_patterns(text.as_bytes(), &mut hits);
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().fold(replace(text, hits), |text, id| ids::mask(text, id))
    }

    /// Returns a server's binary message with every known secret in it overwritten: packets keep their lengths. What only
    /// looks like a secret stays, since this is data.
    pub fn redact_bytes<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        in_place::overwrite(message, self.known(message, SHORTEST_IN_DATA))
    }

    /// Returns a server's text with every known secret in it replaced: JSON stays JSON.
    pub fn redact_text<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        in_place::replace(message, self.known(message, SHORTEST_IN_DATA))
    }

    fn known(&self, text: &[u8], shortest: usize) -> Vec<Range<usize>> {
        self.0.secrets.read().unwrap_or_else(PoisonError::into_inner).find(text, shortest)
    }
}

/// Replaces the hits, merged and widened to whole characters.
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
