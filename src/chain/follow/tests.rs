use super::*;
use crate::chain::series::tests::options;
use crate::model::Segment;
use jiff::civil::date;
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;

const TODAY: Date = date(2026, 2, 10);

fn spot_key(id: u32) -> Listed {
    (InstrumentKey::new(Segment::IDX_I, id), Arc::from("NIFTY"))
}

fn series(expiry: Date, first_id: u32) -> Series {
    let prices: Vec<f64> = (0..200).map(|n| 22_000.0 + 50.0 * f64::from(n)).collect();
    Series { expiry, spot: spot_key(13), options: options(&prices, first_id) }
}

fn chain(text: &str) -> OptionChain {
    let all =
        vec![series(date(2026, 2, 17), 10_000), series(date(2026, 2, 10), 1_000), series(date(2026, 3, 24), 20_000)];
    OptionChain::new(text.parse().unwrap(), all, TODAY).unwrap()
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Returns the subscribed strikes.
fn strikes(chain: &OptionChain) -> Vec<f64> {
    let options = &chain.series().unwrap().options;
    chain.followed.subscribed.keys().map(|at| options.price(*at)).collect()
}

#[test]
fn it_waits_for_a_spot_above_0_and_then_takes_the_strikes_on_each_side() {
    let mut chain = chain("NIFTY,strikes=2");
    for nothing in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(chain.on(at(0.0), nothing), None);
    }
    assert_eq!(chain.followed.middle, None);
    let change = chain.on(at(1.0), 25_512.0).unwrap();
    assert_eq!((change.atm, change.step, change.spot, change.expiry), (25_500.0, 50.0, 25_512.0, TODAY));
    assert_eq!((change.added.len(), change.removed.len()), (10, 0));
    assert_eq!(strikes(&chain), [25_400.0, 25_450.0, 25_500.0, 25_550.0, 25_600.0]);
    assert_eq!(chain.on(at(2.0), 25_512.0), None);
}

#[test]
fn the_middle_moves_after_five_seconds_beyond_three_quarters_of_a_step() {
    let mut chain = chain("NIFTY,strikes=1");
    chain.on(at(0.0), 25_500.0).unwrap();
    // Three quarters of a step are not away, and coming back restarts the time.
    for (second, spot) in [
        (1.0, 25_537.5),
        (7.0, 25_537.5),
        (8.0, 25_538.0),
        (12.9, 25_538.0),
        (13.0, 25_520.0),
        (14.0, 25_538.0),
        (18.9, 25_545.0),
    ] {
        assert_eq!(chain.on(at(second), spot), None, "{second}");
    }
    let change = chain.on(at(19.0), 25_560.0).unwrap();
    assert_eq!((change.atm, change.added.len(), change.removed.len()), (25_550.0, 2, 0));
    assert_eq!(strikes(&chain), [25_450.0, 25_500.0, 25_550.0, 25_600.0]);
}

#[test]
fn strikes_too_far_away_are_given_up_a_minute_later_unless_the_spot_comes_back() {
    let mut chain = chain("NIFTY,strikes=1");
    chain.on(at(0.0), 25_500.0).unwrap();
    chain.on(at(1.0), 26_000.0);
    assert!(chain.on(at(6.0), 26_000.0).unwrap().removed.is_empty());
    assert_eq!(strikes(&chain).len(), 6);
    assert_eq!(chain.on(at(65.9), 26_000.0), None);
    let change = chain.on(at(66.0), 26_000.0).unwrap();
    assert_eq!((change.added.len(), change.removed.len()), (0, 6));
    assert_eq!(strikes(&chain), [25_950.0, 26_000.0, 26_050.0]);

    chain.on(at(70.0), 25_500.0);
    chain.on(at(75.0), 25_500.0).unwrap();
    chain.on(at(80.0), 26_000.0);
    chain.on(at(85.0), 26_000.0).unwrap();
    // The first strikes are near again; the others have been away only since 85 s.
    assert_eq!(chain.on(at(136.0), 26_000.0).map(|change| change.removed.len()), Some(6));
    assert_eq!(strikes(&chain), [25_950.0, 26_000.0, 26_050.0]);
}

