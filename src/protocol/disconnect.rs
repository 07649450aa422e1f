//! Why the server ended a session (the reason in a code-50 packet), as an open enum.

use std::fmt;

/// The reason of a disconnect packet. Codes without a name are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DisconnectReason(pub u16);

/// What kind of trouble a reason is; policy hangs on this, not on the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectClass {
    /// The server's own trouble, or a code nobody has named: try again.
    Transient,
    /// Too many requests or sockets: cool off.
    Limit,
    /// The token is expired, wrong or invalid: other credentials are needed.
    Credentials,
    /// The account may not use this: asking again is pointless.
    Account,
    /// The request itself was refused.
    Request,
}

impl DisconnectReason {
    /// What kind of trouble it is.
    pub const fn class(self) -> DisconnectClass {
        match self.0 {
            805 => DisconnectClass::Limit,
            806 | 810 => DisconnectClass::Account,
            807..=809 => DisconnectClass::Credentials,
            804 | 811..=814 => DisconnectClass::Request,
            _ => DisconnectClass::Transient,
        }
    }

    /// The reason in words.
    pub const fn words(self) -> &'static str {
        match self.0 {
            800 => "internal server error",
            804 => "more instruments than the server allows",
            805 => "too many requests or connections",
            806 => "the account has no Data API subscription",
            807 => "the access token has expired",
            808 => "authentication failed: client id or access token",
            809 => "the access token is invalid",
            810 => "the client id is invalid",
            811 => "invalid expiry date",
            812 => "invalid date format",
            813 => "invalid security id",
            814 => "invalid request",
            _ => "a reason we have no name for",
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.words())
    }
}

impl fmt::Debug for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
