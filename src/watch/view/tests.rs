use super::*;
use crate::model::{InstrumentKey, Micros};
use crate::pipeline::item::Event;
use crate::protocol::feed::{self, Level};
use crate::protocol::{Mode, encode};
use crate::record::control::StatusEvent;
use crate::record::order::{Details, Event as OrderEvent, Events, Order};
use crate::watch::model::ShownBook;
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
        bids: std::array::from_fn(|i| level((131_000.0 - i as f32 * 5.0) / 100.0, 100 + i as u32)),
        asks: std::array::from_fn(|i| level((131_005.0 + i as f32 * 5.0) / 100.0, 200 + i as u32)),
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
    is_replay: bool,
}

const OPEN: Shown = Shown { is_open: true, market: None, color: true, now: NOW, is_replay: false };

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
        is_replay: shown.is_replay,
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

/// Returns every run of digits and points in the body, except those of names in capitals.
fn numbers_of(shown: &str) -> std::collections::BTreeSet<String> {
    let body = shown.lines().skip(3).collect::<Vec<_>>().join("\n");
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let runs = body.split(|c| !is_part(c)).filter(|run| run.chars().any(|c| c.is_ascii_digit()));
    runs.map(str::to_owned).collect()
}

/// Prices, quantities and order numbers of many lengths.
fn long_numbers() -> Model {
    let mut model = model();
    let usdinr = InstrumentKey::new(Segment::NSE_CURRENCY, 1);
    let dear = InstrumentKey::new(Segment::BSE_EQ, 2);
    let instruments = vec![(usdinr, Some(Mode::Full)), (dear, Some(Mode::Full))];
    model.event(&Event::Symbols(vec![(usdinr, "USDINR".into()), (dear, "MRF".into())]));
    model.event(&Event::Subscribed { conn: 1, instruments });
    let mut bytes = Vec::new();
    let mut currency = full(100.3975);
    currency.quote.close = 100.39;
    currency.bids.iter_mut().for_each(|level| level.price = 100.39);
    encode::full(&mut bytes, usdinr, &currency);
    let mut huge = full(1_234_567.5);
    huge.quote.volume = u32::MAX;
    huge.quote.day_open = 1e20;
    huge.oi[0] = u32::MAX;
    huge.bids.iter_mut().for_each(|level| *level = Level { price: 1_234_567.5, qty: u32::MAX, orders: u16::MAX });
    encode::full(&mut bytes, dear, &huge);
    packet(&mut model, &bytes, NOW);
    let side = |first: f64, step: f64| -> Vec<_> {
        (0..20).map(|n| (first + step * f64::from(n), 1_000_000 + n, 17 + n)).collect()
    };
    let book = ShownBook { bids: side(1457.35, -0.25), asks: side(1457.4, 0.25), recv: NOW };
    model.books.insert(RELIANCE, book);
    for (number, quantity, price) in [("912345678901234", 100_000_000, 12_345.65), ("2", 1, 0.05)] {
        let details = Details {
            order_no: Some(number.to_owned()),
            symbol: Some("RELIANCE".to_owned()),
            txn_type: Some("B".to_owned()),
            quantity: Some(quantity),
            traded_qty: Some(quantity / 3),
            price: Some(price),
            avg_traded_price: Some(price + 0.012_345),
            status: Some("PART_TRADED".to_owned()),
            ..Details::default()
        };
        let events = Events::default().with(OrderEvent::Update).with(OrderEvent::PartTraded);
        model.order(&Order { events, details, ..Order::default() }, NOW);
    }
    model
}

#[test]
fn a_number_is_shown_with_all_its_digits_or_not_at_all() {
    let model = long_numbers();
    let dear = InstrumentKey::new(Segment::BSE_EQ, 2);
    for screen in [
        ScreenKind::Table,
        ScreenKind::Ladder(RELIANCE),
        ScreenKind::Ladder(dear),
        ScreenKind::Depth,
        ScreenKind::Orders,
    ] {
        // Only the table has columns that are scrolled.
        let scrolls: &[usize] = if screen == ScreenKind::Table { &[0, 3, 8] } else { &[0] };
        for &scroll in scrolls {
            let shown = |width| {
                let mut ui = Ui::new(screen, true);
                ui.scroll = scroll;
                text(&model, &mut ui, (width, 30), &OPEN)
            };
            let all = numbers_of(&shown(500));
            for width in 60..=200 {
                let shown = shown(width);
                let cut: Vec<_> = numbers_of(&shown).difference(&all).cloned().collect();
                assert!(cut.is_empty(), "{screen:?} at {width}: {cut:?}\n{shown}");
            }
        }
    }
}

