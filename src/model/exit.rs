//! Exit codes, and the failure that carries one to `main`.

use std::fmt;

/// Why the process ends; the number is what the shell sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, or told to stop.
    Done = 0,
    /// A bug of ours.
    Bug = 1,
    /// Bad flag, bad spec, no instruments, more than fit.
    Usage = 2,
    /// Credentials missing, malformed, expired or refused.
    Credentials = 3,
    /// The account may not: no data plan (806), client id (810).
    Account = 4,
    /// The request was refused: 804, 811–814, HTTP 400/404, a redirect.
    Refused = 5,
    /// No free place: five sockets of this kind already held, or 805 three times in 15 minutes.
    NoPlace = 6,
    /// Gave up on the network, or nothing was received.
    Network = 7,
    /// The server's certificate cannot be trusted.
    Certificate = 8,
    /// Output failed.
    Output = 9,
    /// Another `dhan` is writing that file.
    Locked = 10,
    /// No instrument master to be had, or a damaged data file.
    Data = 11,
    /// The server persistently speaks something else.
    Protocol = 12,
    /// Finished, with more gap than was allowed.
    Gaps = 13,
    /// Instrument not found, or ambiguous.
    NotFound = 14,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// An end with a reason for people: `main` prints the message on stderr and exits with the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What was wrong and what to do instead; may have several lines. Never holds a secret.
    pub message: String,
}

impl Failure {
    /// A failure with its message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    /// The same end, its message told already.
    #[must_use]
    pub fn said(self) -> Failure {
        Failure::new(self.exit, "")
    }

    /// A usage error (exit 2).
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
