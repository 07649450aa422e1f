//! Finds the series of an underlying in an instrument master.

use super::request::ChainRequest;
use super::series::{Listed, Series, Strike, Strikes};
use crate::instruments::contracts::{Contract, contracts, nearest_words, underlyings};
use crate::instruments::index::folded;
use crate::instruments::master::{Master, MasterError, NameLevel};
use crate::instruments::row::InstrumentKind;
use crate::instruments::{SpecSegment, filter::Expiry};
use crate::model::{InstrumentKey, Segment};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Segments of options, the most traded ones first.
pub const SEGMENTS: [Segment; 5] =
    [Segment::NSE_FNO, Segment::BSE_FNO, Segment::MCX_COMM, Segment::NSE_CURRENCY, Segment::BSE_CURRENCY];
/// Segments of the underlyings.
const CASH: [Segment; 3] = [Segment::IDX_I, Segment::NSE_EQ, Segment::BSE_EQ];
/// Maximum number of values in a message.
const SHOWN: usize = 5;

/// Says what a master has for a chain.
#[derive(Debug)]
pub enum Listing {
    /// The series that have not expired.
    Series(Vec<Series>),
    /// There are no options of this underlying; the nearest underlyings that have some.
    Unknown(Vec<String>),
    /// There are options, but no index, share or future to compare their strikes with.
    NoSpot,
    /// There is no such expiry; the nearest ones.
    NoExpiry(Vec<Date>),
}

impl Listing {
    /// Looks a request up.
    ///
    /// # Errors
    /// Fails if the master is damaged.
    pub fn of(master: &Master, request: &ChainRequest, today: Date) -> Result<Listing, MasterError> {
        let named = request.segment.and_then(SpecSegment::feed);
        let wanted = named.filter(|segment| !CASH.contains(segment));
        let takes = |segment: SpecSegment| {
            segment
                .feed()
                .is_some_and(|segment| SEGMENTS.contains(&segment) && wanted.is_none_or(|wanted| wanted == segment))
        };
        let all = contracts(master, &request.underlying, takes, today)?;
        let first = |segment: &Segment| {
            all.iter().any(|one| one.kind == InstrumentKind::Option && one.segment == SpecSegment::Feed(*segment))
        };
        let Some(segment) = SEGMENTS.iter().copied().find(first) else {
            return Ok(Listing::Unknown(nearest(master, request, takes, today)?));
        };
        let here: Vec<Contract> = all.into_iter().filter(|one| one.segment == SpecSegment::Feed(segment)).collect();
        let is_future = matches!(segment, Segment::MCX_COMM | Segment::NSE_CURRENCY | Segment::BSE_CURRENCY);
        let cash = if is_future { None } else { cash(master, &request.underlying, named)? };
        let mut by_expiry: BTreeMap<Date, Vec<&Contract>> = BTreeMap::new();
        for option in here.iter().filter(|one| one.kind == InstrumentKind::Option) {
            by_expiry.entry(option.expiry).or_default().push(option);
        }
        let mut series = Vec::new();
        for (expiry, options) in &by_expiry {
            let spot = match &cash {
                Some(cash) => Some(cash.clone()),
                None => future(master, &here, *expiry)?,
            };
            let Some(spot) = spot else { continue };
            let mut strikes = Vec::with_capacity(options.len());
            for option in options {
                let Some(price) = option.strike else { continue };
                let one = Some(listed(master, segment, option)?);
                let (call, put) = if option.is_call { (one, None) } else { (None, one) };
                strikes.push(Strike { price, call, put });
            }
            series.extend(Strikes::new(strikes).map(|options| Series { expiry: *expiry, spot, options }));
        }
        if series.is_empty() {
            return Ok(Listing::NoSpot);
        }
        if let Expiry::On(day) = request.expiry
            && !series.iter().any(|series| series.expiry == day)
        {
            let mut days: Vec<Date> = series.iter().map(|series| series.expiry).collect();
            days.sort_by_key(|one| one.duration_since(day).abs());
            days.truncate(SHOWN);
            days.sort();
            return Ok(Listing::NoExpiry(days));
        }
        Ok(Listing::Series(series))
    }
}

