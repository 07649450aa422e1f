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
        Some(TextInput::Filter) => Line::raw(format!("filter: {}█   Enter keeps it, Esc clears it", ui.filter)),
        Some(TextInput::Add(text)) => Line::raw(format!("add: {text}█   SEGMENT:ID or SYMBOL, Enter, Esc")),
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
