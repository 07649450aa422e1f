//! Draws the help: the keys, and the meaning of the marks.

use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

const HELP: [&str; 10] = [
    "q quit   ? this help   Esc closes it, and the filter",
    "↑ ↓ j k PgUp PgDn Home End  move     p  pause the rows",
    "← → h l  other columns               Ctrl-L  draw anew",
    "s  sort: as given, symbol, change, volume, age",
    "/  show only what contains a text",
    "Enter  five levels of the row; Esc goes back",
    "▲ ▼  the last move of the price",
    "stale  nothing came for 30 s, or its connection is not live",
    "change, %  against the previous session's close",
    "trend  the last minutes, 10 s a bar",
];
const CHANGES: &str = "a  add an instrument   d  drop the row";

/// Draws the help.
pub(super) fn draw(frame: &mut Frame<'_>, ui: &Ui, area: Rect) {
    let lines = HELP.into_iter().take(5).chain(ui.may_change.then_some(CHANGES)).chain(HELP.into_iter().skip(5));
    for (y, text) in (area.y..area.y + area.height).zip(lines) {
        frame.render_widget(Line::raw(text), Rect { y, height: 1, ..area });
    }
}
