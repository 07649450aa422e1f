//! Depth frames at both levels, and the books made of them: every byte and every packet is counted once.

use super::take::Take;
use dhan::testing::pipeline::book::OrderBooks;
use dhan::testing::protocol::depth::{HEADER, Levels, Packet, ROW, packets};
use dhan::testing::protocol::encode;

/// Walks a frame at a number of levels.
fn walk(frame: &[u8], levels: Levels) {
    let (mut books, mut sides, mut counted, mut pushed) =
        (OrderBooks::new(levels, Some(3)), OrderBooks::new(levels, None), 0, 0u64);
    let mut at = 0;
    for packet in packets(frame, levels) {
        let rest = &frame[at..];
        assert!(!rest.is_empty(), "a packet behind the end");
        let claimed = rest.get(..2).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
        let possible = rest.len() >= HEADER && claimed >= HEADER && claimed <= rest.len();
        let size = match packet {
            Ok(Packet::Side(side)) => {
                let rows = side.rows();
                assert!(rows.len() <= levels.count() as usize);
                let used = HEADER + ROW * rows.len();
                let fallback = match levels {
                    Levels::Twenty => HEADER + 20 * ROW,
                    Levels::TwoHundred => HEADER + ROW * side.word.min(200) as usize,
                };
                let size = if possible { claimed } else { fallback };
                assert!(used <= size);
                if possible && used == claimed {
                    let mut again = Vec::new();
                    let rows: Vec<_> = rows.collect();
                    encode::depth_side(&mut again, side.instrument, side.side, side.word, &rows);
                    assert_eq!(again, rest[..size], "encode undoes decode");
                }
                pushed += 1;
                let result = books.push(side);
                counted += result.written + result.filtered;
                if let Some(book) = result.record {
                    assert!(book.bids.best(usize::MAX).is_sorted_by(|a, b| a.price >= b.price));
                    assert!(book.asks.best(usize::MAX).is_sorted_by(|a, b| a.price <= b.price));
                    let shown = book.bids.best(book.top).iter().chain(book.asks.best(book.top));
                    assert!(shown.clone().all(|row| row.price > 0.0 && row.price.is_finite()));
                    assert!(shown.count() <= 6);
                }
                let single = sides.side(side);
                let priced = side.rows().filter(|row| row.is_priced());
                assert_eq!(single.rows().count(), priced.clone().count());
                assert_eq!(single.rows.total_qty(), priced.map(|row| u64::from(row.qty)).sum::<u64>());
                // Now and then an instrument is left or its connection lost.
                if side.word % 7 == 3 {
                    counted += books.forget(side.instrument);
                }
                size
            }
            Ok(Packet::Disconnect(_)) if rest[0] == 50 && rest.len() >= 10 => 10,
            Ok(Packet::Disconnect(_)) if possible => claimed,
            Ok(Packet::Disconnect(_)) => {
                if rest.len() >= 14 {
                    14
                } else {
                    HEADER
                }
            }
            Ok(Packet::Heartbeat) if possible => claimed,
            Ok(Packet::Heartbeat) => HEADER,
            Err(bad) => {
                assert_eq!(bad.bytes.as_ptr(), rest.as_ptr(), "what is malformed is where the walk stands");
                assert!(!bad.bytes.is_empty(), "the walk advances");
                assert!(bad.bytes.len() == rest.len() || possible && bad.bytes.len() == claimed);
                bad.bytes.len()
            }
        };
        assert!(size >= 1 && size <= rest.len());
        at += size;
    }
    assert_eq!(at, frame.len(), "every byte is accounted for");
    assert_eq!(counted + books.forget_all(), pushed, "every side is written or filtered, once");
}

/// Walks a frame at both levels, as one and as several behind their lengths.
pub fn run(data: &[u8]) {
    for levels in [Levels::Twenty, Levels::TwoHundred] {
        walk(data, levels);
        let mut take = Take(data);
        while !take.is_empty() {
            walk(take.chunk(), levels);
        }
    }
}
