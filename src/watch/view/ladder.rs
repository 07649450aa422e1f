//! Draws an order book level by level: price, quantity with a bar, cumulated quantity; spread and imbalance.

use super::text::{cut_symbol, joined};
use super::{Ambient, Body, empty, numbers, position};
use crate::model::{InstrumentKey, Micros, Segment};
use crate::protocol::feed::Level;
use crate::watch::model::{Model, ShownBook};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Draws the five levels of a row of the table.
pub(super) fn of_row(
    frame: &mut Frame<'_>,
    model: &Model,
    instrument: InstrumentKey,
    ambient: &Ambient<'_>,
    area: Rect,
) -> Body {
    let Some(row) = model.row(instrument) else {
        empty(frame, area, "this instrument is not watched any more");
        return Body::without_rows(1);
    };
    let close = row.previous_close((ambient.is_open)(instrument.segment)).filter(|_| row.ltp > 0.0);
    let decimals = row.decimals();
    let mut parts = vec![
        (3, Span::raw(instrument.to_string())),
        (1, Span::styled(numbers::price_with(row.ltp, decimals), ambient.moved(row.moved))),
    ];
    if let Some(close) = close {
        let change = numbers::change(close, row.ltp, decimals);
        parts.push((2, Span::raw(format!("{change} ({})", numbers::percent(close, row.ltp)))));
    }
    if row.recv > Micros::EPOCH {
        parts.push((0, Span::raw(format!("{} ago", numbers::age(ambient.now.us_since(row.recv))))));
    }
    frame.render_widget(title(&row.symbol, parts, usize::from(area.width)), Rect { height: 1, ..area });
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(levels) = row.levels else {
        let why = if instrument.segment == Segment::IDX_I {
            "an index has no order book"
        } else {
            "no full packet of this instrument has come yet"
        };
        empty(frame, body, why);
        return Body::without_rows(1);
    };
    // The decimals that were sent, not those of the wider float.
    let wide = |level: Level| {
        let price = zmij::Buffer::new().format_finite(level.price).parse().unwrap_or(f64::from(level.price));
        (price, level.qty, u32::from(level.orders))
    };
    let side = |pick: fn(&(Level, Level)) -> Level| {
        levels.iter().map(pick).filter(|level| level.is_priced()).map(wide).collect()
    };
    let book = ShownBook { bids: side(|pair| pair.0), asks: side(|pair| pair.1), recv: row.recv };
    Ladder::of(&book, instrument.segment, usize::from(area.width)).draw(frame, 0, ambient, body);
    if let Some((buy, sell)) = row.totals
        && body.height > 8
    {
        let day = [row.day[2], row.day[1]].map(|price| numbers::price_with(price, decimals));
        let parts = [format!("whole book: {buy} to buy, {sell} to sell"), format!("; day {} – {}", day[0], day[1])];
        let text = joined(parts.iter().map(String::as_str), usize::from(area.width));
        frame.render_widget(Line::raw(text), Rect { y: body.y + 8, height: 1, ..body });
    }
    Body::without_rows(1)
}