#[test]
fn the_prices_of_both_sides_are_on_the_narrowest_screen() {
    let model = long_numbers();
    let dear = InstrumentKey::new(Segment::BSE_EQ, 2);
    for width in [60, 61] {
        let depth = text(&model, &mut Ui::new(ScreenKind::Depth, true), (width, 30), &OPEN);
        let ladder = text(&model, &mut Ui::new(ScreenKind::Ladder(RELIANCE), true), (width, 30), &OPEN);
        let long = text(&model, &mut Ui::new(ScreenKind::Ladder(dear), true), (width, 30), &OPEN);
        for (shown, parts) in [
            (&depth, ["bid", "ask", "1457.35", "1457.40", "1000019", "█"]),
            (&ladder, ["bid", "ask", "1309.80", "1310.05", "1010", "█"]),
            (&long, ["bid", "ask", "1234567.50", "1310.05", "4294967295", "█"]),
        ] {
            for part in parts {
                assert!(shown.contains(part), "{part} at {width}: {shown}");
            }
        }
    }
}

#[test]
fn both_sides_of_a_ladder_are_aligned_by_the_decimal_point() {
    let shown = text(&long_numbers(), &mut Ui::new(ScreenKind::Depth, true), (100, 30), &OPEN);
    let rows: Vec<Vec<char>> = shown.lines().skip(6).take(18).map(|line| line.chars().collect()).collect();
    for row in &rows[1..] {
        let points = |row: &[char]| -> Vec<usize> { (0..row.len()).filter(|at| row[*at] == '.').collect() };
        assert_eq!(points(row), points(&rows[0]), "{shown}");
        assert_eq!(points(row).len(), 2, "{shown}");
    }
}

const CHAIN: [&str; 4] =
    ["NIFTY-01Dec2026-26000-CE", "NIFTY-01Dec2026-26000-PE", "NIFTY-01Dec2026-26050-CE", "NIFTY-01Dec2026-26050-PE"];

fn option(at: usize) -> InstrumentKey {
    InstrumentKey::new(Segment::NSE_FNO, 100 + at as u32)
}

fn chain_change(added: &[usize], removed: &[usize], atm: f64) -> Event {
    let texts = |options: &[usize]| options.iter().map(|at| option(*at).to_string()).collect();
    let chain = crate::record::chain::Chain {
        underlying: "NIFTY".to_owned(),
        expiry: "2026-12-01".to_owned(),
        spot: atm + 3.0,
        atm,
        step: 50.0,
        added: texts(added),
        removed: texts(removed),
    };
    Event::Chain { chain, at: NOW }
}

/// A chain whose lower strike comes after a share that was added later.
fn chain() -> Model {
    let mut model = model();
    model.event(&Event::Symbols((0..4).map(|at| (option(at), CHAIN[at].into())).collect()));
    let subscribed = |keys: &[InstrumentKey]| Event::Subscribed {
        conn: 1,
        instruments: keys.iter().map(|key| (*key, Some(Mode::Full))).collect(),
    };
    model.event(&chain_change(&[3, 2], &[], 26_050.0));
    model.event(&subscribed(&[option(3), option(2)]));
    model.event(&subscribed(&[InstrumentKey::new(Segment::NSE_EQ, 11536)]));
    model.event(&chain_change(&[1, 0], &[], 26_000.0));
    model.event(&subscribed(&[option(1), option(0)]));
    model
}

