//! Section E of the fault catalogue: floods, slow readers, bad packets.

use crate::support::proc::peak_mib;
use crate::support::{Home, Signal, flooding, simulator, subscribed, wait};
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::encode;
use dhan::testing::simulator::{Cut, Probe, SimConfig};
use std::io::Read as _;
use std::time::Duration;

/// Packets of a flood: a million in release builds, as the catalogue asks, fewer in debug builds.
const FLOOD: u64 = if cfg!(debug_assertions) { 150_000 } else { 1_000_000 };

/// Waits until the simulator has sent this many packets on the market feed.
fn flooded(probe: &Probe, packets: u64) {
    let id = subscribed(probe, Stream::Market, 1);
    wait("the flood's end", || (probe.connection(id)?.packets_sent >= packets).then_some(()));
}

#[test]
fn e01_a_flood_of_full_packets_loses_nothing() {
    let _alone = crate::support::heavy();
    let sim = simulator(flooding(FLOOD, 20));
    let home = Home::new();
    let count = FLOOD.to_string();
    let args = ["feed", "NSE_EQ:2885", "-m", "full", "-o", "flood.csv.zst", "--on-lag", "block", "-n", &count];
    let running = home.start(home.dhan(&sim, &args));
    flooded(&sim, FLOOD);
    let [received, written, ..] = running.end().exits(0).counts();
    assert_eq!((received, written), (FLOOD, FLOOD));
    let mut verify = home.command(&[]);
    verify.args(["verify", "flood.csv.zst"]);
    let verified = home.run(verify).exits(0);
    assert!(verified.out.contains(&count), "{}", verified.out);
}

#[test]
fn e03_a_stopped_reader_loses_counted_records_and_no_pong() {
    let _alone = crate::support::heavy();
    // More than the 64 MiB of the output queue.
    const PACKETS: u64 = 160_000;
    let sim = simulator(SimConfig { ping_every: Some(Duration::from_millis(50)), ..flooding(PACKETS, 100) });
    let home = Home::new();
    let (running, mut stdout) = home.start_piped(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-m", "full"]));
    flooded(&sim, PACKETS);
    let id = subscribed(&sim, Stream::Market, 1);
    // C10: pings are answered while stdout is not read.
    let pings = sim.connection(id).unwrap().pings_sent;
    wait("pongs", || (sim.connection(id)?.pongs_received >= pings + 5).then_some(()));
    let peak = peak_mib(running.pid());
    assert!(peak <= 192, "{peak} MiB");

    // The reader reads again, and gets every record that was not dropped.
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    running.signal(Signal::INT);
    let ended = running.end().exits(0);
    let text = reading.join().unwrap();
    let [received, written, _, dropped, ..] = ended.counts();
    let fulls = text.lines().filter(|line| line.starts_with("{\"type\":\"full\"")).count() as u64;
    let lost: u64 = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|record| record["type"] == "gap" && record["reason"] == "lagged")
        .map(|gap| gap["dropped"].as_u64().unwrap())
        .sum();
    assert_eq!(fulls, written);
    assert!(received == PACKETS && dropped > 0, "received {received}, dropped {dropped}");
    // Records queued at the signal are dropped without a gap record, since stdout is not read any more.
    assert!(lost <= dropped, "{lost} of {dropped}");
}

#[test]
fn unknown_instruments_are_printed_in_bounded_memory_with_one_warning() {
    let _alone = crate::support::heavy();
    // Four times the number of instruments that are remembered, and twice the number of cached line prefixes.
    const INVENTED: u32 = 400_000;
    const PER_MESSAGE: u32 = 5_000;
    let sim = simulator(SimConfig { rate: Some(0.0), ..SimConfig::default() });
    let home = Home::new();
    let args = ["feed", "NSE_EQ:2885", "-o", "all.csv.zst", "--on-lag", "block"];
    let running = home.start(home.dhan(&sim, &args));
    let id = subscribed(&sim, Stream::Market, 1);
    for first in (0..INVENTED).step_by(PER_MESSAGE as usize) {
        let mut packets = Vec::new();
        for id in first..first + PER_MESSAGE {
            encode::ticker(&mut packets, InstrumentKey::new(Segment::NSE_FNO, 1_000_000 + id), 1.0, 1_700_000_000);
        }
        sim.send(id, packets);
    }
    // A packet behind all of them.
    sim.cut(id, Cut::Close(1012));
    running.says("1012");
    running.says("nobody asked for");
    let peak = peak_mib(running.pid());
    assert!(peak <= 160, "{peak} MiB");
    let ended = running.stop(Signal::TERM).exits(0);
    let [received, written, ..] = ended.counts();
    assert!(written >= u64::from(INVENTED), "{written} of {received}");
    assert_eq!(ended.err.matches("nobody asked for").count(), 1, "{}", ended.err);
}

#[test]
fn e09_a_storm_of_bad_packets_is_counted_exactly_and_reported_briefly() {
    let _alone = crate::support::heavy();
    let sim = simulator(SimConfig { rate: Some(1.0), ..SimConfig::default() });
    let home = Home::new();
    // With CSV, gap records go to stderr, where too many would be visible.
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-f", "csv"]));
    let id = subscribed(&sim, Stream::Market, 1);
    running.prints(2);
    // A ticker that claims to be as short as its header.
    let mut bad = Vec::new();
    encode::raw(&mut bad, 2, InstrumentKey::new(Segment::NSE_EQ, 2885), b"");
    let storm = bad.repeat(100_000);
    for _ in 0..10 {
        sim.send(id, storm.clone());
    }
    // One packet a message too, and text messages.
    for i in 0..2_000 {
        sim.send(id, bad.clone());
        sim.send_text(id, &format!("{{\"error\":{i}}}"));
    }
    let packets = 1_000_000 + 2_000;
    wait("the storm's end", || (sim.connection(id)?.messages_sent >= 4_010).then_some(()));
    let before = running.out.lines();
    running.prints(before + 1);
    let ended = running.stop(Signal::INT).exits(0);
    let malformed = ended.counts()[4];
    assert_eq!(malformed, packets);
    let gaps: Vec<u64> = ended
        .err
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|gap| gap["reason"] == "malformed")
        .map(|gap| gap["dropped"].as_u64().unwrap())
        .collect();
    assert_eq!(gaps.iter().sum::<u64>(), packets, "in {} gaps", gaps.len());
    assert!(ended.err.len() <= 100_000, "{} bytes, {} gaps", ended.err.len(), gaps.len());
}
