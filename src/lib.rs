//! Streams the Indian broker Dhan's live data – market feed, depth, order updates – as NDJSON or CSV.
//!
//! # The journey of a frame is the layout
//!
//! ```text
//!         bytes                 views               records              lines
//! socket ───────► transport ───────► wire ───────► record ───────► sink ───────► stdout / files
//!                    ▲                                  (one field list per record; formats are visitors)
//!      what to do next│ what happened
//!                 session   (pure: time comes in as an argument)
//! ```
//!
//! * [`wire`] – what the broker's bytes mean, and the inverse.
//! * [`record`] – what we promise our users: one field list per record.
//! * [`sink`] – formats (NDJSON, CSV) and destinations (stdout, rotated files).
//! * [`writer`] – the one thread that turns received frames into records, and keeps the books.
//! * [`orders`] – order messages: tolerant reading, and events from comparing with the last state.
//! * [`session`] – when to connect, what to send, when to give up: no I/O, no clock.
//! * [`account`] – what all processes of an account on this host share: places, connect budget, cool-offs.
//! * [`transport`] – sockets.
//! * [`driver`] – runs sessions over transports and carries frames to the writer.
//! * [`auth`] – where credentials come from, and the one place that builds an address with a secret in it.
//! * [`rest`] – the few REST calls, all of them reads.
//! * [`capture`] – raw frames in a file, written and read.
//! * [`instruments`] – the instrument master: download, cache, look-up.
//! * [`verify`] – what was captured, read back: is it whole?
//! * [`doctor`] – what `dhan doctor` finds, and what it means.
//! * [`sim`] – a broker in a box: the same protocols from the other side.
//! * [`cli`] – flags as typed, flags as meant.
//! * [`cmd`] – one file a subcommand, where the pieces are put together.
//! * [`console`], [`exit`], [`clock`], [`redact`] – what stderr says, exit codes, time, and keeping secrets out of both.

pub mod account;
pub mod auth;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod cmd;
pub mod console;
pub mod doctor;
pub mod driver;
pub mod exit;
pub mod instruments;
pub mod orders;
pub mod record;
pub mod redact;
pub mod rest;
pub mod session;
pub mod sim;
pub mod sink;
pub mod transport;
pub mod verify;
pub mod wire;
pub mod writer;
