//! Simulates the account's orders: the plausible lives of a few orders at a time, reported alike by the order socket
//! and REST.
//!
//! Like prices, the engine advances only while a client listens (or a test commands it), so that a seed always gives
//! the same sequence.

use super::config::SimConfig;
use super::market::{SimulatedMarket, lock};
use super::rng::Rng;
use super::{known, master};
use crate::clock;
use crate::model::{InstrumentKey, Segment};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Names the state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Transit,
    Pending,
    Rejected,
    Cancelled,
    Traded,
}

/// Holds an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SimulatedOrder {
    pub order_no: String,
    /// The exchange's number, given with the first answer that is no rejection.
    pub exchange_no: Option<String>,
    pub instrument: InstrumentKey,
    pub symbol: String,
    pub display_name: String,
    /// Expiry of an option.
    pub expiry: Option<String>,
    pub is_buy: bool,
    pub is_market: bool,
    pub is_intraday: bool,
    pub quantity: u32,
    pub traded: u32,
    pub price: f64,
    pub last_fill: f64,
    pub average: f64,
    pub status: OrderStatus,
    pub reason: String,
    pub created: String,
    pub at_exchange: Option<String>,
    pub updated: String,
    pub ltp: f64,
    pub correlation: String,
}

/// Names the next step of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Enter,
    Accept,
    Fill(u32),
    Modify,
    Reject,
    Cancel,
    /// The same message once more, as the real socket sends it.
    Repeat,
}

/// Number of orders in a day; after it no new ones are entered.
const ORDERS: usize = 1_000;

/// Simulates the account's orders.
pub(crate) struct OrderEngine {
    state: Mutex<State>,
    pace: Duration,
    is_alive: bool,
}

struct State {
    rng: Rng,
    /// Orders that were entered, in that order.
    orders: Vec<SimulatedOrder>,
    /// Steps that are to happen, with the orders they apply to.
    script: VecDeque<(usize, Step)>,
    planned: Vec<SimulatedOrder>,
    /// Every update so far.
    log: Vec<SimulatedOrder>,
    next_at: Instant,
}

impl OrderEngine {
    pub fn new(config: &SimConfig) -> OrderEngine {
        let pace = config.rate.unwrap_or(2.0).max(1e-6);
        let pace = Duration::try_from_secs_f64(1.0 / pace).unwrap_or(Duration::MAX);
        let state = State {
            rng: Rng::mixed(&[config.seed, 3]),
            orders: Vec::new(),
            script: VecDeque::new(),
            planned: Vec::new(),
            log: Vec::new(),
            next_at: Instant::now(),
        };
        OrderEngine {
            state: Mutex::new(state),
            pace: pace.min(Duration::from_secs(1_000_000)),
            is_alive: config.has_order_life(),
        }
    }

    /// Adds a listener; returns the number of updates so far, from which it continues.
    pub fn listen(&self) -> usize {
        let mut state = lock(&self.state);
        state.next_at = state.next_at.max(Instant::now() + self.pace);
        state.log.len()
    }

    /// Returns when the next update is due for a listener that has received this many.
    pub fn due(&self, heard: usize) -> Option<Instant> {
        let state = lock(&self.state);
        if heard < state.log.len() {
            return Some(Instant::now());
        }
        (self.is_alive && (!state.script.is_empty() || state.orders.len() < ORDERS)).then_some(state.next_at)
    }

    /// Returns the updates for a listener, and advances if one is due.
    pub fn hear(&self, heard: usize, market: &SimulatedMarket) -> Vec<SimulatedOrder> {
        let now = Instant::now();
        let is_due = |state: &State| heard >= state.log.len() && state.next_at <= now;
        if self.is_alive && is_due(&lock(&self.state)) {
            self.advance(market);
            lock(&self.state).next_at = now + self.pace;
        }
        lock(&self.state).log.get(heard..).unwrap_or_default().to_vec()
    }

