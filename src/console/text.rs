//! Makes text of other origin safe to show.

/// Limit in bytes of a server's text in messages.
const UNTRUSTED_LIMIT: usize = 512;

/// Returns text of other origin in a form that is safe to show: without control characters, terminal escapes and
/// characters that change the reading direction, on one line, at most 512 bytes. It is not masked; printing does
/// that.
pub fn untrusted(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(UNTRUSTED_LIMIT));
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            // Skips a terminal's control sequence: ESC [ … letter. The rest of other sequences is harmless text.
            '\u{1b}' if characters.as_str().starts_with('[') => {
                characters.by_ref().skip(1).find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            '\n' | '\r' | '\t' => clean.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => clean.push(c),
        }
        if clean.len() > UNTRUSTED_LIMIT {
            clean.truncate(clean.floor_char_boundary(UNTRUSTED_LIMIT - '…'.len_utf8()));
            clean.push('…');
            break;
        }
    }
    clean
}

/// Returns whether a character is invisible but changes what is shown around it: direction, joining, byte order, line
/// ends.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_cannot_drive_the_terminal() {
        for (text, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("a\u{202e}b\u{2066}c\u{feff}", "abc"),
            ("two\r\nlines\tand more\0", "two  lines and more"),
            ("\u{9b}31mx", "31mx"),
            ("\u{1b}[", ""),
            ("नमस्ते ₹", "नमस्ते ₹"),
        ] {
            assert_eq!(untrusted(text), shown, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn untrusted_text_is_short_printable_and_one_line(text in "\\PC{0,300}|[\\x00-\\x1f\\x7f-\\x9f₹a\\[]{0,900}") {
            let shown = untrusted(&text);
            proptest::prop_assert!(shown.len() <= UNTRUSTED_LIMIT);
            proptest::prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
            proptest::prop_assert_eq!(untrusted(&shown), shown);
        }
    }
}
