//! Lists the types of records.

use super::schema::Schema;
use super::{Record, bar, chain, control, depth, market, order};
use crate::model::Stream;
use crate::protocol::feed;

/// Lists every record type with its word and the declaration that describes it.
macro_rules! types {
    ($($(#[$doc:meta])* $name:ident $word:literal $record:ty,)+) => {
        /// Names a record type, in the order in which help and schema list them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum RecordType {
            $($(#[$doc])* $name,)+
        }

        impl RecordType {
            /// Lists every type.
            pub const ALL: [RecordType; [$($word),+].len()] = [$(RecordType::$name),+];

            /// Returns the value of `type`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(RecordType::$name => $word,)+
                }
            }

            /// Returns the declaration of its fields.
            pub const fn schema(self) -> &'static Schema {
                match self {
                    $(RecordType::$name => <$record as Record>::SCHEMA,)+
                }
            }
        }
    };
}

types! {
    /// Last price and its time.
    Ticker "ticker" feed::Ticker<'static>,
    /// Trade, volume and the day's prices.
    Quote "quote" feed::Quote<'static>,
    /// A quote with five levels of the order book.
    Full "full" feed::Full<'static>,
    /// Open interest.
    Oi "oi" feed::OpenInterest<'static>,
    /// Previous session's close.
    PrevClose "prev_close" feed::PrevClose<'static>,
    /// Market status.
    MarketStatus "market_status" market::MarketStatus<'static>,
    /// A packet of an unknown code.
    Unknown "unknown" market::Unknown<'static>,
    /// OHLC bar.
    Bar "bar" bar::Bar,
    /// Both sides of an order book.
    Depth "depth" depth::Depth<'static>,
    /// One side of an order book.
    DepthSide "depth_side" depth::DepthSide<'static>,
    /// Order update.
    Order "order" order::Order,
    /// Change of an option chain's subscriptions.
    Chain "chain" chain::Chain,
    /// Loss of data.
    Gap "gap" control::Gap,
    /// Step in a connection's life.
    Status "status" control::Status,
    /// Orderly end of a file or a run.
    End "end" control::End,
}

impl RecordType {
    /// Lists the types that market packets become.
    #[cfg(any(test, feature = "testing"))]
    pub const PACKETS: [RecordType; 7] = [
        RecordType::Ticker,
        RecordType::Quote,
        RecordType::Full,
        RecordType::Oi,
        RecordType::PrevClose,
        RecordType::MarketStatus,
        RecordType::Unknown,
    ];

    /// Lists the types that `--only` may name: market feed, depth, orders.
    pub const STREAMED: [RecordType; 12] = [
        RecordType::Ticker,
        RecordType::Quote,
        RecordType::Full,
        RecordType::Oi,
        RecordType::PrevClose,
        RecordType::MarketStatus,
        RecordType::Unknown,
        RecordType::Chain,
        RecordType::Bar,
        RecordType::Depth,
        RecordType::DepthSide,
        RecordType::Order,
    ];

    /// Parses a type by its name.
    pub fn parse(name: &str) -> Option<RecordType> {
        RecordType::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the types of a stream that `--only` may name.
    pub const fn of_stream(stream: Stream) -> &'static [RecordType] {
        const TYPES: &[RecordType] = &RecordType::STREAMED;
        let (market, rest) = TYPES.split_at(MARKET);
        let (depth, orders) = rest.split_at(2);
        match stream {
            Stream::Market => market,
            Stream::Depth(_) => depth,
            Stream::Orders => orders,
        }
    }
}

/// Number of the market feed's types at the beginning of [`RecordType::STREAMED`].
const MARKET: usize = 9;

/// Holds a set of record types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TypeSet(u32);

const _: () = assert!(RecordType::ALL.len() <= u32::BITS as usize, "a set has a bit for every type");

impl TypeSet {
    /// The set of all types.
    pub const ALL: TypeSet = TypeSet(u32::MAX);

    /// Returns the set with one more type.
    #[must_use]
    pub const fn with(self, kind: RecordType) -> TypeSet {
        TypeSet(self.0 | 1 << kind as u32)
    }

    /// Returns whether a type is in the set.
    #[inline(always)]
    pub const fn contains(self, kind: RecordType) -> bool {
        self.0 & 1 << kind as u32 != 0
    }
}

impl FromIterator<RecordType> for TypeSet {
    fn from_iter<I: IntoIterator<Item = RecordType>>(types: I) -> TypeSet {
        types.into_iter().fold(TypeSet::default(), TypeSet::with)
    }
}