#[test]
fn the_contracts_of_a_chain_differ_at_every_width_and_a_wider_screen_shows_no_less() {
    let model = chain();
    let mut before: Vec<String> = Vec::new();
    for width in 60..=200 {
        let shown = text(&model, &mut table(), (width, 24), &OPEN);
        let title = shown.lines().find(|line| line.starts_with("symbol")).unwrap();
        let columns: Vec<String> = title.split_whitespace().map(str::to_owned).collect();
        assert!(before.iter().all(|column| columns.contains(column)), "{width}: {before:?} {columns:?}");
        before = columns;
        for name in CHAIN {
            assert!(shown.contains(name), "{name} at {width}: {shown}");
        }
    }
    assert!(before.contains(&"trend".to_owned()));
    let mut model = model;
    model.event(&Event::Symbols(vec![(option(0), "A-VERY-LONG-UNDERLYING-NAME-01Dec2026-26000-CE".into())]));
    let shown = text(&model, &mut table(), SMALLEST, &OPEN);
    assert!(shown.contains("…26000-CE "), "{shown}");
}

#[test]
fn moved_strikes_of_a_chain_stand_in_order_and_the_nearest_to_the_spot_is_marked() {
    let model = chain();
    let names: Vec<_> = model.rows().iter().map(|row| row.symbol.to_string()).collect();
    assert_eq!(names, [&["NIFTY", "RELIANCE"], &CHAIN[..], &["NSE_EQ:11536"]].concat());
    for (at, name) in CHAIN.into_iter().enumerate() {
        assert_eq!(model.row(option(at)).unwrap().symbol.as_ref(), name);
    }
    let shown = text(&model, &mut table(), (120, 24), &OPEN);
    let marked: Vec<_> = shown.lines().filter(|line| line.contains(" ATM ")).collect();
    assert_eq!(marked.len(), 2, "{shown}");
    assert!(marked.iter().all(|line| line.contains("-26000-")), "{shown}");
}

#[test]
fn a_share_of_two_exchanges_is_shown_with_its_segment() {
    let mut model = model();
    let bse = InstrumentKey::new(Segment::BSE_EQ, 500_325);
    model.event(&Event::Symbols(vec![(bse, "RELIANCE".into())]));
    model.event(&Event::Subscribed { conn: 1, instruments: vec![(bse, Some(Mode::Full))] });
    let shown = text(&model, &mut table(), (80, 24), &OPEN);
    assert!(shown.contains("NSE_EQ:RELIANCE ") && shown.contains("BSE_EQ:RELIANCE "), "{shown}");
    model.event(&Event::Unsubscribed { instruments: vec![(bse, None)] });
    let shown = text(&model, &mut table(), (80, 24), &OPEN);
    assert!(!shown.contains("EQ:RELIANCE"), "{shown}");
}

#[test]
fn the_prices_of_a_row_have_the_same_decimals() {
    let shown = text(&long_numbers(), &mut table(), (120, 24), &OPEN);
    let row = shown.lines().find(|line| line.starts_with("USDINR")).unwrap();
    assert!(row.contains("100.3975") && row.contains("100.3900 × 1310.0500") && row.contains("+0.0075"), "{row}");
}

#[test]
fn a_narrow_ladder_keeps_the_age_in_its_title() {
    let mut model = chain();
    let mut bytes = Vec::new();
    encode::full(&mut bytes, option(0), &full(1310.05));
    packet(&mut model, &bytes, NOW.plus_us(-400_000));
    let shown = text(&model, &mut Ui::new(ScreenKind::Ladder(option(0)), true), SMALLEST, &OPEN);
    let title = shown.lines().find(|line| line.starts_with("NIFTY-01Dec2026-26000-CE")).unwrap();
    assert!(title.contains("1310.05") && title.ends_with("0.4s ago"), "{title}");
}

#[test]
fn a_long_list_says_which_rows_are_shown() {
    let mut model = model();
    let instruments = (1..=298).map(|id| (InstrumentKey::new(Segment::NSE_FNO, id), Some(Mode::Quote))).collect();
    model.event(&Event::Subscribed { conn: 1, instruments });
    for size in [SMALLEST, (80, 24), (200, 60)] {
        let mut ui = table();
        let rows = usize::from(size.1) - 6;
        assert!(text(&model, &mut ui, size, &OPEN).contains(&format!("rows 1–{rows} of 300")));
        ui.key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE), &model, rows);
        assert!(text(&model, &mut ui, size, &OPEN).contains(&format!("rows {}–300 of 300", 301 - rows)));
    }
    let mut ui = table();
    ui.filter = "RELI".to_owned();
    assert!(text(&model, &mut ui, (80, 24), &OPEN).contains("1 of 300 instruments"));
    let depth = text(&long_numbers(), &mut Ui::new(ScreenKind::Depth, true), (80, 16), &OPEN);
    assert!(depth.contains("levels 1–8 of 20"), "{depth}");
    let mut one = Model::default();
    one.event(&Event::Subscribed { conn: 1, instruments: vec![(NIFTY, Some(Mode::Quote))] });
    let shown = text(&one, &mut table(), (80, 24), &OPEN);
    assert!(shown.contains("  1 instrument\n"), "{shown}");
}

