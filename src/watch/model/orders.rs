//! Keeps the orders of a run, the newest first, and the names of their securities.

use crate::console::untrusted;
use crate::model::Micros;
use crate::record::order::{Details, Order, Origin};
use crate::watch::numbers;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::ops::Index;

/// Number of orders that are kept; the oldest are dropped first.
const MOST: usize = 10_000;

/// Holds the present state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderRow {
    /// The order's number.
    pub number: String,
    /// The leg.
    pub leg: i64,
    /// Time of its last change.
    pub changed: Micros,
    /// Receive time of an update; time of the last change of an order that was in the snapshot. The newest is on top.
    pub placed: Micros,
    /// Segment and id of the security, if the server says them.
    security: Option<Security>,
    /// The security's name, the same for all its orders.
    pub symbol: String,
    /// `B` or `S`.
    pub side: String,
    /// `LMT`, `MKT`, `SL`, `SLM`.
    pub kind: String,
    /// The product.
    pub product: String,
    /// Ordered quantity.
    pub quantity: Option<i64>,
    /// Executed quantity so far.
    pub traded: Option<i64>,
    /// The order's price, as text.
    pub price: String,
    /// The average price of the fills, as text.
    pub average: String,
    /// The status in upper case.
    pub status: String,
    /// The events of the last update.
    pub events: String,
    /// The reason, in the server's words.
    pub reason: String,
}

/// Identifies a security: segment and id.
type Security = (String, String);

/// Holds the names of a security.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SecurityNames {
    symbol: Option<String>,
    display: Option<String>,
    is_derivative: bool,
}

impl SecurityNames {
    /// Adds the names that an order carries.
    fn add(&mut self, details: &Details) {
        let text = |value: &Option<String>| value.as_deref().filter(|text| !text.is_empty()).map(untrusted);
        self.symbol = text(&details.symbol).or(self.symbol.take());
        self.display = text(&details.display_name).or(self.display.take());
        self.is_derivative |= details.expiry_date.is_some();
    }

    /// Returns the name to show. The order socket cuts the symbols of derivatives.
    fn shown(&self) -> String {
        let (first, second) =
            if self.is_derivative { (&self.display, &self.symbol) } else { (&self.symbol, &self.display) };
        first.clone().or_else(|| second.clone()).unwrap_or_default()
    }
}

/// Holds the orders, the newest first.
#[derive(Debug, Clone, Default)]
pub struct OrderRows {
    rows: VecDeque<OrderRow>,
    names: FxHashMap<Security, SecurityNames>,
}

impl Index<usize> for OrderRows {
    type Output = OrderRow;

    fn index(&self, at: usize) -> &OrderRow {
        &self.rows[at]
    }
}

impl OrderRows {
    /// Returns the number of orders.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is no order.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the orders, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &OrderRow> {
        self.rows.iter()
    }

    /// Adds an order, or replaces its row.
    pub fn add(&mut self, order: &Order, recv: Micros) {
        let row = self.row(order, recv);
        self.rows.retain(|other| (&other.number, other.leg) != (&row.number, row.leg));
        let at = self.rows.iter().position(|other| other.placed <= row.placed).unwrap_or(self.rows.len());
        self.rows.insert(at, row);
        self.rows.truncate(MOST);
    }

    /// Returns the name of an order's security, and gives it to all rows of that security.
    fn name(&mut self, security: Option<&Security>, details: &Details) -> String {
        let Some(security) = security else {
            let mut names = SecurityNames::default();
            names.add(details);
            return names.shown();
        };
        if self.names.len() > MOST {
            self.names.clear();
        }
        let names = self.names.entry(security.clone()).or_default();
        let before = names.clone();
        names.add(details);
        let shown = names.shown();
        if *names != before {
            let others = self.rows.iter_mut().filter(|row| row.security.as_ref() == Some(security));
            others.for_each(|row| row.symbol.clone_from(&shown));
        }
        shown
    }

    fn row(&mut self, order: &Order, recv: Micros) -> OrderRow {
        let details = &order.details;
        let text = |value: &Option<String>| value.as_deref().map(untrusted).unwrap_or_default();
        let price = |value: Option<f64>| numbers::price(value.unwrap_or(0.0));
        let mut events: Vec<&str> = order.events.iter().map(|event| event.name()).collect();
        // The event "update" accompanies every update, so it is shown only if it is alone.
        if events.len() > 1 {
            events.retain(|event| *event != "update");
        }
        // What the status became says more than that it changed.
        events.sort_by_key(|event| *event == "status_change");
        let security = details.segment.clone().zip(details.security_id.clone());
        let changed = details.last_updated_time.or(details.exch_order_time).or(details.order_date_time);
        let changed = changed.map_or(recv, Micros::from_secs);
        OrderRow {
            number: text(&details.order_no),
            leg: details.leg_no.unwrap_or(1),
            changed,
            placed: if order.origin == Origin::Snapshot { changed } else { recv },
            symbol: self.name(security.as_ref(), details),
            security,
            side: text(&details.txn_type),
            kind: text(&details.order_type),
            product: text(if details.product_name.is_some() { &details.product_name } else { &details.product }),
            quantity: details.quantity,
            traded: details.traded_qty,
            price: price(details.price),
            average: price(details.avg_traded_price),
            status: text(&details.status),
            events: events.join(" "),
            reason: text(&details.reason_description),
        }
    }
}
