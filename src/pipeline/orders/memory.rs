//! Remembers the last state of every order, and compares updates with it.

use super::Outcome;
use crate::clock::SECOND_US;
use crate::format::csv::CsvColumns;
use crate::format::encoder::{Encoder, Format, Style};
use crate::format::text::TextBuf;
use crate::format::time::TimeStyle;
use crate::model::Micros;
use crate::record::order::{Event, Events, Order, Origin};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Maximum number of orders that are remembered.
pub const ORDERS: usize = 10_000;
/// Time in microseconds for which an order is remembered after its last update.
pub const AGE_US: i64 = 7 * 24 * 3600 * SECOND_US;

/// Holds what is remembered of an order.
#[derive(Debug, Clone)]
struct State {
    status: Option<String>,
    traded_qty: Option<i64>,
    last_updated_time: Option<i64>,
    terms: Terms,
    /// Whether the event `order_part_traded` was reported, or the first snapshot showed it.
    part_traded: bool,
    /// Digest of all fields from the server.
    digest: [u8; 32],
    /// Source of the state. After a snapshot, older messages may still arrive.
    origin: Origin,
    /// Whether it comes from a snapshot after a gap; the stream may then repeat messages from before the gap.
    after_gap: bool,
    /// Time of its last update.
    seen: Micros,
    /// Position in the order of last updates.
    turn: u64,
}

/// Holds the terms of a working order that can change and that stream and snapshots both report.
#[derive(Debug, Clone)]
struct Terms {
    quantity: Option<i64>,
    disc_quantity: Option<i64>,
    price: Option<f64>,
    trigger_price: Option<f64>,
    order_type: Option<String>,
    validity: Option<String>,
}

impl Terms {
    fn of(order: &Order) -> Terms {
        let details = &order.details;
        Terms {
            quantity: details.quantity,
            disc_quantity: details.disc_quantity,
            price: details.price,
            trigger_price: details.trigger_price,
            order_type: details.order_type.clone(),
            validity: details.validity.clone(),
        }
    }
}

impl Terms {
    /// Returns whether both agree. An absent term counts as unchanged, and the price of a market order is ignored:
    /// the sources report different values there.
    fn agree(&self, other: &Terms) -> bool {
        fn agree<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        let is_market = matches!(self.order_type.as_deref(), Some("MKT" | "SLM"));
        agree(&self.quantity, &other.quantity)
            && agree(&self.disc_quantity, &other.disc_quantity)
            && (is_market || agree(&self.price, &other.price))
            && agree(&self.trigger_price, &other.trigger_price)
            && agree(&self.order_type, &other.order_type)
            && agree(&self.validity, &other.validity)
    }

    /// Returns these terms, completed by those known before.
    fn or(self, before: Option<&Terms>) -> Terms {
        let Some(before) = before.cloned() else { return self };
        Terms {
            quantity: self.quantity.or(before.quantity),
            disc_quantity: self.disc_quantity.or(before.disc_quantity),
            price: self.price.or(before.price),
            trigger_price: self.trigger_price.or(before.trigger_price),
            order_type: self.order_type.or(before.order_type),
            validity: self.validity.or(before.validity),
        }
    }
}

/// Maps a status to a word that both sources use; for a working order each has words that the other lacks.
fn common_word(status: &str) -> &str {
    match status {
        // The first three are used by the stream, the last one by snapshots.
        "MODIFIED" | "ACTIVE" | "DUMMY" | "PART_TRADED" => "PENDING",
        other => other,
    }
}

/// Returns whether a status is another state than the last one. Two different words of the same source are two
/// states.
fn is_transition(status: &str, origin: Origin, known: &State) -> bool {
    match known.status.as_deref() {
        None => true,
        Some(last) if origin == known.origin => status != last,
        Some(last) => common_word(status) != common_word(last),
    }
}

/// Returns the key under which an order is remembered. The legs of a super order may share its number, so the key
/// includes the leg; without one it is the first.
fn key_of(order: &Order) -> Option<String> {
    let number = order.details.order_no.clone()?;
    Some(match order.details.leg_no {
        None | Some(0 | 1) => number,
        Some(leg) => format!("{number} {leg}"),
    })
}

