//! Draws one row for each order, the newest on top.

use super::{Ambient, cut, empty, numbers};
use crate::watch::model::{Model, OrderRow};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// Describes a column: its title, width, whether it is right-aligned, and its text.
type Column = (&'static str, usize, bool, fn(&OrderRow) -> String);

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| numbers::UNKNOWN.to_owned(), |value| value.to_string())
}

/// The columns from the left. On a narrow screen columns are left out from the right, except the events.
const COLUMNS: [Column; 11] = [
    ("time", 8, false, |order| numbers::clock(order.changed)),
    ("symbol", 14, false, |order| order.symbol.clone()),
    ("side", 4, false, |order| order.side.clone()),
    ("traded", 8, true, |order| number(order.traded)),
    ("qty", 8, true, |order| number(order.quantity)),
    ("status", 11, false, |order| order.status.clone()),
    ("price", 10, true, |order| order.price.clone()),
    ("average", 10, true, |order| order.average.clone()),
    ("type", 5, false, |order| order.kind.clone()),
    ("product", 9, false, |order| order.product.clone()),
    ("order", 18, false, |order| match order.leg {
        1 => order.number.clone(),
        leg => format!("{} leg {leg}", order.number),
    }),
];

/// Draws the orders; returns the number of rows that fit.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> usize {
    let height = usize::from(area.height.saturating_sub(1));
    if model.orders.is_empty() {
        empty(frame, area, "no order has come yet");
        return height;
    }
    ui.line = ui.line.min(model.orders.len() - 1);
    let line = ui.line;
    let offset = ui.scroll_to(line, model.orders.len(), height);
    let width = usize::from(area.width);
    // The columns that leave room for a word of events.
    let mut used = 0;
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .take_while(|(_, column, ..)| {
            used += column + 1;
            used <= width
        })
        .collect();
    let titles = columns.iter().map(|(title, width, right, _)| padded(title, *width, *right));
    let head = titles.collect::<String>() + "events";
    let bold = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    frame.buffer_mut().set_stringn(area.x, area.y, format!("{head:<width$}"), width, bold);
    for (n, order) in model.orders.iter().skip(offset).take(height).enumerate() {
        let at = Rect { y: area.y + 1 + n as u16, height: 1, ..area };
        let mut text: String =
            columns.iter().map(|(_, width, right, text)| padded(&text(order), *width, *right)).collect();
        text.push_str(&order.events);
        if order.status == "REJECTED" && !order.reason.is_empty() {
            text.push_str(&format!(": {}", order.reason));
        }
        frame.buffer_mut().set_stringn(at.x, at.y, cut(&text, width), width, style(&order.status, ambient));
        if offset + n == line {
            frame.buffer_mut().set_style(at, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    height
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let text = cut(text, width);
    if right { format!("{text:>width$} ") } else { format!("{text:<width$} ") }
}

fn style(status: &str, ambient: &Ambient<'_>) -> Style {
    match status {
        "TRADED" => ambient.style(Color::Green),
        "REJECTED" | "EXPIRED" => ambient.style(Color::Red),
        "CANCELLED" | "CLOSED" => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    }
}
