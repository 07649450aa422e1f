//! Parses flags as typed, and turns them into flags as meant.
//!
//! * [`args`] – the flags as typed.
//! * [`value`] – parsers of single values.
//! * [`typed`] – parses a command line, and finds all its bad values.
//! * [`planner`] – from typed to meant, with every problem in one message; uses [`specs`] and [`problems`].
//! * [`plan`] – the flags as meant: everything a run needs, checked before anything connects.
//! * [`credentials`] – the options for credentials.
//! * [`simulate`] – the options of `dhan simulate`.
//! * [`instruments`] – the options of `dhan instruments`.
//! * [`dry_run`] – a plan in words.
//! * [`lazy`] – arguments of the named subcommand only.
//! * [`manual`] – the texts of help and manual pages beyond the options.
//! * [`only`] – which record types are kept.
//! * [`out`] – stdout of the commands that do not stream.
//! * [`table`] – tables for people.
//! * [`token`] – the options of `dhan token`.
//! * [`watch`] – the options of `dhan watch`.

pub mod args;
pub mod credentials;
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
pub mod simulate;
pub mod specs;
pub mod table;
pub mod token;
pub mod typed;
pub mod value;
pub mod watch;
