//! Streams the Indian broker Dhan's live data – market feed, depth, order updates – as NDJSON or CSV.
//!
//! # The journey of a frame is the layout
//!
//! ```text
//!         bytes           views                 records             lines
//! socket ───────► net ───────► protocol ───────► record ───────► format ───────► output (stdout, files)
//!                  ▲                        (one field list per record; formats are visitors)
//!    what to do next│ what happened
//!               session   (pure: time comes in as an argument)
//! ```
//!
//! A frame takes these calls, on one thread; `capture` sees it as it arrived:
//!
//! ```text
//! net::Connection::poll_ready_now     a message of the websocket, as many as have arrived
//! stream::socket::Socket::incoming    what the session learns of it: traffic, data, a disconnect packet
//!   protocol::feed::numbers           the one packet of a market frame; any other message is searched for secrets
//! pipeline::FrameBatch::push          ─► capture::Recorder::frame
//! pipeline::Pipeline::frame           the clock, the end of the run; other frames are decoded packet by packet
//!   Pipeline::market                  the packet's record (depth, orders: likewise)
//!   Pipeline::packet                  filters and counts, and stamps the receive time
//!   Outputs::instrument               format::Encoder: the record's fields to text, once for each format
//! Pipeline::flush                     when no message is left: the text to the queue of each output
//! output::queue::OutputQueue          written at once where there is room, else by the output's own thread
//! ```
//!
//! A new packet code is a view in `protocol::feed`, a declaration in `record::market`, a line in `record::types` and an
//! arm where the compiler asks for one. A new CSV column is a key in the record's declaration.
//!
//! # The journey of a failure
//!
//! A `model::Cause` is made where something fails and keeps its words and its class to the end:
//!
//! ```text
//! net::Connector    ─► ConnectError ─┐
//! net::Connection   ─► Ended        ─┤          policy::verdict          Action::Connect, GiveUp, OpenGap …
//! disconnect packet ─► Reason       ─┼► Cause ─► (one table) ─► Session ─┬► status record, gap record (detail)
//! auth (credentials)─► Error        ─┤                                   ├► stderr, once (session::outage)
//! account (budget)  ─► Budget       ─┘                                   └► exit code (policy::exit)
//! ```
//!
//! A new disconnect code is one line in `model::disconnect`; what a kind of failure means is one line in
//! `session::policy`.
//!
//! # The folders
//!
//! A folder uses only folders above it; `tests/pure/architecture.rs` holds the imports to this table.
//!
//! | folder | what | uses |
//! |---|---|---|
//! | `model` | streams, segments, times (`Micros`), causes of failures, packet counters, exit codes |  |
//! | `clock` | the system's clock, and time in India | model |
//! | `folders` | the user's folders by the XDG specification |  |
//! | `protocol` | what the broker's bytes mean, and the inverse | model |
//! | `record` | every record declared once: fields, CSV columns, schema, words of `--only` | model, protocol |
//! | `format` | NDJSON and CSV | clock, model, record |
//! | `redact` | keeps secrets out of all texts |  |
//! | `console` | what stderr says | clock, model, redact |
//! | `session` | when to connect, what to send, when to give up: no I/O, no clock | clock, model, protocol, record |
//! | `storage` | files that are never left torn: the file-system seam, markers, appending, recovery | clock, console, model |
//! | `server` | what every server of the protocols needs: accepting, routing, reading requests | clock, model, protocol |
//! | `output` | stdout, rotated files, NATS: a queue and a thread each | clock, console, format, model, record, storage |
//! | `pipeline` | decodes, filters, counts and encodes frames; gaps, order books, bars, order memory | clock, format, model, output, protocol, record, redact |
//! | `auth` | where credentials come from, and the one place that builds an address with a secret in it | clock, console, folders, model, redact |
//! | `net` | DNS, proxy, TCP, TLS, websocket, HTTP | auth, clock, console, model, protocol, redact |
//! | `account` | what all processes of an account on this host share: places, connect budget, cool-offs | model, session |
//! | `rest` | the few REST calls | auth, console, model, net, redact |
//! | `token` | the life of an access token: made, renewed, kept in its file | account, auth, clock, console, model, net, redact, rest |
//! | `capture` | raw frames in a file, written and read | clock, console, model, output, pipeline, protocol, record, storage |
//! | `doctor` | what `dhan doctor` finds, and what it means | account, auth, clock, console, model, net, redact, rest, session |
//! | `instruments` | the instrument master: download, cache, look-up | clock, console, folders, model, net, protocol |
//! | `chain` | the options around a spot, following it | instruments, model |
//! | `metrics` | figures for Prometheus | model, pipeline, record, storage |
//! | `notify` | word to the service manager | model |
//! | `simulator` | the same protocols from the server's side | capture, clock, console, model, pipeline, protocol, redact, server |
//! | `cli` | flags as typed, flags as meant | auth, chain, clock, console, format, instruments, model, output, pipeline, protocol, record, redact, session, simulator, token |
//! | `config` | defaults of options from the user's `config.toml` | auth, cli, folders, redact |
//! | `stream` | runs sessions over sockets and carries frames to the pipeline | account, auth, chain, clock, console, folders, metrics, model, net, notify, output, pipeline, protocol, record, redact, rest, session |
//! | `relay` | one account's sockets for all programs of this host | clock, console, model, pipeline, protocol, server, session, stream |
//! | `verify` | reads back what was captured and checks that it is complete | capture, clock, console, format, model, output, pipeline, record |
//! | `watch` | the streams of a run as a full-screen view | auth, clock, console, model, pipeline, protocol, record, session |
//! | `cmd` | one file a subcommand, where the pieces are put together | account, auth, capture, chain, cli, clock, config, console, doctor, folders, format, instruments, metrics, model, net, output, pipeline, protocol, record, redact, relay, rest, server, session, simulator, storage, stream, token, verify, watch |

