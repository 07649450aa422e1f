//! Simulates the broker: the server side of the same protocols, with faults on request.
//!
//! It serves `dhan simulate`, `--demo`, the tests and the benches. [`Simulator::start`] serves on the caller's
//! runtime, [`SimHandle::start_in_thread`] on a thread of its own; both return a handle that is also a [`Probe`].
//! With the `testing` feature a probe reports what was received and triggers faults at a chosen moment.
//!
//! * `market` – prices: a seeded random walk for every instrument, known or not.
//! * `server` – grants websockets; `connection` – one websocket; `service` – what a kind of socket adds to it.
//! * `feed`, `depth`, `orders` – the kinds of sockets; `order_engine` – the account's orders, for socket and REST.
//! * `rest`, `tokens`, `master` – plain HTTP: the profile, the orders, access tokens, the instrument master.
//! * `source` – frames of another origin; `played` – frames of a capture, for `--replay`.
//! * `observe` – the messages of `-v`; `manners` – policies of the real server.
//! * Only for tests: `knobs` changes policies, `script` and `control` command, `record` keeps what was received.

mod config;
mod connection;
#[cfg(feature = "testing")]
mod control;
mod depth;
mod feed;
#[cfg(feature = "testing")]
mod knobs;
mod known;
mod manners;
mod market;
mod master;
mod observe;
mod options;
mod order_engine;
mod orders;
mod played;
mod probe;
#[cfg(feature = "testing")]
mod record;
mod rest;
mod rng;
#[cfg(feature = "testing")]
mod script;
mod server;
mod service;
mod source;
mod state;
mod tokens;

pub use crate::server::packets::DisconnectLayout;
#[cfg(feature = "testing")]
pub use crate::server::{Request, Response};
pub use config::{Casing, Fault, SimConfig};
#[cfg(feature = "testing")]
pub use knobs::{BadToken, Blast, Depth200Path, DepthUnsubscribe, OverLimit, Pool, PrevClose, Stacking};
pub use known::KNOWN;
pub use options::master as master_csv;
pub use played::Played;
#[cfg(feature = "testing")]
pub use probe::Probe;
#[cfg(feature = "testing")]
pub use record::{ConnectionSeen, Connections, TextSeen};
#[cfg(feature = "testing")]
pub use script::Upgrade;
pub use server::{SimHandle, Simulator};
pub use source::FrameSource;
#[cfg(feature = "testing")]
pub use source::SourceFrame;
#[cfg(feature = "testing")]
pub use state::{ClientSubscription, Cut};
#[cfg(feature = "testing")]
pub use tokens::TokenRules;
