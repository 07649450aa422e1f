//! Runs option chains: passes them the spot and the time, and turns their changes into subscriptions.

use crate::chain::{ChainChange, OptionChain};
use crate::console::Console;
use crate::model::InstrumentKey;
use crate::protocol::Mode;
use crate::protocol::feed::Packet;
use crate::session::Subscription;
use crate::session::requests::effective_mode;
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Time without a spot price after which a warning is printed.
const SILENT: Duration = Duration::from_secs(10);

/// Holds the last prices of the instruments that chains follow. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Spots(Rc<RefCell<FxHashMap<InstrumentKey, f32>>>);

impl Spots {
    /// Keeps the price of a packet, if a chain follows its instrument.
    #[inline]
    pub fn observe(&self, instrument: InstrumentKey, packet: &Packet<'_>) {
        let mut spots = self.0.borrow_mut();
        if !spots.is_empty()
            && let Some(last) = spots.get_mut(&instrument)
            && let Some(price) = price(packet)
        {
            *last = price;
        }
    }

    /// Keeps the prices of this instrument from now on.
    fn follow(&self, key: InstrumentKey) {
        self.0.borrow_mut().entry(key).or_insert(0.0);
    }

    /// Returns the last price in rupees, with the digits that the server sent; 0 before the first.
    fn price(&self, key: InstrumentKey) -> f64 {
        self.0.borrow().get(&key).map_or(0.0, |price| rupees(*price))
    }

    /// Returns the last price in rupees of each instrument that had one.
    pub fn all(&self) -> Vec<(InstrumentKey, f64)> {
        let spots = self.0.borrow();
        spots.iter().filter(|(_, price)| **price > 0.0).map(|(key, price)| (*key, rupees(*price))).collect()
    }
}

/// Returns a price with the digits that the server sent.
fn rupees(price: f32) -> f64 {
    price.to_string().parse().unwrap_or(0.0)
}

fn price(packet: &Packet<'_>) -> Option<f32> {
    match packet {
        Packet::Ticker(ticker) => Some(ticker.ltp()),
        Packet::Quote(quote) => Some(quote.ltp()),
        Packet::Full(full) => Some(full.ltp()),
        _ => None,
    }
}

/// A subscription, with its symbol if known.
pub type NamedSubscription = (Subscription, Option<Arc<str>>);

/// Describes a change of the subscriptions.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// Subscriptions to add.
    pub subscribe: Vec<NamedSubscription>,
    /// Subscriptions to remove.
    pub unsubscribe: Vec<Subscription>,
    /// The change of a chain that caused it, with the chain's underlying; `None` if only a spot is subscribed.
    pub change: Option<(String, ChainChange)>,
}

/// Holds the chains of a run.
#[derive(Debug)]
pub struct Chains {
    mode: Mode,
    all: Vec<Followed>,
    /// Subscriptions that the user named; chains never remove them.
    own: HashSet<Subscription>,
}

#[derive(Debug)]
struct Followed {
    chain: OptionChain,
    /// The instrument whose price is followed, once it is subscribed.
    spot: Option<InstrumentKey>,
    /// Since when its price is awaited.
    waits_since: Option<Duration>,
    /// Whether no more messages about a missing price are needed.
    is_settled: bool,
}

impl Chains {
    /// Creates the state for chains whose options are subscribed in a mode.
    pub fn new(all: Vec<OptionChain>, mode: Mode) -> Chains {
        let followed = |chain: OptionChain| Followed {
            spot: chain.spot().map(|(key, _)| *key),
            chain,
            waits_since: None,
            is_settled: false,
        };
        Chains { mode, all: all.into_iter().map(followed).collect(), own: HashSet::new() }
    }

    /// Returns whether there are no chains.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the instruments whose prices are followed from the start.
    pub fn spots(&self) -> Vec<NamedSubscription> {
        let spots = self.all.iter().filter_map(|one| one.chain.spot());
        spots.map(|(key, symbol)| (subscription(*key, self.mode), Some(Arc::clone(symbol)))).collect()
    }

    /// Records subscriptions that the user named; chains never remove them.
    pub fn own(&mut self, added: impl IntoIterator<Item = Subscription>) {
        self.own.extend(added);
    }

    /// Records that the user no longer names these, and returns those that chains still hold.
    pub fn disown(&mut self, removed: &[Subscription]) -> Vec<Subscription> {
        let is_meant = |one: &Subscription| {
            removed.iter().any(|removed| {
                removed.instrument == one.instrument && (removed.mode.is_none() || removed.mode == one.mode)
            })
        };
        self.own.retain(|one| !is_meant(one));
        self.subscribed().into_iter().filter(|one| is_meant(one)).collect()
    }

