//! Finds every form of every known secret in one pass over a text.

use super::forms::{self, Form};
use aho_corasick::AhoCorasick;
use secrecy::{ExposeSecret as _, SecretString};
use std::ops::Range;

/// Length in bytes of the pieces that the automaton searches, one at every multiple of it: eleven consecutive bytes
/// of a form contain a complete piece. A match is widened as far as the text agrees with the form.
const PIECE: usize = 6;

/// Holds all known secrets and the automaton that searches for them.
#[derive(Default)]
pub(super) struct Search {
    secrets: Vec<SecretString>,
    forms: Vec<Form>,
    /// The form of each piece, and the offset of the piece in it.
    origins: Vec<(usize, usize)>,
    automaton: Option<AhoCorasick>,
}

impl Search {
    /// Returns whether a secret is known.
    pub fn knows(&self, secret: &str) -> bool {
        self.secrets.iter().any(|known| known.expose_secret() == secret)
    }

    /// Adds a secret.
    pub fn add(&mut self, secret: &str) {
        self.secrets.push(SecretString::from(secret));
        self.forms.extend(forms::of(secret));
        let mut pieces: Vec<&[u8]> = Vec::new();
        self.origins.clear();
        for (number, form) in self.forms.iter().enumerate() {
            let text = form.text.expose_secret().as_bytes();
            // A run shorter than two pieces less one byte may contain no complete piece.
            let width = if form.least < 2 * PIECE - 1 { form.least } else { PIECE };
            let last = if width == PIECE { text.len() - width } else { 0 };
            for start in (0..=last).step_by(PIECE) {
                pieces.push(&text[start..start + width]);
                self.origins.push((number, start));
            }
        }
        // Building fails only with too many states, which would take thousands of secrets.
        self.automaton = AhoCorasick::new(pieces).ok();
    }

    /// Returns the ranges of secrets. `shortest` excludes forms with fewer bytes.
    pub fn find(&self, text: &[u8], shortest: usize) -> Vec<Range<usize>> {
        let mut hits: Vec<Range<usize>> = Vec::new();
        let Some(automaton) = &self.automaton else { return hits };
        for found in automaton.find_overlapping_iter(text) {
            if hits.last().is_some_and(|hit| hit.start <= found.start() && found.end() <= hit.end) {
                continue;
            }
            let Some(&(number, start)) = self.origins.get(found.pattern().as_usize()) else { continue };
            let form = &self.forms[number];
            let form_bytes = form.text.expose_secret().as_bytes();
            let agree = |(a, b): &(&u8, &u8)| a == b;
            let before =
                text[..found.start()].iter().rev().zip(form_bytes[..start].iter().rev()).take_while(agree).count();
            let behind = text[found.end()..].iter().zip(&form_bytes[start + found.len()..]).take_while(agree).count();
            let hit = found.start() - before..found.end() + behind;
            if hit.len() >= form.least && form_bytes.len() >= shortest {
                hits.push(hit);
            }
        }
        hits
    }
}
