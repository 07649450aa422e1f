//! The core in memory: packets to values, packets to lines, beside serde_json with a derived struct of the same record.

use crate::load::{Generator, Kind, instrument};
use crate::measure::{interleaved, median, own};
use crate::oracle;
use dhan::testing::model::Micros;
use dhan::testing::record::depth::{Depth, SideRows};
use dhan::testing::format::csv::CsvColumns;
use dhan::testing::format::encoder::{Encoder, Format, Style};
use dhan::testing::format::text::TextBuf;
use dhan::testing::format::time::TimeStyle;
use dhan::testing::protocol::depth::{self, Levels, Side};
use dhan::testing::protocol::feed::{self, Packet};
use std::hint::black_box;

const PACKETS: usize = 2_000;
const NOW: Micros = Micros::from_secs(1_781_065_200);

fn packets(kind: Kind) -> Vec<Vec<u8>> {
    let mut generator = Generator::new(1);
    (0..PACKETS)
        .map(|i| {
            let mut bytes = Vec::new();
            generator.packet(&mut bytes, kind, instrument(i as u32 % 100));
            bytes
        })
        .collect()
}

fn encoder(format: Format) -> Encoder {
    Encoder::new(Style { format, time: TimeStyle::Epoch, columns: CsvColumns::Market })
}

/// Encodes every packet.
fn encode_all(encoder: &mut Encoder, out: &mut TextBuf, packets: &[Vec<u8>]) {
    out.clear();
    for (i, bytes) in packets.iter().enumerate() {
        if out.len() > 60_000 {
            black_box(out.as_bytes());
            out.clear();
        }
        let at = NOW.plus_us(i as i64);
        for packet in feed::packets(bytes) {
            match packet {
                Ok((header, Packet::Full(p))) => {
                    encoder.instrument_line(out, header.instrument, || None, &p, at);
                }
                Ok((header, Packet::Quote(p))) => {
                    encoder.instrument_line(out, header.instrument, || None, &p, at);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// ns of CPU time a packet.
fn time(rounds: u32, each: usize, mut work: impl FnMut()) -> f64 {
    let before = own();
    (0..rounds).for_each(|_| work());
    (own() - before) / f64::from(rounds) / each as f64
}

pub fn run(rounds: usize) {
    println!("\n## In memory: ratios to serde_json with a derived struct of the same record\n");
    println!("| record | decode | NDJSON | CSV | serde_json |\n|---|---|---|---|---|");
    for kind in [Kind::Quote, Kind::Full] {
        let packets = &packets(kind);
        let mut results = interleaved(
            rounds,
            &mut [
                ("decode", Box::new(move || decode(packets)) as Box<dyn FnMut() -> f64>),
                ("NDJSON", Box::new(move || encode(packets, Format::Ndjson))),
                ("CSV", Box::new(move || encode(packets, Format::Csv))),
                ("serde_json", Box::new(move || serde(packets))),
            ],
        );
        row(kind.mode(), &mut results);
    }
    let books = &books();
    let mut results = interleaved(
        rounds,
        &mut [
            ("decode", Box::new(move || decode_books(books)) as Box<dyn FnMut() -> f64>),
            ("NDJSON", Box::new(move || encode_books(books, Format::Ndjson))),
            ("CSV", Box::new(move || encode_books(books, Format::Csv))),
            ("serde_json", Box::new(move || serde_books(books))),
        ],
    );
    row("200-level book", &mut results);
}

fn row(name: &str, results: &mut [Vec<f64>]) {
    let of: Vec<f64> = results.iter().map(|r| median(r)).collect();
    println!("| {name} | {:.2} | {:.2} | {:.2} | 1 |", of[0] / of[3], of[1] / of[3], of[2] / of[3]);
    eprintln!("{name}: decode {:.0}, NDJSON {:.0}, CSV {:.0}, serde_json {:.0} ns", of[0], of[1], of[2], of[3]);
}

fn decode(packets: &[Vec<u8>]) -> f64 {
    time(50, packets.len(), || {
        for bytes in packets {
            for packet in feed::packets(black_box(bytes)) {
                match packet {
                    Ok((header, Packet::Full(p))) => {
                        black_box((header, p.ltp(), p.atp(), p.levels().map(|l| (l.bid(), l.ask()))));
                    }
                    Ok((header, Packet::Quote(p))) => {
                        black_box((header, p.ltp(), p.atp(), p.volume(), p.day_open(), p.day_high(), p.close()));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    })
}

fn encode(packets: &[Vec<u8>], format: Format) -> f64 {
    let (mut encoder, mut out) = (encoder(format), TextBuf::new());
    time(50, packets.len(), || encode_all(&mut encoder, &mut out, packets))
}

fn serde(packets: &[Vec<u8>]) -> f64 {
    let mut out = Vec::with_capacity(128 * 1024);
    time(10, packets.len(), || {
        for (i, bytes) in packets.iter().enumerate() {
            if out.len() > 60_000 {
                black_box(&out);
                out.clear();
            }
            oracle::market_line(&mut out, bytes, None, NOW.plus_us(i as i64).get());
        }
    })
}

const BOOKS: usize = 50;

fn books() -> Vec<[Vec<u8>; 2]> {
    let mut generator = Generator::new(2);
    (0..BOOKS)
        .map(|_| {
            [Side::Bid, Side::Ask].map(|side| {
                let mut bytes = Vec::new();
                generator.side(&mut bytes, instrument(0), side);
                bytes
            })
        })
        .collect()
}

fn fill(sides: &mut [SideRows; 2], book: &[Vec<u8>; 2]) {
    for (rows, bytes) in sides.iter_mut().zip(book) {
        for packet in depth::packets(black_box(bytes), Levels::TwoHundred) {
            let Ok(depth::Packet::Side(side)) = packet else { panic!("a side") };
            rows.fill(side);
        }
    }
}

fn decode_books(books: &[[Vec<u8>; 2]]) -> f64 {
    let mut sides: [SideRows; 2] = Default::default();
    time(40, books.len(), || {
        for book in books {
            fill(&mut sides, book);
            black_box(&sides);
        }
    })
}

fn encode_books(books: &[[Vec<u8>; 2]], format: Format) -> f64 {
    let mut sides: [SideRows; 2] = Default::default();
    let (mut encoder, mut out) = (encoder(format), TextBuf::new());
    time(40, books.len(), || {
        for book in books {
            fill(&mut sides, book);
            out.clear();
            let [bids, asks] = &sides;
            let record = Depth { levels: Levels::TwoHundred, bids, asks, top: usize::MAX };
            encoder.depth(&mut out, instrument(0), || None, &record, NOW);
            black_box(out.as_bytes());
        }
    })
}

fn serde_books(books: &[[Vec<u8>; 2]]) -> f64 {
    let mut sides: [SideRows; 2] = Default::default();
    let mut out = Vec::new();
    time(20, books.len(), || {
        for book in books {
            fill(&mut sides, book);
            out.clear();
            let [bids, asks] = &sides;
            let record = Depth { levels: Levels::TwoHundred, bids, asks, top: usize::MAX };
            oracle::depth_line(&mut out, instrument(0), &record, None, NOW.get());
            black_box(&out);
        }
    })
}
