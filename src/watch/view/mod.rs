//! Draws model and ui on a frame.

mod footer;
mod header;
mod help;
mod ladder;
mod orders;
mod table;
mod text;

use super::model::Model;
use super::numbers;
use super::ui::{ScreenKind, Ui};
use crate::model::{Micros, Segment};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use std::cmp::Ordering;
use text::cut;

/// Size of the smallest terminal in which the view fits.
pub const SMALLEST: (u16, u16) = (60, 15);
/// Number of optional columns that may be scrolled out.
pub const SCROLL_LIMIT: usize = table::OPTIONAL - 1;
/// Microseconds without a packet after which a row of an open market is stale.
const STALE_US: i64 = 30 * crate::clock::SECOND_US;

/// Holds what the view shows besides the model.
pub struct Ambient<'a> {
    /// The present time; in a replay the time of the records.
    pub now: Micros,
    /// What is shown: `market feed`, `depth 20`, …
    pub title: &'a str,
    /// A message about the market or the source, unless the market is simply open.
    pub market: Option<&'a str>,
    /// Returns whether the session of a segment is open.
    pub is_open: &'a dyn Fn(Segment) -> bool,
    /// The last message for people, while it is recent.
    pub message: Option<&'a str>,
    /// Packets a second.
    pub rate: f64,
    /// Whether colours may be used.
    pub color: bool,
    /// Whether records of a capture are shown.
    pub is_replay: bool,
}

/// Describes a drawn body.
struct Body {
    /// Number of rows that fit, for the page keys.
    page: usize,
    /// What part of how many rows is shown; empty if there are none.
    position: String,
}

impl Body {
    fn without_rows(page: usize) -> Body {
        Body { page, position: String::new() }
    }
}

impl Ambient<'_> {
    fn style(&self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// Returns the style of a price by its last change.
    fn moved(&self, moved: Ordering) -> Style {
        match moved {
            Ordering::Greater => self.style(Color::Green),
            Ordering::Less => self.style(Color::Red),
            Ordering::Equal => Style::new(),
        }
    }

    /// Returns the style of what needs attention: bold in the terminal's own colour, readable on any background.
    fn warning(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of what is broken. It is not bold, since many terminals draw bold red in a bright colour.
    fn trouble(&self) -> Style {
        if self.color { self.style(Color::Red) } else { Style::new().add_modifier(Modifier::BOLD) }
    }
}

/// Draws everything. Returns the number of rows that fit on the screen, for the page keys.
pub fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>) -> usize {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let (width, height) = SMALLEST;
        let lines = [
            format!("too small: {}×{}", area.width, area.height),
            format!("dhan watch needs {width}×{height}"),
            "q quits".to_owned(),
        ];
        for (y, text) in (0..area.height).zip(lines) {
            frame.render_widget(Line::raw(text), Rect { y, height: 1, ..area });
        }
        return 1;
    }
    let header = header::Header::of(model, ui, ambient, area);
    let head = header.height();
    let foot = footer::draw(frame, ui, ambient, area);
    let body = Rect { y: area.y + head, height: area.height - head - foot, ..area };
    // The body of a paused view does not change; the header does.
    let paused = ui.paused.take();
    let shown = paused.as_deref().unwrap_or(model);
    let drawn = if ui.help {
        help::draw(frame, ui, body);
        Body::without_rows(1)
    } else {
        match ui.screen {
            ScreenKind::Table => table::draw(frame, shown, ui, ambient, body),
            ScreenKind::Ladder(instrument) => ladder::of_row(frame, shown, instrument, ambient, body),
            ScreenKind::Depth => ladder::of_depth(frame, shown, ui, ambient, body),
            ScreenKind::Orders => orders::draw(frame, shown, ui, ambient, body),
        }
    };
    ui.paused = paused;
    header.draw(frame, &drawn.position, area);
    drawn.page
}

/// Draws a text in the middle of an empty body.
fn empty(frame: &mut Frame<'_>, area: Rect, text: &str) {
    let line = Rect { y: area.y + area.height / 3, height: 1, ..area };
    frame.render_widget(Line::raw(cut(text, usize::from(area.width))).centered(), line);
}

/// Returns which of `count` rows are shown, or the number of `things` if all are.
fn position(rows: &str, offset: usize, height: usize, count: usize, things: String) -> String {
    if count <= height {
        things
    } else {
        format!("{rows} {}–{} of {count}", offset + 1, (offset + height).min(count))
    }
}

#[cfg(test)]
mod tests;
