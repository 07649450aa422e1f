//! Flags as typed, flags as meant.
//!
//! * [`credentials`] – where the credentials are.
//! * [`plan`] – what is meant: everything a run needs, checked before anything connects.
//! * [`simulate`] – the options of `dhan simulate`.

pub mod credentials;
pub mod plan;
pub mod simulate;
