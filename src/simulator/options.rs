//! Prices the contracts of the simulated exchange from their underlying's present price.

use super::market::{SharedInstrument, lock};
use crate::model::InstrumentKey;
use jiff::civil::Date;

/// Describes a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SimulatedContract {
    /// The underlying index or share.
    pub underlying: InstrumentKey,
    /// Previous close in paise.
    pub close_paise: i64,
    /// Number of its expiry, counted from 1.
    pub away: i64,
    /// The strike in paise, and whether it is a call; `None` for a future.
    pub option: Option<(i64, bool)>,
}

impl SimulatedContract {
    /// Returns its value in paise at an underlying price of `spot` paise.
    pub fn worth(&self, spot: i64) -> i64 {
        let Some((strike, is_call)) = self.option else { return spot + spot * self.away / 500 };
        let in_the_money = if is_call { spot - strike } else { strike - spot };
        // Time value is highest at the money, where an option moves half as much as its underlying.
        let at_the_money = spot / 150 * (self.away + 1);
        let time = 2 * at_the_money * at_the_money / (2 * at_the_money + in_the_money.abs());
        in_the_money.max(0) + time.max(100)
    }
}

/// Combines a contract with the walk of its underlying.
#[derive(Debug)]
pub(crate) struct Follows {
    pub contract: SimulatedContract,
    pub underlying: SharedInstrument,
}

impl Follows {
    /// Returns the contract's present value in paise.
    pub fn worth(&self) -> i64 {
        self.contract.worth(lock(&self.underlying).paise())
    }
}

/// Returns the instrument master of the simulated exchange on a day, in the compact layout.
pub fn master(today: Date) -> String {
    super::master::compact(today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Segment;
    use crate::protocol::Mode;
    use crate::protocol::feed::{self, Packet};
    use crate::simulator::market::SimulatedMarket;

    const NIFTY: InstrumentKey = InstrumentKey::new(Segment::IDX_I, 13);

    fn ltp(shared: &SharedInstrument) -> f32 {
        let mut out = Vec::new();
        lock(shared).packet(Mode::Ticker, 1, &mut out);
        match feed::packets(&out).next() {
            Some(Ok((_, Packet::Ticker(ticker)))) => ticker.ltp(),
            _ => panic!("no ticker"),
        }
    }

    #[test]
    fn a_call_and_a_put_follow_the_spot_of_their_own_exchange() {
        let market = SimulatedMarket::new(3);
        let spot = market.instrument(NIFTY);
        let (call, put) = super::super::master::at_the_money();
        let (call, put) = (market.instrument(call), market.instrument(put));
        for _ in 0..20 {
            let before = (ltp(&spot), ltp(&call), ltp(&put));
            for _ in 0..2_000 {
                lock(&spot).advance();
            }
            lock(&call).advance();
            lock(&put).advance();
            let moved = ltp(&spot) - before.0;
            if moved.abs() > 60.0 {
                assert_eq!(ltp(&call) > before.1, moved > 0.0, "{moved}");
                assert_eq!(ltp(&put) > before.2, moved < 0.0, "{moved}");
            }
            assert!(ltp(&call) >= 1.0 && ltp(&put) >= 1.0);
        }
    }
}
