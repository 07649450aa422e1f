//! The records as derived structs, which serde_json encodes for the comparison.

use dhan::testing::model::InstrumentKey;
use dhan::testing::protocol::feed::{self, Level, Packet};
use dhan::testing::record::depth::Depth;
use dhan::testing::record::market::spread32;
use serde::Serialize;

/// The derived structs.
pub mod records {
    use serde::Serialize;

    #[derive(Serialize)]
    pub struct Head<'a> {
        #[serde(rename = "type")]
        pub kind: &'static str,
        pub segment: String,
        pub security_id: String,
        pub symbol: Option<&'a str>,
    }

    #[derive(Serialize)]
    pub struct Level<P> {
        pub price: P,
        pub qty: u32,
        pub orders: u32,
    }

    macro_rules! market {
        ($name:ident { $($more:ident: $ty:ty,)* }) => {
            #[derive(Serialize)]
            pub struct $name<'a> {
                #[serde(rename = "type")]
                pub kind: &'static str,
                pub segment: String,
                pub security_id: String,
                pub symbol: Option<&'a str>,
                pub ltp: f32,
                pub ltq: u16,
                pub ltt: Option<i64>,
                pub atp: f32,
                pub volume: u32,
                pub total_buy_qty: u32,
                pub total_sell_qty: u32,
                pub day_open: f32,
                pub day_high: f32,
                pub day_low: f32,
                pub close: f32,
                $(pub $more: $ty,)*
                pub recv_us: i64,
            }
        };
    }
    market!(Quote {});
    market!(Full {
        oi: u32,
        oi_high: u32,
        oi_low: u32,
        best_bid: Option<f32>,
        best_ask: Option<f32>,
        spread: Option<f64>,
        bids: Vec<Level<f32>>,
        asks: Vec<Level<f32>>,
    });

    #[derive(Serialize)]
    pub struct Ticker<'a> {
        #[serde(rename = "type")]
        pub kind: &'static str,
        pub segment: String,
        pub security_id: String,
        pub symbol: Option<&'a str>,
        pub ltp: f32,
        pub ltt: Option<i64>,
        pub recv_us: i64,
    }

    #[derive(Serialize)]
    pub struct Depth<'a> {
        #[serde(rename = "type")]
        pub kind: &'static str,
        pub segment: String,
        pub security_id: String,
        pub symbol: Option<&'a str>,
        pub levels: u32,
        pub best_bid: Option<f64>,
        pub best_ask: Option<f64>,
        pub spread: Option<f64>,
        pub total_buy_qty: u64,
        pub total_sell_qty: u64,
        pub bids: Vec<Level<f64>>,
        pub asks: Vec<Level<f64>>,
        pub recv_us: i64,
    }
}

fn line(out: &mut Vec<u8>, record: &impl Serialize) {
    serde_json::to_writer(&mut *out, record).expect("a record");
    out.push(b'\n');
}

macro_rules! market {
    ($name:ident, $packet:expr, $head:expr, $recv_us:expr, { $($more:ident: $value:expr,)* }) => {{
        let (p, head) = ($packet, $head);
        records::$name {
            kind: head.kind,
            segment: head.segment,
            security_id: head.security_id,
            symbol: head.symbol,
            ltp: p.ltp(),
            ltq: p.ltq(),
            ltt: feed::utc(p.ltt_raw()),
            atp: p.atp(),
            volume: p.volume(),
            total_buy_qty: p.total_buy_qty(),
            total_sell_qty: p.total_sell_qty(),
            day_open: p.day_open(),
            day_high: p.day_high(),
            day_low: p.day_low(),
            close: p.close(),
            $($more: $value,)*
            recv_us: $recv_us,
        }
    }};
}

fn priced(levels: impl Iterator<Item = Level>) -> Vec<records::Level<f32>> {
    levels
        .filter(|level| level.price > 0.0 && level.price.is_finite())
        .map(|level| records::Level { price: level.price, qty: level.qty, orders: level.orders.into() })
        .collect()
}

/// Appends the line of a ticker, quote or full packet.
pub fn market_line(out: &mut Vec<u8>, packet: &[u8], symbol: Option<&str>, recv_us: i64) {
    let (header, packet) = feed::packets(packet).next().expect("a packet").expect("a whole one");
    let head = |kind| records::Head {
        kind,
        segment: header.instrument.segment.to_string(),
        security_id: header.instrument.security_id.to_string(),
        symbol,
    };
    match packet {
        Packet::Ticker(p) => {
            let head = head("ticker");
            let (kind, segment, security_id, symbol) = (head.kind, head.segment, head.security_id, head.symbol);
            let (ltp, ltt) = (p.ltp(), feed::utc(p.ltt_raw()));
            line(out, &records::Ticker { kind, segment, security_id, symbol, ltp, ltt, recv_us });
        }
        Packet::Quote(p) => line(out, &market!(Quote, p, head("quote"), recv_us, {})),
        Packet::Full(p) => {
            let (bids, asks) = (p.levels().map(|level| level.bid()), p.levels().map(|level| level.ask()));
            let (bids, asks) = (priced(bids.into_iter()), priced(asks.into_iter()));
            let (bid, ask) = (bids.first().map(|l| l.price), asks.first().map(|l| l.price));
            let record = market!(Full, p, head("full"), recv_us, {
                oi: p.oi(),
                oi_high: p.oi_high(),
                oi_low: p.oi_low(),
                best_bid: bid,
                best_ask: ask,
                spread: bid.zip(ask).map(|(bid, ask)| spread32(bid, ask)),
                bids: bids,
                asks: asks,
            });
            line(out, &record);
        }
        other => panic!("no line for {other:?}"),
    }
}

/// Appends the line of a book.
pub fn depth_line(out: &mut Vec<u8>, instrument: InstrumentKey, book: &Depth<'_>, symbol: Option<&str>, recv_us: i64) {
    let rows = |side: &dhan::testing::record::depth::SideRows| {
        side.best(book.top)
            .iter()
            .map(|row| records::Level { price: row.price, qty: row.qty, orders: row.orders })
            .collect::<Vec<_>>()
    };
    let (bids, asks) = (rows(book.bids), rows(book.asks));
    let (bid, ask) = (bids.first().map(|l| l.price), asks.first().map(|l| l.price));
    let record = records::Depth {
        kind: "depth",
        segment: instrument.segment.to_string(),
        security_id: instrument.security_id.to_string(),
        symbol,
        levels: book.levels.count(),
        best_bid: bid,
        best_ask: ask,
        spread: bid.zip(ask).map(|(bid, ask)| dhan::testing::record::depth::spread64(bid, ask)),
        total_buy_qty: book.bids.total_qty(),
        total_sell_qty: book.asks.total_qty(),
        bids,
        asks,
        recv_us,
    };
    line(out, &record);
}
