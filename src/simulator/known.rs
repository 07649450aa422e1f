//! Lists the instruments that the simulated exchange knows by name.

use crate::model::{InstrumentKey, Segment};

/// Describes an instrument beyond its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownInstrument {
    pub key: InstrumentKey,
    pub symbol: &'static str,
    /// The exchange's long name.
    pub name: &'static str,
    /// The broker's display name.
    pub display_name: &'static str,
    /// Previous close in paise.
    pub close_paise: i64,
}

const fn listing(
    segment: Segment,
    id: u32,
    symbol: &'static str,
    name: &'static str,
    display_name: &'static str,
    close_paise: i64,
) -> KnownInstrument {
    KnownInstrument { key: InstrumentKey::new(segment, id), symbol, name, display_name, close_paise }
}

const IDX: Segment = Segment::IDX_I;
const NSE: Segment = Segment::NSE_EQ;

/// Lists every known instrument, indices first.
pub(crate) const LISTINGS: [KnownInstrument; 17] = [
    listing(IDX, 13, "NIFTY", "NIFTY", "Nifty 50", 2_593_510),
    listing(IDX, 25, "BANKNIFTY", "BANKNIFTY", "Nifty Bank", 5_847_365),
    listing(IDX, 51, "SENSEX", "SENSEX", "Sensex", 8_426_640),
    listing(IDX, 27, "FINNIFTY", "FINNIFTY", "Finnifty", 2_731_205),
    listing(IDX, 21, "INDIA VIX", "INDIA VIX", "India VIX", 1_195),
    listing(NSE, 1333, "HDFCBANK", "HDFC BANK LTD", "HDFC Bank", 99_840),
    listing(NSE, 2885, "RELIANCE", "RELIANCE INDUSTRIES LTD", "Reliance Industries", 145_620),
    listing(NSE, 11536, "TCS", "TATA CONSULTANCY SERV LT", "Tata Consultancy Services", 312_450),
    listing(NSE, 1594, "INFY", "INFOSYS LIMITED", "Infosys", 151_830),
    listing(NSE, 3045, "SBIN", "STATE BANK OF INDIA", "State Bank of India", 97_215),
    listing(NSE, 4963, "ICICIBANK", "ICICI BANK LTD.", "ICICI Bank", 137_905),
    listing(NSE, 1660, "ITC", "ITC LTD", "ITC", 40_725),
    listing(NSE, 10604, "BHARTIARTL", "BHARTI AIRTEL LIMITED", "Bharti Airtel", 202_360),
    listing(NSE, 11483, "LT", "LARSEN & TOUBRO LTD.", "Larsen & Toubro", 398_515),
    listing(NSE, 5900, "AXISBANK", "AXIS BANK LIMITED", "Axis Bank", 124_470),
    listing(NSE, 11630, "NTPC", "NTPC LTD", "NTPC", 36_955),
    listing(Segment::BSE_EQ, 500_325, "RELIANCE", "RELIANCE INDUSTRIES LTD.", "Reliance Industries", 145_580),
];

const fn named() -> [(InstrumentKey, &'static str); LISTINGS.len()] {
    let mut named = [(LISTINGS[0].key, LISTINGS[0].symbol); LISTINGS.len()];
    let mut i = 0;
    while i < LISTINGS.len() {
        named[i] = (LISTINGS[i].key, LISTINGS[i].symbol);
        i += 1;
    }
    named
}

/// Lists the instruments that the simulator knows by name; the first five are the indices that `--demo` streams by
/// default.
pub const KNOWN: &[(InstrumentKey, &str)] = &named();

/// Returns the listing of an instrument, if it is known.
pub(crate) fn find(key: InstrumentKey) -> Option<&'static KnownInstrument> {
    LISTINGS.iter().find(|listing| listing.key == key)
}
