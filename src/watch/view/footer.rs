//! Draws the lines at the bottom: the last message, and what is typed or the keys.

use super::{Ambient, cut};
use crate::watch::ui::{ScreenKind, TextInput, Ui};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

/// Draws the footer; returns its height.
pub(super) fn draw(frame: &mut Frame<'_>, ui: &Ui, ambient: &Ambient<'_>, area: Rect) -> u16 {
    let width = usize::from(area.width);
    // A message of several lines is joined here; stderr gets it unchanged when the view closes.
    let message: Vec<&str> = ambient.message.unwrap_or_default().split_whitespace().collect();
    let message = Line::styled(cut(&message.join(" "), width), ambient.warning());
    let keys = match &ui.input {
        Some(TextInput::Filter) => Line::raw(prompt("filter: ", &ui.filter, "   Enter keeps it, Esc clears it", width)),
        Some(TextInput::Add(text)) => Line::raw(prompt("add: ", text, "   SEGMENT:ID or SYMBOL, Enter, Esc", width)),
        None => {
            let mut keys = match ui.screen {
                _ if ui.help => "Esc back".to_owned(),
                ScreenKind::Table if ui.may_change => {
                    "? help  q quit  s sort  / filter  a add  d drop  Enter ladder".to_owned()
                }
                ScreenKind::Table => "? help  q quit  s sort  / filter  Enter ladder".to_owned(),
                ScreenKind::Ladder(_) => "? help  q quit  Esc back  p pause".to_owned(),
                ScreenKind::Depth | ScreenKind::Orders => "? help  q quit  j k scroll  p pause".to_owned(),
            };
            if ui.screen == ScreenKind::Table && !ui.filter.is_empty() {
                keys = format!("filter {} (Esc clears)  {keys}", ui.filter);
            }
            if ui.screen == ScreenKind::Table && ui.sort != super::super::ui::Sort::Given {
                keys = format!("by {}  {keys}", ui.sort.name());
            }
            Line::styled(cut(&keys, width), Style::new().add_modifier(Modifier::DIM))
        }
    };
    let y = area.y + area.height;
    frame.render_widget(message, Rect { y: y - 2, height: 1, ..area });
    frame.render_widget(keys, Rect { y: y - 1, height: 1, ..area });
    2
}

/// Returns a prompt with what is typed. The end of a long text is shown; the hint goes first.
fn prompt(name: &str, text: &str, hint: &str, width: usize) -> String {
    let room = width.saturating_sub(name.len() + 1);
    let length = text.chars().count();
    if length + hint.len() <= room {
        return format!("{name}{text}█{hint}");
    }
    if length <= room {
        return format!("{name}{text}█");
    }
    let end: String = text.chars().skip(length + 1 - room.min(length)).collect();
    format!("{name}…{end}█")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_is_typed_is_shown_however_long_it_is() {
        for length in 0..200 {
            let text = "x".repeat(length) + "END";
            let line = prompt("add: ", &text, "   a hint", 60);
            assert!(line.contains("END█") && line.chars().count() <= 60, "{line}");
            assert_eq!(line.contains('…'), text.len() > 54, "{line}");
        }
    }
}