mod account;
mod auth;
mod capture;
mod chain;
mod cli;
mod clock;
mod cmd;
mod config;
mod console;
mod doctor;
mod folders;
mod format;
mod instruments;
mod metrics;
mod model;
mod net;
mod notify;
mod output;
mod pipeline;
mod protocol;
mod record;
mod redact;
mod relay;
mod rest;
mod server;
mod session;
mod simulator;
mod storage;
mod stream;
mod token;
mod verify;
mod watch;

/// Runs the command line of this process and returns its exit code.
pub fn run() -> std::process::ExitCode {
    cmd::main()
}

/// Exports the modules to the project's own tests, benches and fuzz targets; nobody else enables the feature.
#[cfg(feature = "testing")]
#[allow(missing_docs, reason = "each re-exports a module that documents itself")]
pub mod testing {
    pub mod account {
        pub use crate::account::*;
    }
    pub mod auth {
        pub use crate::auth::*;
    }
    pub mod capture {
        pub use crate::capture::*;
    }
    pub mod chain {
        pub use crate::chain::*;
    }
    pub mod cli {
        pub use crate::cli::*;
    }
    pub mod clock {
        pub use crate::clock::*;
    }
    pub mod cmd {
        pub use crate::cmd::*;
    }
    pub mod console {
        pub use crate::console::*;
    }
    pub mod doctor {
        pub use crate::doctor::*;
    }
    pub mod format {
        pub use crate::format::*;
    }
    pub mod instruments {
        pub use crate::instruments::*;
    }
    pub mod model {
        pub use crate::model::*;
    }
    pub mod net {
        pub use crate::net::*;
    }
    pub mod output {
        pub use crate::output::*;
    }
    pub mod pipeline {
        pub use crate::pipeline::*;
    }
    pub mod protocol {
        pub use crate::protocol::*;
    }
    pub mod record {
        pub use crate::record::*;
    }
    pub mod redact {
        pub use crate::redact::*;
    }
    pub mod rest {
        pub use crate::rest::*;
    }
    pub mod session {
        pub use crate::session::*;
    }
    pub mod simulator {
        pub use crate::simulator::*;
    }
    pub mod storage {
        pub use crate::storage::*;
    }
    pub mod stream {
        pub use crate::stream::*;
    }
    pub mod watch {
        pub use crate::watch::*;
    }
    pub mod token {
        pub use crate::token::*;
    }
    pub mod verify {
        pub use crate::verify::*;
    }
}
