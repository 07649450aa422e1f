//! Reads orders from JSON objects of both sources, leniently except about the meaning of values.

use super::snapshot_words::{LEGS, SNAPSHOT_NAMES, in_snapshots, leg, translate};
use crate::clock;
use crate::model::Segment;
use crate::protocol::orders::json::{self, Members};
use crate::protocol::orders::{self, NO_ORDER};
use crate::record::order::{Details, FieldMut, Order, Origin};
use crate::redact::mask_client_id;
use jiff::civil::{Date, DateTime};
use std::borrow::Cow;

/// An order as its source reports it, before comparing; or why it cannot be read.
type Read = Result<Box<Order>, &'static str>;

/// Calls `each` for every message of a text frame; `None` is about something else than an order.
pub(super) fn text(
    frame: &[u8],
    show_client_ids: bool,
    each: &mut dyn FnMut(Result<Option<Box<Order>>, &'static str>),
) {
    orders::messages(frame, &mut |message| {
        let order = |members: Option<Members<'_>>| members.map(|members| stream_order(&members, show_client_ids));
        each(message.and_then(|members| order(members).transpose()));
    });
}

/// Calls `each` for every order of an order snapshot: its rows, and the legs listed in a row.
pub(super) fn snapshot(body: &[u8], show_client_ids: bool, each: &mut dyn FnMut(Read)) {
    orders::rows(body, &mut |row| match row {
        Ok(row) => {
            each(snapshot_order(&row, show_client_ids));
            for leg in row.get(LEGS).and_then(json::elements).unwrap_or_default() {
                each(match Members::of(leg) {
                    Some(leg) => snapshot_order(&of_entry(&row, leg), show_client_ids),
                    None => Err("a leg of the order snapshot that is no order"),
                });
            }
        }
        Err(why) => each(Err(why)),
    });
}

/// Returns a leg with the members that it shares with its entry order.
fn of_entry<'a>(entry: &Members<'a>, leg: Members<'a>) -> Members<'a> {
    const SHARED: [&str; 8] = [
        "dhanClientId",
        "orderId",
        "correlationId",
        "exchangeSegment",
        "productType",
        "tradingSymbol",
        "securityId",
        "validity",
    ];
    let shared = entry.0.iter().filter(|(key, _)| SHARED.iter().any(|name| name.eq_ignore_ascii_case(key)));
    Members(shared.cloned().chain(leg.0).collect())
}

fn stream_order(members: &Members<'_>, show_client_ids: bool) -> Read {
    let mut reading = Reading::default();
    for (key, value) in &members.0 {
        reading.member(key, key, value);
    }
    if reading.known == 0 {
        return Err(NO_ORDER);
    }
    reading.stream_segment();
    reading.zeros(|_| true);
    Ok(Box::new(reading.finish(Origin::Stream, show_client_ids)))
}

fn snapshot_order(row: &Members<'_>, show_client_ids: bool) -> Read {
    let mut reading = Reading::default();
    for (key, value) in &row.0 {
        match SNAPSHOT_NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, "legNo")) => reading.member(key, "legNo", leg(value).unwrap_or(value)),
            Some((_, stream)) => reading.member(key, stream, value),
            None => reading.extra(key, value),
        }
    }
    if reading.details.order_no.is_none() {
        return Err("a row of the order snapshot without an order number");
    }
    translate(&mut reading.details);
    reading.zeros(in_snapshots);
    Ok(Box::new(reading.finish(Origin::Snapshot, show_client_ids)))
}

