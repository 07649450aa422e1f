//! Draws one row for each instrument. Symbol, price and age are always shown; the other columns as far as they fit.

use super::{Ambient, STALE_US, cut, empty, numbers};
use crate::model::Micros;
use crate::watch::model::{Model, TableRow};
use crate::watch::ui::Ui;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::cmp::Ordering;

/// Names an optional column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Change,
    Percent,
    BidQty,
    Bid,
    Ask,
    AskQty,
    Volume,
    Oi,
    Open,
    High,
    Low,
    Trend,
}

/// Number of optional columns.
pub(super) const OPTIONAL: usize = Column::ALL.len();

impl Column {
    /// The columns in the order of the screen, from the left.
    const ALL: [Column; 12] = [
        Column::Change,
        Column::Percent,
        Column::BidQty,
        Column::Bid,
        Column::Ask,
        Column::AskQty,
        Column::Volume,
        Column::Oi,
        Column::Open,
        Column::High,
        Column::Low,
        Column::Trend,
    ];
    /// The columns in the order in which they get room, the most useful first.
    const BY_USE: [Column; 12] = [
        Column::Percent,
        Column::Change,
        Column::Bid,
        Column::Ask,
        Column::Trend,
        Column::Volume,
        Column::BidQty,
        Column::AskQty,
        Column::Oi,
        Column::High,
        Column::Low,
        Column::Open,
    ];

    const fn title(self) -> &'static str {
        match self {
            Column::Change => "change",
            Column::Percent => "%",
            Column::BidQty => "qty",
            Column::Bid => "bid",
            Column::Ask => "ask",
            Column::AskQty => "qty",
            Column::Volume => "volume",
            Column::Oi => "OI",
            Column::Open => "open",
            Column::High => "high",
            Column::Low => "low",
            Column::Trend => "trend",
        }
    }

    const fn width(self) -> usize {
        match self {
            Column::Percent | Column::BidQty | Column::AskQty => 8,
            Column::Change | Column::Bid | Column::Ask | Column::Open | Column::High | Column::Low => 9,
            Column::Volume | Column::Oi => 10,
            Column::Trend => 12,
        }
    }

    /// Returns the separator before it: the best bid and ask belong together.
    const fn before(self) -> &'static str {
        match self {
            Column::Ask => " × ",
            _ => " ",
        }
    }

    fn text(self, row: &TableRow, is_open: bool, width: usize) -> String {
        let close = row.previous_close(is_open).filter(|_| row.ltp > 0.0);
        let unknown = || numbers::UNKNOWN.to_owned();
        match self {
            Column::Change => close.map_or_else(unknown, |close| numbers::change(close, row.ltp)),
            Column::Percent => close.map_or_else(unknown, |close| numbers::percent(close, row.ltp)),
            Column::BidQty => row.best_bid().map_or_else(unknown, |level| level.qty.to_string()),
            Column::Bid => row.best_bid().map_or_else(unknown, |level| numbers::price(level.price)),
            Column::Ask => row.best_ask().map_or_else(unknown, |level| numbers::price(level.price)),
            Column::AskQty => row.best_ask().map_or_else(unknown, |level| level.qty.to_string()),
            Column::Volume => numbers::quantity(u64::from(row.volume)),
            Column::Oi => numbers::quantity(u64::from(row.oi)),
            Column::Open => numbers::price(row.day[0]),
            Column::High => numbers::price(row.day[1]),
            Column::Low => numbers::price(row.day[2]),
            Column::Trend => row.spark.text(width),
        }
    }
}

/// Width of the narrowest symbol column.
const SYMBOL: usize = 14;
/// Width of the widest symbol column.
const SYMBOL_MOST: usize = 30;
/// Width of the price and the mark of its last change.
const PRICE: usize = 11;
/// Width of the age, and `stale` behind it.
const AGE: usize = 12;

/// Holds the columns that fit, and the widths of symbol and trend.
struct Layout {
    columns: Vec<Column>,
    symbol: usize,
    trend: usize,
}

impl Layout {
    fn of(width: usize, scroll: usize, longest_symbol: usize) -> Layout {
        let mut remaining = width.saturating_sub(SYMBOL + 1 + PRICE + 1 + AGE);
        let mut chosen = Vec::new();
        for column in Column::BY_USE.into_iter().skip(scroll) {
            let needs = column.width() + column.before().chars().count();
            if needs > remaining {
                break;
            }
            remaining -= needs;
            chosen.push(column);
        }
        let columns: Vec<_> = Column::ALL.into_iter().filter(|column| chosen.contains(column)).collect();
        let symbol = (SYMBOL + remaining).min(longest_symbol.clamp(SYMBOL, SYMBOL_MOST));
        let remaining = remaining - (symbol - SYMBOL);
        Layout { columns, symbol, trend: (Column::Trend.width() + remaining).min(40) }
    }

