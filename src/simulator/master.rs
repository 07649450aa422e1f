//! Generates a small instrument master: the known instruments, and contracts that expire in the future.

use super::known::LISTINGS;
use super::options::SimulatedContract;
use crate::model::{InstrumentKey, Segment};
use jiff::civil::{Date, Weekday};
use std::fmt::Write as _;

/// Columns of the detailed file as of 2026-08: 32, and an empty one behind the last comma.
const DETAILED_HEADER: &str = "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,\
SYMBOL_NAME,DISPLAY_NAME,INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,\
BRACKET_FLAG,COVER_FLAG,ASM_GSM_FLAG,ASM_GSM_CATEGORY,BUY_SELL_INDICATOR,BUY_CO_MIN_MARGIN_PER,\
BUY_CO_SL_RANGE_MAX_PERC,BUY_CO_SL_RANGE_MIN_PERC,BUY_BO_MIN_MARGIN_PER,BUY_BO_PROFIT_RANGE_MAX_PERC,\
BUY_BO_PROFIT_RANGE_MIN_PERC,MTF_LEVERAGE,SM_UPPER_LIMIT,SM_LOWER_LIMIT,SM_FREEZE_QTY,";

const HEADER: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,\
SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,\
SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

/// Describes an underlying with derivatives.
struct Underlying {
    symbol: &'static str,
    is_index: bool,
    lot: u32,
    /// Middle strike, and the distance between strikes.
    middle: u32,
    apart: u32,
    /// Number of weekly expiries before the monthly ones.
    weeks: usize,
}

const UNDERLYINGS: [Underlying; 4] = [
    Underlying { symbol: "NIFTY", is_index: true, lot: 65, middle: 25_950, apart: 50, weeks: 4 },
    Underlying { symbol: "BANKNIFTY", is_index: true, lot: 30, middle: 58_500, apart: 100, weeks: 0 },
    Underlying { symbol: "RELIANCE", is_index: false, lot: 500, middle: 1_460, apart: 10, weeks: 0 },
    Underlying { symbol: "HDFCBANK", is_index: false, lot: 550, middle: 1_000, apart: 5, weeks: 0 },
];

/// Number of strikes on each side of the middle.
const STRIKES: u32 = 40;
/// Number of monthly expiries.
const MONTHS: usize = 3;

/// Id of the first contract. Ids encode the position, so that a price can be computed from an id alone: two thousand
/// for an underlying, two hundred for an expiry, the future first.
const FIRST: u32 = 40_000;
const PER_UNDERLYING: u32 = 2_000;
const PER_EXPIRY: u32 = 200;

/// Returns the id of a contract: the future (`place` 0) or an option.
const fn id(underlying: usize, expiry: usize, place: u32) -> u32 {
    FIRST + PER_UNDERLYING * underlying as u32 + PER_EXPIRY * expiry as u32 + place
}

/// Returns the description of a contract in the master.
pub(crate) fn contract(key: InstrumentKey) -> Option<SimulatedContract> {
    let at = key.security_id.checked_sub(FIRST).filter(|_| key.segment == Segment::NSE_FNO)?;
    let underlying = UNDERLYINGS.get((at / PER_UNDERLYING) as usize)?;
    let (expiry, place) = (at % PER_UNDERLYING / PER_EXPIRY, at % PER_EXPIRY);
    if place > 4 * STRIKES + 2 {
        return None;
    }
    let listing = LISTINGS.iter().find(|listing| listing.symbol == underlying.symbol)?;
    let option = place.checked_sub(1).map(|place| (i64::from(underlying.strike(place / 2)) * 100, place % 2 == 0));
    let mut contract =
        SimulatedContract { underlying: listing.key, close_paise: 0, away: i64::from(expiry + 1), option };
    contract.close_paise = contract.worth(listing.close_paise);
    Some(contract)
}

/// Returns the call and the put at the money of the nearest expiry.
#[cfg(test)]
pub(crate) fn at_the_money() -> (InstrumentKey, InstrumentKey) {
    let key = |place| InstrumentKey::new(Segment::NSE_FNO, id(0, 0, place));
    (key(1 + 2 * STRIKES), key(2 + 2 * STRIKES))
}

