//! Keeping secrets out of everything people see: a masker that knows the live secrets in all their disguises, and what
//! tokens look like.
//!
//! Every 12 bytes of a secret in a row are masked, plain or disguised: percent- and form-encoded, base64 (any alignment,
//! standard and URL-safe), hex (any case), or as a list of byte values, as `Debug` prints bytes. The text is undone
//! rather than the secret disguised: one small table of the secret's windows serves all forms, mixed ones too.

mod blot;
mod ids;
mod patterns;
mod undo;
mod windows;

pub use ids::mask_client_id;
pub use patterns::find_jwt;

use patterns::find_patterns;
use secrecy::{ExposeSecret as _, SecretString};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};
use windows::Windows;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Masks secrets in text before it is shown. Cheap to clone; clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<Known>);

#[derive(Default)]
struct Known {
    secrets: RwLock<Vec<Windows>>,
    /// Client ids of the user's: masked in what people see, and left in data.
    ids: RwLock<Vec<String>>,
}

impl Redactor {
    /// Adds a secret that must never be shown, from now on. White space around it is not part of it.
    pub fn add(&self, secret: SecretString) {
        if secret.expose_secret().trim().is_empty() {
            return;
        }
        let known = |all: &[Windows]| all.iter().any(|w| w.is_of(&secret));
        if known(&self.0.secrets.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut all = self.0.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if !known(&all) {
            all.push(Windows::of(&secret));
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

    /// The text with every secret replaced, and everything that looks like one; client ids by their last characters.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hits = Vec::new();
        for secret in self.0.secrets.read().unwrap_or_else(PoisonError::into_inner).iter() {
            undo::find(text.as_bytes(), secret, &mut hits);
        }
        find_patterns(text.as_bytes(), &mut hits);
        let ids = self.0.ids.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().fold(replace(text, hits), |text, id| ids::mask(text, id))
    }

    /// A server's binary message with every known secret in it overwritten, plain or disguised: packets keep their
    /// lengths. What only looks like a secret stays, since this is data; so does a secret of fewer than eleven bytes.
    /// Nearly free for bytes that hold no text.
    #[inline]
    pub fn blot<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        if !blot::may_hold_text(message) {
            return Cow::Borrowed(message);
        }
        blot::overwrite(message, self.known_in_message(message))
    }

    /// The same for a text message: JSON stays JSON.
    pub fn blot_text<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        blot::replace(message, self.known_in_message(message))
    }

    fn known_in_message(&self, message: &[u8]) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        let mut runs = blot::text_runs(message).peekable();
        if runs.peek().is_none() {
            return hits;
        }
        let all = self.0.secrets.read().unwrap_or_else(PoisonError::into_inner);
        for run in runs {
            for secret in all.iter().filter(|secret| secret.width() >= blot::SHORTEST) {
                let known = hits.len();
                undo::find(&message[run.clone()], secret, &mut hits);
                hits[known..].iter_mut().for_each(|hit| *hit = run.start + hit.start..run.start + hit.end);
            }
        }
        hits
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
