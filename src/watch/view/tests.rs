use super::*;
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::item::Event;
use crate::protocol::feed::{self, Level};
use crate::protocol::{Mode, encode};
use crate::record::control::StatusEvent;
use crate::record::order::{Details, Event as OrderEvent, Events, Order};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);
const RELIANCE: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 2885);
/// 11:30:00 in India.
const NOW: Micros = Micros::from_secs(1_781_071_200);

fn packet(model: &mut Model, bytes: &[u8], at: Micros) {
    for packet in feed::packets(bytes) {
        let (header, packet) = packet.unwrap();
        model.market(header.instrument, &|| None, &packet, at);
    }
}

fn full(ltp: f32) -> encode::Full {
    let level = |price, qty| Level { price, qty, orders: 3 };
    encode::Full {
        quote: encode::Quote {
            ltp,
            volume: 1_234_567,
            close: 1300.0,
            day_open: 1301.0,
            day_high: 1320.5,
            day_low: 1299.05,
            total_buy_qty: 900,
            total_sell_qty: 1100,
            ..encode::Quote::default()
        },
        oi: [0, 0, 0],
        bids: std::array::from_fn(|i| level(1310.0 - i as f32 * 0.05, 100 + i as u32)),
        asks: std::array::from_fn(|i| level(1310.05 + i as f32 * 0.05, 200 + i as u32)),
    }
}

/// A live connection with an index and a share, the share's price falling.
fn model() -> Model {
    let mut model = Model::default();
    model.event(&Event::Symbols(vec![(NIFTY, "NIFTY".into()), (RELIANCE, "RELIANCE".into())]));
    let instruments = vec![(NIFTY, Some(Mode::Quote)), (RELIANCE, Some(Mode::Full))];
    model.event(&Event::Subscribed { conn: 1, instruments });
    status(&mut model, StatusEvent::Live, None);
    let mut bytes = Vec::new();
    encode::ticker(&mut bytes, NIFTY, 24_612.35, 0);
    encode::prev_close(&mut bytes, NIFTY, 24_500.0, 0);
    encode::full(&mut bytes, RELIANCE, &full(1311.0));
    encode::full(&mut bytes, RELIANCE, &full(1310.05));
    packet(&mut model, &bytes, NOW.plus_us(-400_000));
    model
}

fn status(model: &mut Model, event: StatusEvent, detail: Option<&str>) {
    model.event(&Event::Status { conn: 1, event, detail: detail.map(str::to_owned), at: NOW });
}

struct Shown {
    is_open: bool,
    market: Option<&'static str>,
    color: bool,
    now: Micros,
}

const OPEN: Shown = Shown { is_open: true, market: None, color: true, now: NOW };

fn buffer(model: &Model, ui: &mut Ui, (width, height): (u16, u16), shown: &Shown) -> ratatui::buffer::Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let ambient = Ambient {
        now: shown.now,
        title: "market feed",
        market: shown.market,
        message: None,
        is_open: &|_| shown.is_open,
        rate: 412.0,
        color: shown.color,
    };
    let mut page = 0;
    terminal.draw(|frame| page = draw(frame, model, ui, &ambient)).unwrap();
    assert!(page > 0);
    terminal.backend().buffer().clone()
}

fn lines(buffer: &ratatui::buffer::Buffer) -> Vec<String> {
    let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect()
}

fn text(model: &Model, ui: &mut Ui, size: (u16, u16), shown: &Shown) -> String {
    lines(&buffer(model, ui, size, shown)).join("\n")
}

fn table() -> Ui {
    Ui::new(ScreenKind::Table, true)
}

#[test]
fn a_wide_table_shows_every_column() {
    let shown = text(&model(), &mut table(), (200, 60), &OPEN);
    let title = shown.lines().find(|line| line.starts_with("symbol")).unwrap();
    for column in ["LTP", "change", "%", "bid", "ask", "volume", "OI", "open", "high", "low", "trend", "age"] {
        assert!(title.contains(column), "{column}: {title}");
    }
    let share = shown.lines().find(|line| line.starts_with("RELIANCE")).unwrap();
    for part in [
        "1310.05▼",
        "+10.05",
        "+0.77%",
        "100   1310.00 ×   1310.05      200",
        "1234567",
        "1301.00",
        "1320.50",
        "1299.05",
        "0.4s",
    ] {
        assert!(share.contains(part), "{part}: {share}");
    }
    let index = shown.lines().find(|line| line.starts_with("NIFTY")).unwrap();
    assert!(index.contains("24612.35 ") && index.contains("+112.35") && index.contains("+0.46%"), "{index}");
    assert!(shown.contains("11:30:00 IST  412/s"), "{shown}");
}

#[test]
fn the_smallest_table_shows_what_matters_and_a_smaller_terminal_says_what_is_needed() {
    let shown = text(&model(), &mut table(), SMALLEST, &OPEN);
    let share = shown.lines().find(|line| line.starts_with("RELIANCE")).unwrap();
    for part in ["1310.05▼", "+0.77%", "0.4s"] {
        assert!(share.contains(part), "{part}: {share}");
    }
    assert!(shown.contains("connection: live") && shown.contains("gaps 0, dropped 0, malformed 0"), "{shown}");
    for size in [(59, 15), (60, 14), (20, 3), (1, 1)] {
        let shown = text(&model(), &mut table(), size, &OPEN);
        assert!(!shown.contains("RELIANCE"), "{shown}");
    }
    assert!(text(&model(), &mut table(), (40, 10), &OPEN).contains("dhan watch needs 60×15"));
}