/// Draws the order book of the depth stream.
pub(super) fn of_depth(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> Body {
    let Some((row, book)) = model.rows().iter().find_map(|row| Some((row, model.books.get(&row.instrument)?))) else {
        let waiting = model.rows().first().map_or_else(String::new, |row| format!(" of {}", row.symbol));
        empty(frame, area, &format!("no book{waiting} has come yet"));
        return Body::without_rows(1);
    };
    let parts = vec![
        (1, Span::raw(row.instrument.to_string())),
        (0, Span::raw(format!("{} ago", numbers::age(ambient.now.us_since(book.recv))))),
    ];
    frame.render_widget(title(&row.symbol, parts, usize::from(area.width)), Rect { height: 1, ..area });
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let page = usize::from(body.height.saturating_sub(2)).max(1);
    let count = book.bids.len().max(book.asks.len());
    ui.line = ui.line.min(count.saturating_sub(page));
    Ladder::of(book, row.instrument.segment, usize::from(area.width)).draw(frame, ui.line, ambient, body);
    Body { page, position: position("levels", ui.line, page, count, String::new()) }
}

/// Returns a symbol and what is known of it. Parts that do not fit are left out, those of the highest rank first; a part
/// of rank 0 stays.
fn title(symbol: &str, mut parts: Vec<(u8, Span<'static>)>, width: usize) -> Line<'static> {
    let room = loop {
        let used: usize = parts.iter().map(|(_, span)| 2 + span.width()).sum();
        let room = width.saturating_sub(used);
        let last = (0..parts.len()).filter(|at| parts[*at].0 > 0).max_by_key(|at| parts[*at].0);
        match last {
            Some(last) if room < symbol.chars().count() => drop(parts.remove(last)),
            _ => break room,
        }
    };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut line = Line::from(Span::styled(cut_symbol(symbol, room), bold));
    for (_, span) in parts {
        line.push_span(Span::raw("  "));
        line.push_span(span);
    }
    line
}

/// Returns ask less bid in rupees, which is negative in a crossed order book.
fn spread(bid: f64, ask: f64, decimals: usize) -> String {
    let spread = crate::record::depth::spread64(bid, ask);
    let decimals = if (spread * 100.0).round() / 100.0 == spread { decimals } else { decimals.max(4) };
    format!("{spread:.decimals$}")
}

/// Width of the narrowest bars, and of those from which on the other columns may be wider than they need.
const BARS: (usize, usize) = (4, 10);
/// Widths of price, and of quantity and total, that suit most instruments, so that columns seldom move.
const USUAL: (usize, usize) = (10, 9);

/// Holds an order book and the widths of its columns; both sides have the same. A column that is absent has width 0.
struct Ladder<'a> {
    book: &'a ShownBook,
    decimals: usize,
    price: usize,
    qty: usize,
    orders: usize,
    total: usize,
    bars: usize,
}

impl<'a> Ladder<'a> {
    /// Chooses the columns that fit beside the prices: totals and bars first, then the numbers of orders.
    fn of(book: &'a ShownBook, segment: Segment, width: usize) -> Ladder<'a> {
        let levels = || book.bids.iter().chain(&book.asks);
        let decimals = numbers::common_decimals(segment, levels().map(|(price, ..)| numbers::decimals(*price)));
        let digits = |title: &str, most: u64| most.to_string().len().max(title.len());
        let (buy, sell) = book.totals();
        let price = levels().map(|(price, ..)| numbers::price_with(*price, decimals).len()).fold(3, usize::max);
        let qty = digits("qty", levels().map(|(_, qty, _)| u64::from(*qty)).max().unwrap_or(0));
        let orders = digits("orders", levels().map(|(.., orders)| u64::from(*orders)).max().unwrap_or(0));
        let total = digits("total", buy.max(sell));
        // A blank separates the sides, and one each column.
        let mut room = (width / 2).saturating_sub(price + 2);
        let mut take = |width: usize, rest: usize| {
            let fits = width + 1 + rest <= room;
            room -= if fits { width + 1 } else { 0 };
            if fits { width } else { 0 }
        };
        let qty = take(qty, 0);
        let total = take(total, BARS.0 + 1);
        let orders = take(orders, BARS.1 + 1);
        let mut widen = |width: usize, usual: usize| {
            let more = usual.saturating_sub(width);
            if width == 0 || more > room.saturating_sub(BARS.1 + 1) {
                return width;
            }
            room -= more;
            width + more
        };
        let (price, qty, total) = (widen(price, USUAL.0), widen(qty, USUAL.1), widen(total, USUAL.1));
        let bars = room.checked_sub(1).filter(|bars| *bars >= BARS.0).unwrap_or(0);
        Ladder { book, decimals, price, qty, orders, total, bars }
    }

    /// Draws both sides from a level on, the bids on the left.
    fn draw(&self, frame: &mut Frame<'_>, from: usize, ambient: &Ambient<'_>, area: Rect) {
        let book = self.book;
        let (buy, sell) = book.totals();
        let mut summary = match (book.bids.first(), book.asks.first()) {
            (Some(bid), Some(ask)) => vec![format!("spread {}", spread(bid.0, ask.0, self.decimals))],
            _ => vec!["spread -".to_owned()],
        };
        if buy + sell > 0 {
            let imbalance = (buy as f64 - sell as f64) / (buy + sell) as f64 * 100.0;
            summary.push(format!(", imbalance {imbalance:+.1}%"));
            summary.push(format!(" ({buy} to buy, {sell} to sell)"));
        }
        let summary = joined(summary.iter().map(String::as_str), usize::from(area.width));
        frame.render_widget(Line::raw(summary), Rect { height: 1, ..area });
        let half = area.width / 2;
        let left_half = Rect { y: area.y + 1, width: half, height: area.height - 1, ..area };
        let right = Rect { x: area.x + half, ..left_half };
        self.side(frame, from, true, ambient, left_half);
        self.side(frame, from, false, ambient, right);
    }

    fn side(&self, frame: &mut Frame<'_>, from: usize, is_bid: bool, ambient: &Ambient<'_>, area: Rect) {
        let (levels, color) = if is_bid { (&self.book.bids, Color::Green) } else { (&self.book.asks, Color::Red) };
        let width = usize::from(area.width);
        let bold = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        let head = self.line(is_bid, [if is_bid { "bid" } else { "ask" }, "qty", "orders", "total", ""]);
        let x = |text: &str| if is_bid { area.x + (width.saturating_sub(text.chars().count())) as u16 } else { area.x };
        frame.buffer_mut().set_stringn(x(&head), area.y, &head, width, bold);
        // Both sides have the same scale.
        let most = self.book.bids.iter().chain(&self.book.asks).map(|(_, qty, _)| *qty).max().unwrap_or(0);
        let mut cumulated: u64 = levels.iter().take(from).map(|(_, qty, _)| u64::from(*qty)).sum();
        let rows = area.y + 1..area.y + area.height;
        for (y, (price, qty, orders)) in rows.zip(levels.iter().skip(from)) {
            cumulated += u64::from(*qty);
            let cells = (u64::from(*qty) * self.bars as u64).div_ceil(u64::from(most.max(1))) as usize;
            let bar = "█".repeat(cells.min(self.bars));
            let texts = [
                numbers::price_with(*price, self.decimals),
                qty.to_string(),
                orders.to_string(),
                cumulated.to_string(),
                bar,
            ];
            let text = self.line(is_bid, texts.each_ref().map(String::as_str));
            frame.buffer_mut().set_stringn(x(&text), y, &text, width, ambient.style(color));
        }
    }

    /// Returns price, quantity, orders, total and bar as a line that grows outwards from the middle of the screen.
    fn line(&self, is_bid: bool, texts: [&str; 5]) -> String {
        let widths = [self.price, self.qty, self.orders, self.total, self.bars];
        let cells = texts.into_iter().zip(widths).enumerate().filter(|(_, (_, width))| *width > 0);
        let mut cells: Vec<_> = cells
            .map(|(at, (text, width))| match at {
                4 if !is_bid => format!("{text:<width$}"),
                _ => format!("{text:>width$}"),
            })
            .collect();
        if is_bid {
            cells.reverse();
            format!("{} ", cells.join(" "))
        } else {
            format!(" {}", cells.join(" "))
        }
    }
}
