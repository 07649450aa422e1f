//! The order record (contract: `order`): an order message in one vocabulary, whatever its source called things.
//!
//! # Where each field comes from
//!
//! `stream` is a key of the order socket's `Data` object (PascalCase or camelCase), `book` one of `GET /orders`. "Zero"
//! says what a field is when its source leaves it out or sends an empty string: the order socket leaves out
//! whatever is zero or empty, so an absent number is 0 (one that is sent as `null` is null) – except where zero would be a claim (no order has a strike of 0).
//! What the order book has no word for at all is null in records of `origin` `snapshot`.
//!
//! | field | stream | book | zero |
//! |---|---|---|---|
//! | `events`, `previous_status`, `previous_traded_qty` | – | – | computed by the pipeline; the previous ones null on first sight |
//! | `execution_percentage` | – | – | `traded_qty` of `quantity`, two decimals; null when `quantity` is 0 or unknown |
//! | `pending_quantity` | – | – | `quantity` − `traded_qty`, at least 0; null when either is unknown |
//! | `exchange` | `Exchange` | `exchangeSegment`, before its `_` | null |
//! | `segment` | `Exchange` + `Segment` letter | `exchangeSegment` | null |
//! | `source` | `Source` | – | null |
//! | `security_id` | `SecurityId` | `securityId` | null |
//! | `client_id` | `ClientId` | `dhanClientId` | null; masked unless asked for |
//! | `exch_order_no` | `ExchOrderNo` | `exchangeOrderId` | null, also for `"0"` |
//! | `order_no` | `OrderNo` | `orderId` | null |
//! | `product` | `Product` | `productType`, as its letter | null |
//! | `txn_type` | `TxnType` | `transactionType`, as its letter | null |
//! | `order_type` | `OrderType` | `orderType`, shortened | null |
//! | `validity` | `Validity` | `validity` | null |
//! | `disc_quantity` | `DiscQuantity` | `disclosedQuantity` | 0 |
//! | `disc_qty_rem` | `DiscQtyRem` | – | 0 |
//! | `remaining_quantity` | `RemainingQuantity` | `remainingQuantity` | 0 |
//! | `quantity` | `Quantity` | `quantity` | 0 |
//! | `traded_qty` | `TradedQty` | `filledQty` | 0 |
//! | `price` | `Price` | `price` | 0.0 |
//! | `trigger_price` | `TriggerPrice` | `triggerPrice` | 0.0 |
//! | `traded_price` | `TradedPrice` | – | 0.0 |
//! | `avg_traded_price` | `AvgTradedPrice` | `averageTradedPrice` | 0.0 |
//! | `algo_ord_no` | `AlgoOrdNo` | – | null, also for 0 |
//! | `off_mkt_flag` | `OffMktFlag` | `afterMarketOrder`, as `"1"` or `"0"` | null |
//! | `order_date_time` | `OrderDateTime` | `createTime` | null, also for `0001-01-01…` |
//! | `exch_order_time` | `ExchOrderTime` | `exchangeTime` | null, likewise |
//! | `last_updated_time` | `LastUpdatedTime` | `updateTime` | null, likewise |
//! | `remarks`, `mkt_type` | `Remarks`, `MktType` | – | null |
//! | `reason_description` | `ReasonDescription` | `omsErrorDescription` | null |
//! | `leg_no` | `LegNo` | `legName`, as its number | 0 |
//! | `instrument` | `Instrument` | – | null |
//! | `symbol` | `Symbol` | `tradingSymbol` | null |
//! | `product_name` | `ProductName` | `productType` | null |
//! | `status` | `Status`, upper case | `orderStatus`, upper case | null |
//! | `lot_size` | `LotSize` | – | 0 |
//! | `strike_price` | `StrikePrice` | `drvStrikePrice` | null, also for 0 |
//! | `expiry_date` | `ExpiryDate` | `drvExpiryDate` | null, also for `0001-01-01…` |
//! | `opt_type` | `OptType` | `drvOptionType`, as `CE`, `PE`, `XX` | null |
//! | `display_name`, `isin`, `series` | `DisplayName`, `Isin`, `Series` | – | null |
//! | `good_till_days_date` | `GoodTillDaysDate` | – | null, also for `0001-01-01…` |
//! | `ref_ltp`, `tick_size` | `RefLtp`, `TickSize` | – | 0.0 |
//! | `algo_id` | `AlgoId` | `algoId` | null |
//! | `multiplier` | `Multiplier` | – | 0 |
//! | `correlation_id` | `CorrelationId` | `correlationId` | null |
//! | `extra` | every other key, and what could not be read as its field's type | likewise | null |

