//! Decides when to connect, what to send and when to give up: a state machine without I/O and without a clock.
//!
//! There is one [`Session`] for each connection. The driver reports what happened ([`Input`]) and when ([`Now`]),
//! carries out the resulting [`Action`]s, and sends [`Input::Tick`] at [`Session::deadline`]. Random numbers come
//! from a seed, so a test runs a trading day with hundreds of disconnects in milliseconds.
//!
//! * [`machine`] – the states and their transitions.
//! * [`policy`] – the meaning of each failure, as one table.
//! * [`backoff`] – the delay before the next attempt.
//! * [`requests`] – the request texts, and the set of wanted subscriptions.
//! * [`plan`] – the distribution of instruments over connections.
//! * [`liveness`] – quiet or dead connections.
//! * [`outage`] – messages about a time without a connection.
//! * [`stale_feed`], [`calendar`] – quiet markets or stale feeds.
//! * [`input`], [`action`], [`time`] – the types of the interface.

pub mod action;
pub mod backoff;
pub mod calendar;
pub mod input;
pub mod liveness;
pub mod machine;
pub mod outage;
pub mod plan;
pub mod policy;
pub mod requests;
pub mod stale_feed;
pub mod time;

pub use action::Action;
pub use calendar::{Calendar, Market, MarketPhase, Markets};
pub use input::{Fingerprint, Input, ProbeResult};
#[cfg(any(test, feature = "testing"))]
pub use machine::StateName;
pub use machine::{Config, Session};
pub use plan::Plan;
pub use requests::Subscription;
pub use time::{Now, Time};
