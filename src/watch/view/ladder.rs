//! Draws an order book level by level: price, quantity with a bar, cumulated quantity; spread and imbalance.

use super::{Ambient, cut, empty, numbers};
use crate::model::{InstrumentKey, Micros};
use crate::watch::model::{Model, ShownBook};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws the five levels of a row of the table; returns the number of rows that fit.
pub(super) fn of_row(
    frame: &mut Frame<'_>,
    model: &Model,
    instrument: InstrumentKey,
    ambient: &Ambient<'_>,
    area: Rect,
) -> usize {
    let Some(row) = model.row(instrument) else {
        empty(frame, area, "this instrument is not watched any more");
        return 1;
    };
    let close = row.previous_close((ambient.is_open)(instrument.segment)).filter(|_| row.ltp > 0.0);
    let mut spans = vec![
        Span::styled(row.symbol.to_string(), Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("  {instrument}  ")),
        Span::styled(numbers::price(row.ltp), ambient.moved(row.moved)),
    ];
    if let Some(close) = close {
        spans.push(Span::raw(format!("  {} ({})", numbers::change(close, row.ltp), numbers::percent(close, row.ltp))));
    }
    if row.recv > Micros::EPOCH {
        spans.push(Span::raw(format!("  {} ago", numbers::age(ambient.now.us_since(row.recv)))));
    }
    frame.render_widget(Line::from(spans), Rect { height: 1, ..area });
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(levels) = row.levels else {
        let why = if instrument.segment == crate::model::Segment::IDX_I {
            "an index has no order book"
        } else {
            "no full packet of this instrument has come yet"
        };
        empty(frame, body, why);
        return 1;
    };
    // The decimals that were sent, not those of the wider float.
    let wide = |level: crate::protocol::feed::Level| {
        let price = zmij::Buffer::new().format_finite(level.price).parse().unwrap_or(f64::from(level.price));
        (price, level.qty, u32::from(level.orders))
    };
    let side =
        |pick: fn(&(crate::protocol::feed::Level, crate::protocol::feed::Level)) -> crate::protocol::feed::Level| {
            levels.iter().map(pick).filter(|level| level.is_priced()).map(wide).collect()
        };
    let book = ShownBook { bids: side(|pair| pair.0), asks: side(|pair| pair.1), recv: row.recv };
    self::book(frame, &book, 0, ambient, body);
    if let Some((buy, sell)) = row.totals
        && body.height > 8
    {
        let text = format!(
            "whole book: {buy} to buy, {sell} to sell; day {} – {}",
            numbers::price(row.day[2]),
            numbers::price(row.day[1])
        );
        frame.render_widget(Line::raw(cut(&text, usize::from(area.width))), Rect { y: body.y + 8, height: 1, ..body });
    }
    1
}

/// Draws the order book of the depth stream; returns the number of rows that fit.
pub(super) fn of_depth(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> usize {
    let Some((row, book)) = model.rows().iter().find_map(|row| Some((row, model.books.get(&row.instrument)?))) else {
        let waiting = model.rows().first().map_or_else(String::new, |row| format!(" of {}", row.symbol));
        empty(frame, area, &format!("no book{waiting} has come yet"));
        return 1;
    };
    let title = vec![
        Span::styled(row.symbol.to_string(), Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(format!("  {}  {} ago", row.instrument, numbers::age(ambient.now.us_since(book.recv)))),
    ];
    frame.render_widget(Line::from(title), Rect { height: 1, ..area });
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let page = usize::from(body.height.saturating_sub(3)).max(1);
    ui.line = ui.line.min(book.bids.len().max(book.asks.len()).saturating_sub(page));
    self::book(frame, book, ui.line, ambient, body);
    page
}

/// Draws both sides from a level on, the bids on the left.
fn book(frame: &mut Frame<'_>, book: &ShownBook, from: usize, ambient: &Ambient<'_>, area: Rect) {
    let (bid, ask) = (book.bids.first(), book.asks.first());
    let total = |side: &[(f64, u32, u32)]| side.iter().map(|(_, qty, _)| u64::from(*qty)).sum::<u64>();
    let (buy, sell) = (total(&book.bids), total(&book.asks));
    let mut summary = match (bid, ask) {
        (Some(bid), Some(ask)) => format!("spread {}", spread(bid.0, ask.0)),
        _ => "spread -".to_owned(),
    };
    if buy + sell > 0 {
        let imbalance = (buy as f64 - sell as f64) / (buy + sell) as f64 * 100.0;
        summary.push_str(&format!(", imbalance {imbalance:+.1}% ({buy} to buy, {sell} to sell)"));
    }
    frame.render_widget(Line::raw(cut(&summary, usize::from(area.width))), Rect { height: 1, ..area });
    let half = area.width / 2;
    let left_half = Rect { y: area.y + 1, width: half, height: area.height - 1, ..area };
    let right = Rect { x: area.x + half, width: area.width - half, ..left_half };
    // Both sides have the same scale.
    let most = book.bids.iter().chain(&book.asks).map(|(_, qty, _)| *qty).max().unwrap_or(0);
    side(frame, &book.bids, from, most, true, ambient, left_half);
    side(frame, &book.asks, from, most, false, ambient, right);
}

/// Returns ask less bid in rupees, which is negative in a crossed order book.
fn spread(bid: f64, ask: f64) -> String {
    let spread = crate::record::depth::spread64(bid, ask);
    let decimals = if (spread * 100.0).round() / 100.0 == spread { 2 } else { 4 };
    format!("{spread:.decimals$}")
}

const PRICE: usize = 10;
const QTY: usize = 9;

fn side(
    frame: &mut Frame<'_>,
    levels: &[(f64, u32, u32)],
    from: usize,
    most: u32,
    is_bid: bool,
    ambient: &Ambient<'_>,
    area: Rect,
) {
    let width = usize::from(area.width);
    let with_orders = width >= 48;
    let fixed = PRICE + 1 + QTY + 1 + QTY + 2 + if with_orders { 7 } else { 0 };
    let bars = width.saturating_sub(fixed);
    let color = if is_bid { Color::Green } else { Color::Red };
    let line = |cumulated: &str, orders: &str, qty: &str, price: &str, bar: &str| {
        let orders = if with_orders { format!(" {orders:>6}") } else { String::new() };
        if is_bid {
            format!("{bar:>bars$} {cumulated:>QTY$}{orders} {qty:>QTY$} {price:>PRICE$} ")
        } else {
            format!(" {price:<PRICE$} {qty:<QTY$}{orders} {cumulated:<QTY$} {bar:<bars$}")
        }
    };
    let head = line("total", "orders", "qty", if is_bid { "bid" } else { "ask" }, "");
    let bold = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    frame.buffer_mut().set_stringn(area.x, area.y, head, width, bold);
    let mut cumulated: u64 = levels.iter().take(from).map(|(_, qty, _)| u64::from(*qty)).sum();
    let rows = area.y + 1..area.y + area.height;
    for (y, (price, qty, orders)) in rows.zip(levels.iter().skip(from)) {
        cumulated += u64::from(*qty);
        let cells = if most == 0 { 0 } else { (u64::from(*qty) * bars as u64).div_ceil(u64::from(most)) as usize };
        let bar = "█".repeat(cells.min(bars));
        let text = line(&cumulated.to_string(), &orders.to_string(), &qty.to_string(), &numbers::price64(*price), &bar);
        frame.buffer_mut().set_stringn(area.x, y, text, width, ambient.style(color));
    }
}
