//! Compares bars with a slow and obvious computation.

use super::*;
use crate::clock::{SECOND_US, from_ist};
use crate::model::{Micros, Segment};
use proptest::prelude::*;

const SECOND: i64 = SECOND_US;
const RELIANCE: InstrumentKey = InstrumentKey::new(Segment::NSE_EQ, 2885);
const GOLD: InstrumentKey = InstrumentKey::new(Segment::MCX_COMM, 1);

fn at(text: &str) -> i64 {
    from_ist(format!("2026-06-10T{text}").parse().unwrap()).get()
}

fn intervals(texts: &[&str]) -> Vec<Interval> {
    texts.iter().map(|text| Interval::parse(text).unwrap()).collect()
}

/// An input with its time.
#[derive(Debug, Clone)]
enum Step {
    Packet(InstrumentKey, Price),
    Oi(InstrumentKey, u32),
    Clock,
}

fn play(intervals: &[Interval], steps: &[(i64, Step)], end_us: i64) -> Vec<Finished> {
    let mut bars = Bars::new(intervals);
    let mut finished = Vec::new();
    for (now_us, step) in steps {
        bars.advance(Micros::new(*now_us), &mut |bar| finished.push(bar));
        match step {
            Step::Packet(instrument, price) => {
                bars.price(*instrument, 1, *price, true);
            }
            Step::Oi(instrument, oi) => bars.open_interest(*instrument, 1, *oi),
            Step::Clock => {}
        }
    }
    bars.finish(Micros::new(end_us), &mut |bar| finished.push(bar));
    assert_eq!(bars.held_packets(), 0);
    finished
}

/// A trade as the oracle sees it.
struct Trade {
    instrument: InstrumentKey,
    start: i64,
    price: Price,
    growth: u64,
    number: usize,
}

/// Computes bars of one length: first every trade with its interval, then every bar from the list of its trades.
fn oracle(interval: &Interval, steps: &[(i64, Step)], end_us: i64) -> Vec<(i64, InstrumentKey, Bar)> {
    let length = interval.us() / SECOND;
    let mut trades: Vec<Trade> = Vec::new();
    for instrument in [RELIANCE, GOLD] {
        let opens = if instrument == GOLD { at("09:00:00") } else { at("09:15:00") } / SECOND;
        let start = |second: i64| (second - opens).div_euclid(length) * length + opens;
        let (mut last, mut carry): (Option<Price>, u64) = (None, 0);
        for (number, (now_us, step)) in steps.iter().enumerate() {
            let Step::Packet(of, price) = step else { continue };
            if *of != instrument {
                continue;
            }
            let running = start(now_us.div_euclid(SECOND));
            let is_trade = match &last {
                None => price.ltt.is_some_and(|ltt| start(ltt) == running),
                Some(last) => price.ltt > last.ltt || price.volume.zip(last.volume).is_some_and(|(new, old)| new > old),
            };
            if let Some((new, old)) = last.as_ref().and_then(|last| price.volume.zip(last.volume)) {
                carry += u64::from(if new < old { new } else { new - old });
            }
            if is_trade {
                let usable = |ltt: &i64| ltt * SECOND <= *now_us && (start(*ltt) + length + 1) * SECOND > *now_us;
                let start = price.ltt.filter(usable).map_or(running, start);
                let growth = if price.volume.is_some() { std::mem::take(&mut carry) } else { 0 };
                trades.push(Trade { instrument, start, price: *price, growth, number });
            } else if last.is_none() {
                carry = 0;
            }
            let before = last.take();
            last = Some(Price {
                ltt: price.ltt.or(before.and_then(|before| before.ltt)),
                volume: price.volume.or(before.and_then(|before| before.volume)),
                ..*price
            });
        }
    }
    let mut keys: Vec<_> = trades.iter().map(|trade| (trade.instrument, trade.start)).collect();
    keys.sort();
    keys.dedup();
    let first_seen = |instrument| {
        let is_its = |step: &Step| matches!(step, Step::Packet(of, _) | Step::Oi(of, _) if *of == instrument);
        steps.iter().find(|(_, step)| is_its(step)).map(|(now_us, _)| *now_us)
    };
    let bar = |(instrument, start): (InstrumentKey, i64)| {
        let its: Vec<_> = trades.iter().filter(|t| (t.instrument, t.start) == (instrument, start)).collect();
        let prices = || its.iter().map(|trade| trade.price.ltp);
        let until_us = (start + length) * SECOND;
        // The last open interest before the end of the bar, or before its first trade, or with one of its trades.
        let mut oi = steps.iter().enumerate().filter_map(|(number, (now_us, step))| match step {
            Step::Packet(of, price) if *of == instrument => {
                let counts =
                    *now_us < until_us || number < its[0].number || its.iter().any(|trade| trade.number == number);
                price.oi.filter(|_| counts)
            }
            Step::Oi(of, oi) if *of == instrument && (*now_us < until_us || number < its[0].number) => Some(*oi),
            _ => None,
        });
        let starts = first_seen(instrument).is_some_and(|first| first > start * SECOND);
        let ends = until_us > end_us;
        let bar = Bar {
            interval: interval.text(),
            start,
            open: its[0].price.ltp,
            high: prices().fold(f32::MIN, f32::max),
            low: prices().fold(f32::MAX, f32::min),
            close: its[its.len() - 1].price.ltp,
            volume: its
                .iter()
                .any(|trade| trade.price.volume.is_some())
                .then(|| its.iter().filter(|t| t.price.volume.is_some()).map(|trade| trade.growth).sum()),
            oi: oi.next_back(),
            ticks: its.len() as u64,
            incomplete: if starts { Some(Incomplete::Start) } else { ends.then_some(Incomplete::End) },
        };
        (if ends { end_us } else { until_us + SECOND }, instrument, bar)
    };
    keys.into_iter().map(bar).collect()
}

