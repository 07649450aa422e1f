//! Masks client ids. They are no secrets, but private: where a text names one, only its last four characters are
//! shown.

use std::borrow::Cow;

/// Minimum length that is masked: shorter numbers match ordinary text, and Dhan's ids have ten digits.
const SHORTEST: usize = 6;

/// Returns a client id for people: its last four characters, the rest as `*`.
pub fn mask_client_id(id: &str) -> String {
    let count = id.chars().count();
    // An id of four characters or fewer would be shown in full.
    let shown = if count > 4 { 4 } else { 0 };
    id.chars().enumerate().map(|(i, c)| if i + shown < count { '*' } else { c }).collect()
}

/// Returns whether an id is long enough to be distinguished from other words and numbers.
pub(super) fn is_distinct(id: &str) -> bool {
    id.len() >= SHORTEST && id.bytes().any(|b| b.is_ascii_digit())
}

/// Returns the text with an id masked wherever it stands by itself; a longer number that contains its digits is kept.
pub(super) fn mask<'a>(text: Cow<'a, str>, id: &str) -> Cow<'a, str> {
    let mut masked = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices(id) {
        let (before, behind) = (&text[..at], &text[at + id.len()..]);
        if goes_on(before, id) || goes_on(id, behind) {
            continue;
        }
        masked.push_str(&text[done..at]);
        masked.push_str(&mask_client_id(id));
        done = at + id.len();
    }
    if done == 0 {
        return text;
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

/// Returns whether two adjacent texts form one number or one word.
fn goes_on(before: &str, behind: &str) -> bool {
    let (Some(last), Some(next)) = (before.chars().next_back(), behind.chars().next()) else { return false };
    (last.is_ascii_digit() && next.is_ascii_digit()) || (last.is_alphabetic() && next.is_alphabetic())
}
