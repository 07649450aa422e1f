//! Splits order messages (text frames and order snapshots) into JSON objects. It does not interpret their members.

pub(crate) mod json;

use json::Members;
use serde_json::value::RawValue;

/// The object that holds an order, `None` if a message is about something else, or why it cannot be decoded.
pub(crate) type Message<'a> = Result<Option<Members<'a>>, &'static str>;

const NOT_JSON: &str = "not valid JSON";
const TOO_DEEP: &str = "nested deeper than 64 levels";
/// Says why a message without an order is malformed.
pub(crate) const NO_ORDER: &str = "an order update without an order in it";

/// Calls `each` for every message of a text frame (one object, several in a row, or arrays of objects) with the object
/// that holds an order, or `None` if the message is about something else.
pub(crate) fn messages(frame: &[u8], each: &mut dyn FnMut(Message<'_>)) {
    let frame = json::without_lone_surrogates(frame.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame));
    let mut is_empty = true;
    for value in serde_json::Deserializer::from_slice(&frame).into_iter::<&RawValue>() {
        is_empty = false;
        // Nothing can be decoded behind an error, so the rest counts as one malformed message.
        let Ok(value) = value else {
            each(Err(NOT_JSON));
            break;
        };
        match json::elements(value.get()) {
            Some(elements) if elements.is_empty() => each(Ok(None)),
            Some(elements) => elements.into_iter().for_each(|element| message(element, each)),
            None => message(value.get(), each),
        }
    }
    if is_empty {
        each(Ok(None));
    }
}

fn message(value: &str, each: &mut dyn FnMut(Message<'_>)) {
    if json::is_too_deep(value) {
        return each(Err(TOO_DEEP));
    }
    let Some(members) = Members::of(value) else {
        // A string or a number cannot contain an order; a nested list might.
        return each(json::scalar(value).map(|_| None).ok_or(NO_ORDER));
    };
    let is_order_alert = |kind| json::scalar(kind).is_some_and(|kind| kind.trim().eq_ignore_ascii_case("order_alert"));
    if members.get("Type").is_some_and(|kind| !is_order_alert(kind)) {
        return each(Ok(None));
    }
    let Some(data) = members.get("Data") else { return each(Err(NO_ORDER)) };
    let mut order = |data| each(Members::of(data).map(Some).ok_or(NO_ORDER));
    match json::elements(data) {
        Some(orders) if !orders.is_empty() => orders.into_iter().for_each(order),
        _ => order(data),
    }
}

/// Returns whether a text frame holds an order update.
pub(crate) fn has_order(frame: &[u8]) -> bool {
    let mut has_order = false;
    messages(frame, &mut |message| has_order |= matches!(message, Ok(Some(_))));
    has_order
}

/// Calls `each` for every row of an order snapshot.
pub(crate) fn rows(body: &[u8], each: &mut dyn FnMut(Result<Members<'_>, &'static str>)) {
    let body = json::without_lone_surrogates(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let Ok(value) = serde_json::from_slice::<&RawValue>(&body) else { return each(Err(NOT_JSON)) };
    let Some(rows) = json::elements(value.get()) else { return each(Err("not an order snapshot")) };
    for row in rows {
        each(match json::is_too_deep(row) {
            true => Err(TOO_DEEP),
            false => Members::of(row).ok_or("a row of the order snapshot that is no order"),
        });
    }
}
