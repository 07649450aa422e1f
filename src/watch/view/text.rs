//! Fits text into a width. Numbers are never cut: what does not fit is left out by [`joined`] and the tables.

/// Returns a text cut to a width, with an ellipsis if something was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Returns a symbol cut in the middle to a width, since contracts differ at their ends: `NIFTY…26000-CE`.
pub(super) fn cut_symbol(symbol: &str, width: usize) -> String {
    let length = symbol.chars().count();
    if length <= width {
        return symbol.to_owned();
    }
    let Some(kept) = width.checked_sub(1).filter(|kept| *kept > 0) else { return cut(symbol, width) };
    let end = contract_end(symbol).map(|end| end.chars().count()).filter(|end| *end <= kept).unwrap_or(kept / 2);
    let start: String = symbol.chars().take(kept - end).collect();
    let end: String = symbol.chars().skip(length - end).collect();
    format!("{start}…{end}")
}

/// Returns the strike and the type of an option's symbol, `26000-CE`, or the date of a future's.
fn contract_end(symbol: &str) -> Option<&str> {
    let (at, _) = symbol.rmatch_indices('-').nth(1)?;
    symbol.get(at + 1..)
}

/// Returns the parts, the most important first, as far as they fit into a width.
pub(super) fn joined<'a>(parts: impl IntoIterator<Item = &'a str>, width: usize) -> String {
    let mut text = String::new();
    for part in parts {
        if text.chars().count() + part.chars().count() > width {
            break;
        }
        text.push_str(part);
    }
    text
}

/// Returns a text broken between words into lines of a width; the last of `most` lines is cut.
pub(super) fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut remaining = text;
    while lines.len() + 1 < most && remaining.chars().count() > width {
        let end = remaining.char_indices().nth(width).map_or(remaining.len(), |(at, _)| at);
        // The character after the line may be the space that ends it.
        let window = remaining.get(..=end).unwrap_or(&remaining[..end]);
        let at = window.rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        let (line, rest) = remaining.split_at(at);
        lines.push(line.trim_end().to_owned());
        remaining = rest.trim_start();
    }
    lines.push(cut(remaining, width));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_keeps_its_strike_and_type_when_its_symbol_is_cut() {
        let symbol = "NIFTY-01Dec2026-26000-CE";
        for (width, text) in [
            (24, "NIFTY-01Dec2026-26000-CE"),
            (20, "NIFTY-01Dec…26000-CE"),
            (14, "NIFTY…26000-CE"),
            (9, "…26000-CE"),
            (8, "NIFT…-CE"),
            (1, "…"),
            (0, ""),
        ] {
            assert_eq!(cut_symbol(symbol, width), text);
        }
        assert_eq!(cut_symbol("BSE_EQ:RELIANCE", 11), "BSE_E…IANCE");
    }

    #[test]
    fn a_line_is_broken_between_words_and_only_the_last_is_cut() {
        assert_eq!(wrapped("one two three four", 9, 3), ["one two", "three", "four"]);
        assert_eq!(wrapped("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(wrapped("one two", 7, 2), ["one two"]);
        assert_eq!(wrapped("unbreakable", 4, 3), ["unbr", "eaka", "ble"]);
        assert_eq!(wrapped("पाँच छह सात आठ", 6, 9).concat().matches('…').count(), 0);
    }

    #[test]
    fn parts_are_shown_completely_or_not_at_all() {
        assert_eq!(joined(["1310.05", ", spread 0.05"], 19), "1310.05");
        assert_eq!(joined(["1310.05", ", spread 0.05"], 20), "1310.05, spread 0.05");
    }
}
