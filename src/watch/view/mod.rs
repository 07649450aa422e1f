//! Model and ui onto a frame.

mod footer;
mod header;
mod help;
mod ladder;
mod orders;
mod table;

use super::model::Model;
use super::numbers;
use super::ui::{Screen, Ui};
use crate::model::Segment;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use std::cmp::Ordering;

/// The smallest terminal that the view fits in.
pub const SMALLEST: (u16, u16) = (60, 15);
/// Optional columns that may be left out.
pub const SCROLL_LIMIT: usize = table::OPTIONAL - 1;
/// A row of an open market is stale when nothing came for so long, µs.
const STALE_US: i64 = 30 * crate::clock::SECOND_US;

/// What the view shows besides the model.
pub struct Ambient<'a> {
    /// Now, µs since the epoch; in a replay the moment that is played.
    pub now_us: i64,
    /// What is watched: `market feed`, `depth 20`, …
    pub title: &'a str,
    /// What is said of the market or the source, where the market is not simply open.
    pub market: Option<&'a str>,
    /// Whether the session of a segment goes on.
    pub is_open: &'a dyn Fn(Segment) -> bool,
    /// The last message for people, as long as it is news.
    pub message: Option<&'a str>,
    /// Packets a second.
    pub rate: f64,
    /// Whether colours may be used.
    pub color: bool,
}

impl Ambient<'_> {
    fn style(&self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// The style of a price by its last move.
    fn moved(&self, moved: Ordering) -> Style {
        match moved {
            Ordering::Greater => self.style(Color::Green),
            Ordering::Less => self.style(Color::Red),
            Ordering::Equal => Style::new(),
        }
    }

    fn warning(&self) -> Style {
        self.style(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    fn trouble(&self) -> Style {
        self.style(Color::Red).add_modifier(Modifier::BOLD)
    }
}

/// Draws everything. Returns how many rows fit on the screen, for the page keys.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>) -> usize {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let said = [
            format!("too small: {}×{}", area.width, area.height),
            format!("dhan watch needs {width}×{height}"),
            "q quits".to_owned(),
        ];
        for (y, text) in (0..area.height).zip(said) {
            frame.render_widget(Line::raw(text), Rect { y, height: 1, ..area });
        }
        return 1;
    }
    let head = header::draw(frame, model, ui, ambient, area);
    let foot = footer::draw(frame, ui, ambient, area);
    let body = Rect { y: area.y + head, height: area.height - head - foot, ..area };
    // What is paused stands still; the header goes on.
    let paused = ui.paused.take();
    let shown = paused.as_deref().unwrap_or(model);
    let page = if ui.help {
        help::draw(frame, ui, body);
        1
    } else {
        match ui.screen {
            Screen::Table => table::draw(frame, shown, ui, ambient, body),
            Screen::Ladder(instrument) => ladder::of_row(frame, shown, instrument, ambient, body),
            Screen::Depth => ladder::of_depth(frame, shown, ui, ambient, body),
            Screen::Orders => orders::draw(frame, shown, ui, ambient, body),
        }
    };
    ui.paused = paused;
    page
}

/// A text cut to a width, with an ellipsis where something was cut.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Says in the middle of an empty body why it is empty.
fn empty(frame: &mut Frame<'_>, area: Rect, text: &str) {
    let line = Rect { y: area.y + area.height / 3, height: 1, ..area };
    frame.render_widget(Line::raw(cut(text, usize::from(area.width))).centered(), line);
}

#[cfg(test)]
mod tests;