#[test]
fn connections_are_counted_by_state_and_the_worst_says_why() {
    let mut model = model();
    for conn in 2..=4 {
        model.event(&Event::Status { conn, event: StatusEvent::Live, detail: None, at: NOW });
    }
    assert!(text(&model, &mut table(), (80, 24), &OPEN).contains("4 connections: all live"));
    let cause = "attempt 3 in 4.5 s: the server api-feed.dhan.co refused the connection: HTTP 503 Service Unavailable";
    let retrying = Some(cause.to_owned());
    model.event(&Event::Status { conn: 3, event: StatusEvent::Retrying, detail: retrying, at: NOW });
    for width in [80, 100, 200] {
        let shown = text(&model, &mut table(), (width, 24), &OPEN);
        assert!(shown.contains("4 connections: 3 live, 1 retrying; 3: retrying (attempt 3 in"), "{shown}");
        assert!(shown.replace('\n', " ").contains(cause), "{shown}");
    }
}

#[test]
fn every_closed_market_is_named_completely() {
    let market = "the market is closed: IDX_I, NSE_EQ, NSE_FNO (weekend, Sunday; next opening Mon 2026-11-30 09:15 IST), \
                  NSE_CURRENCY (weekend, Sunday; next opening Mon 2026-11-30 09:00 IST), \
                  MCX_COMM (weekend, Sunday; next opening Mon 2026-11-30 09:00 IST)";
    let shown = text(&model(), &mut table(), (80, 24), &Shown { is_open: false, market: Some(market), ..OPEN });
    assert!(shown.replace('\n', " ").contains(market), "{shown}");
    assert!(shown.contains("connection: live") && shown.contains("RELIANCE "), "{shown}");
}

#[test]
fn a_replay_shows_the_date_of_the_recording_and_no_connection() {
    let mut model = model();
    let replay = Shown { is_replay: true, market: Some("replay of a.dcap at 1x"), ..OPEN };
    let shown = text(&model, &mut table(), (80, 24), &replay);
    assert!(shown.contains("10 Jun 2026 11:30:00 IST"), "{shown}");
    assert!(shown.lines().any(|line| line == "replay") && !shown.contains("connection"), "{shown}");
    model.event(&Event::Status { conn: 1, event: StatusEvent::Retrying, detail: None, at: NOW });
    assert!(text(&model, &mut table(), (80, 24), &replay).contains("replay; connection then: retrying"));
    status(&mut model, StatusEvent::Stopping, None);
    let shown = text(&model, &mut table(), (80, 24), &replay);
    assert!(shown.lines().any(|line| line == "replay ended") && !shown.contains("stopping"), "{shown}");
}

#[test]
fn no_colour_is_unreadable_on_a_light_or_a_dark_background() {
    let mut model = model();
    model.gap(&crate::watch::model::tests_gap(crate::record::control::GapReason::Lagged, 3_200_000, Some(17)));
    status(&mut model, StatusEvent::Retrying, Some("in 3 s"));
    for screen in [ScreenKind::Table, ScreenKind::Ladder(RELIANCE)] {
        let shown = Shown { market: Some("the market is closed"), ..OPEN };
        let buffer = buffer(&model, &mut Ui::new(screen, true), (120, 24), &shown);
        for cell in buffer.content() {
            assert!(matches!(cell.fg, Color::Reset | Color::Green | Color::Red), "{cell:?}");
            assert_eq!(cell.bg, Color::Reset);
            // Many terminals draw bold colours in their bright form.
            assert!(cell.fg == Color::Reset || !cell.modifier.contains(Modifier::BOLD), "{cell:?}");
        }
    }
}