    fn subscribed(&self) -> HashSet<Subscription> {
        let options = self.all.iter().flat_map(|one| one.chain.subscribed().map(|(key, _)| *key));
        let spots = self.all.iter().filter_map(|one| one.spot);
        options.chain(spots).map(|key| subscription(key, self.mode)).collect()
    }

    /// Returns the changes at a time of the run.
    pub fn tick(&mut self, now: Duration, today: Date, spots: &Spots, console: &Console) -> Vec<Step> {
        let mut steps = Vec::new();
        for at in 0..self.all.len() {
            let Some(one) = self.all.get_mut(at) else { break };
            let before = one.spot;
            if let Some(key) = before {
                spots.follow(key);
            }
            let name = one.chain.definition().underlying.to_uppercase();
            let price = before.map_or(0.0, |key| spots.price(key));
            let rolled = one.chain.roll(today, price);
            one.spot = one.chain.spot().map(|(key, _)| *key);
            if before.is_some() && one.spot.is_none() {
                console.warn(format!("chain {}: no expiry is left; its options are given up", one.chain.definition()));
            }
            if before != one.spot {
                (one.waits_since, one.is_settled) = (None, false);
            }
            let spot = one.chain.spot().filter(|_| one.spot != before).cloned();
            let changed = one.follow(now, spots, console);
            let mode = self.mode;
            if rolled.is_some() || before != one.spot {
                let subscribe = spot.map(|(key, symbol)| (subscription(key, mode), Some(symbol))).into_iter().collect();
                let removed = before.filter(|key| Some(*key) != one_spot(&self.all, at));
                steps.push(self.step(subscribe, removed, rolled.map(|change| (name.clone(), change))));
            }
            if let Some(change) = changed {
                steps.push(self.step(Vec::new(), None, Some((name, change))));
            }
        }
        steps
    }

    /// Makes a step of a change; subscriptions that are held for other reasons are not removed.
    fn step(
        &self,
        mut subscribe: Vec<NamedSubscription>,
        removed: Option<InstrumentKey>,
        change: Option<(String, ChainChange)>,
    ) -> Step {
        let held = self.subscribed();
        let mut unsubscribe: Vec<Subscription> = removed.map(|key| subscription(key, self.mode)).into_iter().collect();
        if let Some((_, change)) = &change {
            let named =
                |(key, symbol): &(InstrumentKey, Arc<str>)| (subscription(*key, self.mode), Some(Arc::clone(symbol)));
            subscribe.extend(change.added.iter().map(named));
            unsubscribe.extend(change.removed.iter().map(|key| subscription(*key, self.mode)));
        }
        unsubscribe.retain(|one| !held.contains(one) && !self.own.contains(one));
        Step { subscribe, unsubscribe, change }
    }
}

fn one_spot(all: &[Followed], at: usize) -> Option<InstrumentKey> {
    all.get(at).and_then(|one| one.spot)
}

impl Followed {
    /// Passes the last price to the chain, or the typed one until the first arrives.
    fn follow(&mut self, now: Duration, spots: &Spots, console: &Console) -> Option<ChainChange> {
        let key = self.spot?;
        let price = spots.price(key);
        if price > 0.0 {
            self.is_settled = true;
            return self.chain.on(now, price);
        }
        let since = *self.waits_since.get_or_insert(now);
        if !self.is_settled && now.saturating_sub(since) >= SILENT {
            self.is_settled = true;
            console.warn(format!(
                "chain {}: no price of {key} has come for {} s; its options wait for one (spot=PRICE begins without)",
                self.chain.definition(),
                SILENT.as_secs()
            ));
        }
        let typed = self.chain.definition().spot;
        typed.and_then(|typed| self.chain.on(now, typed))
    }
}

fn subscription(instrument: InstrumentKey, mode: Mode) -> Subscription {
    Subscription { instrument, mode: Some(effective_mode(instrument, mode)) }
}