    fn width(&self, column: Column) -> usize {
        if column == Column::Trend { self.trend } else { column.width() }
    }
}

/// Draws the table; returns the number of rows that fit.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> usize {
    let is_open = (ambient.is_open)(crate::model::Segment::NSE_EQ);
    let visible = ui.visible(model, ambient.now, is_open).to_vec();
    let line = ui.selected_line(model);
    let height = usize::from(area.height.saturating_sub(1));
    let offset = ui.scroll_to(line, visible.len(), height);
    let rows: Vec<&TableRow> =
        visible.iter().skip(offset).take(height).filter_map(|at| model.rows().get(*at)).collect();
    let longest = rows.iter().map(|row| row.symbol.chars().count()).max().unwrap_or(0);
    let layout = Layout::of(usize::from(area.width), ui.scroll, longest);
    head(frame, &layout, area);
    if rows.is_empty() {
        let why = if ui.filter.is_empty() {
            "nothing is watched: press a to add an instrument"
        } else {
            "nothing matches the filter"
        };
        empty(frame, area, why);
    }
    for (n, row) in rows.into_iter().enumerate() {
        let at = Rect { y: area.y + 1 + n as u16, height: 1, ..area };
        one(frame, model, row, &layout, ambient, at);
        if offset + n == line {
            frame.buffer_mut().set_style(at, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    height
}

fn head(frame: &mut Frame<'_>, layout: &Layout, area: Rect) {
    let mut text = format!("{:<1$} {2:>3$}", "symbol", layout.symbol, "LTP ", PRICE);
    for column in &layout.columns {
        text.push_str(column.before());
        let width = layout.width(*column);
        match column {
            Column::Trend => text.push_str(&format!("{:<width$}", column.title())),
            _ => text.push_str(&format!("{:>width$}", column.title())),
        }
    }
    text.push_str("   age");
    let style = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let width = usize::from(area.width);
    frame.buffer_mut().set_stringn(area.x, area.y, format!("{text:<width$}"), width, style);
}

fn one(frame: &mut Frame<'_>, model: &Model, row: &TableRow, layout: &Layout, ambient: &Ambient<'_>, area: Rect) {
    let is_open = (ambient.is_open)(row.instrument.segment);
    let is_stale = is_stale(model, row, ambient.now, is_open);
    let base = if is_stale { Style::new().add_modifier(Modifier::DIM) } else { Style::new() };
    let end = area.x + area.width;
    let mut x = area.x;
    let mut put = |text: &str, style: Style| {
        let remaining = usize::from(end.saturating_sub(x));
        x = frame.buffer_mut().set_stringn(x, area.y, text, remaining, base.patch(style)).0;
    };
    put(&format!("{:<1$} ", cut(&row.symbol, layout.symbol), layout.symbol), Style::new());
    let mark = match row.moved {
        Ordering::Greater => '▲',
        Ordering::Less => '▼',
        Ordering::Equal => ' ',
    };
    put(&format!("{:>1$}{mark}", numbers::price(row.ltp), PRICE - 1), ambient.moved(row.moved));
    for column in &layout.columns {
        let width = layout.width(*column);
        let text = column.text(row, is_open, width);
        let style = match column {
            Column::Change | Column::Percent => ambient.moved(match text.chars().next() {
                Some('+') => Ordering::Greater,
                Some('-') if text.len() > 1 => Ordering::Less,
                _ => Ordering::Equal,
            }),
            _ => Style::new(),
        };
        put(column.before(), Style::new());
        match column {
            Column::Trend => put(&format!("{text:<width$}"), Style::new()),
            _ => put(&format!("{:>width$}", cut(&text, width)), style),
        }
    }
    let age = match row.recv {
        Micros::EPOCH => numbers::UNKNOWN.to_owned(),
        recv => numbers::age(ambient.now.us_since(recv)),
    };
    put(&format!(" {age:>5}"), Style::new());
    if is_stale {
        put(" stale", ambient.warning());
    }
}

/// Returns whether a row's figures may be outdated: its connection is not live, or nothing came for long in an open
/// market.
fn is_stale(model: &Model, row: &TableRow, now: Micros, is_open: bool) -> bool {
    let connection = row.conn.checked_sub(1).and_then(|at| model.connections.get(usize::from(at)));
    let is_cut = connection.is_some_and(|connection| !connection.is_live());
    row.recv > Micros::EPOCH && !model.is_over && (is_cut || (is_open && now.us_since(row.recv) > STALE_US))
}
