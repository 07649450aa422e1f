//! From bytes to orders, in either vocabulary, lenient about everything but what a value means.

use super::Options;
use super::book_words::{BOOK_NAMES, KNOWN_TO_BOOK, translate};
use super::json::{self, Members};
use crate::clock;
use crate::model::Segment;
use crate::record::order::{Details, FieldMut, Order, Origin};
use crate::redact::mask_client_id;
use jiff::civil::{Date, DateTime};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A message that was understood.
pub enum Message {
    /// An order, as its source tells it; what follows from comparing is not filled in.
    Order(Box<Order>),
    /// About something else: what it says it is.
    Other(String),
}

/// A message, or why there is none.
pub type Read = Result<Message, &'static str>;

const NOT_JSON: &str = "not valid JSON";
const TOO_DEEP: &str = "nested deeper than 64 levels";
const NO_ORDER: &str = "an order update without an order in it";

/// The messages of a text frame: one object, several after each other, or arrays of them.
pub fn text(bytes: &[u8], options: Options, each: &mut dyn FnMut(Read)) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut silent = true;
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>() {
        silent = false;
        // After an error nothing more comes: what is left is one malformed message.
        let Ok(value) = value else {
            each(Err(NOT_JSON));
            break;
        };
        match json::elements(value.get()) {
            Some(elements) if elements.is_empty() => each(Ok(Message::Other("empty".to_owned()))),
            Some(elements) => elements.into_iter().for_each(|element| message(element, options, each)),
            None => message(value.get(), options, each),
        }
    }
    if silent {
        each(Ok(Message::Other("empty".to_owned())));
    }
}

/// One message of the order socket.
fn message(value: &str, options: Options, each: &mut dyn FnMut(Read)) {
    if json::is_too_deep(value) {
        return each(Err(TOO_DEEP));
    }
    let Some(members) = Members::of(value) else {
        // A word or a number can hide no order; a list within a list might.
        return each(match json::scalar(value) {
            Some(word) => Ok(Message::Other(shortened(&word))),
            None => Err(NO_ORDER),
        });
    };
    if let Some(kind) = members.get("Type").map(|kind| json::scalar(kind).unwrap_or_else(|| kind.to_owned()))
        && !kind.trim().eq_ignore_ascii_case("order_alert")
    {
        return each(Ok(Message::Other(shortened(&kind))));
    }
    let Some(data) = members.get("Data") else { return each(Err(NO_ORDER)) };
    match json::elements(data) {
        Some(orders) if !orders.is_empty() => orders.into_iter().for_each(|order| each(stream_order(order, options))),
        _ => each(stream_order(data, options)),
    }
}

/// The rows of the order book.
pub fn book(body: &[u8], options: Options, each: &mut dyn FnMut(Read)) {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(value) = serde_json::from_slice::<&RawValue>(body) else { return each(Err(NOT_JSON)) };
    match json::elements(value.get()) {
        Some(rows) => rows.into_iter().for_each(|row| each(book_order(row, options))),
        None => each(Err("not an order book")),
    }
}

fn stream_order(data: &str, options: Options) -> Read {
    let members = Members::of(data).ok_or(NO_ORDER)?;
    let mut reading = Reading::default();
    for (key, value) in &members.0 {
        reading.member(key, key, value);
    }
    if reading.known == 0 {
        return Err(NO_ORDER);
    }
    reading.stream_segment();
    reading.zeros(|_| true);
    Ok(Message::Order(Box::new(reading.finish(Origin::Stream, options))))
}

fn book_order(row: &str, options: Options) -> Read {
    if json::is_too_deep(row) {
        return Err(TOO_DEEP);
    }
    let members = Members::of(row).ok_or("a row of the order book that is no order")?;
    let mut reading = Reading::default();
    for (key, value) in &members.0 {
        match BOOK_NAMES.iter().find(|(book, _)| book.eq_ignore_ascii_case(key)) {
            Some((_, stream)) => reading.member(key, stream, value),
            None => reading.extra(key, value),
        }
    }
    if reading.details.order_no.is_none() {
        return Err("a row of the order book without an order number");
    }
    translate(&mut reading.details);
    reading.zeros(|name| KNOWN_TO_BOOK.contains(&name));
    Ok(Message::Order(Box::new(reading.finish(Origin::Snapshot, options))))
}

