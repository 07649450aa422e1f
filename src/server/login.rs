//! The login of the order socket.

use serde_json::Value;

/// A login, as a client sends it.
pub(crate) enum OrderLogin {
    /// An account's own.
    User {
        /// The account.
        client: String,
        /// Its token.
        token: String,
    },
    /// A partner's, for all accounts that are linked to it.
    Partner {
        /// The partner.
        partner: String,
        /// Its secret.
        secret: String,
    },
}

impl OrderLogin {
    /// Reads a login; `None` for anything else.
    pub fn read(text: &str) -> Option<OrderLogin> {
        let value: Value = serde_json::from_str(text).ok()?;
        let request = value.get("LoginReq")?;
        let code = request.get("MsgCode")?;
        // An older revision of the documentation has it in quotes.
        if code.as_u64() != Some(42) && code.as_str() != Some("42") {
            return None;
        }
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let client = text(request, "ClientId");
        Some(match value.get("UserType")?.as_str()? {
            "PARTNER" => OrderLogin::Partner { partner: client, secret: text(&value, "Secret") },
            _ => OrderLogin::User { client, token: text(request, "Token") },
        })
    }

    /// Returns whose login it is.
    pub fn id(&self) -> &str {
        match self {
            OrderLogin::User { client, .. } => client,
            OrderLogin::Partner { partner, .. } => partner,
        }
    }

    /// Returns what it proves itself with.
    pub fn secret(&self) -> &str {
        match self {
            OrderLogin::User { token, .. } => token,
            OrderLogin::Partner { secret, .. } => secret,
        }
    }
}