use super::declare::record;
use crate::model::words::words;
use std::fmt;

/// Refers to a field of [`Details`] to be filled in, by its type.
#[derive(Debug)]
pub enum FieldMut<'a> {
    /// Text of any content; ids and order numbers too.
    Text(&'a mut Option<String>),
    /// A quantity or a count.
    Int(&'a mut Option<i64>),
    /// A price in rupees.
    Price(&'a mut Option<f64>),
    /// A time in UTC epoch seconds.
    Moment(&'a mut Option<i64>),
    /// `YYYY-MM-DD`.
    Date(&'a mut Option<String>),
}

/// Defines three things from one list of the server's fields: the struct, the look-up by the server's name, and the
/// record.
macro_rules! details {
    (@type text_or_null) => { Option<String> };
    (@type date_or_null) => { Option<String> };
    (@type int_or_null) => { Option<i64> };
    (@type second_or_null) => { Option<i64> };
    (@type price64_or_null) => { Option<f64> };
    (@mut text_or_null $place:expr) => { FieldMut::Text($place) };
    (@mut date_or_null $place:expr) => { FieldMut::Date($place) };
    (@mut int_or_null $place:expr) => { FieldMut::Int($place) };
    (@mut second_or_null $place:expr) => { FieldMut::Moment($place) };
    (@mut price64_or_null $place:expr) => { FieldMut::Price($place) };
    (@value text_or_null $value:expr) => { $value.as_deref() };
    (@value date_or_null $value:expr) => { $value.as_deref() };
    (@value $method:ident $value:expr) => { $value };
    (
        |$order:ident| before { $($before:tt)* }
        server { $($(#[doc = $doc:literal])+ $field:ident $name:literal $method:ident,)* }
        after { $($after:tt)* }
    ) => {
        /// Holds the server's fields of an order under the stream's names. `None` is unknown.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Details {
            $($(#[doc = $doc])+ pub $field: details!(@type $method),)*
        }

        impl Details {
            /// Returns the field that the order socket calls `wire_name`, in PascalCase or camelCase.
            pub fn field_mut(&mut self, wire_name: &str) -> Option<(&'static str, FieldMut<'_>)> {
                $(if same_name($name, wire_name) {
                    return Some(($name, details!(@mut $method &mut self.$field)));
                })*
                None
            }

            /// Passes every field with its name to `change`.
            pub fn each_mut(&mut self, change: &mut dyn FnMut(&'static str, FieldMut<'_>)) {
                $(change($name, details!(@mut $method &mut self.$field));)*
            }
        }

        record! {
            /// An order as it now stands, and what happened to it. A field that the server leaves out because it is zero or
            /// empty is 0, or null where zero would be a claim.
            Order: Order for Order |$order| {
                $($before)*
                $($(#[doc = $doc])+ $name: $method = details!(@value $method $order.details.$field),)*
                $($after)*
            }
        }
    };
}

details! {
    |order| before {
        /// What happened. Source: compared with the order's last state.
        "events": words(Event::WORDS) = &mut order.events.iter().map(Event::name),
        /// Status when the order was last seen; null on first sight. Source: the order's last state.
        "previous_status": text_or_null = order.previous_status.as_deref(),
        /// Traded quantity in units when the order was last seen; null on first sight. Source: the order's last state.
        "previous_traded_qty": int_or_null = order.previous_traded_qty,
        /// Traded quantity in percent of the ordered one, two decimals; null when that is 0 or unknown. Source: computed.
        "execution_percentage": price64_or_null = order.execution_percentage(),
        /// Ordered less traded quantity in units, at least 0. Source: computed.
        "pending_quantity": int_or_null = order.pending_quantity(),
    }
    server {
        /// `NSE`, `BSE`, `MCX`. Source: `Exchange` of the order update.
        exchange "exchange" text_or_null,
        /// One of the eight segment strings. Source: `Exchange` of the order update.
        segment "segment" text_or_null,
        /// `P` API, `N` normal, others. Source: `Source` of the order update.
        source "source" text_or_null,
        /// Instrument id in its segment. Source: `SecurityId` of the order update.
        security_id "security_id" text_or_null,
        /// The account. Source: `ClientId` of the order update.
        client_id "client_id" text_or_null,
        /// The exchange's order number. Source: `ExchOrderNo` of the order update.
        exch_order_no "exch_order_no" text_or_null,
        /// Dhan's order number. Source: `OrderNo` of the order update.
        order_no "order_no" text_or_null,
        /// `C` CNC, `I` intraday, `M` margin, `F` MTF, `V` cover, `B` bracket. Source: `Product` of the order update.
        product "product" text_or_null,
        /// `B` or `S`. Source: `TxnType` of the order update.
        txn_type "txn_type" text_or_null,
        /// `LMT`, `MKT`, `SL`, `SLM`. Source: `OrderType` of the order update.
        order_type "order_type" text_or_null,
        /// `DAY`, `IOC`. Source: `Validity` of the order update.
        validity "validity" text_or_null,
        /// Disclosed quantity in units. Source: `DiscQuantity` of the order update.
        disc_quantity "disc_quantity" int_or_null,
        /// What remains of the disclosed quantity, in units. Source: `DiscQtyRem` of the order update.
        disc_qty_rem "disc_qty_rem" int_or_null,
        /// Pending quantity in units, as the server says. Source: `RemainingQuantity` of the order update.
        remaining_quantity "remaining_quantity" int_or_null,
        /// Ordered quantity in units. Source: `Quantity` of the order update.
        quantity "quantity" int_or_null,
        /// Traded quantity in units. Source: `TradedQty` of the order update.
        traded_qty "traded_qty" int_or_null,
        /// Order price, rupees. Source: `Price` of the order update.
        price "price" price64_or_null,
        /// Trigger price, rupees. Source: `TriggerPrice` of the order update.
        trigger_price "trigger_price" price64_or_null,
        /// Price of the last fill, rupees. Source: `TradedPrice` of the order update.
        traded_price "traded_price" price64_or_null,
        /// Average of the fills, rupees. Source: `AvgTradedPrice` of the order update.
        avg_traded_price "avg_traded_price" price64_or_null,
        /// The entry leg's order number. Source: `AlgoOrdNo` of the order update.
        algo_ord_no "algo_ord_no" text_or_null,
        /// `"1"` for an after-market order. Source: `OffMktFlag` of the order update.
        off_mkt_flag "off_mkt_flag" text_or_null,
        /// When it was placed, UTC epoch seconds. Source: `OrderDateTime` of the order update.
        order_date_time "order_date_time" second_or_null,
        /// When the exchange took it, UTC epoch seconds. Source: `ExchOrderTime` of the order update.
        exch_order_time "exch_order_time" second_or_null,
        /// When it last changed, UTC epoch seconds. Source: `LastUpdatedTime` of the order update.
        last_updated_time "last_updated_time" second_or_null,
        /// Free text. Source: `Remarks` of the order update.
        remarks "remarks" text_or_null,
        /// `NL` normal; `AU`, `A1`, `A2` auction. Source: `MktType` of the order update.
        mkt_type "mkt_type" text_or_null,
        /// Confirmation or the reason for a rejection. Source: `ReasonDescription` of the order update.
        reason_description "reason_description" text_or_null,
        /// 1 entry, 2 stop-loss, 3 target. Source: `LegNo` of the order update.
        leg_no "leg_no" int_or_null,
        /// `EQUITY`, `OPTIDX`, … Source: `Instrument` of the order update.
        instrument "instrument" text_or_null,
        /// The server's symbol. Source: `Symbol` of the order update.
        symbol "symbol" text_or_null,
        /// `INTRADAY`, `CNC`, … Source: `ProductName` of the order update.
        product_name "product_name" text_or_null,
        /// Upper case. Source: `Status` of the order update.
        status "status" text_or_null,
        /// Lot size of the contract in units. Source: `LotSize` of the order update.
        lot_size "lot_size" int_or_null,
        /// Strike of an option, rupees. Source: `StrikePrice` of the order update.
        strike_price "strike_price" price64_or_null,
        /// Expiry of a contract. Source: `ExpiryDate` of the order update.
        expiry_date "expiry_date" date_or_null,
        /// `CE`, `PE`, `XX`. Source: `OptType` of the order update.
        opt_type "opt_type" text_or_null,
        /// Dhan's name of the instrument. Source: `DisplayName` of the order update.
        display_name "display_name" text_or_null,
        /// ISIN. Source: `Isin` of the order update.
        isin "isin" text_or_null,
        /// `EQ`, … Source: `Series` of the order update.
        series "series" text_or_null,
        /// How long a forever order lives. Source: `GoodTillDaysDate` of the order update.
        good_till_days_date "good_till_days_date" date_or_null,
        /// Last price at the time of the update, rupees. Source: `RefLtp` of the order update.
        ref_ltp "ref_ltp" price64_or_null,
        /// Smallest price step, rupees. Source: `TickSize` of the order update.
        tick_size "tick_size" price64_or_null,
        /// The algorithm's id, `"0"` for none. Source: `AlgoId` of the order update.
        algo_id "algo_id" text_or_null,
        /// Contract multiplier. Source: `Multiplier` of the order update.
        multiplier "multiplier" int_or_null,
        /// What whoever placed the order called it. Source: `CorrelationId` of the order update.
        correlation_id "correlation_id" text_or_null,
    }
    after {
        /// Every other key that the server sent, as it came; null when there is none. Source: the server.
        "extra": object_or_null = order.extra.as_deref(),
        /// Who told: the order socket (stream) or the REST order book (snapshot). Source: the run.
        "origin": word(Origin::WORDS) = order.origin.name(),
    }
}

/// Returns whether a snake_case name and one in PascalCase or camelCase consist of the same words.
fn same_name(snake: &str, wire: &str) -> bool {
    let mut words = snake.bytes().filter(|&b| b != b'_');
    wire.bytes().all(|b| words.next().is_some_and(|word| word == b.to_ascii_lowercase())) && words.next().is_none()
}

words! {
    /// Names something that happened to an order; a bit of [`Events`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[repr(u8)]
    pub enum Event {
        /// An update was received.
        Update = "update",
        /// The order was in the snapshot that was fetched at the start.
        Snapshot = "snapshot",
        /// The status differs from the last one seen.
        StatusChange = "status_change",
        /// The traded quantity grew.
        Execution = "execution",
        /// The status became `TRANSIT`.
        Transit = "order_transit",
        /// The status became `PENDING`.
        Pending = "order_pending",
        /// The status became `REJECTED`.
        Rejected = "order_rejected",
        /// The status became `CANCELLED`.
        Cancelled = "order_cancelled",
        /// The status became `TRADED`.
        Traded = "order_traded",
        /// The status became `EXPIRED`.
        Expired = "order_expired",
        /// A part of the quantity was traded for the first time.
        PartTraded = "order_part_traded",
        /// The status became `TRIGGERED`.
        Triggered = "order_triggered",
        /// The status became `CLOSED`.
        Closed = "order_closed",
    }
}

impl Event {
    /// Returns the event of reaching a status, if there is one.
    pub fn of_status(status: &str) -> Option<Event> {
        Some(match status {
            "TRANSIT" => Event::Transit,
            "PENDING" => Event::Pending,
            "REJECTED" => Event::Rejected,
            "CANCELLED" => Event::Cancelled,
            "TRADED" => Event::Traded,
            "EXPIRED" => Event::Expired,
            "PART_TRADED" => Event::PartTraded,
            "TRIGGERED" => Event::Triggered,
            "CLOSED" => Event::Closed,
            _ => return None,
        })
    }
}

/// Holds a set of [`Event`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Events(u16);

impl Events {
    /// Returns the set with one more event.
    #[must_use]
    pub const fn with(self, event: Event) -> Events {
        Events(self.0 | 1 << event as u8)
    }

    /// Returns whether the set has an event.
    pub const fn contains(self, event: Event) -> bool {
        self.0 & 1 << event as u8 != 0
    }

    /// Returns whether two sets share an event, for `--events`.
    pub const fn intersects(self, other: Events) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns its events, in the order of records.
    pub fn iter(self) -> impl Iterator<Item = Event> {
        Event::ALL.into_iter().filter(move |event| self.contains(*event))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Event::name)).finish()
    }
}

impl FromIterator<Event> for Events {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Events {
        events.into_iter().fold(Events::default(), Events::with)
    }
}

words! {
    /// Names the source of an order.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Origin {
        /// The order socket.
        #[default]
        Stream = "stream",
        /// The order snapshot (REST).
        Snapshot = "snapshot",
    }
}

/// Holds the present state of an order, and what happened to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Order {
    /// What happened.
    pub events: Events,
    /// The last status seen; `None` for a new order.
    pub previous_status: Option<String>,
    /// The last traded quantity seen; `None` for a new order.
    pub previous_traded_qty: Option<i64>,
    /// The server's fields.
    pub details: Details,
    /// Fields of the server that have no place in `details`: a JSON object.
    pub extra: Option<String>,
    /// The source.
    pub origin: Origin,
}

impl Order {
    /// Returns the executed part of the order in percent with two decimals, or `None` if the quantity is 0 or
    /// unknown.
    pub fn execution_percentage(&self) -> Option<f64> {
        let (traded, quantity) = (self.details.traded_qty?, self.details.quantity?);
        (quantity > 0).then(|| (traded as f64 * 10_000.0 / quantity as f64).round() / 100.0)
    }

    /// Returns the quantity that is not executed yet, at least 0.
    pub fn pending_quantity(&self) -> Option<i64> {
        Some(self.details.quantity?.saturating_sub(self.details.traded_qty?).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_name_is_found_in_both_casings_and_nothing_else_is() {
        let mut details = Details::default();
        for (wire, name) in [
            ("OrderNo", "order_no"),
            ("orderNo", "order_no"),
            ("discQtyRem", "disc_qty_rem"),
            ("ISIN", "isin"),
            ("RefLtp", "ref_ltp"),
            ("goodTillDaysDate", "good_till_days_date"),
        ] {
            assert_eq!(details.field_mut(wire).map(|(name, _)| name), Some(name), "{wire}");
        }
        for wire in ["", "order_no", "orderNo2", "orderN", "instrumentType", "strategyId", "ordérNo"] {
            assert!(details.field_mut(wire).is_none(), "{wire}");
        }
    }

    #[test]
    fn an_order_of_nothing_has_no_percentage() {
        let order = |traded, quantity| Order {
            details: Details { traded_qty: traded, quantity, ..Details::default() },
            ..Order::default()
        };
        assert_eq!(order(Some(0), Some(0)).execution_percentage(), None);
        assert_eq!(order(Some(0), Some(0)).pending_quantity(), Some(0));
        assert_eq!(order(Some(1), Some(3)).execution_percentage(), Some(33.33));
        assert_eq!(order(Some(3), Some(3)).execution_percentage(), Some(100.0));
        assert_eq!(order(Some(4), Some(3)).pending_quantity(), Some(0));
        assert_eq!(order(Some(i64::MAX), Some(i64::MIN)).pending_quantity(), Some(0));
        assert_eq!(
            (order(None, Some(3)).execution_percentage(), order(None, Some(3)).pending_quantity()),
            (None, None)
        );
    }
}
