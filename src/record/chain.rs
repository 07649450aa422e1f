//! Declares the record of an option chain that follows its underlying (contract: `chain`).

use super::declare::record;

/// Describes a change of the strikes that `--chain` subscribes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The underlying's symbol.
    pub underlying: String,
    /// The expiry, `YYYY-MM-DD`.
    pub expiry: String,
    /// Price of the underlying in rupees.
    pub spot: f64,
    /// Strike nearest to the spot in rupees.
    pub atm: f64,
    /// Distance between strikes around the middle in rupees.
    pub step: f64,
    /// Options that are subscribed from now on, as `SEGMENT:ID`.
    pub added: Vec<String>,
    /// Options that are no longer subscribed.
    pub removed: Vec<String>,
}

record! {
    /// A change of the options that `--chain` subscribes.
    Chain: Control for Chain |chain| {
        /// Symbol of the underlying. Source: `--chain`.
        "underlying": text = &chain.underlying,
        /// Expiry of the options, YYYY-MM-DD. Source: instrument master.
        "expiry": date_or_null = Some(chain.expiry.as_str()),
        /// Price of the underlying in rupees. Source: its last packet.
        "spot": price64 = chain.spot,
        /// Strike nearest to the spot in rupees. Source: computed.
        "atm": price64 = chain.atm,
        /// Most frequent distance of the strikes around the middle in rupees. Source: computed.
        "step": price64 = chain.step,
        /// Options that are subscribed from now on, as SEGMENT:ID. Source: computed.
        "added": texts = &chain.added,
        /// Options that are no longer subscribed, as SEGMENT:ID. Source: computed.
        "removed": texts = &chain.removed,
    }
}