#[test]
fn a_cut_connection_marks_its_rows_as_stale_and_says_for_how_long_nothing_came() {
    let mut model = model();
    let reason = crate::record::control::GapReason::Disconnected;
    model.event(&Event::GapOpened { conn: 1, reason, detail: "reset".to_owned(), from: NOW.plus_us(-5_000_000) });
    status(&mut model, StatusEvent::Retrying, Some("in 3 s"));
    let shown = text(&model, &mut table(), (100, 20), &OPEN);
    assert!(shown.contains("connection: retrying (in 3 s), no data for 5.0 s"), "{shown}");
    assert_eq!(shown.matches(" stale").count(), 2, "{shown}");
}

#[test]
fn silence_in_an_open_market_is_marked_and_in_a_closed_one_is_explained() {
    let later = Shown { now: NOW.plus_us(40_000_000), ..OPEN };
    assert_eq!(text(&model(), &mut table(), (100, 20), &later).matches(" stale").count(), 2);
    let market = Some("the market is closed (weekend): NSE opens Mon 15 Jun 09:15");
    let closed = Shown { is_open: false, market, ..later };
    let shown = text(&model(), &mut table(), (100, 20), &closed);
    assert!(shown.contains("the market is closed") && !shown.contains(" stale"), "{shown}");
    // The packet's close is then the day's own, so no change is computed from it.
    let share = shown.lines().find(|line| line.starts_with("RELIANCE")).unwrap();
    assert!(!share.contains("+10.05"), "{share}");
}

#[test]
fn what_was_lost_is_on_every_screen() {
    let mut model = model();
    model.gap(&crate::watch::model::tests_gap(crate::record::control::GapReason::Lagged, 3_200_000, Some(17)));
    for screen in [ScreenKind::Table, ScreenKind::Ladder(RELIANCE), ScreenKind::Depth, ScreenKind::Orders] {
        for size in [SMALLEST, (200, 60)] {
            let mut ui = Ui::new(screen, true);
            ui.help = size == SMALLEST;
            let shown = text(&model, &mut ui, size, &OPEN);
            assert!(shown.contains("gaps 1 (3.2 s, last: lagged), dropped 17, malformed 0"), "{shown}");
        }
    }
}

#[test]
fn without_colours_nothing_is_coloured_and_moves_still_show() {
    for color in [true, false] {
        let shown = Shown { color, market: Some("the market is closed"), ..OPEN };
        let buffer = buffer(&model(), &mut table(), (120, 20), &shown);
        let coloured = buffer.content().iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
        assert_eq!(coloured, color);
        assert!(lines(&buffer).join("\n").contains("1310.05▼"));
    }
}

#[test]
fn a_ladder_shows_five_levels_of_both_sides_with_cumulated_quantities() {
    let shown = text(&model(), &mut Ui::new(ScreenKind::Ladder(RELIANCE), true), (100, 24), &OPEN);
    assert!(shown.contains("spread 0.05, imbalance -32.9% (510 to buy, 1010 to sell)"), "{shown}");
    for part in ["1310.00", "1309.80", "1310.05", "1310.25", "510", "1010"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let index = text(&model(), &mut Ui::new(ScreenKind::Ladder(NIFTY), true), (100, 24), &OPEN);
    assert!(index.contains("an index has no order book"), "{index}");
}

#[test]
fn an_order_is_one_row_and_the_newest_stands_on_top() {
    let mut model = Model::default();
    let mut order = |number: &str, status: &str, event: OrderEvent| {
        let details = Details {
            order_no: Some(number.to_owned()),
            display_name: Some("Reliance".to_owned()),
            txn_type: Some("B".to_owned()),
            quantity: Some(10),
            traded_qty: Some(4),
            status: Some(status.to_owned()),
            ..Details::default()
        };
        let events = Events::default().with(OrderEvent::Update).with(event);
        model.order(&Order { events, details, ..Order::default() }, NOW);
    };
    order("1", "PENDING", OrderEvent::Pending);
    order("2", "REJECTED", OrderEvent::Rejected);
    order("1", "TRADED", OrderEvent::Traded);
    let shown = text(&model, &mut Ui::new(ScreenKind::Orders, false), (140, 20), &OPEN);
    let rows: Vec<_> = shown.lines().filter(|line| line.contains("Reliance")).collect();
    assert_eq!(rows.len(), 2, "{shown}");
    assert!(rows[0].contains("TRADED") && rows[0].contains("order_traded") && !rows[0].contains("update"), "{shown}");
    assert!(rows[1].contains("REJECTED"), "{shown}");
}

#[test]
fn a_paused_view_stands_still_but_what_happens_to_the_run_does_not() {
    let mut model = model();
    let mut ui = table();
    ui.key(KeyEvent::new(KeyCode::Char('p'), KeyModifiers::NONE), &model, 10);
    let mut bytes = Vec::new();
    encode::full(&mut bytes, RELIANCE, &full(1999.0));
    packet(&mut model, &bytes, NOW);
    status(&mut model, StatusEvent::Stale, None);
    let shown = text(&model, &mut ui, (120, 20), &OPEN);
    assert!(shown.contains("PAUSED") && shown.contains("1310.05") && !shown.contains("1999.00"), "{shown}");
    assert!(shown.contains("connection: stale"), "{shown}");
}

#[test]
fn any_size_of_terminal_is_drawn() {
    let model = model();
    for width in (1..=220).step_by(7) {
        for height in [1, 5, 14, 15, 16, 24, 61] {
            for screen in [ScreenKind::Table, ScreenKind::Ladder(RELIANCE), ScreenKind::Depth, ScreenKind::Orders] {
                for help in [false, true] {
                    let mut ui = Ui::new(screen, true);
                    ui.help = help;
                    text(&model, &mut ui, (width, height), &OPEN);
                }
            }
        }
    }
}
