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
//! # The journey of a failure
//!
//! A `model::Cause` is made where something fails and keeps its words and its class to the end:
//!
//! ```text
//! net::Connector    ─► ConnectError ─┐
//! net::Connection   ─► Ended        ─┤          policy::verdict          Action::Wait, GiveUp, Lost …
//! disconnect packet ─► Reason       ─┼► Cause ─► (one table) ─► Session ─┬► status record, gap record (detail)
//! auth::Source      ─► Problem      ─┤                                   ├► stderr, once (session::outage)
//! account (budget)  ─► Budget       ─┘                                   └► exit code (policy::exit)
//! ```
//!
//! A new disconnect code is one line in `model::disconnect`; what a kind of failure means is one line in
//! `session::policy`.
//!
//! # The folders
//!
//! * `model` – what every module may use: segments, exit codes.
//! * `protocol` – what the broker's bytes mean, and the inverse.
//! * `record` – what we promise our users: one field list per record.
//! * `format` – NDJSON and CSV.
//! * `storage` – files that are never left torn: the file-system seam, markers, appending, recovery.
//! * `output` – where lines go: stdout, rotated files, NATS.
//! * `pipeline` – turns received frames into records, and counts packets.
//! * `session` – when to connect, what to send, when to give up: no I/O, no clock.
//! * `account` – what all processes of an account on this host share: places, connect budget, cool-offs.
//! * `net` – sockets.
//! * `stream` – runs sessions over sockets and carries frames to the pipeline.
//! * `auth` – where credentials come from, and the one place that builds an address with a secret in it.
//! * `rest` – the few REST calls.
//! * `token` – the life of an access token: made, renewed, kept in its file.
//! * `capture` – raw frames in a file, written and read.
//! * `instruments` – the instrument master: download, cache, look-up.
//! * `verify` – reads back what was captured and checks that it is complete.
//! * `metrics` – figures of a run as Prometheus reads them.
//! * `notify` – tells the service manager how the run does.
//! * `watch` – the streams of a run as a full-screen view.
//! * `doctor` – what `dhan doctor` finds, and what it means.
//! * `server` – what every server of the protocols needs: accepting, routing, reading requests.
//! * `simulator` – the same protocols from the server's side.
//! * `cli` – flags as typed, flags as meant.
//! * `cmd` – one file a subcommand, where the pieces are put together.
//! * `console`, `clock`, `redact` – what stderr says, time, and keeping secrets out of both.

mod account;
mod auth;
mod capture;
mod cli;
mod clock;
mod cmd;
mod console;
mod doctor;
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