fn listed(master: &Master, segment: Segment, contract: &Contract) -> Result<Listed, MasterError> {
    let found = master.found(contract.row)?;
    let row = found.row(master.columns())?;
    let symbol = row.symbol(found.entry.form).unwrap_or_default();
    Ok((InstrumentKey::new(segment, contract.id), Arc::from(symbol.as_ref())))
}

/// Returns the index or share with this symbol; NSE's before BSE's.
fn cash(master: &Master, underlying: &str, named: Option<Segment>) -> Result<Option<Listed>, MasterError> {
    let wanted = named.filter(|segment| CASH.contains(segment));
    let mut found = Vec::new();
    for (level, one) in master.by_name(underlying)? {
        let place = CASH.iter().position(|segment| SpecSegment::Feed(*segment) == one.entry.segment());
        if let (true, Some(place)) = (level < NameLevel::Display, place)
            && wanted.is_none_or(|wanted| CASH.get(place) == Some(&wanted))
        {
            found.push((place, level, one));
        }
    }
    found.sort_by_key(|(place, level, _)| (*place, *level));
    let Some((place, _, one)) = found.into_iter().next() else { return Ok(None) };
    let row = one.row(master.columns())?;
    let symbol = row.symbol(one.entry.form).unwrap_or_default();
    Ok(CASH.get(place).map(|segment| (InstrumentKey::new(*segment, one.entry.id), Arc::from(symbol.as_ref()))))
}

/// Returns the nearest future that does not expire before the options, else the last one.
fn future(master: &Master, all: &[Contract], expiry: Date) -> Result<Option<Listed>, MasterError> {
    let mut futures = all.iter().filter(|one| one.kind == InstrumentKind::Future);
    let future = futures.clone().find(|one| one.expiry >= expiry).or_else(|| futures.next_back());
    let segment = |one: &Contract| one.segment.feed();
    future.and_then(|one| Some((segment(one)?, one))).map(|(segment, one)| listed(master, segment, one)).transpose()
}