/// Returns an option of the nearest expiry, for orders: its key, its names and its expiry.
pub(crate) fn near_option(today: Date) -> (InstrumentKey, String, String, Date) {
    let (underlying, (expiry, _)) = (&UNDERLYINGS[0], expiries(today, UNDERLYINGS[0].weeks)[0]);
    let strike = underlying.strike(STRIKES + 1);
    let (symbol, shown) = option_names(underlying, expiry, strike, ("CE", "CALL"));
    (InstrumentKey::new(Segment::NSE_FNO, id(0, 0, 1 + 2 * (STRIKES + 1))), symbol, shown, expiry)
}

impl Underlying {
    /// Returns the strike of a step, counted from the lowest.
    const fn strike(&self, step: u32) -> u32 {
        self.middle + self.apart * step - self.apart * STRIKES
    }
}

/// Returns the compact file of a day. Like the real one, it does not end with a newline.
pub(crate) fn compact(today: Date) -> String {
    let mut csv = HEADER.to_owned();
    for listing in &LISTINGS {
        let (id, symbol) = (listing.key.security_id, listing.symbol);
        let _ = match listing.key.segment {
            Segment::IDX_I => {
                let exchange = if symbol == "SENSEX" { "BSE" } else { "NSE" };
                let shown = listing.display_name;
                write!(csv, "\n{exchange},I,{id},INDEX,0,{symbol},1.0,{shown},0001-01-01,,XX,0.0500,,INDEX,X,{symbol}")
            }
            segment => {
                let (exchange, series) = if segment == Segment::BSE_EQ { ("BSE", "A") } else { ("NSE", "EQ") };
                let (shown, name) = (listing.display_name.replace('&', "&amp;"), listing.name);
                write!(csv, "\n{exchange},E,{id},EQUITY,0,{symbol},1.0,{shown},,,,5.0000,NA,ES,{series},{name}")
            }
        };
    }
    for (number, underlying) in UNDERLYINGS.iter().enumerate() {
        for (place, (expiry, is_monthly)) in expiries(today, underlying.weeks).into_iter().enumerate() {
            if is_monthly {
                future(&mut csv, id(number, place, 0), underlying, expiry);
            }
            for step in 0..=2 * STRIKES {
                let strike = underlying.strike(step);
                for (side, words) in [("CE", "CALL"), ("PE", "PUT")].into_iter().enumerate() {
                    let id = id(number, place, 1 + 2 * step + side as u32);
                    option(&mut csv, id, underlying, (expiry, is_monthly), strike, words);
                }
            }
        }
    }
    csv
}

/// Returns the detailed file of a day: the compact file's rows in the other layout.
pub(crate) fn detailed(today: Date) -> String {
    let mut csv = DETAILED_HEADER.to_owned();
    for row in compact(today).lines().skip(1) {
        let columns: Vec<_> = row.split(',').collect();
        let [
            exchange,
            segment,
            id,
            instrument,
            _,
            symbol,
            lot,
            shown,
            expiry,
            strike,
            option,
            tick,
            flag,
            kind,
            series,
            name,
        ] = columns[..]
        else {
            continue;
        };
        let underlying = UNDERLYINGS.iter().find(|u| symbol.split('-').next() == Some(u.symbol));
        let (isin, token, ticker, long, series, lot, freeze) = match (segment, underlying) {
            ("D", Some(underlying)) => {
                // Index contracts name the exchange's token, not the feed's id of the index.
                let token = match underlying.symbol {
                    "NIFTY" => "26000".to_owned(),
                    "BANKNIFTY" => "26009".to_owned(),
                    symbol => LISTINGS
                        .iter()
                        .find(|listing| listing.symbol == symbol && listing.key.segment == Segment::NSE_EQ)
                        .map_or_else(String::new, |listing| listing.key.security_id.to_string()),
                };
                let freeze = underlying.lot * 24 + 1;
                ("NA".to_owned(), token, underlying.symbol, symbol, "NA", lot, freeze.to_string())
            }
            ("I", _) => ("NA".to_owned(), String::new(), symbol, name, series, lot, String::new()),
            _ => (made_up_isin(id), String::new(), symbol, name, series, lot, "100000".to_owned()),
        };
        let expiry = expiry.split(' ').next().unwrap_or_default();
        let (upper, lower) = limits(exchange, segment, id);
        let _ = write!(
            csv,
            "\n{exchange},{segment},{id},{isin},{instrument},{token},{ticker},{long},{shown},{kind},{series},{lot},{expiry},\
             {strike},{option},{tick},{flag},N,N,N,NA,A,0,0,0,0,0,0,0,{upper},{lower},{freeze},"
        );
    }
    csv
}

