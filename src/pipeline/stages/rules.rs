//! Says what a run prints, and when it is done.

use crate::model::{InstrumentKey, Stream};
use crate::pipeline::bars::Interval;
use crate::protocol::Mode;
use crate::record::TypeSet;
use crate::record::order::Events;

/// Says what a run prints, and when it is done.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The stream.
    pub feed: Stream,
    /// Types that are printed (`--only`); every other market packet is filtered.
    pub only: TypeSet,
    /// Lengths of the bars that are made of market packets (`--bars`); empty for none.
    pub bars: Vec<Interval>,
    /// Whether gap records are printed (not with `--no-gaps`).
    pub gaps: bool,
    /// Whether connection events are records too.
    pub status_records: bool,
    /// Number of records after which the run ends (`--count`).
    pub count: Option<u64>,
    /// Ends the run when each of these was printed once (`--once`).
    pub once: Option<Vec<(InstrumentKey, Mode)>>,
    /// Depth: the view of order books.
    pub view: View,
    /// Depth: number of levels shown of each side; `None` for all.
    pub top: Option<usize>,
    /// Orders: keep only updates that carry one of these events.
    pub events: Option<Events>,
    /// Orders: whether client ids are shown in full.
    pub show_client_ids: bool,
}

/// Says how order books are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Both sides together.
    #[default]
    Book,
    /// Every packet as it came.
    Sides,
}

impl Rules {
    /// Returns rules by which everything is printed.
    pub fn everything(feed: Stream) -> Rules {
        Rules {
            feed,
            only: TypeSet::ALL,
            bars: Vec::new(),
            gaps: true,
            status_records: false,
            count: None,
            once: None,
            view: View::default(),
            top: None,
            events: None,
            show_client_ids: false,
        }
    }
}
