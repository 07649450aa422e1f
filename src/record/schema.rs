//! Describes a record: its fields, their kinds and their meaning.
//!
//! The macro [`record!`](crate::record) makes a description beside the code that reads a record's values. The CSV
//! header, the JSON Schema, DuckDB's columns and the checks of `dhan verify` all come from it.

/// Says what a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number with a fraction, or null.
    Price,
    /// An integer of at least 0.
    Uint,
    /// An integer, or null.
    IntOrNull,
    /// Text.
    Text,
    /// Text, or null.
    TextOrNull,
    /// A date `YYYY-MM-DD`, or null.
    DateOrNull,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or null.
    WordOrNull(&'static [&'static str]),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A list of any texts.
    Texts,
    /// A list of any texts, or null.
    TextsOrNull,
    /// Bytes as hex text.
    Hex,
    /// A JSON object, or null.
    Object,
    /// A time in seconds since the epoch (`--time iso`: RFC 3339).
    Second,
    /// A time in seconds since the epoch (`--time iso`: RFC 3339), or null.
    SecondOrNull,
    /// A time in microseconds since the epoch; with `--time iso` RFC 3339 under this name.
    Micros(&'static str),
    /// The five best bids; in CSV, the columns of both sides.
    FiveBids,
    /// The five best asks; in CSV, among the columns of the bids.
    FiveAsks,
    /// Levels of an order book; in CSV, one row each.
    Levels,
}

/// Describes a field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key in NDJSON and its CSV column.
    pub name: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Its meaning, unit and source.
    pub doc: &'static str,
}

/// Says what a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// One market packet about one instrument.
    Packet,
    /// One or two depth packets about one instrument.
    Book,
    /// The trades of an interval in one instrument.
    Bar,
    /// An order; a message may hold many.
    Order,
    /// The stream itself, not an instrument.
    Control,
}

impl Family {
    /// Returns whether `segment`, `security_id` and `symbol` follow `type`.
    pub const fn is_about_an_instrument(self) -> bool {
        matches!(self, Family::Packet | Family::Book | Family::Bar)
    }
}

/// Describes a record: the fields between `type` (and the instrument) and `recv_us`.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// What the record is about.
    pub family: Family,
    /// Its meaning.
    pub doc: &'static str,
    /// Its own fields, in order.
    pub fields: &'static [Field],
    /// The fields of a CSV row, if the record has one row for each level.
    pub rows: Option<&'static [Field]>,
}

/// Describes the fields that name the instrument.
pub const INSTRUMENT: [Field; 3] = [
    Field {
        name: "segment",
        kind: Kind::Text,
        doc: "Exchange segment, such as NSE_EQ; a segment without a name is its code in digits. Source: byte 3 of the packet.",
    },
    Field {
        name: "security_id",
        kind: Kind::Text,
        doc: "Security id of the instrument, unique in its segment. Source: bytes 4 to 7 of the packet.",
    },
    Field {
        name: "symbol",
        kind: Kind::TextOrNull,
        doc: "Symbol as a trader types it; null where the instrument master does not know it. Source: instrument master.",
    },
];

/// Describes the last field of every record.
pub const RECV: Field = Field {
    name: "recv_us",
    kind: Kind::Micros("recv"),
    doc: "Local receive time in microseconds since the epoch; strictly growing within a run. Source: this host's clock.",
};

impl Schema {
    /// Returns the fields that name the instrument; empty if the record is not about one.
    pub const fn instrument(&self) -> &'static [Field] {
        if self.family.is_about_an_instrument() { &INSTRUMENT } else { &[] }
    }

    /// Returns every field between `type` and `recv_us`, in NDJSON order.
    pub fn members(&self) -> impl Iterator<Item = &'static Field> {
        self.instrument().iter().chain(self.fields)
    }

    /// Returns the columns of the CSV rows between `type` and `recv_us`.
    pub fn columns(&self) -> impl Iterator<Item = Field> {
        let own = self.rows.unwrap_or(self.fields);
        self.instrument().iter().chain(own).flat_map(|field| match field.kind {
            Kind::FiveBids => FIVE_LEVELS.map(level_column).to_vec(),
            Kind::FiveAsks => Vec::new(),
            _ => vec![*field],
        })
    }

    /// Returns whether all fields are numbers and few, so that the length of the line is bounded.
    pub const fn is_short(&self) -> bool {
        let mut i = 0;
        while i < self.fields.len() {
            match self.fields[i].kind {
                Kind::Price
                | Kind::Uint
                | Kind::IntOrNull
                | Kind::Second
                | Kind::SecondOrNull
                | Kind::FiveBids
                | Kind::FiveAsks => {}
                _ => return false,
            }
            i += 1;
        }
        self.fields.len() < 32
    }
}

