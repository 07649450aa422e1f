//! Cost as the work grows: more packets, more instruments, more sockets, a slower reader.

use crate::load::{Kind, Load, Pace};
use crate::measure::{Cost, Reader, client, median};
use crate::program::Program;

struct Case {
    rate: Option<u32>,
    instruments: u32,
    sockets: u32,
    reader: Reader,
    how: &'static str,
}

const fn case(rate: Option<u32>, instruments: u32, sockets: u32) -> Case {
    Case { rate, instruments, sockets, reader: Reader::Fast, how: "fast" }
}

pub fn run(rounds: usize) {
    let program = Program::ready();
    let cases = [
        case(Some(1_000), 1, 1),
        case(Some(1_000), 1_000, 1),
        case(Some(10_000), 1_000, 1),
        case(Some(50_000), 1_000, 1),
        case(None, 1, 1),
        case(None, 1_000, 1),
        case(None, 5_000, 1),
        case(None, 10_000, 2),
        case(None, 15_000, 3),
        case(None, 25_000, 5),
        case(Some(20_000), 25_000, 5),
        Case { rate: None, instruments: 1_000, sockets: 1, reader: Reader::Slow(40 << 20), how: "40 MiB/s" },
    ];
    println!("\n## Cost as the work grows (full packets, NDJSON through a pipe)\n");
    println!(
        "| packets/s | instruments | sockets | reader | CPU a packet, 1 = saturated, 1 000 instruments | peak memory |"
    );
    println!("|---|---|---|---|---|---|");
    let mut results: Vec<Vec<Cost>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds.min(3) {
        for (case, results) in cases.iter().zip(&mut results) {
            results.push(one(&program, case));
        }
    }
    let packet = |i: usize| median(&results[i].iter().map(|c| c.cpu / c.lines as f64).collect::<Vec<_>>());
    let unit = packet(5);
    for (i, case) in cases.iter().enumerate() {
        let rate = case.rate.map_or("saturated".to_owned(), |rate| rate.to_string());
        let peak = median(&results[i].iter().map(|c| c.peak_kib as f64 / 1024.0).collect::<Vec<_>>());
        let (instruments, sockets, how) = (case.instruments, case.sockets, case.how);
        println!("| {rate} | {instruments} | {sockets} | {how} | {:.1} | {peak:.1} MiB |", packet(i) / unit);
        eprintln!("{:.0} ns", packet(i));
    }
}

fn one(program: &Program, case: &Case) -> Cost {
    let packets = case.rate.map_or(300_000, |rate| u64::from(rate) * 3);
    let pace = case.rate.map_or(Pace::Blast, Pace::PerSecond);
    let load = Load { kind: Kind::Full, instruments: case.instruments, packets, sockets: case.sockets, pace };
    let cost = client(&load, case.reader, |url| program.feed(url, &load, &[]));
    assert_eq!(cost.lines, packets, "every packet is a line");
    cost
}
