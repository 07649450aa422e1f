//! The records of the contract (§3), written down a second time on purpose: the program's own field lists are what is
//! being checked.

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text,
    /// Text or null.
    TextOrNull,
    /// A whole number.
    Int,
    /// A whole number or null.
    IntOrNull,
    /// A number with a fraction or an exponent, or null.
    Price,
    /// Seconds since the epoch, or RFC 3339, or null.
    Seconds,
    /// Levels of a book, best first.
    Levels,
    /// A list of words.
    Words,
    /// A list of words, or null.
    WordsOrNull,
    /// Text, a number or null: what the broker calls it is passed on.
    Scalar,
    /// An object as it came, or null.
    ObjectOrNull,
}

use Cell::{Int, IntOrNull, Levels, ObjectOrNull, Price, Scalar, Seconds, Text, TextOrNull, Words, WordsOrNull};

/// A field and what it may hold.
pub type Field = (&'static str, Cell);

/// What kind of record a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One record for one packet, about one instrument.
    Packet,
    /// A record about one instrument that took one packet or two.
    Book,
    /// An order; a message may hold many.
    Order,
    /// About the stream itself.
    Control,
}

/// The fields between `type` and `recv_us`; `from_us` and `to_us` are moments, spelled as `recv_us` is.
#[derive(Debug)]
pub struct Schema {
    /// The value of `type`.
    pub name: &'static str,
    /// What kind of record it is.
    pub kind: Kind,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

macro_rules! about {
    ($($rest:expr),* $(,)?) => {
        &[("segment", TextOrNull), ("security_id", Text), ("symbol", TextOrNull), $($rest),*]
    };
}

macro_rules! quote {
    ($($rest:expr),* $(,)?) => {
        about![
            ("ltp", Price), ("ltq", Int), ("ltt", Seconds), ("atp", Price), ("volume", Int), ("total_buy_qty", Int),
            ("total_sell_qty", Int), ("day_open", Price), ("day_high", Price), ("day_low", Price), ("close", Price),
            $($rest),*
        ]
    };
}

/// Every type there is.
pub const SCHEMAS: [Schema; 13] = [
    Schema { name: "ticker", kind: Kind::Packet, fields: about![("ltp", Price), ("ltt", Seconds)] },
    Schema { name: "quote", kind: Kind::Packet, fields: quote![] },
    Schema {
        name: "full",
        kind: Kind::Packet,
        fields: quote![
            ("oi", Int),
            ("oi_high", Int),
            ("oi_low", Int),
            ("best_bid", Price),
            ("best_ask", Price),
            ("spread", Price),
            ("bids", Levels),
            ("asks", Levels)
        ],
    },
    Schema { name: "oi", kind: Kind::Packet, fields: about![("oi", Int)] },
    Schema { name: "prev_close", kind: Kind::Packet, fields: about![("prev_close", Price), ("prev_oi", Int)] },
    Schema { name: "market_status", kind: Kind::Packet, fields: about![("payload", Text)] },
    Schema { name: "unknown", kind: Kind::Packet, fields: about![("code", Int), ("payload", Text)] },
    Schema {
        name: "depth",
        kind: Kind::Book,
        fields: about![
            ("levels", Int),
            ("best_bid", Price),
            ("best_ask", Price),
            ("spread", Price),
            ("total_buy_qty", Int),
            ("total_sell_qty", Int),
            ("bids", Levels),
            ("asks", Levels)
        ],
    },
    Schema {
        name: "depth_side",
        kind: Kind::Book,
        fields: about![("levels", Int), ("side", Text), ("seq", IntOrNull), ("rows", Levels)],
    },
    Schema { name: "order", kind: Kind::Order, fields: &ORDER },
    Schema {
        name: "gap",
        kind: Kind::Control,
        fields: &[
            ("feed", Text),
            ("conn", Int),
            ("reason", Text),
            ("detail", TextOrNull),
            ("from_us", Int),
            ("to_us", Int),
            ("instruments", Int),
            ("ids", WordsOrNull),
            ("dropped", IntOrNull),
        ],
    },
    Schema {
        name: "status",
        kind: Kind::Control,
        fields: &[("feed", Text), ("conn", Int), ("event", Text), ("detail", TextOrNull)],
    },
    Schema {
        name: "end",
        kind: Kind::Control,
        fields: &[
            ("received", Int),
            ("written", Int),
            ("filtered", Int),
            ("dropped", Int),
            ("malformed", Int),
            ("gaps", Int),
            ("reason", Text),
        ],
    },
];

/// An order's fields. What the broker may leave out or spell otherwise is not judged further than being one value.
const ORDER: [Field; 52] = [
    ("events", Words),
    ("previous_status", TextOrNull),
    ("previous_traded_qty", IntOrNull),
    ("execution_percentage", Scalar),
    ("pending_quantity", Scalar),
    ("exchange", Scalar),
    ("segment", Scalar),
    ("source", Scalar),
    ("security_id", Scalar),
    ("client_id", Scalar),
    ("exch_order_no", TextOrNull),
    ("order_no", TextOrNull),
    ("product", Scalar),
    ("txn_type", Scalar),
    ("order_type", Scalar),
    ("validity", Scalar),
    ("disc_quantity", Scalar),
    ("disc_qty_rem", Scalar),
    ("remaining_quantity", Scalar),
    ("quantity", Scalar),
    ("traded_qty", Scalar),
    ("price", Price),
    ("trigger_price", Price),
    ("traded_price", Price),
    ("avg_traded_price", Price),
    ("algo_ord_no", Scalar),
    ("off_mkt_flag", Scalar),
    ("order_date_time", Seconds),
    ("exch_order_time", Seconds),
    ("last_updated_time", Seconds),
    ("remarks", Scalar),
    ("mkt_type", Scalar),
    ("reason_description", Scalar),
    ("leg_no", Scalar),
    ("instrument", Scalar),
    ("symbol", Scalar),
    ("product_name", Scalar),
    ("status", Scalar),
    ("lot_size", Scalar),
    ("strike_price", Scalar),
    ("expiry_date", Scalar),
    ("opt_type", Scalar),
    ("display_name", Scalar),
    ("isin", Scalar),
    ("series", Scalar),
    ("good_till_days_date", Scalar),
    ("ref_ltp", Scalar),
    ("tick_size", Scalar),
    ("algo_id", Scalar),
    ("multiplier", Scalar),
    ("correlation_id", Scalar),
    ("extra", ObjectOrNull),
];

/// The last of an order's own fields, which the table above has no room for.
pub const ORDER_ORIGIN: Field = ("origin", Text);

/// The schema of a type.
pub fn schema(name: &str) -> Option<&'static Schema> {
    SCHEMAS.iter().find(|schema| schema.name == name)
}

/// What a CSV column may hold; `None` for a column that no header of ours has.
pub fn column(name: &str) -> Option<Cell> {
    let level = |name: &str| {
        let rest = name.strip_prefix("bid").or_else(|| name.strip_prefix("ask"))?;
        let (number, what) = rest.split_once('_')?;
        if !matches!(number, "1" | "2" | "3" | "4" | "5") {
            return None;
        }
        match what {
            "price" => Some(Price),
            "qty" | "orders" => Some(IntOrNull),
            _ => None,
        }
    };
    let depth = match name {
        "type" => Some(Text),
        "level" | "qty" | "orders" => Some(IntOrNull),
        "price" => Some(Price),
        "side" => Some(TextOrNull),
        _ => None,
    };
    let known = || {
        let all = SCHEMAS.iter().filter(|schema| schema.kind != Kind::Control).flat_map(|schema| schema.fields);
        all.chain([&ORDER_ORIGIN]).find(|(field, _)| *field == name).map(|(_, cell)| *cell)
    };
    depth.or_else(|| level(name)).or_else(known)
}
