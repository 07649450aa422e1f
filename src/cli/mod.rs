//! Flags as typed, flags as meant.
//!
//! * [`args`] – as typed.
//! * [`value`] – parsers of single values.
//! * [`typed`] – reads a command line, and finds all its bad values.
//! * [`planner`] – from typed to meant, every problem in one message; with [`specs`] and [`problems`].
//! * [`plan`] – what is meant: everything a run needs, checked before anything connects.
//! * [`credentials`] – where the credentials are.
//! * [`simulate`] – the options of `dhan simulate`.
//! * [`instruments`] – the options of `dhan instruments`.
//! * [`dry_run`] – a plan in words.
//! * [`lazy`] – arguments of the subcommand that was named, and of no other.
//! * [`manual`] – what help and manual pages say beyond the options.
//! * [`only`] – which types of record are kept.
//! * [`schema`] – the options of `dhan schema`.
//! * [`out`] – stdout of the commands that do not stream.
//! * [`table`] – tables for people.
//! * [`token`] – the options of `dhan token`.
//! * [`verify`] – the options of `dhan verify`.
//! * [`watch`] – the options of `dhan watch`.
//! * [`doctor`] – the options of `dhan doctor`.
//! * [`config`] – the options of `dhan config`, and those about the configuration file.

pub mod args;
pub mod config;
pub mod credentials;
pub mod doctor;
pub mod dry_run;
pub mod instruments;
pub mod lazy;
pub mod manual;
pub mod only;
pub mod out;
pub mod plan;
pub mod planner;
pub mod problems;
pub mod relay;
pub mod schema;
pub mod server;
pub mod simulate;
pub mod specs;
pub mod table;
pub mod token;
pub mod typed;
pub mod value;
pub mod verify;
pub mod watch;