/// Returns an ISIN in the right form that no company has.
fn made_up_isin(id: &str) -> String {
    format!("INE{:0>6}01010", &id[id.len().saturating_sub(6)..])
}

/// Returns the circuit limits of an instrument in rupees, ten per cent around its previous close.
fn limits(exchange: &str, segment: &str, id: &str) -> (String, String) {
    let segment = match (exchange, segment) {
        ("NSE", "D") => Segment::NSE_FNO,
        ("NSE", "E") => Segment::NSE_EQ,
        ("BSE", "E") => Segment::BSE_EQ,
        _ => return (String::new(), String::new()),
    };
    let key = id.parse().map(|id| InstrumentKey::new(segment, id)).ok();
    let close = key.and_then(|key| {
        super::known::find(key)
            .map(|listing| listing.close_paise)
            .or_else(|| contract(key).map(|contract| contract.close_paise))
    });
    let rupees = |paise: i64| format!("{}.{:02}00", paise / 100, paise % 100);
    close.map_or_else(Default::default, |close| (rupees(close + close / 10), rupees(close - close / 10)))
}

fn future(csv: &mut String, id: u32, underlying: &Underlying, expiry: Date) {
    let Underlying { symbol, lot, .. } = underlying;
    let kind = if underlying.is_index { "FUTIDX" } else { "FUTSTK" };
    let (month, upper) = (expiry.strftime("%b%Y"), expiry.strftime("%b").to_string().to_uppercase());
    let _ = write!(
        csv,
        "\nNSE,D,{id},{kind},0,{symbol}-{month}-FUT,{lot}.0,{symbol} {upper} FUT,{expiry} 14:30:00,-0.01000,XX,10.0000,M,FUT,,"
    );
}

fn option(
    csv: &mut String,
    id: u32,
    underlying: &Underlying,
    (expiry, is_monthly): (Date, bool),
    strike: u32,
    (letters, word): (&str, &str),
) {
    let Underlying { lot, .. } = underlying;
    let kind = if underlying.is_index { "OPTIDX" } else { "OPTSTK" };
    let (symbol, shown) = option_names(underlying, expiry, strike, (letters, word));
    let flag = if is_monthly { "M" } else { "W" };
    let _ = write!(
        csv,
        "\nNSE,D,{id},{kind},0,{symbol},{lot}.0,{shown},{expiry} 14:30:00,{strike}.00000,{letters},5.0000,{flag},OP,,"
    );
}

/// Returns an option's trading symbol, which several expiries of a month share, and its display name.
fn option_names(underlying: &Underlying, expiry: Date, strike: u32, (letters, word): (&str, &str)) -> (String, String) {
    let symbol = underlying.symbol;
    let (month, day) = (expiry.strftime("%b%Y"), expiry.strftime("%d %b").to_string().to_uppercase());
    (format!("{symbol}-{month}-{strike}-{letters}"), format!("{symbol} {day} {strike} {word}"))
}

