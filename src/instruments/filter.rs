//! Filters instruments for `list`, `find` and `search`, and resolves `nearest`, `next` and `month` among a contract's
//! expiries.

use super::contracts::nearest_words;
use super::index::IndexEntry;
use super::master::{Master, MasterError};
use super::row::{InstrumentKind, MasterRow, typed_date};
use super::spec::SpecSegment;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;

/// An expiry as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// This day.
    On(Date),
    /// The first that has not passed.
    Nearest,
    /// The one after the nearest.
    Next,
    /// The last one in the month of the nearest.
    Month,
}

impl std::str::FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "nearest" => Ok(Expiry::Nearest),
            "next" => Ok(Expiry::Next),
            "month" => Ok(Expiry::Month),
            date => typed_date(date)
                .map(Expiry::On)
                .ok_or_else(|| "write a date such as 2026-02-24, or nearest, next or month".to_owned()),
        }
    }
}

/// A range of strikes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StrikeRange {
    low: f64,
    high: f64,
}

impl StrikeRange {
    fn holds(self, strike: f64) -> bool {
        self.low <= strike && strike <= self.high
    }

    /// Returns the nearest strikes below and above the range.
    fn nearest(self, strikes: Vec<f64>) -> Vec<String> {
        let below = strikes.iter().copied().filter(|strike| *strike < self.low).max_by(f64::total_cmp);
        let above = strikes.iter().copied().filter(|strike| *strike > self.high).min_by(f64::total_cmp);
        below.into_iter().chain(above).map(|strike| strike.to_string()).collect()
    }
}

impl fmt::Display for StrikeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            return write!(f, "{}", self.low);
        }
        let open = |bound: f64| if bound.is_finite() { bound.to_string() } else { String::new() };
        write!(f, "{}..{}", open(self.low), open(self.high))
    }
}

/// Returns the expiries nearest to the wanted days, in order.
fn nearest_days(wanted: &[Expiry], values: &BTreeSet<String>) -> Vec<String> {
    let mut days: Vec<Date> = values.iter().filter_map(|value| value.parse().ok()).collect();
    let wanted_day = wanted.iter().find_map(|expiry| match expiry {
        Expiry::On(date) => Some(*date),
        _ => None,
    });
    if let Some(wanted_day) = wanted_day {
        days.sort_by_key(|day| day.duration_since(wanted_day).abs());
    }
    days.truncate(SHOWN);
    days.sort();
    days.iter().map(ToString::to_string).collect()
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::On(date) => write!(f, "{date}"),
            Expiry::Nearest => f.write_str("nearest"),
            Expiry::Next => f.write_str("next"),
            Expiry::Month => f.write_str("month"),
        }
    }
}

impl std::str::FromStr for StrikeRange {
    type Err = String;

    fn from_str(text: &str) -> Result<StrikeRange, String> {
        let number = |text: &str, open: f64| {
            if text.trim().is_empty() { Some(open) } else { text.trim().parse().ok().filter(|n: &f64| n.is_finite()) }
        };
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        match (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY)) {
            (Some(low), Some(high)) if low <= high && !text.trim().is_empty() => Ok(StrikeRange { low, high }),
            (Some(low), Some(high)) if low > high => Err(format!("the range is empty: write {high}..{low}")),
            _ => Err("write a range such as 25000..25500, or one strike".to_owned()),
        }
    }
}

/// Says which rows are wanted. An empty list filters nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Segments.
    pub segments: Vec<SpecSegment>,
    /// `OPTIDX`, `EQUITY`, …
    pub instruments: Vec<String>,
    /// Underlyings of contracts.
    pub underlyings: Vec<String>,
    /// Series of shares.
    pub series: Vec<String>,
    /// Expiries.
    pub expiries: Vec<Expiry>,
    /// Strikes of options.
    pub strikes: Option<StrikeRange>,
    /// `CE` or `PE`.
    pub option: Option<String>,
    /// Whether contracts that have expired are wanted too.
    pub expired: bool,
}

/// Segment and underlying, within which expiries are compared.
type Series = (SpecSegment, String);

/// A filter with its words resolved to days.
#[derive(Debug)]
pub struct ResolvedFilter<'a> {
    filter: &'a Filter,
    today: Date,
    days: BTreeMap<Series, BTreeSet<Date>>,
}

