//! The clients that dhan is measured against. This program runs itself as them: `dhan-bench peer NAME URL COUNT`.

use dhan_rs::types::enums::FeedRequestCode;
use dhan_rs::ws::market_feed::{Instrument, MarketFeedEvent, MarketFeedStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Serialize;
use std::io::Write as _;
use std::process::Command;
use tokio_tungstenite::tungstenite::Message;

/// The command that runs a peer.
pub fn command(name: &str, url: &str, count: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    command.args(["peer", name, url, &count.to_string()]);
    command
}

pub fn run(name: &str, url: &str, count: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match name {
        "drain" => runtime.block_on(drain(url, count)),
        "dhan-rs" => runtime.block_on(dhan_rs(url, count, false)),
        "dhan-rs-flushing" => runtime.block_on(dhan_rs(url, count, true)),
        other => panic!("no peer {other}"),
    }
    std::process::exit(0);
}

/// Bare tokio-tungstenite: reads messages and does nothing with them.
async fn drain(url: &str, count: u64) {
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a connection");
    socket.send(Message::Text("{}".into())).await.expect("a request");
    let mut left = count;
    while left > 0 {
        match socket.next().await {
            Some(Ok(message)) => left -= u64::from(std::hint::black_box(message).is_binary()),
            other => panic!("{other:?}"),
        }
    }
}

/// dhan-rs' own stream and events, serde_json, one `BufWriter`. With `flushing`, every line is out before the next is read.
async fn dhan_rs(url: &str, count: u64, flushing: bool) {
    let mut stream = MarketFeedStream::connect_to(url, "1000000001", "bench").await.expect("a connection");
    let instruments: Vec<_> =
        (0..100).map(|i| Instrument::new("NSE_EQ", (crate::load::FIRST_ID + i).to_string())).collect();
    stream.subscribe(FeedRequestCode::SubscribeFull, &instruments).await.expect("a request");
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left = count;
    while left > 0 {
        let event = stream.next().await.expect("an event").expect("a whole one");
        write_event(&mut out, &event);
        if flushing {
            out.flush().expect("a line");
        }
        left -= 1;
    }
    out.flush().expect("the last lines");
}

/// What dhan's records say, as far as dhan-rs' events do (no symbol, no receive time), as a user would derive it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    Quote {
        segment: u8,
        security_id: u32,
        ltp: f32,
        ltq: i16,
        ltt: i32,
        atp: f32,
        volume: i32,
        total_buy_qty: i32,
        total_sell_qty: i32,
        day_open: f32,
        day_high: f32,
        day_low: f32,
        close: f32,
    },
    Full {
        segment: u8,
        security_id: u32,
        ltp: f32,
        ltq: i16,
        ltt: i32,
        atp: f32,
        volume: i32,
        total_buy_qty: i32,
        total_sell_qty: i32,
        day_open: f32,
        day_high: f32,
        day_low: f32,
        close: f32,
        oi: i32,
        oi_high: i32,
        oi_low: i32,
        bids: &'a [Level; 5],
        asks: &'a [Level; 5],
    },
}

#[derive(Serialize)]
struct Level {
    price: f32,
    qty: i32,
    orders: i16,
}

fn write_event(out: &mut impl std::io::Write, event: &MarketFeedEvent) {
    let line = |out: &mut _, record: &Record| serde_json::to_writer(out, record).expect("a line");
    match event {
        MarketFeedEvent::Quote {
            header,
            ltp,
            last_qty,
            ltt,
            atp,
            volume,
            total_sell_qty,
            total_buy_qty,
            open,
            close,
            high,
            low,
        } => line(
            &mut *out,
            &Record::Quote {
                segment: header.exchange_segment_raw,
                security_id: header.security_id,
                ltp: *ltp,
                ltq: *last_qty,
                ltt: *ltt,
                atp: *atp,
                volume: *volume,
                total_buy_qty: *total_buy_qty,
                total_sell_qty: *total_sell_qty,
                day_open: *open,
                day_high: *high,
                day_low: *low,
                close: *close,
            },
        ),
        MarketFeedEvent::Full {
            header,
            ltp,
            last_qty,
            ltt,
            atp,
            volume,
            total_sell_qty,
            total_buy_qty,
            oi,
            oi_day_high,
            oi_day_low,
            open,
            close,
            high,
            low,
            depth,
        } => {
            let bids = depth.each_ref().map(|d| Level { price: d.bid_price, qty: d.bid_qty, orders: d.bid_orders });
            let asks = depth.each_ref().map(|d| Level { price: d.ask_price, qty: d.ask_qty, orders: d.ask_orders });
            line(
                &mut *out,
                &Record::Full {
                    segment: header.exchange_segment_raw,
                    security_id: header.security_id,
                    ltp: *ltp,
                    ltq: *last_qty,
                    ltt: *ltt,
                    atp: *atp,
                    volume: *volume,
                    total_buy_qty: *total_buy_qty,
                    total_sell_qty: *total_sell_qty,
                    day_open: *open,
                    day_high: *high,
                    day_low: *low,
                    close: *close,
                    oi: *oi,
                    oi_high: *oi_day_high,
                    oi_low: *oi_day_low,
                    bids: &bids,
                    asks: &asks,
                },
            );
        }
        _ => return,
    }
    out.write_all(b"\n").expect("a line");
}
