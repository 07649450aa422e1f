//! Reads one line of the master with typed fields: its segment, its names, and the meaning of placeholders.

use super::layout::MasterColumns;
use super::line::Fields;
use super::spec::SpecSegment;
use crate::model::Segment;
use jiff::civil::Date;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Names the kind of instrument; cash comes before contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum InstrumentKind {
    /// An index.
    Index = 0,
    /// A share, a bond or a fund, traded for cash.
    Cash = 1,
    /// A future.
    Future = 2,
    /// An option.
    Option = 3,
}

impl InstrumentKind {
    /// Returns whether it is a contract, which expires.
    pub const fn is_contract(self) -> bool {
        matches!(self, InstrumentKind::Future | InstrumentKind::Option)
    }
}

/// Says why a line is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// The line is damaged; a file with more than 1 % of such lines is refused.
    Bad,
    /// The exchange or segment is unknown.
    UnknownSegment,
    /// An earlier line has the same id; counted like a damaged line.
    Duplicate,
    /// The expiry of the contract cannot be read; without one it would be listed forever.
    Expiry,
}

/// Says how our symbol is made from the line; parts are added only if the shorter form is not unique in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum SymbolForm {
    /// `RELIANCE`, `NIFTY-24Feb2026-31200-CE`.
    Base = 0,
    /// `MOTHERSON-D1`.
    Series = 1,
    /// `CAPINS-99`.
    Id = 2,
    /// `ABC-N1-12345`.
    SeriesId = 3,
}

impl SymbolForm {
    /// Returns the form with a number in the index.
    pub const fn of(number: u8) -> Option<SymbolForm> {
        match number {
            0 => Some(SymbolForm::Base),
            1 => Some(SymbolForm::Series),
            2 => Some(SymbolForm::Id),
            3 => Some(SymbolForm::SeriesId),
            _ => None,
        }
    }
}

/// Holds a line of the master.
#[derive(Debug, Clone, Copy)]
pub struct MasterRow<'a> {
    columns: &'a MasterColumns,
    fields: Fields<'a>,
    /// The segment it is traded in.
    pub segment: SpecSegment,
    /// The security id.
    pub id: u32,
    /// The kind of instrument.
    pub kind: InstrumentKind,
    /// Expiry of the contract (IST date).
    pub expiry: Option<Date>,
}

/// Returns a field, or `None` if it is one of the master's placeholders.
pub fn known(field: &str) -> Option<&str> {
    let zero_date = field.starts_with("0001-01-01");
    let minus = field.strip_prefix("-0.01").is_some_and(|rest| rest.bytes().all(|b| b == b'0'));
    (!(field.is_empty() || field == "NA" || field == "XX" || zero_date || minus)).then_some(field)
}

/// Returns text with HTML entities decoded.
fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('&') { html_escape::decode_html_entities(text) } else { Cow::Borrowed(text) }
}

/// Returns a text field: `None` for placeholders, entities decoded, blanks trimmed.
fn text(field: &str) -> Option<Cow<'_, str>> {
    let text = decoded(known(field)?);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        None
    } else if trimmed.len() == text.len() {
        Some(text)
    } else {
        Some(Cow::Owned(trimmed.to_owned()))
    }
}

/// Parses a finite number.
fn number(field: &str) -> Option<f64> {
    known(field)?.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Holds the content of an expiry field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// Nothing, or a placeholder.
    None,
    /// This day.
    On(Date),
    /// Day before month, or month before day: `05/02/2026`.
    Either(Date, Date),
    /// Something that is no date.
    Unreadable,
}

impl Day {
    /// Reads a date as either file writes it (`2026-02-24 14:30:00`), or as spreadsheets do (`24/02/2026`, `24-Feb-26`,
    /// `2/24/2026`).
    fn read(field: &str) -> Day {
        let Some(field) = known(field) else { return Day::None };
        let day = field.split([' ', 'T']).next().unwrap_or_default();
        let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
        let [first, second, third] = parts[..] else { return Day::Unreadable };
        let date = |year: &str, month: &str, day: &str| {
            let short = year.len() == 2;
            let year: i16 = year.parse().ok().filter(|_| short || year.len() == 4)?;
            let year = if short { 2000 + year } else { year };
            let month = month_number(month).or_else(|| month.parse().ok())?;
            Date::new(year, month, day.parse().ok()?).ok().filter(|date| date.year() >= 1970)
        };
        if first.len() == 4 {
            return date(first, second, third).map_or(Day::Unreadable, Day::On);
        }
        match (date(third, second, first), date(third, first, second)) {
            (Some(one), Some(other)) if one != other => Day::Either(one, other),
            (Some(date), _) | (None, Some(date)) => Day::On(date),
            (None, None) => Day::Unreadable,
        }
    }
}

