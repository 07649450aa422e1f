//! Draws one row for each order, the newest on top.

use super::text::{cut, cut_symbol, wrapped};
use super::{Ambient, Body, empty, numbers, position};
use crate::watch::model::{Model, OrderRow};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

/// Says how a column's text stands in its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    /// On the left, and cut if it is too long.
    Symbol,
}

/// Describes a column: its title, how it is aligned, and its text.
type Column = (&'static str, Align, fn(&OrderRow) -> String);

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| numbers::UNKNOWN.to_owned(), |value| value.to_string())
}

/// The columns in the order of the screen and of their use. Each is as wide as its longest text.
const COLUMNS: [Column; 11] = [
    ("time", Align::Left, |order| numbers::clock(order.changed)),
    ("symbol", Align::Symbol, |order| order.symbol.clone()),
    ("side", Align::Left, |order| order.side.clone()),
    ("traded", Align::Right, |order| number(order.traded)),
    ("qty", Align::Right, |order| number(order.quantity)),
    ("status", Align::Left, |order| order.status.clone()),
    ("price", Align::Right, |order| order.price.clone()),
    ("average", Align::Right, |order| order.average.clone()),
    ("type", Align::Left, |order| order.kind.clone()),
    ("product", Align::Left, |order| order.product.clone()),
    ("order", Align::Left, |order| match order.leg {
        1 => order.number.clone(),
        leg => format!("{} leg {leg}", order.number),
    }),
];

/// Number of the columns that come before the events; the others get what the events leave.
const FIRST: usize = 8;
/// Width to which symbols are cut before another of the first columns is left out.
const SYMBOL: usize = 10;
/// Number of lines of the selected order's reason, at most.
const REASON_LINES: usize = 3;

/// Holds the widths of the columns that fit, and the width of events and reason behind them.
struct Layout {
    widths: Vec<usize>,
    events: usize,
}

impl Layout {
    fn of(width: usize, rows: &[&OrderRow]) -> Layout {
        let mut widths: Vec<usize> = COLUMNS
            .iter()
            .map(|(title, _, text)| rows.iter().map(|row| text(row).chars().count()).fold(title.len(), usize::max))
            .collect();
        // One event at least.
        let event = rows.iter().flat_map(|row| row.events.split(' ')).map(str::len).fold("events".len(), usize::max);
        let symbol = widths[1];
        let more = (FIRST..=COLUMNS.len()).rev().map(|columns| (columns, event));
        for (columns, event) in more.chain((2..=FIRST).rev().map(|columns| (columns, 0))) {
            let least = if columns > FIRST { symbol } else { symbol.min(SYMBOL) };
            let others: usize = widths[..columns].iter().map(|width| width + 1).sum::<usize>() - symbol;
            if let Some(room) = width.checked_sub(others + event).filter(|room| *room >= least) {
                widths[1] = symbol.min(room);
                widths.truncate(columns);
                let events = if event > 0 { width - others - widths[1] } else { 0 };
                return Layout { widths, events };
            }
        }
        widths.truncate(1);
        Layout { widths, events: 0 }
    }

    fn line(&self, text: impl Fn(&Column) -> String) -> String {
        let cells = COLUMNS.iter().zip(&self.widths).map(|(column, width)| match column.1 {
            Align::Left => format!("{:<width$} ", text(column)),
            Align::Right => format!("{:>width$} ", text(column)),
            Align::Symbol => format!("{:<width$} ", cut_symbol(&text(column), *width)),
        });
        cells.collect()
    }
}

/// Draws the orders, and below them the reason of the selected one if its row has no room for it.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> Body {
    let mut height = usize::from(area.height.saturating_sub(1));
    if model.orders.is_empty() {
        empty(frame, area, "no order has come yet");
        return Body::without_rows(height);
    }
    ui.line = ui.line.min(model.orders.len() - 1);
    let line = ui.line;
    let width = usize::from(area.width);
    let offset = ui.scroll_to(line, model.orders.len(), height);
    let page = |offset, height| model.orders.iter().skip(offset).take(height);
    let layout = Layout::of(width, &page(offset, height).collect::<Vec<_>>());
    let selected = &model.orders[line];
    if !selected.reason.is_empty() && !happened(selected, layout.events).1 {
        let lines = wrapped(&format!("{}: {}", selected.status.to_lowercase(), selected.reason), width, REASON_LINES);
        height = height.saturating_sub(lines.len()).max(1);
        for (y, text) in (area.y + 1 + height as u16..area.y + area.height).zip(lines) {
            frame.render_widget(Line::styled(text, ambient.warning()), Rect { y, height: 1, ..area });
        }
    }
    let offset = ui.scroll_to(line, model.orders.len(), height);
    let mut head = layout.line(|(title, ..)| (*title).to_owned());
    if layout.events > 0 {
        head.push_str("events");
    }
    let bold = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    frame.buffer_mut().set_stringn(area.x, area.y, format!("{head:<width$}"), width, bold);
    for (n, order) in page(offset, height).enumerate() {
        let at = Rect { y: area.y + 1 + n as u16, height: 1, ..area };
        let text = layout.line(|(.., text)| text(order)) + &happened(order, layout.events).0;
        frame.buffer_mut().set_stringn(at.x, at.y, text, width, style(&order.status, ambient));
        if offset + n == line {
            frame.buffer_mut().set_style(at, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    let count = numbers::count(model.orders.len(), "order");
    Body { page: height, position: position("orders", offset, height, model.orders.len(), count) }
}

/// Returns an order's events and its reason in a width, and whether nothing is missing of the reason.
fn happened(order: &OrderRow, width: usize) -> (String, bool) {
    let mut text = String::new();
    for event in order.events.split(' ').filter(|event| !event.is_empty()) {
        let blank = usize::from(!text.is_empty());
        if text.len() + blank + event.len() <= width {
            text.extend(std::iter::repeat_n(' ', blank));
            text.push_str(event);
        }
    }
    if order.reason.is_empty() {
        return (text, true);
    }
    let before = if text.is_empty() { "" } else { ": " };
    let room = width.saturating_sub(text.len() + before.len());
    let is_complete = order.reason.chars().count() <= room;
    // A few letters of a reason say nothing.
    if is_complete || room >= 12 {
        text.push_str(before);
        text.push_str(&cut(&order.reason, room));
    }
    (text, is_complete)
}

fn style(status: &str, ambient: &Ambient<'_>) -> Style {
    match status {
        "TRADED" => ambient.style(Color::Green),
        "REJECTED" | "EXPIRED" => ambient.style(Color::Red),
        "CANCELLED" | "CLOSED" => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    }
}