impl Filter {
    /// Resolves `nearest`, `next` and `month` for each underlying in each segment, among the wanted instruments.
    ///
    /// # Errors
    /// Fails if the master is damaged.
    pub fn ready(&self, master: &Master, today: Date) -> Result<ResolvedFilter<'_>, MasterError> {
        let mut ready = ResolvedFilter { filter: self, today, days: BTreeMap::new() };
        if self.expiries.iter().all(|expiry| matches!(expiry, Expiry::On(_))) {
            return Ok(ready);
        }
        let mut known: BTreeMap<Series, BTreeSet<Date>> = BTreeMap::new();
        let live = |entry: &IndexEntry| {
            entry.expiry != 0
                && !entry.has_expired(today)
                && (self.segments.is_empty() || self.segments.contains(&entry.segment()))
        };
        master.scan::<MasterError>(
            |entry, _| live(entry),
            |_, _, row| {
                if self.is_of(row)
                    && let Some(expiry) = row.expiry
                {
                    known.entry(series(row)).or_default().insert(expiry);
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        for (series, days) in known {
            let wanted = self.expiries.iter().filter_map(|expiry| relative(*expiry, &days)).collect();
            ready.days.insert(series, wanted);
        }
        Ok(ready)
    }

    /// Returns whether a row has a wanted segment, instrument, underlying and series.
    fn is_of(&self, row: &MasterRow<'_>) -> bool {
        let listed = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one.eq_ignore_ascii_case(value)))
        };
        (self.segments.is_empty() || self.segments.contains(&row.segment))
            && listed(&self.instruments, row.instrument())
            && listed(&self.series, row.series())
            && (self.underlyings.is_empty() || listed(&self.underlyings, row.underlying().as_deref()))
    }
}

fn series(row: &MasterRow<'_>) -> Series {
    (row.segment, row.underlying().unwrap_or_default().to_ascii_uppercase())
}

/// Returns the day that a word means among the days that have not passed.
pub fn relative(expiry: Expiry, days: &BTreeSet<Date>) -> Option<Date> {
    let nearest = *days.first()?;
    match expiry {
        Expiry::On(_) => None,
        Expiry::Nearest => Some(nearest),
        Expiry::Next => days.iter().nth(1).copied(),
        Expiry::Month => days.iter().take_while(|day| day.first_of_month() == nearest.first_of_month()).last().copied(),
    }
}

/// Words the filter that no instrument passes after the ones before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    option: &'static str,
    typed: String,
    nearest: Vec<String>,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing that passes the others has {} {}", self.option, self.typed)?;
        if self.nearest.is_empty() { Ok(()) } else { write!(f, "; nearest: {}", self.nearest.join(", ")) }
    }
}

/// Lists the options of the filters, in the order in which they are named as the cause.
const OPTIONS: [&str; 8] =
    ["(live contracts)", "--segment", "--instrument", "--series", "--underlying", "--option", "--expiry", "--strike"];
/// Maximum number of values in a message.
const SHOWN: usize = 5;

