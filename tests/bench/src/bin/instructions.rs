//! A fixed amount of encoding, for `instructions.sh` to count: `instructions ROUNDS`, 500 full packets each.

#[path = "../load.rs"]
#[expect(dead_code, reason = "the generator is all that is needed here")]
mod load;

use dhan::testing::format::csv::CsvColumns;
use dhan::testing::format::encoder::{Encoder, Format, Style};
use dhan::testing::format::text::TextBuf;
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Micros;
use dhan::testing::protocol::feed::{self, Packet};

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);

fn main() {
    let rounds: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).expect("a number of rounds");
    let mut generator = load::Generator::new(1);
    let mut frame = Vec::new();
    for i in 0..500 {
        generator.packet(&mut frame, load::Kind::Full, load::instrument(i % 100));
    }
    let mut encoder = Encoder::new(Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Market });
    let mut out = TextBuf::new();
    for _ in 0..rounds {
        out.clear();
        for (i, packet) in feed::packets(&frame).enumerate() {
            let Ok((header, Packet::Full(packet))) = packet else { panic!("a full packet") };
            encoder.instrument_line(&mut out, header.instrument, || None, &packet, NOW.plus_us(i as i64));
        }
        std::hint::black_box(out.as_bytes());
    }
}