/// Returns Tuesdays from a day on: some weekly ones, then the last of each month, ordered and unique.
fn expiries(today: Date, weeks: usize) -> Vec<(Date, bool)> {
    // Calendars end in the year 9999; before it nothing here can fail.
    let tuesday =
        |date: Date| if date.weekday() == Weekday::Tuesday { Ok(date) } else { date.nth_weekday(1, Weekday::Tuesday) };
    let mut weekly = Vec::new();
    let mut next = tuesday(today).unwrap_or(today);
    while weekly.len() < weeks {
        weekly.push(next);
        next = next.saturating_add(jiff::Span::new().days(7));
    }
    let mut monthly = Vec::new();
    let mut month = today.first_of_month();
    while monthly.len() < MONTHS {
        let last = month.nth_weekday_of_month(-1, Weekday::Tuesday).unwrap_or(month);
        if last >= today {
            monthly.push(last);
        }
        month = month.saturating_add(jiff::Span::new().months(1));
        if month == Date::MAX {
            break;
        }
    }
    weekly.retain(|date| !monthly.contains(date));
    let mut all: Vec<_> = weekly.into_iter().map(|date| (date, false)).collect();
    all.extend(monthly.into_iter().map(|date| (date, true)));
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_has_the_columns_and_no_contract_has_expired() {
        for today in [date(2026, 11, 22), date(2026, 11, 24), date(2026, 12, 30), date(2028, 2, 29)] {
            let csv = compact(today);
            let mut ids = BTreeSet::new();
            let mut options = 0;
            for row in csv.lines().skip(1) {
                let columns: Vec<_> = row.split(',').collect();
                assert_eq!(columns.len(), 16, "{row}");
                assert!(ids.insert((columns[0].to_owned(), columns[1].to_owned(), columns[2].to_owned())), "{row}");
                if columns[1] == "D" {
                    let expiry: Date = columns[8][..10].parse().unwrap();
                    assert!(expiry >= today && expiry.weekday() == Weekday::Tuesday, "{row}");
                    options += usize::from(columns[13] == "OP");
                }
            }
            assert!(options > 200);
            assert!(!csv.ends_with('\n'));
        }
    }

    #[test]
    fn contracts_cost_what_their_underlyings_make_them_worth() {
        let price = |underlying, expiry, place| {
            contract(InstrumentKey::new(Segment::NSE_FNO, id(underlying, expiry, place))).unwrap().close_paise
        };
        assert!((2_550_000..2_700_000).contains(&price(0, 3, 0)), "{}", price(0, 3, 0));
        for underlying in 0..UNDERLYINGS.len() {
            for expiry in 0..7 {
                let calls: Vec<_> = (0..=2 * STRIKES).map(|step| price(underlying, expiry, 1 + 2 * step)).collect();
                assert!(calls.windows(2).all(|pair| pair[0] >= pair[1] && pair[1] >= 100), "{calls:?}");
                let puts: Vec<_> = (0..=2 * STRIKES).map(|step| price(underlying, expiry, 2 + 2 * step)).collect();
                assert!(puts.windows(2).all(|pair| pair[0] <= pair[1] && pair[0] >= 100), "{puts:?}");
            }
        }
        for unlisted in [39_999, 40_199, 48_000, u32::MAX] {
            assert_eq!(contract(InstrumentKey::new(Segment::NSE_FNO, unlisted)), None);
        }
        let (key, symbol, ..) = near_option(date(2026, 11, 22));
        assert!(compact(date(2026, 11, 22)).contains(&format!("NSE,D,{},OPTIDX,0,{symbol},", key.security_id)));
    }

    #[test]
    fn the_detailed_file_has_the_same_rows_and_a_comma_behind_the_last_column() {
        let today = date(2026, 11, 22);
        let (compact, detailed) = (compact(today), detailed(today));
        assert_eq!(compact.lines().count(), detailed.lines().count());
        for row in detailed.lines() {
            assert_eq!(row.split(',').count(), 33, "{row}");
            assert!(row.ends_with(','), "{row}");
        }
        assert!(detailed.contains("\nNSE,E,1333,INE00133301010,EQUITY,,HDFCBANK,HDFC BANK LTD,HDFC Bank,ES,EQ,1.0,,"));
    }

    #[test]
    fn the_real_files_header_is_the_header() {
        assert_eq!(HEADER.split(',').count(), 16);
        assert!(HEADER.starts_with(
            "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL"
        ));
    }
}