/// Returns the nearest underlyings that have live options.
fn nearest(
    master: &Master,
    request: &ChainRequest,
    takes: impl Fn(SpecSegment) -> bool,
    today: Date,
) -> Result<Vec<String>, MasterError> {
    let known: BTreeSet<String> = underlyings(master)?;
    let near = nearest_words(&folded(&request.underlying), known.iter().map(String::as_str));
    let mut some = Vec::new();
    for name in near.into_iter().take(2 * SHOWN) {
        if contracts(master, name, &takes, today)?.iter().any(|one| one.kind == InstrumentKind::Option) {
            some.push(name.to_owned());
        }
        if some.len() >= SHOWN {
            break;
        }
    }
    Ok(some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::index::{Bytes, build};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 2, 10);
    const MASTER: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME
NSE,D,1,OPTIDX,0,NIFTY-Feb2026-25000-CE,65.0,NIFTY 17 FEB 25000 CALL,2026-02-17 14:30:00,25000.00000,CE,5.0,W,OP,,
NSE,D,2,OPTIDX,0,NIFTY-Feb2026-25000-PE,65.0,NIFTY 17 FEB 25000 PUT,2026-02-17 14:30:00,25000.00000,PE,5.0,W,OP,,
NSE,D,3,OPTIDX,0,NIFTY-Feb2026-25050-CE,65.0,NIFTY 17 FEB 25050 CALL,2026-02-17 14:30:00,25050.00000,CE,5.0,W,OP,,
NSE,D,4,OPTIDX,0,NIFTY-Feb2026-25000-CE,65.0,NIFTY 24 FEB 25000 CALL,2026-02-24 14:30:00,25000.00000,CE,5.0,M,OP,,
NSE,D,5,OPTIDX,0,NIFTY-Jan2026-25000-CE,65.0,NIFTY 27 JAN 25000 CALL,2026-01-27 14:30:00,25000.00000,CE,5.0,M,OP,,
NSE,D,6,FUTIDX,0,NIFTY-Feb2026-FUT,65.0,NIFTY FEB FUT,2026-02-24 14:30:00,-0.01,XX,10.0,M,FUT,,
NSE,D,7,FUTIDX,0,FUTONLY-Feb2026-FUT,65.0,FUTONLY FEB FUT,2026-02-24 14:30:00,-0.01,XX,10.0,M,FUT,,
NSE,D,8,OPTSTK,0,RELIANCE-Feb2026-1400-CE,500.0,RELIANCE 24 FEB 1400 CALL,2026-02-24 14:30:00,1400.00000,CE,5.0,M,OP,,
MCX,M,21,FUTCOM,0,CRUDEOIL-19Feb2026-FUT,1.0,CRUDEOIL FEB FUT,2026-02-19 00:00:00,0.00000,XX,100.0,M,FUTCOM,2,CRUDEOIL
MCX,M,22,FUTCOM,0,CRUDEOIL-19Mar2026-FUT,1.0,CRUDEOIL MAR FUT,2026-03-19 00:00:00,0.00000,XX,100.0,M,FUTCOM,2,CRUDEOIL
MCX,M,23,OPTFUT,0,CRUDEOIL-17Feb2026-5900-CE,1.0,CRUDEOIL 17 FEB 5900 CALL,2026-02-17 00:00:00,5900.00000,CE,10.0,M,OPTFUT,2,CRUDEOIL
MCX,M,24,OPTFUT,0,CRUDEOIL-17Mar2026-5900-CE,1.0,CRUDEOIL 17 MAR 5900 CALL,2026-03-17 00:00:00,5900.00000,CE,10.0,M,OPTFUT,2,CRUDEOIL
BSE,E,500325,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,5.0,NA,ES,A,RELIANCE INDUSTRIES LTD.
NSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0,NA,ES,EQ,RELIANCE INDUSTRIES LTD
NSE,I,13,INDEX,0,NIFTY,1.0,Nifty 50,0001-01-01,,XX,0.05,,INDEX,X,NIFTY";

    fn listing(text: &str) -> Listing {
        let bytes = Bytes::Memory(MASTER.as_bytes().to_vec());
        let built = build(&bytes).unwrap();
        let master = Master::from_parts(Arc::new(bytes), &built).unwrap();
        Listing::of(&master, &text.parse().unwrap(), TODAY).unwrap()
    }

    fn series(text: &str) -> Vec<(String, String, usize)> {
        match listing(text) {
            Listing::Series(series) => series
                .iter()
                .map(|one| (one.expiry.to_string(), one.spot.0.to_string(), one.options.strikes().len()))
                .collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_spot_is_the_index_the_share_or_the_nearest_future() {
        let row = |expiry: &str, spot: &str, strikes| (expiry.to_owned(), spot.to_owned(), strikes);
        assert_eq!(series("nifty"), [row("2026-02-17", "IDX_I:13", 2), row("2026-02-24", "IDX_I:13", 1)]);
        assert_eq!(series("NFO:NIFTY").len(), 2);
        assert_eq!(series("RELIANCE"), [row("2026-02-24", "NSE_EQ:2885", 1)]);
        assert_eq!(series("BSE:RELIANCE"), [row("2026-02-24", "BSE_EQ:500325", 1)]);
        assert_eq!(series("CRUDEOIL"), [row("2026-02-17", "MCX_COMM:21", 1), row("2026-03-17", "MCX_COMM:22", 1)]);
    }

    #[test]
    fn an_underlying_without_options_is_answered_with_the_nearest_that_has_some() {
        for (typed, near) in [("NFTY", "NIFTY"), ("CRUDOIL", "CRUDEOIL"), ("RELIENCE", "RELIANCE")] {
            let Listing::Unknown(names) = listing(typed) else { panic!("{typed}") };
            assert_eq!(names, [near], "{typed}");
        }
        assert!(matches!(listing("FUTONLY"), Listing::Unknown(names) if names.is_empty()));
        assert!(matches!(listing("MCX:NIFTY"), Listing::Unknown(_)));
        let Listing::NoExpiry(days) = listing("NIFTY,expiry=2026-02-18") else { panic!() };
        assert_eq!(days, [date(2026, 2, 17), date(2026, 2, 24)]);
    }
}