fn order(number: &str, status: &str, details: Details) -> Order {
    let events = Events::default().with(OrderEvent::Update).with(OrderEvent::StatusChange);
    let events = events.with(if status == "REJECTED" { OrderEvent::Rejected } else { OrderEvent::Traded });
    let details = Details {
        order_no: Some(number.to_owned()),
        status: Some(status.to_owned()),
        txn_type: Some("B".to_owned()),
        segment: Some("NSE_EQ".to_owned()),
        security_id: Some("1594".to_owned()),
        quantity: Some(10),
        traded_qty: Some(10),
        price: Some(1520.5),
        avg_traded_price: Some(1520.35),
        last_updated_time: details.last_updated_time.or(Some(NOW.seconds())),
        ..details
    };
    Order { events, details, ..Order::default() }
}

#[test]
fn orders_show_prices_where_they_fit_and_events_as_complete_words() {
    let mut model = Model::default();
    let details = Details { symbol: Some("INFY".to_owned()), ..Details::default() };
    model.order(&order("52250114123451", "TRADED", details), NOW);
    let shown = |width| text(&model, &mut Ui::new(ScreenKind::Orders, false), (width, 20), &OPEN);
    assert!(shown(60).contains("1520.50"), "{}", shown(60));
    for part in ["1520.50", "1520.35", "order_traded"] {
        assert!(shown(80).contains(part), "{}", shown(80));
    }
    for width in 60..=200 {
        assert!(!shown(width).contains('…'), "{}", shown(width));
    }
    assert!(shown(160).contains("order_traded status_change"), "{}", shown(160));
    assert!(shown(80).contains("  1 order\n"), "{}", shown(80));
}

#[test]
fn the_reason_of_the_selected_order_is_shown_completely() {
    let mut model = Model::default();
    let reason = "RMS:Rule: Check circuit limit including square off order exceeds for entity account-D0008501 \
                  across exchange across segment across product; the price must be between 1368.45 and 1672.55";
    let details = Details { reason_description: Some(reason.to_owned()), ..Details::default() };
    model.order(&order("1", "REJECTED", details), NOW);
    for width in [80, 120, 200] {
        let shown = text(&model, &mut Ui::new(ScreenKind::Orders, false), (width, 20), &OPEN);
        assert!(shown.replace('\n', " ").contains(reason), "{shown}");
    }
}

#[test]
fn orders_of_a_snapshot_are_sorted_by_time_and_all_orders_of_a_security_have_one_name() {
    let mut model = Model::default();
    for (number, ago) in [("1", 300), ("2", 100), ("3", 200)] {
        let symbol = Some("INFY".to_owned());
        let details = Details { symbol, last_updated_time: Some(NOW.seconds() - ago), ..Details::default() };
        let snapshot = crate::record::order::Origin::Snapshot;
        model.order(&Order { origin: snapshot, ..order(number, "TRADED", details) }, NOW);
    }
    let live = Details { display_name: Some("Infosys".to_owned()), last_updated_time: Some(1), ..Details::default() };
    model.order(&order("4", "TRADED", live), NOW);
    let rows: Vec<_> = model.orders.iter().map(|row| (row.number.as_str(), row.symbol.as_str())).collect();
    assert_eq!(rows, [("4", "INFY"), ("2", "INFY"), ("3", "INFY"), ("1", "INFY")]);
    // The order socket cuts the symbols of contracts, but not their display names.
    let contract = |symbol: &str, display: Option<&str>| Details {
        symbol: Some(symbol.to_owned()),
        display_name: display.map(str::to_owned),
        expiry_date: Some("2026-12-01".to_owned()),
        ..Details::default()
    };
    let mut model = Model::default();
    model.order(&order("1", "TRADED", contract("NIFTY-Dec2026-26000-CE", None)), NOW);
    assert_eq!(model.orders[0].symbol, "NIFTY-Dec2026-26000-CE");
    model.order(&order("2", "TRADED", contract("NIFTY-Dec2026-2", Some("NIFTY 01 DEC 26000 CALL"))), NOW);
    assert!(model.orders.iter().all(|row| row.symbol == "NIFTY 01 DEC 26000 CALL"));
}