#[test]
fn a_spot_that_jumps_from_side_to_side_moves_nothing() {
    let mut chain = chain("NIFTY");
    chain.on(at(0.0), 25_500.0).unwrap();
    for tick in 1..600 {
        let spot = if tick % 2 == 0 { 25_545.0 } else { 25_455.0 };
        assert_eq!(chain.on(at(f64::from(tick)), spot), None);
    }
    // Around the boundary of two strikes it moves once, and then stays.
    let mut moves = 0;
    for tick in 600..3_600 {
        let spot = 25_540.0 - f64::from(tick % 7) * 5.0;
        moves += u32::from(chain.on(at(f64::from(tick)), spot).is_some());
    }
    assert!(moves <= 1, "{moves}");
}

#[test]
fn the_expiry_rolls_on_the_day_after_its_last() {
    let mut chain = chain("NIFTY,strikes=1");
    chain.on(at(0.0), 25_500.0).unwrap();
    assert_eq!(chain.roll(TODAY, 25_500.0), None);
    let change = chain.roll(date(2026, 2, 11), 25_500.0).unwrap();
    assert_eq!((change.expiry, change.removed.len(), change.added.len()), (TODAY, 6, 0));
    let change = chain.on(at(1.0), 25_500.0).unwrap();
    assert_eq!((change.expiry, change.removed.len(), change.added.len()), (date(2026, 2, 17), 0, 6));
    assert!(change.added.iter().all(|(key, _)| key.security_id >= 10_000));
    // A chain with a named day does not roll: it ends.
    let mut dated = self::chain("NIFTY,strikes=1,expiry=2026-02-10");
    dated.on(at(0.0), 25_500.0).unwrap();
    assert_eq!(dated.roll(date(2026, 2, 11), 25_500.0).unwrap().removed.len(), 6);
    assert!(dated.spot().is_none() && dated.on(at(2.0), 25_500.0).is_none());
}

#[test]
fn the_words_of_an_expiry_choose_the_series() {
    for (text, expiry) in [
        ("NIFTY", TODAY),
        ("NIFTY,expiry=next", date(2026, 2, 17)),
        ("NIFTY,expiry=month", date(2026, 2, 17)),
        ("NIFTY,expiry=2026-03-24", date(2026, 3, 24)),
    ] {
        assert_eq!(chain(text).series().unwrap().expiry, expiry, "{text}");
    }
    let none = OptionChain::new("NIFTY,expiry=2026-02-11".parse().unwrap(), vec![series(TODAY, 1)], TODAY);
    assert!(none.is_none());
}

#[test]
fn at_the_end_of_the_strikes_there_are_as_many_as_there_are() {
    let mut chain = chain("NIFTY,strikes=5000");
    assert_eq!(chain.on(at(0.0), 99_999.0).unwrap().added.len(), 400);
    let mut one = OptionChain::new(
        "X,strikes=3".parse().unwrap(),
        vec![Series { expiry: TODAY, spot: spot_key(1), options: options(&[100.0], 1) }],
        TODAY,
    )
    .unwrap();
    assert_eq!(one.on(at(0.0), 5.0).unwrap().added.len(), 2);
    assert_eq!(one.on(at(10.0), 500.0), None);
}

