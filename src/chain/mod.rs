//! Follows the spot of option chains: `--chain NIFTY`, and `instruments list --around`.
//!
//! * [`request`] – a chain as typed.
//! * [`series`] – the strikes of an expiry: the nearest one, the step between them, those around a spot.
//! * [`follow`] – which options are subscribed as time passes and the spot moves; both are arguments.
//! * [`listing`] – the series of an underlying in an instrument master.

pub mod follow;
pub mod listing;
pub mod request;
pub mod series;

pub use follow::{ChainChange, OptionChain};
pub use listing::{Listing, SEGMENTS};
pub use request::ChainRequest;
pub use series::{Strike, Strikes};