/// Holds an order while it is read.
#[derive(Default)]
struct Reading<'a> {
    details: Details,
    /// Number of fields that were read.
    known: usize,
    /// Fields that came as `null` or with a wrong type; they are not 0.
    unknown: Vec<&'static str>,
    extra: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Reading<'a> {
    /// Reads one member. `name` is the stream's name for it; the last non-empty value wins.
    fn member(&mut self, key: &str, name: &str, value: &'a str) {
        let Some((field, place)) = self.details.field_mut(name) else { return self.extra(key, value) };
        match fill(place, value) {
            Fill::Filled => self.known += 1,
            Fill::Empty if value == "null" => self.unknown.push(field),
            Fill::Empty => {}
            Fill::Unreadable => {
                self.unknown.push(field);
                self.extra(key, value);
            }
        }
    }

    /// Keeps a member that has no field.
    fn extra(&mut self, key: &str, value: &'a str) {
        match self.extra.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) if !json::is_empty(value) => *known = value.into(),
            Some(_) => {}
            None => self.extra.push((key.to_owned(), value.into())),
        }
    }

    /// Derives the segment's name from the exchange and its letter; an unknown letter is kept in `extra`.
    fn stream_segment(&mut self) {
        let Some(letter) = self.details.segment.take() else { return };
        let exchange = self.details.exchange.as_deref().unwrap_or_default().trim().to_ascii_uppercase();
        let segment = match (exchange.as_str(), letter.trim().to_ascii_uppercase().as_str()) {
            ("NSE", "E") => "NSE_EQ",
            ("NSE", "D") => "NSE_FNO",
            ("NSE", "C") => "NSE_CURRENCY",
            ("NSE", "M") => "NSE_COMM",
            ("BSE", "E") => "BSE_EQ",
            ("BSE", "D") => "BSE_FNO",
            ("BSE", "C") => "BSE_CURRENCY",
            ("MCX", "M") => "MCX_COMM",
            ("NSE" | "BSE", "I") => "IDX_I",
            (_, whole) => {
                match Segment::ALL.into_iter().find_map(|segment| segment.name().filter(|name| *name == whole)) {
                    Some(name) => name,
                    None => {
                        self.extra.push(("segment".to_owned(), json::string(&letter).into()));
                        return;
                    }
                }
            }
        };
        self.details.segment = Some(segment.to_owned());
    }

    /// Sets numbers that the server left out to 0, if it has a name for them and sent no other value.
    fn zeros(&mut self, has_word: impl Fn(&'static str) -> bool) {
        let unknown = &self.unknown;
        self.details.each_mut(&mut |name, field| {
            if unknown.contains(&name) || !has_word(name) {
                return;
            }
            match field {
                FieldMut::Int(number @ None) => *number = Some(0),
                FieldMut::Price(price @ None) => *price = Some(0.0),
                _ => {}
            }
        });
    }

    fn finish(mut self, origin: Origin, show_client_ids: bool) -> Order {
        let details = &mut self.details;
        if let Some(status) = &mut details.status {
            *status = status.trim().to_uppercase();
        }
        // Where zero would be a claim, it means that there is no value.
        let zero = |text: &String| text.trim().bytes().all(|b| matches!(b, b'0' | b'.'));
        details.exch_order_no.take_if(|number| zero(number));
        details.algo_ord_no.take_if(|number| zero(number));
        details.strike_price.take_if(|price| *price == 0.0);
        if !show_client_ids && let Some(id) = &mut details.client_id {
            *id = mask_client_id(id);
        }
        Order { extra: self.extra_object(), details: self.details, origin, ..Order::default() }
    }

    fn extra_object(&self) -> Option<String> {
        let mut object = String::new();
        for (key, value) in &self.extra {
            object.push(if object.is_empty() { '{' } else { ',' });
            object.push_str(&json::string(key));
            object.push(':');
            json::append_compact(&mut object, value);
        }
        (!object.is_empty()).then(|| object + "}")
    }
}

enum Fill {
    Filled,
    Empty,
    Unreadable,
}

/// Parses a value into a field. An empty value leaves the field unchanged.
fn fill(place: FieldMut<'_>, value: &str) -> Fill {
    if json::is_empty(value) {
        return Fill::Empty;
    }
    let Some(text) = json::scalar(value) else { return Fill::Unreadable };
    let blank = text.trim().is_empty();
    match place {
        FieldMut::Text(slot) if blank && slot.is_some() => Fill::Empty,
        FieldMut::Text(slot) => put(slot, Some(text)),
        _ if blank => Fill::Empty,
        FieldMut::Int(slot) => put(slot, int(text.trim())),
        FieldMut::Price(slot) => put(slot, text.trim().parse().ok().filter(|price: &f64| price.is_finite())),
        FieldMut::Moment(_) | FieldMut::Date(_) if is_no_date(text.trim()) => Fill::Empty,
        FieldMut::Moment(slot) => put(slot, moment(text.trim())),
        FieldMut::Date(slot) => put(slot, date(text.trim())),
    }
}

fn put<T>(slot: &mut Option<T>, value: Option<T>) -> Fill {
    match value {
        Some(value) => {
            *slot = Some(value);
            Fill::Filled
        }
        None => Fill::Unreadable,
    }
}

/// Parses an integer, also if written as `75.0`; returns `None` if it is not exact.
fn int(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
    })
}

/// Returns whether a text is one of the servers' forms of "no date".
fn is_no_date(text: &str) -> bool {
    text.starts_with("0001-01-01") || text.starts_with("0000-00-00") || matches!(text, "0" | "NA" | "-")
}

/// Parses `YYYY-MM-DD` and ignores a time of day behind it.
fn date(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    (rest.is_empty() || rest.starts_with([' ', 'T'])).then(|| date.parse::<Date>().ok()).flatten()?;
    Some(date.to_owned())
}

/// Parses `YYYY-MM-DD HH:MM:SS` of India's wall clock; returns UTC epoch seconds.
fn moment(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_at_checked(19)?;
    let fraction = rest.strip_prefix('.').unwrap_or(rest);
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (rest.is_empty() != fraction.is_empty()) {
        return None;
    }
    let civil: DateTime = whole.parse().ok()?;
    Some(clock::from_ist(civil).seconds())
}