/// Runs a walk of the spot in steps of a quarter second, and checks the chain's guarantees at every step.
fn holds_its_promises(sides: usize, walk: impl Iterator<Item = f64>) -> Result<usize, TestCaseError> {
    let mut chain = chain(&format!("NIFTY,strikes={sides}"));
    let mut subscribed: HashSet<InstrumentKey> = HashSet::new();
    let mut over_since: Option<Duration> = None;
    let mut recent: Vec<f64> = Vec::new();
    let (mut changes, mut moved) = (0, None);
    for (tick, spot) in walk.enumerate() {
        let now = Duration::from_millis(250) * u32::try_from(tick).unwrap();
        if let Some(change) = chain.on(now, spot) {
            changes += 1;
            // However the spot moves, nothing is subscribed more often than it takes to settle.
            if !change.added.is_empty() {
                let before: Option<Duration> = moved.replace(now);
                prop_assert!(before.is_none_or(|before| now - before >= SETTLED), "{now:?} follows {before:?}");
            }
            for (key, _) in &change.added {
                prop_assert!(subscribed.insert(*key), "{} is added twice", key);
            }
            for key in &change.removed {
                prop_assert!(subscribed.remove(key), "{} was not there", key);
            }
        }
        let held: HashSet<InstrumentKey> = chain.subscribed().map(|(key, _)| *key).collect();
        prop_assert_eq!(&held, &subscribed);
        // The strike at a spot that has been there for six seconds is subscribed, with its neighbours.
        recent.push(spot);
        let last: Vec<f64> = recent.iter().rev().take(25).copied().collect();
        let options = &chain.series().unwrap().options;
        let places: HashSet<usize> = last.iter().map(|spot| options.nearest(*spot)).collect();
        if sides > 0 && last.len() == 25 && places.len() == 1 {
            let nearest = options.nearest(spot);
            for at in options.range(nearest, sides - 1) {
                prop_assert!(chain.followed.subscribed.contains_key(&at), "strike {} at {:?}", options.price(at), now);
            }
        }
        over_since = if held.len() > 2 * (2 * sides + 5) { over_since.or(Some(now)) } else { None };
        let over = over_since.map_or(Duration::ZERO, |since| now - since);
        prop_assert!(over <= Duration::from_secs(60), "{} options for {over:?}", held.len());
    }
    Ok(changes)
}

#[test]
fn a_move_of_three_percent_is_followed_at_any_speed() {
    for seconds in [1.0, 30.0, 120.0, 600.0, 3_600.0] {
        let (from, to) = (25_512.0, 25_512.0 * 1.03);
        let ticks = (seconds * 4.0) as usize;
        let up = (0..ticks).map(move |n| from + (to - from) * n as f64 / ticks as f64);
        let stays = std::iter::repeat_n(to, 600);
        let changes = holds_its_promises(10, up.chain(stays)).unwrap();
        // Fifteen strikes: at most one change for each, and one a minute when old strikes are removed.
        assert!(changes <= 40 + (seconds / 60.0) as usize, "{seconds} s: {changes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_the_spot_does_the_promises_hold(
        sides in 0usize..12,
        legs in proptest::collection::vec((-400i32..400, 1usize..400), 1..12),
        noise in 0u32..80,
    ) {
        let mut spot = 25_500.0;
        let mut walk = Vec::new();
        for (step, ticks) in legs {
            for n in 0..ticks {
                spot = (spot + f64::from(step) / 100.0).clamp(22_500.0, 31_000.0);
                let shake = f64::from(noise) * if n % 2 == 0 { 0.5 } else { -0.5 };
                walk.push(spot + shake);
            }
        }
        holds_its_promises(sides, walk.into_iter())?;
    }

    #[test]
    fn around_a_boundary_of_two_strikes_a_chain_moves_once_at_most(
        strike in 20u32..160,
        swings in proptest::collection::vec((-249i32..=249, 1usize..40), 1..60),
    ) {
        let boundary = 22_025.0 + 50.0 * f64::from(strike);
        // Less than a quarter of a step from the boundary is less than three quarters from either strike.
        let walk = swings.into_iter().flat_map(|(off, ticks)| {
            std::iter::repeat_n(boundary + 50.0 * f64::from(off) / 1_000.0, ticks)
        });
        prop_assert_eq!(holds_its_promises(5, walk)?, 1, "the first strikes, and no others");
    }
}
