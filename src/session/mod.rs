//! When to connect, what to send, when to give up: a state machine with no I/O and no clock.
//!
//! One [`Session`] a connection. The driver tells it what happened ([`Input`]) and when ([`Now`]), then does what it
//! wants done ([`Action`]), and comes back with [`Input::Tick`] at [`Session::deadline`]. The only chance in it comes
//! from a seed, so a trading day with hundreds of drops is a test of milliseconds.
//!
//! * [`machine`] – the states and what leads from one to another.
//! * [`policy`] – what each failure means, as one table.
//! * [`backoff`] – how long to wait before the next attempt.
//! * [`requests`] – the texts that ask for instruments, and the set that is wanted.
//! * [`plan`] – spreading instruments over connections.
//! * [`liveness`] – telling a quiet connection from a dead one.
//! * [`outage`] – what people are told of a time without a connection.
//! * [`mute`], [`calendar`] – telling a quiet market from a feed that fell silent.
//! * [`input`], [`action`], [`time`] – the vocabulary.

pub mod action;
pub mod backoff;
pub mod calendar;
pub mod input;
pub mod liveness;
pub mod machine;
pub mod mute;
pub mod outage;
pub mod plan;
pub mod policy;
pub mod requests;
pub mod time;

pub use action::Action;
pub use calendar::{Calendar, Market, Markets, Phase};
pub use input::{Fingerprint, Input, ProbeResult};
#[cfg(any(test, feature = "testing"))]
pub use machine::StateName;
pub use machine::{Config, Session};
pub use plan::Plan;
pub use requests::Subscription;
pub use time::{Now, Time};