/// Parses a date as people type it, if it can be read in only one way.
pub(super) fn typed_date(text: &str) -> Option<Date> {
    match Day::read(text) {
        Day::On(date) => Some(date),
        Day::None | Day::Either(..) | Day::Unreadable => None,
    }
}

/// Returns the number of the month whose English name begins with these letters.
fn month_number(name: &str) -> Option<i8> {
    let letters = name.get(..3).filter(|_| name.bytes().all(|b| b.is_ascii_alphabetic()))?;
    (1..).zip(MONTHS).find(|(_, month)| month.eq_ignore_ascii_case(letters)).map(|(number, _)| number)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns a date in the form `24Feb2026`.
pub fn long_date(date: Date) -> String {
    let month = MONTHS.get(usize::from(date.month().unsigned_abs()).wrapping_sub(1)).copied().unwrap_or("");
    format!("{:02}{month}{:04}", date.day(), date.year())
}

/// Holds the parts of a contract's trading symbol: `BAJAJ-AUTO`, `Feb2026`, `-9500-CE`.
pub(super) fn contract_parts(symbol: &str) -> Option<(&str, &str, &str)> {
    let (rest, last) = symbol.rsplit_once('-')?;
    let head_end = if last.eq_ignore_ascii_case("FUT") {
        rest.len()
    } else if last.eq_ignore_ascii_case("CE") || last.eq_ignore_ascii_case("PE") {
        let (head, strike) = rest.rsplit_once('-')?;
        strike.parse::<f64>().ok()?;
        head.len()
    } else {
        return None;
    };
    let (underlying, expiry) = symbol.get(..head_end)?.rsplit_once('-')?;
    let letters = expiry.trim_start_matches(|c: char| c.is_ascii_digit());
    let days = expiry.len() - letters.len();
    let (month, year) = (letters.get(..3)?, letters.get(3..)?);
    let shaped = days <= 2
        && MONTHS.iter().any(|name| name.eq_ignore_ascii_case(month))
        && year.len() == 4
        && year.bytes().all(|b| b.is_ascii_digit());
    (shaped && !underlying.is_empty()).then_some((underlying, expiry, &symbol[head_end..]))
}

impl<'a> MasterRow<'a> {
    /// Parses the fields of a line.
    ///
    /// # Errors
    /// Says why the line is not listed.
    pub fn parse(columns: &'a MasterColumns, fields: Fields<'a>) -> Result<MasterRow<'a>, Skip> {
        if !columns.fit(&fields) {
            return Err(Skip::Bad);
        }
        let id = fields.get(columns.id);
        let id = id.strip_suffix(".0").unwrap_or(id).parse().map_err(|_| Skip::Bad)?;
        let segment = match (fields.get(columns.exchange), fields.get(columns.letter)) {
            ("NSE" | "BSE", "I") => SpecSegment::Feed(Segment::IDX_I),
            ("NSE", "E") => SpecSegment::Feed(Segment::NSE_EQ),
            ("NSE", "D") => SpecSegment::Feed(Segment::NSE_FNO),
            ("NSE", "C") => SpecSegment::Feed(Segment::NSE_CURRENCY),
            ("NSE", "M") => SpecSegment::NseComm,
            ("BSE", "E") => SpecSegment::Feed(Segment::BSE_EQ),
            ("BSE", "D") => SpecSegment::Feed(Segment::BSE_FNO),
            ("BSE", "C") => SpecSegment::Feed(Segment::BSE_CURRENCY),
            ("MCX", "M") => SpecSegment::Feed(Segment::MCX_COMM),
            ("", _) | (_, "") => return Err(Skip::Bad),
            _ => return Err(Skip::UnknownSegment),
        };
        let instrument = fields.get(columns.instrument);
        let kind = match instrument {
            "INDEX" => InstrumentKind::Index,
            "EQUITY" => InstrumentKind::Cash,
            _ if instrument.starts_with("FUT") => InstrumentKind::Future,
            _ if instrument.starts_with("OPT") => InstrumentKind::Option,
            _ if segment == SpecSegment::Feed(Segment::IDX_I) => InstrumentKind::Index,
            _ if segment.is_derivative() && matches!(fields.get(columns.option), "CE" | "PE") => InstrumentKind::Option,
            _ if segment.is_derivative() => InstrumentKind::Future,
            _ => InstrumentKind::Cash,
        };
        let mut row = MasterRow { columns, fields, segment, id, kind, expiry: None };
        if kind.is_contract() {
            row.expiry = match Day::read(fields.get(columns.expiry)) {
                Day::None => None,
                Day::On(date) => Some(date),
                Day::Either(one, other) => Some(row.in_named_month(one, other).ok_or(Skip::Expiry)?),
                Day::Unreadable => return Err(Skip::Expiry),
            };
        }
        Ok(row)
    }

    /// Returns the one of two days whose month the contract's names contain.
    fn in_named_month(&self, one: Date, other: Date) -> Option<Date> {
        let trading = text(self.field(self.columns.trading)).unwrap_or_default();
        let display = self.display().unwrap_or_default();
        let mut months = trading
            .split(|c: char| !c.is_ascii_alphabetic())
            .chain(display.split(|c: char| !c.is_ascii_alphabetic()))
            .filter(|word| word.len() == 3)
            .filter_map(month_number);
        let named = months.next()?;
        match (one.month() == named, other.month() == named) {
            (true, false) => Some(one),
            (false, true) => Some(other),
            _ => None,
        }
    }

    fn field(&self, column: usize) -> &'a str {
        self.fields.get(column)
    }

    /// The master's own trading symbol.
    ///
    /// The detailed file has no column for it: of cash rows it is `UNDERLYING_SYMBOL`, of contracts `SYMBOL_NAME`, built as in
    /// the compact file where that is only the underlying.
    pub fn trading(&self) -> Option<Cow<'a, str>> {
        if self.columns.layout == super::Layout::Compact {
            return text(self.field(self.columns.trading));
        }
        if !self.kind.is_contract() {
            return text(self.field(self.columns.underlying)).or_else(|| text(self.field(self.columns.trading)));
        }
        let symbol = text(self.field(self.columns.trading))?;
        if contract_parts(&symbol).is_some() {
            return Some(symbol);
        }
        let Some(expiry) = self.expiry else { return Some(symbol) };
        let mut built = format!("{symbol}-{}", long_date(expiry));
        match (self.strike(), self.option_type()) {
            (Some(strike), Some(option)) => {
                let _ = write!(built, "-{strike}-{option}");
            }
            _ => built.push_str("-FUT"),
        }
        Some(Cow::Owned(built))
    }

    /// Returns the trading symbol with the full expiry: `NIFTY-Feb2026-FUT` becomes `NIFTY-24Feb2026-FUT`.
    pub fn base(&self) -> Option<Cow<'a, str>> {
        let trading = self.trading()?;
        if self.kind.is_contract()
            && let (Some(expiry), Some((underlying, short, tail))) = (self.expiry, contract_parts(&trading))
            && !short.starts_with(|c: char| c.is_ascii_digit())
        {
            return Some(Cow::Owned(format!("{underlying}-{:02}{short}{tail}", expiry.day())));
        }
        Some(trading)
    }

    /// Returns our symbol in the form that is unique in its segment.
    pub fn symbol(&self, form: SymbolForm) -> Option<Cow<'a, str>> {
        let base = self.base()?;
        let series = self.series().unwrap_or_default();
        Some(match form {
            SymbolForm::Base => base,
            SymbolForm::Series => Cow::Owned(format!("{base}-{series}")),
            SymbolForm::Id => Cow::Owned(format!("{base}-{}", self.id)),
            SymbolForm::SeriesId => Cow::Owned(format!("{base}-{series}-{}", self.id)),
        })
    }

    /// Returns `SYMBOL-SERIES`, which names a share's series whatever our symbol is.
    pub fn with_series(&self) -> Option<String> {
        if self.kind != InstrumentKind::Cash {
            return None;
        }
        Some(format!("{}-{}", self.trading()?, self.series()?))
    }

    /// Returns the exchange's long name.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        text(self.field(self.columns.name))
    }

    /// Returns Dhan's display name.
    pub fn display(&self) -> Option<Cow<'a, str>> {
        text(self.field(self.columns.display))
    }

    /// Returns the instrument type: `EQUITY`, `OPTIDX`, …
    pub fn instrument(&self) -> Option<&'a str> {
        known(self.field(self.columns.instrument))
    }

    /// Returns the series of a share.
    pub fn series(&self) -> Option<&'a str> {
        known(self.field(self.columns.series))
    }

    /// Returns the ISIN; detailed file only.
    pub fn isin(&self) -> Option<&'a str> {
        known(self.field(self.columns.isin))
    }

    /// Returns the underlying of a contract.
    pub fn underlying(&self) -> Option<Cow<'a, str>> {
        if !self.kind.is_contract() {
            return None;
        }
        if self.columns.layout == super::Layout::Detailed
            && let Some(underlying) = text(self.field(self.columns.underlying))
        {
            return Some(underlying);
        }
        Some(match self.trading()? {
            Cow::Borrowed(trading) => Cow::Borrowed(contract_parts(trading)?.0),
            Cow::Owned(trading) => Cow::Owned(contract_parts(&trading)?.0.to_owned()),
        })
    }

    /// Returns the underlying's id as the detailed file has it: for index contracts the exchange's token, not Dhan's
    /// id.
    pub fn underlying_id(&self) -> Option<&'a str> {
        let id = known(self.field(self.columns.underlying_id))?;
        Some(id.strip_suffix(".0").unwrap_or(id))
    }

    /// Returns the lot size in units.
    pub fn lot(&self) -> Option<f64> {
        number(self.field(self.columns.lot))
    }

    /// Returns the tick size in rupees. The file has paise, but rupees for indices.
    pub fn tick(&self) -> Option<f64> {
        if self.kind == InstrumentKind::Index {
            return number(self.field(self.columns.tick));
        }
        // The decimal point is moved in the text, so that no digit is invented.
        let paise = known(self.field(self.columns.tick)).filter(|paise| !paise.contains(['e', 'E']))?;
        format!("{paise}e-2").parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// Returns the strike of an option in rupees.
    pub fn strike(&self) -> Option<f64> {
        if self.kind == InstrumentKind::Option { number(self.field(self.columns.strike)) } else { None }
    }

    /// Returns `CE` or `PE`.
    pub fn option_type(&self) -> Option<&'a str> {
        known(self.field(self.columns.option))
    }

    /// Returns the largest quantity of one order; detailed file only.
    pub fn freeze(&self) -> Option<f64> {
        number(self.field(self.columns.freeze))
    }

    /// Returns the day's lower price limit in rupees; detailed file only.
    pub fn lower(&self) -> Option<f64> {
        number(self.field(self.columns.lower))
    }

    /// Returns the day's upper price limit in rupees; detailed file only.
    pub fn upper(&self) -> Option<f64> {
        number(self.field(self.columns.upper))
    }

    /// Returns the fields as the file has them, without an empty last one.
    pub fn raw(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let columns = self.columns;
        let fields = self.fields;
        (0..columns.count).map(move |at| (columns.names.get(at).map_or("", String::as_str), fields.as_written(at)))
    }

    /// Returns whether the contract's expiry has passed.
    pub fn has_expired(&self, today: Date) -> bool {
        self.expiry.is_some_and(|expiry| expiry < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::line::Line;

    const COMPACT: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";
    const DETAILED: &str = "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,SYMBOL_NAME,DISPLAY_NAME,INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,BRACKET_FLAG,COVER_FLAG,ASM_GSM_FLAG,ASM_GSM_CATEGORY,BUY_SELL_INDICATOR,BUY_CO_MIN_MARGIN_PER,BUY_CO_SL_RANGE_MAX_PERC,BUY_CO_SL_RANGE_MIN_PERC,BUY_BO_MIN_MARGIN_PER,BUY_BO_PROFIT_RANGE_MAX_PERC,BUY_BO_PROFIT_RANGE_MIN_PERC,MTF_LEVERAGE,SM_UPPER_LIMIT,SM_LOWER_LIMIT,SM_FREEZE_QTY,";

    fn with<T>(header: &str, line: &str, look: impl FnOnce(MasterRow<'_>) -> T) -> T {
        let columns = MasterColumns::of(header.as_bytes()).unwrap();
        let mut buffer = Line::default();
        look(MasterRow::parse(&columns, buffer.split(line.as_bytes()).unwrap()).unwrap())
    }

    #[test]
    fn our_symbol_of_a_contract_carries_its_full_expiry() {
        for (line, ours, underlying) in [
            (
                "NSE,D,1,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 24 FEB 31200 CALL,2026-02-24 14:30:00,31200.00000,CE,5.0000,M,OP,,",
                "NIFTY-24Feb2026-31200-CE",
                "NIFTY",
            ),
            (
                "NSE,D,1,OPTSTK,0,BAJAJ-AUTO-Mar2026-9500-CE,65.0,X,2026-03-03 14:30:00,9500.00000,CE,5.0000,M,OP,,",
                "BAJAJ-AUTO-03Mar2026-9500-CE",
                "BAJAJ-AUTO",
            ),
            (
                "NSE,D,1,FUTIDX,0,NIFTY-Feb2026-FUT,65.0,X,2026-02-24 14:30:00,-0.01000,XX,10.0,M,FUT,,",
                "NIFTY-24Feb2026-FUT",
                "NIFTY",
            ),
            (
                "BSE,C,1,OPTCUR,0,USDJPY-27Mar2025-158.25-PE,1.0,X,2025-03-27 14:30:00,158.25000,PE,1.0000,Q,OPTCUR,,USDJPY",
                "USDJPY-27Mar2025-158.25-PE",
                "USDJPY",
            ),
        ] {
            with(COMPACT, line, |row| {
                assert_eq!(row.symbol(SymbolForm::Base).as_deref(), Some(ours));
                assert_eq!(row.underlying().as_deref(), Some(underlying));
            });
        }
    }

    #[test]
    fn the_detailed_file_gives_the_same_symbols() {
        for (line, trading, ours) in [
            (
                "NSE,D,35084,NA,OPTIDX,26000,NIFTY,NIFTY-Sep2026-29150-CE,NIFTY 29 SEP 29150 CALL,OP,NA,65.0,2026-09-29,29150.00000,CE,5.0000,M,N,N,N,NA,A,0,0,0,0,0,0,0,20.1000,0.0500,1756,",
                "NIFTY-Sep2026-29150-CE",
                "NIFTY-29Sep2026-29150-CE",
            ),
            (
                "MCX,M,565899,NA,FUTCOM,294,CRUDEOIL,CRUDEOIL,CRUDEOIL SEP FUT,FUTCOM,2,1.0,2026-09-21,0.00000,XX,100.0000,M,N,N,N,NA,A,0,0,0,0,0,0,0,1,1,100,",
                "CRUDEOIL-21Sep2026-FUT",
                "CRUDEOIL-21Sep2026-FUT",
            ),
            (
                "BSE,C,9,NA,OPTCUR,600,USDINR,USDINR,USDINR X,OPTCUR,NA,1.0,2026-08-28,86.25000,CE,0.2500,M,N,N,N,NA,A,0,0,0,0,0,0,0,86.4500,81.4100,701,",
                "USDINR-28Aug2026-86.25-CE",
                "USDINR-28Aug2026-86.25-CE",
            ),
        ] {
            with(DETAILED, line, |row| {
                assert_eq!(row.trading().as_deref(), Some(trading));
                assert_eq!(row.symbol(SymbolForm::Base).as_deref(), Some(ours));
            });
        }
        with(
            DETAILED,
            "NSE,E,100,INE885A01032,EQUITY,,ARE&M,AMARA RAJA ENERGY MOB LTD,Amara Raja Energy &amp; Mobility,ES,EQ,1,,,,5,NA,N,N,N,NA,A,0,0,0,0,0,0,3.407155,886.35,590.95,0",
            |row| {
                assert_eq!(row.symbol(SymbolForm::Base).as_deref(), Some("ARE&M"));
                assert_eq!(row.name().as_deref(), Some("AMARA RAJA ENERGY MOB LTD"));
                assert_eq!(row.display().as_deref(), Some("Amara Raja Energy & Mobility"));
                assert_eq!((row.isin(), row.tick(), row.lower()), (Some("INE885A01032"), Some(0.05), Some(590.95)));
                assert_eq!((row.underlying(), row.expiry, row.strike()), (None, None, None));
            },
        );
    }

    #[test]
    fn placeholders_are_nothing_and_paise_are_rupees() {
        with(
            COMPACT,
            "NSE,D,59183,FUTIDX,0,NIFTY-Feb2026-FUT,65.0,X,2026-02-24 14:30:00,-0.01000,XX,10.0,M,FUT,NA,",
            |row| {
                assert_eq!((row.strike(), row.option_type(), row.series(), row.name()), (None, None, None, None));
                assert_eq!((row.tick(), row.lot()), (Some(0.1), Some(65.0)));
            },
        );
        with(COMPACT, "NSE,I,13,INDEX,0,NIFTY,1.0,Nifty 50,0001-01-01,,XX,0.2500,,INDEX,X,NIFTY", |row| {
            assert_eq!((row.expiry, row.tick(), row.kind), (None, Some(0.25), InstrumentKind::Index));
        });
    }

    #[test]
    fn dates_are_read_as_either_file_or_a_spreadsheet_writes_them() {
        let day = Day::On(jiff::civil::date(2026, 2, 24));
        for text in [
            "2026-02-24 14:30:00",
            "2026-02-24",
            "24/02/2026",
            "24/02/26",
            "24-02-2026 14:30",
            "24.02.2026",
            "24-Feb-2026",
            "24-FEB-26",
            "2026-Feb-24",
            "2/24/2026",
            "February-24-2026",
        ] {
            assert_eq!(Day::read(text), day, "{text}");
        }
        for text in ["2026-02-31", "2026-02", "2026-02-24-1", "46076", "24-Foo-2026", "24-02-026"] {
            assert_eq!(Day::read(text), Day::Unreadable, "{text}");
        }
        for text in ["", "NA", "0001-01-01"] {
            assert_eq!(Day::read(text), Day::None, "{text}");
        }
    }

    #[test]
    fn a_day_that_can_be_read_two_ways_is_the_one_whose_month_the_contract_is_named_after() {
        let line = |symbol: &str, shown: &str| {
            format!("NSE,D,1,FUTIDX,0,{symbol},65.0,{shown},05/02/2026,-0.01000,XX,10.0,M,FUT,,")
        };
        let columns = MasterColumns::of(COMPACT.as_bytes()).unwrap();
        for (symbol, shown, expiry) in [
            ("NIFTY-Feb2026-FUT", "NIFTY FEB FUT", Some(jiff::civil::date(2026, 2, 5))),
            ("NIFTY-May2026-FUT", "NIFTY MAY FUT", Some(jiff::civil::date(2026, 5, 2))),
            ("NIFTY", "NIFTY 02 MAY FUT", Some(jiff::civil::date(2026, 5, 2))),
            ("NIFTY-Jun2026-FUT", "NIFTY JUN FUT", None),
            ("NIFTY", "NIFTY FUT", None),
        ] {
            let line = line(symbol, shown);
            let mut buffer = Line::default();
            let row = MasterRow::parse(&columns, buffer.split(line.as_bytes()).unwrap());
            match expiry {
                Some(_) => assert_eq!(row.unwrap().expiry, expiry, "{line}"),
                None => assert_eq!(row.err(), Some(Skip::Expiry), "{line}"),
            }
        }
    }

    #[test]
    fn a_line_that_is_not_whole_is_bad_and_a_new_segment_is_not() {
        let columns = MasterColumns::of(COMPACT.as_bytes()).unwrap();
        let mut buffer = Line::default();
        for (line, skip) in [
            ("NSE,E,1", Skip::Bad),
            ("NSE,E,x,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A", Skip::Bad),
            ("NSE,E,-1,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A", Skip::Bad),
            (",E,1,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A", Skip::Bad),
            ("NSE,E,1,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A,more", Skip::Bad),
            ("INX,E,1,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A", Skip::UnknownSegment),
        ] {
            assert_eq!(MasterRow::parse(&columns, buffer.split(line.as_bytes()).unwrap()).err(), Some(skip), "{line}");
        }
        assert!(MasterRow::parse(&columns, buffer.split(b"NSE,E,1,EQUITY,0,A,1,A,,,,1,NA,ES,EQ,A,").unwrap()).is_ok());
    }
}