/// Returns whether no further update can follow this status.
fn is_finished(status: Option<&str>) -> bool {
    matches!(status, Some("TRADED" | "CANCELLED" | "REJECTED" | "EXPIRED" | "CLOSED"))
}

/// Holds the states of orders; the least recently updated are dropped first.
#[derive(Debug, Default)]
pub struct Memory {
    states: HashMap<Arc<str>, State>,
    turns: BTreeMap<u64, Arc<str>>,
    next_turn: u64,
    baseline: bool,
}

impl Memory {
    /// Returns whether an order snapshot was read completely.
    pub fn has_baseline(&self) -> bool {
        self.baseline
    }

    /// Records that an order snapshot was read completely.
    pub fn set_baseline(&mut self) {
        self.baseline = true;
    }

    /// Records an update of the stream and returns its outcome.
    pub fn update(&mut self, mut order: Box<Order>, recv: Micros) -> Outcome {
        self.forget_old(recv);
        let Some(key) = key_of(&order) else {
            // Without a key the order can never be compared.
            order.events = compare(None, &order);
            return Outcome::Record(order);
        };
        let known = self.states.get(key.as_str());
        let digest = digest(&order);
        // A snapshot may be newer than messages that arrive after it: what it reported is neither repeated nor
        // undone.
        if known.is_some_and(|known| known.digest == digest || is_in_snapshot(&order, known)) {
            self.touch(&key, recv);
            return Outcome::Repeat;
        }
        order.events = compare(known, &order);
        previous(&mut order, known);
        self.remember(&key, &order, digest, false, recv);
        Outcome::Record(order)
    }

    /// Records an order of a snapshot. `at_start`: print it in any case; `first_look`: an unknown order is not news.
    pub fn reconcile(&mut self, mut order: Box<Order>, at_start: bool, first_look: bool, recv: Micros) -> Outcome {
        self.forget_old(recv);
        let Some(key) = key_of(&order) else { return Outcome::Repeat };
        let known = self.states.get(key.as_str());
        if let Some(known) = known
            && (is_older(&order, known) || !at_start && !differs(&order, known))
        {
            self.touch(&key, recv);
            return Outcome::Repeat;
        }
        order.events = match known {
            _ if at_start => Events::default().with(Event::Snapshot),
            None if first_look => Events::default().with(Event::Snapshot),
            known => compare(known, &order),
        };
        previous(&mut order, known);
        // A snapshot at the start has fewer fields than the stream, so the stream's digest is kept and its repeat
        // stays a repeat.
        let digest = match known {
            Some(known) if !differs(&order, known) => known.digest,
            _ => digest(&order),
        };
        self.remember(&key, &order, digest, !at_start, recv);
        Outcome::Record(order)
    }

    fn touch(&mut self, key: &str, recv: Micros) {
        if let Some(state) = self.states.get_mut(key)
            && let Some(key) = self.turns.remove(&state.turn)
        {
            (state.turn, state.seen) = (self.next_turn, recv);
            self.turns.insert(self.next_turn, key);
            self.next_turn += 1;
        }
    }

    fn remember(&mut self, key: &str, order: &Order, digest: [u8; 32], after_gap: bool, recv: Micros) {
        let known = self.states.get(key);
        let details = &order.details;
        let state = State {
            // A field that the update lacks is unchanged.
            status: details.status.clone().or_else(|| known.and_then(|known| known.status.clone())),
            traded_qty: details.traded_qty.or_else(|| known.and_then(|known| known.traded_qty)),
            last_updated_time: details.last_updated_time,
            terms: Terms::of(order).or(known.map(|known| &known.terms)),
            part_traded: known.is_some_and(|known| known.part_traded) || is_part_traded(order),
            digest,
            origin: order.origin,
            after_gap,
            seen: recv,
            turn: self.next_turn,
        };
        let key = match known.map(|known| known.turn).and_then(|turn| self.turns.remove(&turn)) {
            Some(key) => key,
            None => Arc::from(key),
        };
        self.turns.insert(self.next_turn, Arc::clone(&key));
        self.next_turn += 1;
        self.states.insert(key, state);
        if self.states.len() > ORDERS
            && let Some((_, oldest)) = self.turns.pop_first()
        {
            self.states.remove(&oldest);
        }
    }

