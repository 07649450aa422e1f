//! Option chains that follow their spot, against a simulator whose spot the test moves.

use crate::support::{Home, Signal, assert_within, simulator, wait};
use dhan::testing::model::{InstrumentKey, Segment, Stream};
use dhan::testing::protocol::encode;
use dhan::testing::simulator::{Probe, SimConfig};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);

/// Sends a ticker of the index on the first connection.
fn price(sim: &Probe, ltp: f32) {
    let mut packet = Vec::new();
    encode::ticker(&mut packet, NIFTY, ltp, 1_800_000_000);
    sim.send(0, packet);
}

fn options(sim: &Probe) -> BTreeSet<u32> {
    let all = sim.subscriptions(Stream::Market).into_iter();
    all.filter(|one| one.instrument != NIFTY).map(|one| one.instrument.security_id).collect()
}

fn chains(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|one: &Value| one["type"] == "chain")
        .collect()
}

#[test]
fn a_chain_subscribes_the_options_around_the_spot_and_follows_it() {
    let sim = simulator(SimConfig::default());
    sim.set_muted(true);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "--chain", "nifty,strikes=2", "--capture", "day.dcap"]));
    wait("the spot is subscribed", || (sim.subscriptions(Stream::Market).len() == 1).then_some(()));
    // A price of 0 is no price.
    price(&sim, 0.0);
    price(&sim, 25_912.35);
    wait("ten options are subscribed", || (options(&sim).len() == 10).then_some(()));
    let first = options(&sim);
    let moved = Instant::now();
    price(&sim, 26_010.0);
    wait("the chain has moved", || (options(&sim).len() == 14).then_some(()));
    let took = moved.elapsed();
    assert!(took >= Duration::from_secs(5), "{took:?}");
    assert_within(Duration::from_secs(8), took, "following the spot");
    assert!(options(&sim).is_superset(&first), "what is too far away stays for a minute");
    let ended = running.stop(Signal::TERM).exits(0);
    let records = chains(&ended.out);
    assert_eq!(records.len(), 2, "{}", ended.out);
    let [first, second] = &records[..] else { unreachable!() };
    for (key, value) in [("spot", 25_912.35), ("atm", 25_900.0), ("step", 50.0)] {
        assert_eq!(first[key], value, "{first}");
    }
    assert_eq!((first["underlying"].as_str(), first["added"].as_array().unwrap().len()), (Some("NIFTY"), 10));
    assert_eq!((&second["atm"], second["added"].as_array().unwrap().len()), (&Value::from(26_000.0), 4));
    assert_eq!(second["removed"], Value::Array(Vec::new()));
    // The capture has the chain records.
    let replayed = home.run(home.dhan(&sim, &["replay", "day.dcap"])).exits(0);
    assert_eq!(replayed.out, ended.out);
    // Bars take the place of packets only.
    let bars = home.run(home.dhan(&sim, &["replay", "day.dcap", "--bars", "1m"])).exits(0);
    assert_eq!(chains(&bars.out), records);
    assert!(!bars.out.contains("\"type\":\"ticker\""), "{}", bars.out);
    // A dry run shows the options around the last spot of a run.
    let dry = home.run(home.dhan(&sim, &["feed", "--chain", "nifty,strikes=0", "--dry-run"])).exits(0);
    assert!(dry.err.contains("shown around 26010, the last price of IDX_I:13 in a run that ended 20"), "{}", dry.err);
    assert!(dry.out.contains("\"InstrumentCount\":3"), "the index and two options: {}", dry.out);
    let listed = home.run(home.dhan(
        &sim,
        &["instruments", "list", "--underlying", "NIFTY", "--around", "25912.35", "--strikes", "2", "-f", "spec"],
    ));
    let listed: BTreeSet<&str> = listed.out.lines().collect();
    let added: BTreeSet<&str> = first["added"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, added);
}

/// Returns the strikes of the subscribed options, in rupees.
fn strikes(sim: &Probe, names: &BTreeMap<u32, u32>) -> BTreeSet<u32> {
    options(sim).into_iter().map(|id| *names.get(&id).expect("an option of the chain")).collect()
}

