//! Flags as typed, flags as meant.
//!
//! * [`args`] – as typed.
//! * [`planner`] – from typed to meant, every problem in one message; with [`value`], [`specs`] and [`problems`].
//! * [`plan`] – what is meant: everything a run needs, checked before anything connects.
//! * [`credentials`] – where the credentials are.
//! * [`simulate`] – the options of `dhan simulate`.
//! * [`instruments`] – the options of `dhan instruments`.
//! * [`dry_run`] – a plan in words.
//! * [`lazy`] – arguments of the subcommand that was named, and of no other.
//! * [`only`] – which types of record are kept.
//! * [`out`] – stdout of the commands that do not stream.
//! * [`verify`] – the options of `dhan verify`.
//! * [`watch`] – the options of `dhan watch`.
//! * [`doctor`] – the options of `dhan doctor`.

pub mod args;
pub mod credentials;
pub mod doctor;
pub mod dry_run;
pub mod instruments;
pub mod lazy;
pub mod only;
pub mod out;
pub mod plan;
pub mod planner;
pub mod problems;
pub mod relay;
pub mod simulate;
pub mod specs;
pub mod value;
pub mod verify;
pub mod watch;
