//! A broker in a box: the same protocols from the other side, with bad manners on request.
//!
//! It serves `dhan simulate`, `--demo`, the tests and the benches. [`Simulator::start`] serves on the caller's runtime,
//! [`SimHandle::start_in_thread`] on a thread of its own; both give a handle that is a [`Probe`]: what was seen, and
//! controls to make it misbehave at a chosen moment.
//!
//! * `market` – prices: a seeded walk for every instrument, known or not.
//! * `server` – the listener; `connection` – one websocket; `service` – what a kind of socket adds to it.
//! * `feed`, `depth`, `orders` – the kinds; `desk` – the account's orders, behind the socket and the REST call alike.
//! * `rest`, `master` – plain HTTP: the profile, the order book, the instrument master.
//! * `source` – frames from elsewhere; `played` – from a capture, for `--replay`.

mod config;
mod connection;
mod depth;
mod desk;
mod feed;
mod http;
mod known;
mod market;
mod master;
mod orders;
mod played;
mod probe;
mod request;
mod rest;
mod rng;
mod server;
mod service;
mod source;
mod state;
mod stream;
mod tokens;

pub use config::{
    BadToken, Blast, Casing, Depth200Path, DepthUnsubscribe, DisconnectLayout, Fault, OverLimit, Pool, PrevClose,
    SimConfig, Stacking,
};
pub use http::{Request, Response};
pub use known::KNOWN;
pub use played::Played;
pub use probe::Probe;
pub use server::{SimHandle, Simulator};
pub use source::{FrameSource, SourceFrame};
pub use state::{ConnectionSeen, Connections, Cut, Subscription, TextSeen, Upgrade};
pub use tokens::TokenRules;
