//! Reads the login of the order socket.

use serde_json::Value;

/// Holds a login as a client sends it.
pub(crate) enum OrderLogin {
    /// The login of an account.
    User {
        /// The client id.
        client: String,
        /// Its token.
        token: String,
    },
    /// The login of a partner, for all accounts that are linked to it.
    Partner {
        /// The partner id.
        partner: String,
        /// The partner secret.
        secret: String,
    },
}

impl OrderLogin {
    /// Parses a login; returns `None` for anything else.
    pub fn read(text: &str) -> Option<OrderLogin> {
        let value: Value = serde_json::from_str(text).ok()?;
        let request = value.get("LoginReq")?;
        let code = request.get("MsgCode")?;
        // An older revision of the documentation writes the code in quotes.
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

    /// Returns the client or partner id.
    pub fn id(&self) -> &str {
        match self {
            OrderLogin::User { client, .. } => client,
            OrderLogin::Partner { partner, .. } => partner,
        }
    }

    /// Returns the token or the partner secret.
    pub fn secret(&self) -> &str {
        match self {
            OrderLogin::User { token, .. } => token,
            OrderLogin::Partner { secret, .. } => secret,
        }
    }
}