    /// Returns the present orders of the day.
    pub fn orders(&self) -> Vec<SimulatedOrder> {
        lock(&self.state).orders.clone()
    }

    /// Advances by one step.
    pub fn advance(&self, market: &SimulatedMarket) {
        let mut state = lock(&self.state);
        if state.script.is_empty() && state.orders.len() < ORDERS {
            state.plan();
        }
        let Some((planned, step)) = state.script.pop_front() else { return };
        let order = state.planned[planned].clone();
        let ltp = lock(&market.instrument(order.instrument)).rupees();
        let now = clock::ist_civil(clock::now()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let order = apply(order, step, ltp, &now, &mut state.rng);
        match state.orders.iter_mut().find(|known| known.order_no == order.order_no) {
            Some(known) => known.clone_from(&order),
            None => state.orders.push(order.clone()),
        }
        state.planned[planned].clone_from(&order);
        state.log.push(order);
    }
}

impl State {
    /// Plans the next few orders: a fill in parts, an instant fill, a rejection, a cancellation, an option that is
    /// modified.
    fn plan(&mut self) {
        use Step::{Accept, Cancel, Enter, Fill, Modify, Reject, Repeat};
        let today = clock::ist_civil(clock::now()).date();
        let (option, option_symbol, option_name, expiry) = master::near_option(today);
        let shares: Vec<_> = known::LISTINGS.iter().filter(|l| l.key.segment == Segment::NSE_EQ).collect();
        let lives: [&[Step]; 5] = [
            &[Enter, Accept, Fill(40), Repeat, Fill(75), Fill(100)],
            &[Enter, Fill(100)],
            &[Enter, Reject],
            &[Enter, Accept, Cancel],
            &[Enter, Accept, Modify, Fill(100)],
        ];
        self.planned.clear();
        for number in 0..lives.len() {
            let share = shares[self.rng.below(shares.len() as u64) as usize];
            let is_option = number == 4;
            let lots = self.rng.between(1, 8) as u32;
            self.planned.push(SimulatedOrder {
                order_no: format!("112409{:09}", 11_365_000 + (self.orders.len() + number) * 13),
                exchange_no: None,
                instrument: if is_option { option } else { share.key },
                symbol: if is_option { option_symbol.clone() } else { share.symbol.to_owned() },
                display_name: if is_option { option_name.clone() } else { share.display_name.to_owned() },
                expiry: is_option.then(|| expiry.to_string()),
                is_buy: number != 2,
                is_market: number == 1,
                is_intraday: is_option || number == 3,
                quantity: if is_option { lots * 65 } else { lots * 20 },
                traded: 0,
                price: 0.0,
                last_fill: 0.0,
                average: 0.0,
                status: OrderStatus::Transit,
                reason: String::new(),
                created: String::new(),
                at_exchange: None,
                updated: String::new(),
                ltp: 0.0,
                correlation: format!("sim-{}", self.orders.len() + number + 1),
            });
        }
        // The steps of different orders are mixed; those of one order stay in sequence.
        let mut at = [0; 5];
        while let Some(open) = (0..lives.len()).find(|&i| at[i] < lives[i].len()) {
            let order = match self.rng.below(lives.len() as u64) as usize {
                any if at[any] < lives[any].len() => any,
                _ => open,
            };
            self.script.push_back((order, lives[order][at[order]]));
            at[order] += 1;
        }
    }
}

/// Returns an order after a step.
fn apply(mut order: SimulatedOrder, step: Step, ltp: f64, now: &str, rng: &mut Rng) -> SimulatedOrder {
    if step == Step::Repeat {
        return order;
    }
    order.ltp = ltp;
    order.updated = now.to_owned();
    let number = 1_400_000_000_000_000 + rng.below(1_000_000_000);
    let exchange_no = order.exchange_no.take();
    let accepted = || Some(exchange_no.clone().unwrap_or_else(|| number.to_string()));
    match step {
        Step::Enter => {
            order.price = if order.is_market { 0.0 } else { ltp };
            order.created = now.to_owned();
            order.status = OrderStatus::Transit;
            order.reason = "CONFIRMED".to_owned();
        }
        Step::Accept | Step::Modify => {
            if step == Step::Modify {
                order.price = to_tick(order.price + 0.05 * rng.between(1, 10) as f64);
            }
            order.exchange_no = accepted();
            order.at_exchange = Some(now.to_owned());
            order.status = OrderStatus::Pending;
        }
        Step::Fill(percent) => {
            let traded = (order.quantity * percent / 100).max(1);
            order.last_fill = if order.is_market { ltp } else { order.price };
            let before = order.average * f64::from(order.traded);
            let added = order.last_fill * f64::from(traded - order.traded);
            order.average = ((before + added) / f64::from(traded) * 100.0).round() / 100.0;
            order.traded = traded;
            order.exchange_no = accepted();
            order.at_exchange = Some(now.to_owned());
            order.status = if percent == 100 { OrderStatus::Traded } else { OrderStatus::Pending };
            order.reason = "TRADE CONFIRMED".to_owned();
        }
        Step::Reject => {
            order.status = OrderStatus::Rejected;
            order.reason = format!("RMS:{}:NSE,EQUITY,INSUFFICIENT HOLDING QUANTITY", order.order_no);
        }
        Step::Cancel => {
            order.exchange_no = accepted();
            order.at_exchange = Some(now.to_owned());
            order.status = OrderStatus::Cancelled;
        }
        Step::Repeat => {}
    }
    order
}

fn to_tick(rupees: f64) -> f64 {
    (rupees * 20.0).round() / 20.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn engine(seed: u64) -> (OrderEngine, SimulatedMarket) {
        (OrderEngine::new(&SimConfig { seed, ..SimConfig::default() }), SimulatedMarket::new(seed))
    }

    #[test]
    fn lives_are_plausible_and_the_book_says_what_the_log_said_last() {
        let (engine, market) = engine(4);
        for _ in 0..300 {
            engine.advance(&market);
        }
        let mut last: HashMap<String, SimulatedOrder> = HashMap::new();
        for order in engine.hear(0, &market) {
            if let Some(before) = last.get(&order.order_no) {
                assert!(
                    matches!(before.status, OrderStatus::Transit | OrderStatus::Pending),
                    "a finished order moved: {order:?}"
                );
                assert!(order.traded >= before.traded && order.quantity == before.quantity);
                assert!(before.exchange_no.is_none() || before.exchange_no == order.exchange_no);
            } else {
                assert_eq!((order.status, order.traded), (OrderStatus::Transit, 0));
            }
            assert_eq!(order.status == OrderStatus::Traded, order.traded == order.quantity);
            assert_eq!(order.traded > 0, order.average > 0.0);
            last.insert(order.order_no.clone(), order);
        }
        let book = engine.orders();
        assert!(book.len() > 50);
        assert!(book.iter().all(|order| last[&order.order_no] == *order));
        for status in [OrderStatus::Traded, OrderStatus::Rejected, OrderStatus::Cancelled] {
            assert!(book.iter().any(|order| order.status == status), "{status:?}");
        }
        assert!(last.len() == book.len());
    }

    #[test]
    fn the_day_ends_with_a_thousand_orders() {
        let (engine, market) = engine(4);
        for _ in 0..5_000 {
            engine.advance(&market);
        }
        assert_eq!(engine.orders().len(), ORDERS);
        assert_eq!(engine.due(engine.listen()), None);
    }

    #[test]
    fn a_seed_always_tells_the_same_story() {
        let story = |seed| {
            let (engine, market) = engine(seed);
            (0..60).for_each(|_| engine.advance(&market));
            let tell = |order: SimulatedOrder| {
                (order.order_no, order.symbol, order.status as u8, order.traded, order.price.to_bits())
            };
            engine.hear(0, &market).into_iter().map(tell).collect::<Vec<_>>()
        };
        assert_eq!(story(1), story(1));
        assert_ne!(story(1), story(2));
    }
}
