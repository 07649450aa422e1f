//! Exit codes, and the failure that carries one to `main`.

use std::fmt;

/// Says why the process ends; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The run is complete, or it was told to stop.
    Done = 0,
    /// The program has a bug.
    Bug = 1,
    /// The usage is wrong: a bad flag, a bad spec, no instruments, or more than fit.
    Usage = 2,
    /// The credentials are missing, malformed, expired or refused.
    Credentials = 3,
    /// The account lacks permission: no data plan (806) or a wrong client id (810).
    Account = 4,
    /// The server refused the request: 804, 811–814, HTTP 400 or 404, or a redirect.
    Refused = 5,
    /// No place is free: this host holds five sockets of the kind, or 805 came three times in 15 minutes.
    NoPlace = 6,
    /// The network failed for too long, or nothing was received.
    Network = 7,
    /// The server's certificate cannot be trusted.
    Certificate = 8,
    /// Writing the output failed.
    Output = 9,
    /// Another `dhan` is writing the file.
    Locked = 10,
    /// There is no instrument master, or a data file is damaged.
    Data = 11,
    /// The server persistently speaks another protocol.
    Protocol = 12,
    /// The run is complete, with more gap than allowed.
    Gaps = 13,
    /// The instrument was not found, or its name is ambiguous.
    NotFound = 14,
}

impl Exit {
    /// Returns the exit code as a number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Holds an exit code and a message for people: `main` prints the message on stderr and exits with the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What was wrong and what to do instead; may have several lines. Never holds a secret; empty if it was printed
    /// before.
    pub message: String,
}

impl Failure {
    /// Creates a failure with its exit code and message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into() }
    }

    /// Returns the failure without its message, which has been printed already.
    #[must_use]
    pub fn without_message(self) -> Failure {
        Failure::new(self.exit, "")
    }

    /// Creates a usage error (exit 2).
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
