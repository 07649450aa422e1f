//! Filters of `list`, `find` and `search`, and what `nearest`, `next` and `month` mean of a contract's expiries.

use super::index::Entry;
use super::master::{Master, MasterError};
use super::row::{Kind, Row};
use super::spec::SpecSegment;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// An expiry as a person asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// This day.
    On(Date),
    /// The first that has not passed.
    Nearest,
    /// The one after the nearest.
    Next,
    /// The last one of the nearest one's month.
    Month,
}

impl std::str::FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Expiry, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "nearest" => Ok(Expiry::Nearest),
            "next" => Ok(Expiry::Next),
            "month" => Ok(Expiry::Month),
            date => date
                .parse()
                .map(Expiry::On)
                .map_err(|_| "write a date such as 2026-02-24, or nearest, next or month".to_owned()),
        }
    }
}

/// A range of strikes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strikes {
    low: f64,
    high: f64,
}

impl std::str::FromStr for Strikes {
    type Err = String;

    fn from_str(text: &str) -> Result<Strikes, String> {
        let number = |text: &str, open: f64| {
            if text.trim().is_empty() { Some(open) } else { text.trim().parse().ok().filter(|n: &f64| n.is_finite()) }
        };
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        match (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY)) {
            (Some(low), Some(high)) if low <= high && !text.trim().is_empty() => Ok(Strikes { low, high }),
            (Some(low), Some(high)) if low > high => Err(format!("the range is empty: write {high}..{low}")),
            _ => Err("write a range such as 25000..25500, or one strike".to_owned()),
        }
    }
}

/// Which rows are wanted. An empty list is no filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Segments.
    pub segments: Vec<SpecSegment>,
    /// `OPTIDX`, `EQUITY`, …
    pub instruments: Vec<String>,
    /// What contracts are about.
    pub underlyings: Vec<String>,
    /// Series of shares.
    pub series: Vec<String>,
    /// Expiries.
    pub expiries: Vec<Expiry>,
    /// Strikes of options.
    pub strikes: Option<Strikes>,
    /// `CE` or `PE`.
    pub option: Option<String>,
    /// Contracts that have expired too.
    pub expired: bool,
}

/// Whose expiries are compared.
type Series = (SpecSegment, String);

/// A filter that knows today and which days `nearest` and the like are.
#[derive(Debug)]
pub struct Ready<'a> {
    filter: &'a Filter,
    today: Date,
    days: BTreeMap<Series, BTreeSet<Date>>,
}

impl Filter {
    /// Finds out which days `nearest`, `next` and `month` are: of each underlying in each segment, among the instruments asked for.
    ///
    /// # Errors
    /// The master is damaged.
    pub fn ready(&self, master: &Master, today: Date) -> Result<Ready<'_>, MasterError> {
        let mut ready = Ready { filter: self, today, days: BTreeMap::new() };
        if self.expiries.iter().all(|expiry| matches!(expiry, Expiry::On(_))) {
            return Ok(ready);
        }
        let mut known: BTreeMap<Series, BTreeSet<Date>> = BTreeMap::new();
        let live = |entry: &Entry| {
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

    /// Whether the row is of the segment, instrument, underlying and series asked for.
    fn is_of(&self, row: &Row<'_>) -> bool {
        let listed = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one.eq_ignore_ascii_case(value)))
        };
        (self.segments.is_empty() || self.segments.contains(&row.segment))
            && listed(&self.instruments, row.instrument())
            && listed(&self.series, row.series())
            && (self.underlyings.is_empty() || listed(&self.underlyings, row.underlying().as_deref()))
    }
}

fn series(row: &Row<'_>) -> Series {
    (row.segment, row.underlying().unwrap_or_default().to_ascii_uppercase())
}

/// The day that a word means among the days that have not passed.
fn relative(expiry: Expiry, days: &BTreeSet<Date>) -> Option<Date> {
    let nearest = *days.first()?;
    match expiry {
        Expiry::On(_) => None,
        Expiry::Nearest => Some(nearest),
        Expiry::Next => days.iter().nth(1).copied(),
        Expiry::Month => days.iter().take_while(|day| day.first_of_month() == nearest.first_of_month()).last().copied(),
    }
}

impl Ready<'_> {
    /// Whether a row may be wanted, by what the index knows of it: spares typing the others.
    pub fn may_take(&self, entry: &Entry) -> bool {
        let filter = self.filter;
        (filter.expired || !entry.has_expired(self.today))
            && (filter.segments.is_empty() || filter.segments.contains(&entry.segment()))
            && (filter.strikes.is_none() || entry.kind == Kind::Option)
            && (filter.option.is_none() || entry.kind.is_contract())
            && ((filter.underlyings.is_empty() && filter.expiries.is_empty()) || entry.kind.is_contract())
    }

    /// Whether the row is wanted.
    pub fn takes(&self, row: &Row<'_>) -> bool {
        let filter = self.filter;
        (filter.expired || !row.has_expired(self.today))
            && filter.is_of(row)
            && filter
                .option
                .as_deref()
                .is_none_or(|option| row.option_type().is_some_and(|of| of.eq_ignore_ascii_case(option)))
            && filter
                .strikes
                .is_none_or(|range| row.strike().is_some_and(|strike| range.low <= strike && strike <= range.high))
            && (filter.expiries.is_empty() || row.expiry.is_some_and(|expiry| self.expires(row, expiry)))
    }

    fn expires(&self, row: &Row<'_>, expiry: Date) -> bool {
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
            assert!(text.parse::<Strikes>().unwrap_err().contains("25000..25500"), "{text}");
        }
        assert_eq!("5..4".parse::<Strikes>().unwrap_err(), "the range is empty: write 4..5");
        assert!(
            "100..".parse::<Strikes>().is_ok()
                && "..100".parse::<Strikes>().is_ok()
                && "100".parse::<Strikes>().is_ok()
        );
        assert!("tomorrow".parse::<Expiry>().unwrap_err().contains("nearest, next or month"));
    }
}
