//! Replaces what an ASCII terminal cannot show.

use crate::auth::Environment;
use ratatui::buffer::Buffer;

/// Returns whether the locale says that the terminal shows something else than UTF-8. Without a locale nothing is said.
pub fn is_wanted(environment: &Environment) -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.text(name));
    named.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        !locale.is_empty() && !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

/// Replaces every cell that is not ASCII.
pub fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let plain = plain(cell.symbol());
            cell.set_char(plain);
        }
    }
}

fn plain(symbol: &str) -> char {
    match symbol.chars().next().unwrap_or(' ') {
        '▲' | '↑' | '△' => '^',
        '▼' | '↓' | '▽' => 'v',
        '←' | '◀' => '<',
        '→' | '▶' => '>',
        '×' => 'x',
        '…' => '~',
        '–' | '—' | '─' | '−' => '-',
        '│' => '|',
        '·' | '•' | '▁' => '.',
        '▂' | '▃' => '_',
        '▄' => '-',
        '▅' | '▆' => '=',
        '▇' | '█' | '▉' | '▊' | '▋' | '▌' | '▍' | '▎' | '▏' | '▐' => '#',
        '░' | '▒' | '▓' => ':',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn ascii_is_used_where_the_locale_names_another_character_set_than_utf_8() {
        for (variables, is_ascii) in [
            (vec![], false),
            (vec![("LANG", "C")], true),
            (vec![("LANG", "POSIX")], true),
            (vec![("LANG", "en_IN.ISO8859-1")], true),
            (vec![("LANG", "en_IN.UTF-8")], false),
            (vec![("LANG", "C.utf8")], false),
            (vec![("LANG", "en_IN.UTF-8"), ("LC_ALL", "C")], true),
            (vec![("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], false),
        ] {
            assert_eq!(is_wanted(&Environment::of(variables.clone())), is_ascii, "{variables:?}");
        }
    }

    #[test]
    fn every_cell_is_ascii_and_keeps_its_place() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "1.05▲ × ▁█…न", ratatui::style::Style::new());
        replace(&mut buffer);
        let text: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert!(text.starts_with("1.05^ x .#~?") && text.is_ascii(), "{text}");
    }
}
