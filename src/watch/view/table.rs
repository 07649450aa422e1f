//! Draws one row for each instrument. Symbol, price and age are always shown; the other columns as far as they fit. A
//! number that does not fit makes its column wider, or the column is left out.

use super::text::cut_symbol;
use super::{Ambient, Body, STALE_US, empty, numbers, position};
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
        Column::Volume,
        Column::BidQty,
        Column::AskQty,
        Column::Oi,
        Column::High,
        Column::Low,
        Column::Open,
        Column::Trend,
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

    /// Returns the width that suits most instruments; a longer number makes the column wider.
    const fn usual_width(self) -> usize {
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

    fn text(self, row: &TableRow, is_open: bool, decimals: usize) -> String {
        let close = row.previous_close(is_open).filter(|_| row.ltp > 0.0);
        let unknown = || numbers::UNKNOWN.to_owned();
        let price = |price: f32| numbers::price_with(price, decimals);
        match self {
            Column::Change => close.map_or_else(unknown, |close| numbers::change(close, row.ltp, decimals)),
            Column::Percent => close.map_or_else(unknown, |close| numbers::percent(close, row.ltp)),
            Column::BidQty => row.best_bid().map_or_else(unknown, |level| level.qty.to_string()),
            Column::Bid => row.best_bid().map_or_else(unknown, |level| price(level.price)),
            Column::Ask => row.best_ask().map_or_else(unknown, |level| price(level.price)),
            Column::AskQty => row.best_ask().map_or_else(unknown, |level| level.qty.to_string()),
            Column::Volume => numbers::quantity(u64::from(row.volume)),
            Column::Oi => numbers::quantity(u64::from(row.oi)),
            Column::Open => price(row.day[0]),
            Column::High => price(row.day[1]),
            Column::Low => price(row.day[2]),
            // It is as long as the room that is left.
            Column::Trend => String::new(),
        }
    }
}

/// Width of the narrowest symbol column.
const SYMBOL: usize = 14;
/// Width that suits the last price of most instruments.
const PRICE: usize = 10;
/// Width of the age, and `stale` behind it.
const AGE: usize = 12;
/// Width of the widest trend.
const TREND: usize = 40;
/// Text behind the symbol of the option nearest to the spot.
const AT_THE_MONEY: &str = " ATM";

/// Holds a row with the texts of its columns, in the order of [`Column::ALL`].
struct Cells<'a> {
    row: &'a TableRow,
    is_open: bool,
    is_at_the_money: bool,
    ltp: String,
    columns: [String; OPTIONAL],
}

impl<'a> Cells<'a> {
    fn of(model: &Model, row: &'a TableRow, ambient: &Ambient<'_>) -> Cells<'a> {
        let is_open = (ambient.is_open)(row.instrument.segment);
        let decimals = row.decimals();
        Cells {
            row,
            is_open,
            is_at_the_money: model.is_at_the_money(row),
            ltp: numbers::price_with(row.ltp, decimals),
            columns: Column::ALL.map(|column| column.text(row, is_open, decimals)),
        }
    }

    /// Returns the symbol in a width; a symbol that must be cut stays different from its neighbours.
    fn symbol(&self, width: usize) -> String {
        let symbol = &self.row.symbol;
        if self.is_at_the_money && symbol.chars().count() + AT_THE_MONEY.len() <= width {
            format!("{symbol}{AT_THE_MONEY}")
        } else {
            cut_symbol(symbol, width)
        }
    }
}

/// Holds the columns that fit, each with its width and its place in [`Column::ALL`].
struct Layout {
    symbol: usize,
    price: usize,
    columns: Vec<(Column, usize, usize)>,
}

