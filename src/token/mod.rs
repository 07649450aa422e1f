//! Manages an access token: kept in a file, renewed or made anew before it expires.
//!
//! * [`maker`] – `dhan token ensure`, `mint` and `renew`, one process at a time for an account.
//! * [`calls`] – the requests to Dhan, and [`answer`] – the meaning of the answers.
//! * [`file`] – the token file, replaced atomically.
//! * [`inputs`] – PIN and TOTP secret, from files and commands; [`otp`] – one-time passwords.
//! * [`time`] – the clock and the pauses, given by the caller.

mod answer;
mod calls;
mod file;
mod inputs;
mod maker;
mod otp;
mod time;

pub use calls::Calls;
pub use file::TokenFile;
pub use inputs::{InputOptions, Inputs};
#[cfg(any(test, feature = "testing"))]
pub use maker::Done;
pub use maker::Maker;
#[cfg(any(test, feature = "testing"))]
pub use otp::Seed;
pub use time::Timing;

/// Lifetime of a token that Dhan makes or renews.
pub const TOKEN_LIFE: std::time::Duration = std::time::Duration::from_hours(24);