/// Returns what a chain would subscribe at a spot in rupees, for `--dry-run`; nothing at a spot that is no price.
pub fn at_spot(chain: &OptionChain, spot: f64, mode: Mode) -> Vec<Subscription> {
    let mut chain = chain.clone();
    chain.on(Duration::ZERO, spot);
    chain.subscribed().map(|(key, _)| subscription(*key, mode)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::series::Series;
    use crate::chain::{Strike, Strikes};
    use crate::model::Segment;
    use crate::protocol::{encode, feed};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 2, 10);
    const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);

    fn series(expiry: Date, first_id: u32, spot: InstrumentKey) -> Series {
        let option = |id: u32| Some((InstrumentKey::new(Segment::NSE_FNO, id), Arc::from(id.to_string())));
        let strikes = (0..40u32).map(|n| Strike {
            price: f64::from(25_000 + 50 * n),
            call: option(first_id + 2 * n),
            put: option(first_id + 2 * n + 1),
        });
        Series { expiry, spot: (spot, Arc::from("NIFTY")), options: Strikes::new(strikes.collect()).unwrap() }
    }

    fn chains(texts: &[&str]) -> Chains {
        let chain = |text: &&str| {
            let all = vec![series(TODAY, 1_000, NIFTY), series(date(2026, 2, 17), 2_000, NIFTY)];
            OptionChain::new(text.parse().unwrap(), all, TODAY).unwrap()
        };
        Chains::new(texts.iter().map(chain).collect(), Mode::Full)
    }

    fn price(spots: &Spots, ltp: f32) {
        let mut frame = Vec::new();
        encode::ticker(&mut frame, InstrumentKey::new(Segment::IDX_I, 99), 1.0, 0);
        encode::ticker(&mut frame, NIFTY, ltp, 0);
        for (header, packet) in feed::packets(&frame).flatten() {
            spots.observe(header.instrument, &packet);
        }
    }

    fn tick(chains: &mut Chains, second: u64, today: Date, spots: &Spots) -> Vec<Step> {
        chains.tick(Duration::from_secs(second), today, spots, &Console::default())
    }

    #[test]
    fn options_are_subscribed_when_the_first_price_comes_and_an_index_as_quote() {
        let (mut chains, spots) = (chains(&["NIFTY,strikes=1"]), Spots::default());
        assert_eq!(chains.spots()[0].0, Subscription { instrument: NIFTY, mode: Some(Mode::Quote) });
        assert_eq!(tick(&mut chains, 0, TODAY, &spots), []);
        price(&spots, 25_512.3);
        let steps = tick(&mut chains, 1, TODAY, &spots);
        assert_eq!((steps.len(), steps[0].subscribe.len(), steps[0].unsubscribe.len()), (1, 6, 0));
        assert!(steps[0].subscribe.iter().all(|(one, name)| one.mode == Some(Mode::Full) && name.is_some()));
        let (name, change) = steps[0].change.as_ref().unwrap();
        assert_eq!((name.as_str(), change.spot, change.atm), ("NIFTY", 25_512.3, 25_500.0));
    }

    #[test]
    fn what_another_chain_or_the_user_asks_for_is_not_given_up() {
        let (mut chains, spots) = (chains(&["NIFTY,strikes=0", "nifty,strikes=1"]), Spots::default());
        let own = InstrumentKey::new(Segment::NSE_FNO, 1_020);
        chains.own([subscription(own, Mode::Full)]);
        tick(&mut chains, 0, TODAY, &spots);
        price(&spots, 25_500.0);
        tick(&mut chains, 1, TODAY, &spots);
        // The day after the expiry both chains remove their options.
        let steps = tick(&mut chains, 2, date(2026, 2, 11), &spots);
        let removed: Vec<u32> =
            steps.iter().flat_map(|step| &step.unsubscribe).map(|one| one.instrument.security_id).collect();
        assert_eq!(removed, [1_018, 1_019, 1_021, 1_022, 1_023], "{steps:?}");
        let still = chains.disown(&[Subscription { instrument: NIFTY, mode: None }]);
        assert_eq!(still, [subscription(NIFTY, Mode::Full)]);
        assert!(chains.disown(&[subscription(own, Mode::Full)]).is_empty());
    }

    #[test]
    fn a_typed_spot_begins_and_the_real_one_goes_on() {
        let (mut chains, spots) = (chains(&["NIFTY,strikes=0,spot=25200"]), Spots::default());
        let steps = tick(&mut chains, 0, TODAY, &spots);
        assert_eq!(steps[0].change.as_ref().unwrap().1.atm, 25_200.0);
        price(&spots, 25_800.0);
        assert_eq!(tick(&mut chains, 1, TODAY, &spots), []);
        let steps = tick(&mut chains, 6, TODAY, &spots);
        assert_eq!(steps[0].change.as_ref().unwrap().1.atm, 25_800.0);
    }

    #[test]
    fn when_a_future_expires_the_next_one_is_followed() {
        let future = |id| InstrumentKey::new(Segment::MCX_COMM, id);
        let all = vec![series(TODAY, 1_000, future(1)), series(date(2026, 3, 17), 2_000, future(2))];
        let chain = OptionChain::new("CRUDEOIL,strikes=0".parse().unwrap(), all, TODAY).unwrap();
        let (mut chains, spots) = (Chains::new(vec![chain], Mode::Ticker), Spots::default());
        tick(&mut chains, 0, TODAY, &spots);
        let steps = tick(&mut chains, 1, date(2026, 2, 11), &spots);
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].subscribe[0].0, subscription(future(2), Mode::Ticker));
        assert_eq!(steps[0].unsubscribe, [subscription(future(1), Mode::Ticker)]);
        assert_eq!(steps[0].change, None);
    }
}
