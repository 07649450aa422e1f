//! Draws the help: the keys of the screen, and the meaning of the marks.

use crate::watch::ui::{ScreenKind, Ui};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

const EVERYWHERE: &str = "q quit   ? this help   Esc closes it";
const MOVE: &str = "↑ ↓ j k PgUp PgDn Home End  move     p  pause the rows";
const PAUSE: &str = "p  pause the rows                    Ctrl-L  draw anew";
const CHANGES: &str = "a  add an instrument   d  drop the row";
const STALE: &str = "stale  nothing came for 30 s, or its connection is not live";
const CHANGE: &str = "change, %  against the previous session's close";

/// Draws the help.
pub(super) fn draw(frame: &mut Frame<'_>, ui: &Ui, area: Rect) {
    for (y, text) in (area.y..area.y + area.height).zip(lines(ui)) {
        frame.render_widget(Line::raw(text), Rect { y, height: 1, ..area });
    }
}

/// Returns the lines about the keys that do something on this screen.
fn lines(ui: &Ui) -> Vec<&'static str> {
    match ui.screen {
        ScreenKind::Table => [
            "q quit   ? this help   Esc closes it, and the filter",
            MOVE,
            "← → h l  other columns               Ctrl-L  draw anew",
            "s  sort: as given, symbol, change, volume, age",
            "/  show only what contains a text",
        ]
        .into_iter()
        .chain(ui.may_change.then_some(CHANGES))
        .chain([
            "Enter  five levels of the row; Esc goes back",
            "▲ ▼  the last move of the price",
            STALE,
            CHANGE,
            "trend  the last minutes, 10 s a bar   ATM  nearest the spot",
        ])
        .collect(),
        ScreenKind::Ladder(_) => vec![EVERYWHERE, "Esc Enter  back to the table", PAUSE, STALE, CHANGE],
        ScreenKind::Depth | ScreenKind::Orders => vec![EVERYWHERE, MOVE, "Ctrl-L  draw anew"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InstrumentKey, Segment};

    #[test]
    fn the_help_of_a_screen_names_no_keys_of_another() {
        let help = |screen, may_change| lines(&Ui::new(screen, may_change)).join("\n");
        let has = |text: &str, key: &str| text.lines().any(|line| line.starts_with(key));
        let ladder = ScreenKind::Ladder(InstrumentKey::new(Segment::NSE_EQ, 2885));
        for key in ["s  sort", "/  ", "← →", "Enter  five", "a  add"] {
            assert!(has(&help(ScreenKind::Table, true), key), "{key}");
            for other in [ScreenKind::Depth, ScreenKind::Orders, ladder] {
                assert!(!has(&help(other, true), key), "{other:?}: {key}");
            }
        }
        assert!(!has(&help(ScreenKind::Table, false), "a  add"));
        assert!(help(ScreenKind::Orders, false).contains("p  pause"));
    }
}