#[test]
fn the_chain_follows_a_spot_that_moves_three_percent_and_drops_old_strikes() {
    const SIDES: u32 = 3;
    const MOVE: Duration = Duration::from_secs(15);
    let sim = simulator(SimConfig::default());
    sim.set_muted(true);
    let home = Home::new();
    let listed = ["instruments", "list", "--underlying", "NIFTY", "--expiry", "nearest", "--instrument", "OPTIDX"];
    let listed = home.run(home.dhan(&sim, &[&listed[..], &["-f", "ndjson"]].concat())).exits(0);
    let rows = listed.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let names: BTreeMap<u32, u32> = rows
        .map(|row| (row["security_id"].as_str().unwrap().parse().unwrap(), row["strike"].as_f64().unwrap() as u32))
        .collect();
    let running = home.start(home.dhan(&sim, &["feed", "--chain", "nifty,strikes=3", "--only", "chain"]));
    wait("the spot is subscribed", || (sim.subscriptions(Stream::Market).len() == 1).then_some(()));
    let (from, to) = (25_912.0_f32, 25_912.0 * 1.03_f32);
    let begun = Instant::now();
    let mut spots: Vec<(Duration, u32)> = Vec::new();
    let mut over_since = None;
    let mut ever = BTreeSet::new();
    loop {
        let now = begun.elapsed();
        let spot = from + (to - from) * (now.as_secs_f32() / MOVE.as_secs_f32()).min(1.0);
        price(&sim, spot);
        spots.push((now, (spot / 50.0).round() as u32 * 50));
        let there = strikes(&sim, &names);
        ever.extend(there.iter().copied());
        // Six seconds, and two more for a busy machine.
        for (_, nearest) in spots.iter().filter(|(at, _)| now.saturating_sub(*at) > Duration::from_secs(8)) {
            let around = nearest - 50 * (SIDES - 1)..=nearest + 50 * (SIDES - 1);
            let missing: Vec<_> = around.step_by(50).filter(|strike| !ever.contains(strike)).collect();
            assert!(missing.is_empty(), "{missing:?} were not there after {now:?}");
        }
        let many = options(&sim).len() > 2 * (2 * SIDES as usize + 5);
        over_since = if many { over_since.or(Some(now)) } else { None };
        assert!(over_since.is_none_or(|since| now - since < Duration::from_secs(63)), "the old strikes stay");
        // The middle strike may be up to three quarters of a step away from the spot.
        let nearest = (to / 50.0).round() as u32 * 50;
        if now > MOVE && there.iter().all(|strike| strike.abs_diff(nearest) <= 50 * (SIDES + 3)) {
            assert!(
                (nearest - 50 * (SIDES - 1)..=nearest + 50 * (SIDES - 1)).step_by(50).all(|one| there.contains(&one))
            );
            break;
        }
        assert!(now < Duration::from_secs(100), "{there:?} around {nearest}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let records = chains(&running.stop(Signal::TERM).exits(0).out);
    // The first record, at most one for each five seconds, and one for each removal of strikes.
    assert!((3..=10).contains(&records.len()), "{records:?}");
    assert!(records.iter().any(|one| one["removed"].as_array().is_some_and(|gone| !gone.is_empty())), "{records:?}");
}

#[test]
fn an_invalid_chain_ends_the_run_before_any_connection() {
    let sim = simulator(SimConfig::default());
    let home = Home::new();
    for (chain, code, says) in [
        ("NFTY", 14, "nearest: NIFTY"),
        ("NIFTY,expiry=2020-01-01", 2, "nearest: "),
        ("NIFTY,expiry=weekly", 2, "nearest, next or month"),
        ("NIFTY,strikes=20000", 2, "ask for fewer strikes"),
        ("NIFTY,strikes=many", 2, "a whole number"),
        ("NIFTY,width=3", 2, "it takes expiry=, strikes= and spot="),
    ] {
        let ended = home.run(home.dhan(&sim, &["feed", "--chain", chain])).exits(code);
        assert!(ended.err.contains(says), "{chain}: {}", ended.err);
    }
    assert_eq!(sim.connections(Stream::Market).seen, 0);
    let dry = home.run(home.dhan(&sim, &["feed", "--chain", "NIFTY,strikes=0,spot=25900", "--dry-run"])).exits(0);
    assert!(dry.out.contains(r#""InstrumentCount":3"#), "{}", dry.out);
}

#[test]
fn a_printed_chain_is_a_list_for_feed_and_an_unknown_underlying_names_the_nearest() {
    let sim = simulator(SimConfig::default());
    let home = Home::new();
    let run = |args: &[&str]| home.run(home.dhan(&sim, args));
    for format in ["ndjson", "csv"] {
        let list =
            ["instruments", "list", "--underlying", "RELIANCE", "--around", "1460", "--strikes", "1", "-f", format];
        std::fs::write(home.path("list"), run(&list).exits(0).out).unwrap();
        let fed = run(&["feed", "-i", "list", "--dry-run"]).exits(0);
        assert!(fed.out.contains(r#""InstrumentCount":6"#), "{format}: {}", fed.out);
    }
    for command in
        [&["feed", "NFO:NIFTY"][..], &["instruments", "find", "NFO:NIFTY"], &["instruments", "show", "NFO:NIFTY"]]
    {
        let ended = run(command).exits(14);
        for part in ["(the nearest future)", "IDX_I:13", "dhan feed --chain NIFTY", "dhan instruments list"] {
            assert!(ended.err.contains(part), "{command:?}: {part}: {}", ended.err);
        }
    }
    let missed = run(&["instruments", "list", "--underlying", "NFTY"]).exits(14);
    assert!(missed.err.contains("--underlying NFTY; nearest: NIFTY"), "{}", missed.err);
    let demo = run(&["feed", "--demo", "GOLD"]).exits(14);
    assert!(demo.err.contains("IDX_I:13  NIFTY") && !demo.err.contains("instrument master"), "{}", demo.err);
}