/// Lists the CSV columns of a five-level order book.
#[rustfmt::skip]
pub const FIVE_LEVELS: [&str; 30] = [
    "bid1_price", "bid1_qty", "bid1_orders", "ask1_price", "ask1_qty", "ask1_orders",
    "bid2_price", "bid2_qty", "bid2_orders", "ask2_price", "ask2_qty", "ask2_orders",
    "bid3_price", "bid3_qty", "bid3_orders", "ask3_price", "ask3_qty", "ask3_orders",
    "bid4_price", "bid4_qty", "bid4_orders", "ask4_price", "ask4_qty", "ask4_orders",
    "bid5_price", "bid5_qty", "bid5_orders", "ask5_price", "ask5_qty", "ask5_orders",
];

fn level_column(name: &'static str) -> Field {
    let kind = if name.ends_with("_price") { Kind::Price } else { Kind::IntOrNull };
    Field { name, kind, doc: "A level of the order book." }
}

/// Describes the fields of a level in any list of levels.
pub const LEVEL: [Field; 3] = [
    Field { name: "price", kind: Kind::Price, doc: "Price in rupees." },
    Field { name: "qty", kind: Kind::Uint, doc: "Quantity in units." },
    Field { name: "orders", kind: Kind::Uint, doc: "Number of orders." },
];

/// Holds the columns of a CSV for records of several types: each name once, in the order of the first record that has
/// it.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    names: [&'static str; Columns::MOST],
    len: usize,
}

impl Columns {
    const MOST: usize = 96;

    /// Returns the union of the columns of these records, with `type` first and `recv_us` last.
    pub const fn union(schemas: &[&Schema]) -> Columns {
        let mut columns = Columns { names: [""; Columns::MOST], len: 0 }.with("type");
        let mut i = 0;
        while i < INSTRUMENT.len() {
            columns = columns.with(INSTRUMENT[i].name);
            i += 1;
        }
        i = 0;
        while i < schemas.len() {
            let fields = schemas[i].fields;
            let mut j = 0;
            while j < fields.len() {
                match fields[j].kind {
                    Kind::FiveBids => {
                        let mut k = 0;
                        while k < FIVE_LEVELS.len() {
                            columns = columns.with(FIVE_LEVELS[k]);
                            k += 1;
                        }
                    }
                    Kind::FiveAsks => {}
                    _ => columns = columns.with(fields[j].name),
                }
                j += 1;
            }
            i += 1;
        }
        columns.with(RECV.name)
    }

    const fn with(mut self, name: &'static str) -> Columns {
        if self.position(name).is_none() {
            self.names[self.len] = name;
            self.len += 1;
        }
        self
    }

    /// Returns the number of columns.
    pub const fn width(&self) -> usize {
        self.len
    }

    /// Returns the names as an array; `N` must be [`width`](Columns::width).
    pub const fn names<const N: usize>(&self) -> [&'static str; N] {
        assert!(N == self.len, "the array has a place for every column");
        let mut names = [""; N];
        let mut i = 0;
        while i < N {
            names[i] = self.names[i];
            i += 1;
        }
        names
    }

    /// Returns the index of a name.
    pub const fn position(&self, name: &str) -> Option<u8> {
        let mut i = 0;
        while i < self.len {
            if same(self.names[i], name) {
                return Some(i as u8);
            }
            i += 1;
        }
        None
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