    fn forget_old(&mut self, recv: Micros) {
        while let Some(first) = self.turns.first_entry()
            && self.states.get(first.get()).is_none_or(|state| recv.us_since(state.seen) > AGE_US)
        {
            self.states.remove(&first.remove());
        }
    }
}

/// Returns the events between an order's last state and now.
fn compare(known: Option<&State>, order: &Order) -> Events {
    let details = &order.details;
    let mut events = Events::default().with(Event::Update);
    if let Some(status) = details.status.as_deref()
        && known.is_none_or(|known| is_transition(status, order.origin, known))
    {
        if known.is_some_and(|known| known.status.is_some()) {
            events = events.with(Event::StatusChange);
        }
        // The first partial fill is reported once, whether the status or the quantities show it; see below.
        if let Some(event) = Event::of_status(status).filter(|event| *event != Event::PartTraded) {
            events = events.with(event);
        }
    }
    if details.traded_qty > Some(known.and_then(|known| known.traded_qty).unwrap_or(0)) {
        events = events.with(Event::Execution);
    }
    if is_part_traded(order) && !known.is_some_and(|known| known.part_traded) {
        events = events.with(Event::PartTraded);
    }
    events
}

fn is_part_traded(order: &Order) -> bool {
    let details = &order.details;
    details.status.as_deref() == Some("PART_TRADED")
        || details.traded_qty.is_some_and(|traded| traded > 0 && details.quantity.is_some_and(|all| traded < all))
}

fn previous(order: &mut Order, known: Option<&State>) {
    if let Some(known) = known {
        order.previous_status.clone_from(&known.status);
        order.previous_traded_qty = known.traded_qty;
    }
}

/// Returns whether an order differs from its state from the other source, or from an earlier snapshot.
///
/// For a finished order only its end and its fills are compared, because the sources report the rest differently.
fn differs(order: &Order, known: &State) -> bool {
    let details = &order.details;
    // A field that the order lacks is unchanged.
    details
        .status
        .as_deref()
        .is_some_and(|status| known.status.as_deref().is_none_or(|last| common_word(status) != common_word(last)))
        || details.traded_qty.is_some() && details.traded_qty != known.traded_qty
        || !is_finished(details.status.as_deref()) && !Terms::of(order).agree(&known.terms)
}

/// Returns whether a snapshot already reported an update of the stream: the same or more, or the same state in the
/// other source's word. An update that is later than the snapshot is news.
fn is_in_snapshot(order: &Order, known: &State) -> bool {
    if known.origin != Origin::Snapshot {
        return false;
    }
    let is_later = order.details.last_updated_time > known.last_updated_time;
    let is_other_word = order.details.status != known.status;
    is_older(order, known) || !differs(order, known) && (is_other_word || known.after_gap && !is_later)
}

/// Returns whether a row is older than the known state: the stream continues while a snapshot is fetched.
fn is_older(row: &Order, known: &State) -> bool {
    let (status, last) = (row.details.status.as_deref(), known.status.as_deref());
    let before = matches!((row.details.last_updated_time, known.last_updated_time), (Some(a), Some(b)) if a < b);
    match (is_finished(status), is_finished(last)) {
        (false, true) => true,
        (true, false) => false,
        _ if row.details.traded_qty != known.traded_qty => row.details.traded_qty < known.traded_qty,
        (false, false) if status == Some("TRANSIT") && last != Some("TRANSIT") && last.is_some() => true,
        _ => before,
    }
}

/// Returns a digest of all fields from the server, so that orders can be compared without being kept.
fn digest(order: &Order) -> [u8; 32] {
    let fields = Order { details: order.details.clone(), extra: order.extra.clone(), ..Order::default() };
    let style = Style { format: Format::Ndjson, time: TimeStyle::Epoch, columns: CsvColumns::Own };
    let mut line = TextBuf::new();
    Encoder::new(style).line(&mut line, &fields, Micros::EPOCH);
    Sha256::digest(line.as_bytes()).into()
}