/// Returns the rows that pass, ordered by underlying, expiry, strike, option type, else by segment and symbol.
///
/// # Errors
/// Fails if the master is damaged.
pub fn ordered(master: &Master, ready: &ResolvedFilter<'_>) -> Result<Vec<u32>, MasterError> {
    let mut rows = Vec::new();
    master.scan::<MasterError>(
        |entry, _| ready.may_take(entry),
        |number, entry, row| {
            if ready.takes(row) {
                let underlying = row.underlying().unwrap_or_default().to_ascii_uppercase();
                let strike = row.strike().map_or(0, f64::to_bits);
                let symbol = row.symbol(entry.form).unwrap_or_default().into_owned();
                let option = row.option_type().unwrap_or_default().to_owned();
                rows.push(((underlying, entry.expiry, strike, option, entry.segment, symbol), number));
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    rows.sort_unstable();
    Ok(rows.into_iter().map(|(_, number)| number).collect())
}

impl ResolvedFilter<'_> {
    /// Returns the index in [`OPTIONS`] of the first filter that a row does not pass; the number of options if it
    /// passes all.
    fn first_failed(&self, row: &MasterRow<'_>) -> usize {
        let filter = self.filter;
        let of = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one.eq_ignore_ascii_case(value)))
        };
        let passed = [
            filter.expired || !row.has_expired(self.today),
            filter.segments.is_empty() || filter.segments.contains(&row.segment),
            of(&filter.instruments, row.instrument()),
            of(&filter.series, row.series()),
            filter.underlyings.is_empty() || of(&filter.underlyings, row.underlying().as_deref()),
            filter.option.as_deref().is_none_or(|option| row.option_type() == Some(option)),
            filter.expiries.is_empty() || row.expiry.is_some_and(|expiry| self.expires(row, expiry)),
            filter.strikes.is_none_or(|range| row.strike().is_some_and(|strike| range.holds(strike))),
        ];
        passed.iter().position(|passed| !passed).unwrap_or(OPTIONS.len())
    }

    /// Returns which filter nothing passes, with its nearest values, or `None` if there is no filter.
    ///
    /// # Errors
    /// Fails if the master is damaged.
    pub fn missed(&self, master: &Master) -> Result<Option<Missed>, MasterError> {
        let filter = self.filter;
        let mut deepest = 0;
        master.scan::<MasterError>(
            |_, _| true,
            |_, _, row| {
                deepest = deepest.max(self.first_failed(row));
                Ok(ControlFlow::Continue(()))
            },
        )?;
        let words = |list: &[String]| list.join(",");
        let typed = match OPTIONS.get(deepest).copied() {
            None => return Ok(None),
            Some("--segment") => filter.segments.iter().map(|segment| segment.name()).collect::<Vec<_>>().join(","),
            Some("--instrument") => words(&filter.instruments),
            Some("--series") => words(&filter.series),
            Some("--underlying") => words(&filter.underlyings),
            Some("--option") => filter.option.clone().unwrap_or_default(),
            Some("--expiry") => filter.expiries.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            Some("--strike") => filter.strikes.map(|range| range.to_string()).unwrap_or_default(),
            Some(_) => String::new(),
        };
        let mut values: BTreeSet<String> = BTreeSet::new();
        let mut strikes: Vec<f64> = Vec::new();
        master.scan::<MasterError>(
            |_, _| true,
            |_, _, row| {
                if self.first_failed(row) == deepest {
                    match OPTIONS.get(deepest).copied() {
                        Some("--segment") => values.extend([row.segment.name().to_owned()]),
                        Some("--instrument") => values.extend(row.instrument().map(str::to_owned)),
                        Some("--series") => values.extend(row.series().map(str::to_owned)),
                        Some("--underlying") => values.extend(row.underlying().map(|name| name.into_owned())),
                        Some("--option") => values.extend(row.option_type().map(str::to_owned)),
                        Some("--expiry") => values.extend(row.expiry.map(|day| day.to_string())),
                        Some("--strike") => strikes.extend(row.strike()),
                        _ => {}
                    }
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        let nearest = match OPTIONS.get(deepest).copied() {
            Some("--strike") => filter.strikes.map(|range| range.nearest(strikes)).unwrap_or_default(),
            Some("--expiry") => nearest_days(&filter.expiries, &values),
            Some("--underlying" | "--instrument" | "--series") => {
                let near = typed.split(',').flat_map(|one| nearest_words(one, values.iter().map(String::as_str)));
                let mut near: Vec<String> = near.map(str::to_owned).collect();
                if near.is_empty() && values.len() <= 4 * SHOWN {
                    near.extend(values);
                }
                near.truncate(SHOWN);
                near
            }
            _ => values.into_iter().take(2 * SHOWN).collect(),
        };
        Ok(Some(Missed { option: OPTIONS[deepest], typed, nearest }))
    }

    /// Returns whether a row may be wanted, judged by its index entry, to avoid parsing the others.
    pub fn may_take(&self, entry: &IndexEntry) -> bool {
        let filter = self.filter;
        (filter.expired || !entry.has_expired(self.today))
            && (filter.segments.is_empty() || filter.segments.contains(&entry.segment()))
            && (filter.strikes.is_none() || entry.kind == InstrumentKind::Option)
            && (filter.option.is_none() || entry.kind.is_contract())
            && ((filter.underlyings.is_empty() && filter.expiries.is_empty()) || entry.kind.is_contract())
    }

    /// Returns whether the row is wanted.
    pub fn takes(&self, row: &MasterRow<'_>) -> bool {
        let filter = self.filter;
        (filter.expired || !row.has_expired(self.today))
            && filter.is_of(row)
            && filter
                .option
                .as_deref()
                .is_none_or(|option| row.option_type().is_some_and(|of| of.eq_ignore_ascii_case(option)))
            && filter.strikes.is_none_or(|range| row.strike().is_some_and(|strike| range.holds(strike)))
            && (filter.expiries.is_empty() || row.expiry.is_some_and(|expiry| self.expires(row, expiry)))
    }

    fn expires(&self, row: &MasterRow<'_>, expiry: Date) -> bool {
        self.filter.expiries.contains(&Expiry::On(expiry))
            || (!self.days.is_empty() && self.days.get(&series(row)).is_some_and(|days| days.contains(&expiry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::master::tests::small;
    use jiff::civil::date;

    fn listed(filter: &Filter) -> Vec<u32> {
        let master = small();
        let ready = filter.ready(&master, date(2026, 2, 10)).unwrap();
        let mut ids = Vec::new();
        master
            .scan::<MasterError>(
                |_, _| true,
                |_, entry, row| {
                    if ready.takes(row) {
                        assert!(ready.may_take(&entry), "{}", row.id);
                        ids.push(row.id);
                    }
                    Ok(ControlFlow::Continue(()))
                },
            )
            .unwrap();
        ids
    }

    fn expiries(text: &str) -> Vec<Expiry> {
        text.split(',').map(|one| one.parse().unwrap()).collect()
    }

    #[test]
    fn expired_contracts_are_left_out_unless_asked_for() {
        assert!(!listed(&Filter::default()).contains(&102));
        assert_eq!(listed(&Filter { expired: true, ..Filter::default() }).len(), 21);
    }

    #[test]
    fn nearest_next_and_month_are_of_each_underlying() {
        let options = Filter { instruments: vec!["optidx".into()], ..Filter::default() };
        for (words, ids) in [
            ("nearest", vec![100]),
            ("next", vec![101]),
            ("month", vec![101]),
            ("nearest,month", vec![100, 101]),
            ("2026-03-30", vec![103]),
            ("2026-03-30,nearest", vec![100, 103]),
            ("2026-02-03", vec![]),
        ] {
            assert_eq!(listed(&Filter { expiries: expiries(words), ..options.clone() }), ids, "{words}");
        }
        let all = Filter { expiries: expiries("nearest"), ..Filter::default() };
        assert_eq!(listed(&all), [1_026_077, 100, 104, 148_560]);
        let futures = Filter { instruments: vec!["FUTIDX".into()], ..all };
        assert_eq!(listed(&futures), [59183]);
    }

    #[test]
    fn each_filter_narrows() {
        let nifty = Filter { underlyings: vec!["nifty".into()], ..Filter::default() };
        assert_eq!(listed(&nifty), [59183, 100, 101, 103]);
        assert_eq!(listed(&Filter { option: Some("pe".into()), ..Filter::default() }), [104, 148_560]);
        assert_eq!(listed(&Filter { strikes: "4000..31200".parse().ok(), ..nifty }), [100, 101, 103]);
        assert_eq!(listed(&Filter { series: vec!["D1".into()], ..Filter::default() }), [25510]);
        let index = SpecSegment::parse("IDX_I").unwrap();
        assert_eq!(listed(&Filter { segments: vec![index], ..Filter::default() }), [13, 75, 99, 846]);
    }

    #[test]
    fn a_range_that_cannot_be_read_says_what_to_write() {
        for text in ["a..b", "", "..x", "1..2..3"] {
            assert!(text.parse::<StrikeRange>().unwrap_err().contains("25000..25500"), "{text}");
        }
        assert_eq!("5..4".parse::<StrikeRange>().unwrap_err(), "the range is empty: write 4..5");
        assert!(
            "100..".parse::<StrikeRange>().is_ok()
                && "..100".parse::<StrikeRange>().is_ok()
                && "100".parse::<StrikeRange>().is_ok()
        );
        assert!("tomorrow".parse::<Expiry>().unwrap_err().contains("nearest, next or month"));
    }
}
