//! Defines the macros that declare a record: each field is written down once, with the code that reads it.

/// Makes a [`Key`](crate::record::Key) from a literal.
macro_rules! key {
    ($name:literal) => {
        $crate::record::Key {
            name: $name,
            json: concat!(",\"", $name, "\":"),
            column: const { $crate::record::market::column($name) },
        }
    };
}

/// Declares a record: one list of fields yields its [`Schema`](crate::record::schema::Schema) and its
/// [`Record`](crate::record::Record) implementation.
///
/// ```ignore
/// record! {
///     /// What the record is.
///     Ticker: Packet for feed::Ticker<'_> |p| {
///         /// What the field means, its unit, its source.
///         "ltp": price32 = p.ltp(),
///     }
/// }
/// ```
///
/// The word behind a field's colon is the method of [`FieldWriter`](crate::record::FieldWriter) that takes the value.
/// Brackets hold the words of an enumeration, or the second name of a time. `let` lines before the fields are shared
/// by the fields, `five_levels` after them adds a five-level order book, and `rows` names the fields of a CSV row if
/// a record has several rows. A market record's field without a column in the market feed's CSV does not compile.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $type:ident: $family:ident for $target:ty |$this:ident| {
            $(let $pattern:pat = $init:expr;)*
            $($(#[doc = $field_doc:literal])+ $key:literal: $method:ident $(($($words:tt)+))? = $value:expr,)*
            $(five_levels {
                $(#[doc = $bids_doc:literal])+ bids = $bids:expr,
                $(#[doc = $asks_doc:literal])+ asks = $asks:expr,
            })?
            $(rows $rows:expr)?
        }
    ) => {
        impl $crate::record::Record for $target {
            const TYPE: $crate::record::RecordType = $crate::record::RecordType::$type;
            const SCHEMA: &'static $crate::record::schema::Schema = &$crate::record::schema::Schema {
                family: $crate::record::schema::Family::$family,
                doc: $crate::record::declare::joined!($($doc)+),
                fields: &[
                    $($crate::record::schema::Field {
                        name: $key,
                        kind: $crate::record::declare::kind!($method $($($words)+)?),
                        doc: $crate::record::declare::joined!($($field_doc)+),
                    },)*
                    $($crate::record::schema::Field {
                        name: "bids",
                        kind: $crate::record::schema::Kind::FiveBids,
                        doc: $crate::record::declare::joined!($($bids_doc)+),
                    },
                    $crate::record::schema::Field {
                        name: "asks",
                        kind: $crate::record::schema::Kind::FiveAsks,
                        doc: $crate::record::declare::joined!($($asks_doc)+),
                    },)?
                ],
                rows: $crate::record::declare::rows!($($rows)?),
            };

            #[inline(always)]
            #[allow(unused_variables, reason = "a record may have no field of its own")]
            fn fields<W: $crate::record::FieldWriter>(&self, w: &mut W) {
                let $this = self;
                $(let $pattern = $init;)*
                $($crate::record::declare::put!(w $family $key $method ($($($words)+)?) $value);)*
                $(w.book5($bids, $asks);)?
            }
        }
    };
}

/// Declares the CSV row of a record with several rows, in the same form: the constant `FIELDS` and the method
/// `fields`.
macro_rules! row {
    (for $target:ty |$this:ident| {
        $($(#[doc = $field_doc:literal])+ $key:literal: $method:ident $(($($words:tt)+))? = $value:expr,)*
    }) => {
        impl $target {
            /// Describes the columns of the row.
            pub const FIELDS: &'static [$crate::record::schema::Field] = &[
                $($crate::record::schema::Field {
                    name: $key,
                    kind: $crate::record::declare::kind!($method $($($words)+)?),
                    doc: $crate::record::declare::joined!($($field_doc)+),
                },)*
            ];

            /// Writes the cells in the order of [`FIELDS`](Self::FIELDS).
            #[inline(always)]
            pub fn fields<W: $crate::record::FieldWriter>(&self, w: &mut W) {
                let $this = self;
                $($crate::record::declare::put!(w Row $key $method ($($($words)+)?) $value);)*
            }
        }
    };
}

/// Joins the lines of a doc comment.
macro_rules! joined {
    ($first:literal $($line:literal)*) => {
        $crate::record::declare::trimmed(concat!($first $(, $line)*))
    };
}

/// Returns the kind of field that a method of [`FieldWriter`](crate::record::FieldWriter) writes.
macro_rules! kind {
    (price32) => { $crate::record::schema::Kind::Price };
    (price32_or_null) => { $crate::record::schema::Kind::Price };
    (price64) => { $crate::record::schema::Kind::Price };
    (price64_or_null) => { $crate::record::schema::Kind::Price };
    (uint) => { $crate::record::schema::Kind::Uint };
    (count) => { $crate::record::schema::Kind::Uint };
    (int_or_null) => { $crate::record::schema::Kind::IntOrNull };
    (text) => { $crate::record::schema::Kind::Text };
    (text_or_null) => { $crate::record::schema::Kind::TextOrNull };
    (date_or_null) => { $crate::record::schema::Kind::DateOrNull };
    (word $($words:tt)+) => { $crate::record::schema::Kind::Word(&$($words)+) };
    (word_or_null $($words:tt)+) => { $crate::record::schema::Kind::WordOrNull(&$($words)+) };
    (words $($words:tt)+) => { $crate::record::schema::Kind::Words(&$($words)+) };
    (texts) => { $crate::record::schema::Kind::Texts };
    (texts_or_null) => { $crate::record::schema::Kind::TextsOrNull };
    (hex) => { $crate::record::schema::Kind::Hex };
    (object_or_null) => { $crate::record::schema::Kind::Object };
    (second) => { $crate::record::schema::Kind::Second };
    (second_or_null) => { $crate::record::schema::Kind::SecondOrNull };
    (micros $iso:literal) => { $crate::record::schema::Kind::Micros($iso) };
    (levels) => { $crate::record::schema::Kind::Levels };
}

/// Writes one field. A market record's key without a column does not compile.
macro_rules! put {
    ($w:ident Packet $key:literal $method:ident ($($words:tt)*) $value:expr) => {{
        const _: () = assert!(
            $crate::record::market::column($key) != $crate::record::NO_COLUMN,
            "a market record is in no list of the market feed's CSV columns"
        );
        $crate::record::declare::put!($w Any $key $method ($($words)*) $value)
    }};
    ($w:ident $family:ident $key:literal micros ($iso:literal) $value:expr) => {
        $w.time(
            $crate::record::TimeKey { epoch: $crate::record::declare::key!($key), iso: $crate::record::declare::key!($iso) },
            $value,
        )
    };
    ($w:ident $family:ident $key:literal $method:ident ($($words:tt)*) $value:expr) => {
        $w.$method($crate::record::declare::key!($key), $value)
    };
}

macro_rules! rows {
    () => {
        None
    };
    ($rows:expr) => {
        Some($rows)
    };
}

/// Returns the text without the space that a doc comment begins with.
pub const fn trimmed(text: &str) -> &str {
    text.trim_ascii()
}

pub(crate) use {joined, key, kind, put, record, row, rows};
