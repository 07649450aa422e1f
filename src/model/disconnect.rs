//! Lists the reasons of a disconnect packet (code 50) in one table.

use std::fmt;

/// Holds the reason code of a disconnect packet. Unknown codes are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DisconnectReason(pub u16);

/// Classifies a disconnect reason; the policy depends on the class, not on the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectClass {
    /// A problem of the server, or an unknown code.
    Transient,
    /// Too many requests or sockets.
    Limit,
    /// The token is expired, wrong or invalid.
    Credentials,
    /// The account has no data plan.
    Plan,
    /// The account may not use this server.
    Account,
    /// The request was refused.
    Request,
}

/// Lists every known reason: code, class, words. A new code is one new line here.
const TABLE: [(u16, DisconnectClass, &str); 12] = [
    (800, DisconnectClass::Transient, "internal server error"),
    (804, DisconnectClass::Request, "more instruments than the server allows"),
    (805, DisconnectClass::Limit, "too many requests or connections"),
    (806, DisconnectClass::Plan, "the account has no Data API subscription"),
    (807, DisconnectClass::Credentials, "the access token has expired"),
    (808, DisconnectClass::Credentials, "authentication failed: client id or access token"),
    (809, DisconnectClass::Credentials, "the access token is invalid"),
    (810, DisconnectClass::Account, "the client id is invalid"),
    (811, DisconnectClass::Request, "invalid expiry date"),
    (812, DisconnectClass::Request, "invalid date format"),
    (813, DisconnectClass::Request, "invalid security id"),
    (814, DisconnectClass::Request, "invalid request"),
];

impl DisconnectReason {
    fn row(self) -> Option<(DisconnectClass, &'static str)> {
        TABLE.iter().find(|(code, ..)| *code == self.0).map(|(_, class, words)| (*class, *words))
    }

    /// Returns the reason's class.
    pub fn class(self) -> DisconnectClass {
        self.row().map_or(DisconnectClass::Transient, |(class, _)| class)
    }

    /// Returns the reason in words.
    pub fn words(self) -> &'static str {
        self.row().map_or("a reason we have no name for", |(_, words)| words)
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