fn price() -> impl Strategy<Value = (u32, i64, bool, u32, bool)> {
    (1u32..500, -3i64..40, any::<bool>(), 0u32..6, any::<bool>())
}

proptest! {
    #[test]
    fn bars_are_those_of_a_slow_count(
        raw in prop::collection::vec((0i64..4_000_000, 0usize..8, price(), 0u8..4), 1..120),
        lengths in prop::sample::subsequence(vec!["1s", "2s", "3s", "15s", "1m", "1h"], 1..4),
    ) {
        let mut now_us = at("09:14:50");
        let mut volumes = [1_000u32, 1_000];
        let mut steps = Vec::new();
        for (after_us, what, (paise, late, has_ltt, more, has_oi), ticker) in raw {
            now_us += after_us;
            let which = what % 2;
            let instrument = [RELIANCE, GOLD][which];
            let step = match what {
                0..6 => {
                    // A new day begins now and then.
                    volumes[which] = if paise % 50 == 0 { paise } else { volumes[which] + more };
                    Step::Packet(instrument, Price {
                        ltp: paise as f32 / 20.0,
                        ltt: has_ltt.then(|| now_us.div_euclid(SECOND) - late / 8),
                        volume: (ticker > 0).then_some(volumes[which]),
                        oi: has_oi.then_some(paise),
                    })
                }
                6 => Step::Oi(instrument, paise),
                _ => Step::Clock,
            };
            steps.push((now_us, step));
        }
        let end_us = now_us + 700_000;
        let intervals = intervals(&lengths);
        let mut expected: Vec<_> = intervals.iter().flat_map(|interval| oracle(interval, &steps, end_us)).collect();
        let finished = play(&intervals, &steps, end_us);
        let moments: Vec<_> = finished.iter().map(|finished| finished.at).collect();
        prop_assert!(moments.is_sorted(), "the earliest first");
        let mut found: Vec<_> = finished.into_iter().map(|f| (f.at.get(), f.instrument, f.bar)).collect();
        let key = |(at, instrument, bar): &(i64, InstrumentKey, Bar)| (*at, bar.interval.clone(), *instrument, bar.start);
        expected.sort_by_key(key);
        found.sort_by_key(key);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_clock_that_ticks_between_packets_changes_no_bar(
        raw in prop::collection::vec((0i64..3_000_000, price()), 1..60),
        ticks in prop::collection::vec(0i64..180_000_000, 0..30),
    ) {
        let mut now_us = at("09:14:50");
        let packets: Vec<_> = raw.into_iter().map(|(after_us, (paise, late, ..))| {
            now_us += after_us;
            let ltt = Some(now_us.div_euclid(SECOND) - late / 8);
            (now_us, Step::Packet(RELIANCE, Price { ltp: paise as f32, ltt, volume: None, oi: None }))
        }).collect();
        let mut ticking = packets.clone();
        ticking.extend(ticks.into_iter().map(|after| (at("09:14:50") + after, Step::Clock)).filter(|(at, _)| *at <= now_us));
        // A tick at the time of a packet may come before or after it.
        ticking.sort_by_key(|(at, _)| *at);
        let intervals = intervals(&["1s", "5s"]);
        prop_assert_eq!(play(&intervals, &packets, now_us), play(&intervals, &ticking, now_us));
    }
}

fn ticker(ltp: f32, ltt: &str) -> Step {
    Step::Packet(RELIANCE, Price { ltp, ltt: Some(at(ltt) / SECOND), volume: None, oi: None })
}

#[test]
fn a_gap_marks_the_bars_that_it_overlaps_before_and_after_it_is_over() {
    let mut bars = Bars::new(&intervals(&["1m"]));
    let mut finished = Vec::new();
    let mut take = |bars: &mut Bars, moment: &str, ltp: f32, conn: u16| {
        bars.advance(Micros::new(at(moment)), &mut |bar| finished.push((bar.bar.start, bar.bar.incomplete)));
        let price = Price { ltp, ltt: Some(at(moment) / SECOND), volume: None, oi: None };
        bars.price(if conn == 1 { RELIANCE } else { GOLD }, conn, price, true);
    };
    for (moment, ltp) in [("09:14:59", 1.0), ("09:15:30", 2.0)] {
        take(&mut bars, moment, ltp, 1);
        take(&mut bars, moment, ltp, 2);
    }
    bars.gap_opened(1, Micros::new(at("09:15:40")));
    // The bar is due while the gap is open.
    take(&mut bars, "09:16:10", 3.0, 2);
    bars.resumed(1);
    bars.gap(1, Micros::new(at("09:15:40")), Micros::new(at("09:16:20")));
    take(&mut bars, "09:16:20", 4.0, 1);
    take(&mut bars, "09:17:30", 5.0, 1);
    take(&mut bars, "09:18:30", 6.0, 1);
    let minute = |text: &str| at(text) / SECOND;
    assert_eq!(
        finished,
        [
            (minute("09:14:00"), Some(Incomplete::Start)),
            (minute("09:14:00"), Some(Incomplete::Start)),
            (minute("09:15:00"), Some(Incomplete::Gap)),
            (minute("09:15:00"), None),
            (minute("09:16:00"), Some(Incomplete::Gap)),
            (minute("09:16:00"), None),
            (minute("09:17:00"), None),
        ]
    );
}

#[test]
fn a_late_packet_counts_by_its_receive_time_once_its_interval_is_printed() {
    let steps = [
        (at("09:15:00"), ticker(1.0, "09:14:00")),
        (at("09:15:59"), ticker(2.0, "09:15:59")),
        (at("09:16:00"), ticker(3.0, "09:16:00")),
        (at("09:16:00") + 900_000, ticker(9.0, "09:16:00")),
        (at("09:17:02"), ticker(4.0, "09:16:58")),
    ];
    let finished = play(&intervals(&["1m"]), &steps, at("09:17:30"));
    let shown: Vec<_> =
        finished.iter().map(|f| (f.bar.start - at("09:15:00") / SECOND, f.bar.close, f.bar.ticks)).collect();
    assert_eq!(shown, [(0, 2.0, 1), (60, 3.0, 1), (120, 4.0, 1)]);
    assert_eq!(finished[2].bar.incomplete, Some(Incomplete::End));
    assert_eq!(finished[2].at.get(), at("09:17:30"));
}