/// What a message says it is, short enough for a log line.
fn shortened(kind: &str) -> String {
    kind.chars().take(40).collect()
}

/// An order while it is read.
#[derive(Default)]
struct Reading<'a> {
    details: Details,
    /// Fields that were read.
    known: usize,
    /// Fields that came with something that is not of their type.
    unreadable: Vec<&'static str>,
    extra: Vec<(String, Cow<'a, str>)>,
}

impl<'a> Reading<'a> {
    /// Reads one member. `name` is what the stream calls it; the last value that holds something wins.
    fn member(&mut self, key: &str, name: &str, value: &'a str) {
        let Some((field, place)) = self.details.field_mut(name) else { return self.extra(key, value) };
        match fill(place, value) {
            Fill::Filled => self.known += 1,
            Fill::Empty => {}
            Fill::Unreadable => {
                self.unreadable.push(field);
                self.extra(key, value);
            }
        }
    }

    /// Keeps what has no field.
    fn extra(&mut self, key: &str, value: &'a str) {
        match self.extra.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) if !json::is_empty(value) => *known = value.into(),
            Some(_) => {}
            None => self.extra.push((key.to_owned(), value.into())),
        }
    }

    /// Makes the segment string of the exchange and its letter; a letter we have no segment for goes to `extra`.
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

    /// Numbers that the server left out are 0, where it has a word for them and did not say something else.
    fn zeros(&mut self, has_word: impl Fn(&'static str) -> bool) {
        let unreadable = &self.unreadable;
        self.details.each_mut(&mut |name, field| {
            if unreadable.contains(&name) || !has_word(name) {
                return;
            }
            match field {
                FieldMut::Int(number @ None) => *number = Some(0),
                FieldMut::Price(price @ None) => *price = Some(0.0),
                _ => {}
            }
        });
    }

    fn finish(mut self, origin: Origin, options: Options) -> Order {
        let details = &mut self.details;
        if let Some(status) = &mut details.status {
            *status = status.trim().to_uppercase();
        }
        // Where zero would be a claim, it means that there is none.
        let zero = |text: &String| text.trim().bytes().all(|b| matches!(b, b'0' | b'.'));
        details.exch_order_no.take_if(|number| zero(number));
        details.algo_ord_no.take_if(|number| zero(number));
        details.strike_price.take_if(|price| *price == 0.0);
        if options.mask_client_id
            && let Some(id) = &mut details.client_id
        {
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

/// Reads a value into a field. A value that says nothing leaves the field as it is.
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

/// A whole number, also one that was written as `75.0`; exact or not at all.
fn int(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
    })
}

/// The ways in which servers write that there is no date.
fn is_no_date(text: &str) -> bool {
    text.starts_with("0001-01-01") || text.starts_with("0000-00-00") || matches!(text, "0" | "NA" | "-")
}

/// `YYYY-MM-DD`, what follows it as a time of day ignored.
fn date(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    (rest.is_empty() || rest.starts_with([' ', 'T'])).then(|| date.parse::<Date>().ok()).flatten()?;
    Some(date.to_owned())
}

/// `YYYY-MM-DD HH:MM:SS` on India's wall clock, in true UTC epoch seconds.
fn moment(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_at_checked(19)?;
    let fraction = rest.strip_prefix('.').unwrap_or(rest);
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || (rest.is_empty() != fraction.is_empty()) {
        return None;
    }
    let civil: DateTime = whole.parse().ok()?;
    Some(clock::ist_to_us(civil).div_euclid(clock::SECOND_US))
}