impl Layout {
    /// Gives room to the symbols first, then to the columns by their use. A wider screen never shows less.
    fn of(width: usize, scroll: usize, longest_symbol: usize, rows: &[Cells<'_>]) -> Layout {
        let longest = |text: &dyn Fn(&Cells<'_>) -> usize, usual: usize| rows.iter().map(text).fold(usual, usize::max);
        let price = longest(&|cells| cells.ltp.len(), PRICE - 1) + 1;
        let needs: Vec<_> = Column::ALL
            .into_iter()
            .enumerate()
            .map(|(at, column)| longest(&|cells| cells.columns[at].len(), column.usual_width()))
            .collect();
        // The percentage stays beside the longest symbol.
        let most = width.saturating_sub(1 + price + AGE + 1 + needs[1]).max(SYMBOL);
        let symbol = longest_symbol.clamp(SYMBOL, most);
        let mut remaining = width.saturating_sub(symbol + 1 + price + AGE);
        let mut columns = Vec::new();
        for column in Column::BY_USE.into_iter().skip(scroll) {
            let Some(at) = Column::ALL.iter().position(|other| *other == column) else { continue };
            let used = needs[at] + column.before().chars().count();
            if used > remaining {
                break;
            }
            remaining -= used;
            columns.push((column, needs[at], at));
        }
        columns.sort_by_key(|(.., at)| *at);
        if let Some((Column::Trend, trend, _)) = columns.last_mut() {
            *trend = (*trend + remaining).min(TREND);
        }
        Layout { symbol, price, columns }
    }
}

/// Draws the table.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ui: &mut Ui, ambient: &Ambient<'_>, area: Rect) -> Body {
    let is_open = (ambient.is_open)(crate::model::Segment::NSE_EQ);
    let visible = ui.visible(model, ambient.now, is_open).to_vec();
    let line = ui.selected_line(model);
    let height = usize::from(area.height.saturating_sub(1));
    let offset = ui.scroll_to(line, visible.len(), height);
    let all = || visible.iter().filter_map(|at| model.rows().get(*at));
    let rows: Vec<_> = all().skip(offset).take(height).map(|row| Cells::of(model, row, ambient)).collect();
    // The longest of all rows, so that columns stay where they are when the rows move.
    let length =
        |row: &TableRow| row.symbol.chars().count() + if model.is_at_the_money(row) { AT_THE_MONEY.len() } else { 0 };
    let longest = all().map(length).max().unwrap_or(0);
    let layout = Layout::of(usize::from(area.width), ui.scroll, longest, &rows);
    head(frame, &layout, area);
    if rows.is_empty() {
        let why = if ui.filter.is_empty() {
            "nothing is watched: press a to add an instrument"
        } else {
            "nothing matches the filter"
        };
        empty(frame, area, why);
    }
    for (n, cells) in rows.iter().enumerate() {
        let at = Rect { y: area.y + 1 + n as u16, height: 1, ..area };
        one(frame, model, cells, &layout, ambient, at);
        if offset + n == line {
            frame.buffer_mut().set_style(at, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    let count = numbers::count(model.rows().len(), "instrument");
    let count = if ui.filter.is_empty() { count } else { format!("{} of {count}", visible.len()) };
    Body { page: height, position: position("rows", offset, height, visible.len(), count) }
}

fn head(frame: &mut Frame<'_>, layout: &Layout, area: Rect) {
    let mut text = format!("{:<1$} {2:>3$}", "symbol", layout.symbol, "LTP ", layout.price);
    for &(column, width, _) in &layout.columns {
        text.push_str(column.before());
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

fn one(frame: &mut Frame<'_>, model: &Model, cells: &Cells<'_>, layout: &Layout, ambient: &Ambient<'_>, area: Rect) {
    let row = cells.row;
    let is_stale = is_stale(model, row, ambient.now, cells.is_open);
    let base = if is_stale { Style::new().add_modifier(Modifier::DIM) } else { Style::new() };
    let end = area.x + area.width;
    let mut x = area.x;
    let mut put = |text: &str, style: Style| {
        let remaining = usize::from(end.saturating_sub(x));
        x = frame.buffer_mut().set_stringn(x, area.y, text, remaining, base.patch(style)).0;
    };
    let symbol = format!("{:<1$} ", cells.symbol(layout.symbol), layout.symbol);
    let bold = if cells.is_at_the_money { Modifier::BOLD } else { Modifier::empty() };
    put(&symbol, Style::new().add_modifier(bold));
    let mark = match row.moved {
        Ordering::Greater => '▲',
        Ordering::Less => '▼',
        Ordering::Equal => ' ',
    };
    put(&format!("{:>1$}{mark}", cells.ltp, layout.price - 1), ambient.moved(row.moved));
    for &(column, width, at) in &layout.columns {
        let text = &cells.columns[at];
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
            Column::Trend => put(&format!("{:<width$}", row.spark.text(width)), Style::new()),
            _ => put(&format!("{text:>width$}"), style),
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
