//! The life of an access token: kept in a file, renewed or made anew before it ends.
//!
//! * [`maker`] – what `dhan token ensure`, `mint` and `renew` do, one process at a time an account.
//! * [`calls`] – the requests to Dhan, and [`answer`] – what the answers mean.
//! * [`file`] – the token file, replaced whole.
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

/// How long a token lasts that Dhan makes or renews.
pub const TOKEN_LIFE: std::time::Duration = std::time::Duration::from_hours(24);
