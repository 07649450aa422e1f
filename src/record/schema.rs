//! The description of a record: its fields, their kinds and the words that explain them.
//!
//! The macro [`record!`](crate::record) makes one of these beside the code that lists a record's values. The CSV header,
//! the JSON Schema, DuckDB's columns and the checks of `dhan verify` all read it.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number with a fraction, or null.
    Price,
    /// A whole number of at least 0.
    Uint,
    /// A whole number.
    Int,
    /// A whole number, or null.
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
    /// A moment in seconds since the epoch (`--time iso`: RFC 3339).
    Second,
    /// A moment in seconds since the epoch (`--time iso`: RFC 3339), or null.
    SecondOrNull,
    /// A moment in microseconds since the epoch; with `--time iso` RFC 3339 under this name.
    Micros(&'static str),
    /// The five best levels of the bids; in CSV, columns of both sides.
    FiveBids,
    /// The five best levels of the asks; in CSV, among those of the bids.
    FiveAsks,
    /// Levels of an order book; in CSV, a row each.
    Levels,
}

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key in NDJSON and its CSV column.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it says, in which unit, and where it comes from.
    pub doc: &'static str,
}

/// What a record stands for.
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
    /// The stream itself.
    Control,
}

impl Family {
    /// Returns whether `segment`, `security_id` and `symbol` follow `type`.
    pub const fn is_about_an_instrument(self) -> bool {
        matches!(self, Family::Packet | Family::Book | Family::Bar)
    }
}

/// A record: what stands between `type` (and the instrument) and `recv_us`.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// What it stands for.
    pub family: Family,
    /// What it is, in words.
    pub doc: &'static str,
    /// Its own fields, in order.
    pub fields: &'static [Field],
    /// The fields of a CSV row where the record has several rows, one a level.
    pub rows: Option<&'static [Field]>,
}

/// The fields that name the instrument.
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

/// The last field of every record.
pub const RECV: Field = Field {
    name: "recv_us",
    kind: Kind::Micros("recv"),
    doc: "Local receive time in microseconds since the epoch; strictly growing within a run. Source: this host's clock.",
};

impl Schema {
    /// Returns the fields that name the instrument, where the record is about one.
    pub const fn instrument(&self) -> &'static [Field] {
        if self.family.is_about_an_instrument() { &INSTRUMENT } else { &[] }
    }

    /// Returns every field between `type` and `recv_us`, as NDJSON has them.
    pub fn members(&self) -> impl Iterator<Item = &'static Field> {
        self.instrument().iter().chain(self.fields)
    }

    /// Returns the columns of its CSV rows between `type` and `recv_us`.
    pub fn columns(&self) -> impl Iterator<Item = Field> {
        let own = self.rows.unwrap_or(self.fields);
        self.instrument().iter().chain(own).flat_map(|field| match field.kind {
            Kind::FiveBids => FIVE_LEVELS.map(level_column).to_vec(),
            Kind::FiveAsks => Vec::new(),
            _ => vec![*field],
        })
    }

    /// Returns whether all fields are numbers, and few: the line then has a bounded length behind its beginning.
    pub const fn is_short(&self) -> bool {
        let mut i = 0;
        while i < self.fields.len() {
            match self.fields[i].kind {
                Kind::Price
                | Kind::Uint
                | Kind::Int
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

/// The CSV columns of a five-level order book.
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

/// The fields of a level, wherever levels are listed.
pub const LEVEL: [Field; 3] = [
    Field { name: "price", kind: Kind::Price, doc: "Price in rupees." },
    Field { name: "qty", kind: Kind::Uint, doc: "Quantity in units." },
    Field { name: "orders", kind: Kind::Uint, doc: "Number of orders." },
];

/// Columns of a CSV that holds records of several types: each name once, in the order of the first record that has it.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    names: [&'static str; Columns::MOST],
    len: usize,
}

impl Columns {
    const MOST: usize = 96;

    /// Returns the union of the columns of these records, `type` first and `recv_us` last.
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

    /// Returns the names as an array, whose length is [`width`](Columns::width).
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

    /// Returns the place of a name.
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
