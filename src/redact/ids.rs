//! Client ids: no secrets, but nobody else's business either. Where a text names one, its last four characters stay.

use std::borrow::Cow;

/// A shorter number turns up in any text; Dhan's ids have ten digits.
const SHORTEST: usize = 6;

/// A client id as it may be shown: its last four characters, the rest as `*`.
pub fn mask_client_id(id: &str) -> String {
    let count = id.chars().count();
    // An id of four characters or fewer would be shown whole.
    let shown = if count > 4 { 4 } else { 0 };
    id.chars().enumerate().map(|(i, c)| if i + shown < count { '*' } else { c }).collect()
}

/// Whether an id can be told from other words and numbers.
pub(super) fn is_distinct(id: &str) -> bool {
    id.len() >= SHORTEST && id.bytes().any(|b| b.is_ascii_digit())
}

/// The text with an id masked wherever it stands by itself: a longer number that holds its digits is another number.
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

/// Whether what two texts have at their seam is one number or one word.
fn goes_on(before: &str, behind: &str) -> bool {
    let (Some(last), Some(next)) = (before.chars().next_back(), behind.chars().next()) else { return false };
    (last.is_ascii_digit() && next.is_ascii_digit()) || (last.is_alphabetic() && next.is_alphabetic())
}
