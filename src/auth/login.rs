//! Builds the order socket's login message, which contains a secret.

use super::{Credentials, CredentialsHash};
use crate::redact::mask_client_id;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use std::fmt;

/// Holds a partner's credentials, which give access to the orders of every user linked to the partner.
#[derive(Clone)]
pub struct Partner {
    /// The partner's id.
    pub id: String,
    /// The partner's secret.
    pub secret: SecretString,
}

/// Says who logs in to the order socket.
#[derive(Debug, Clone)]
pub enum Login {
    /// The account itself.
    Own(Credentials),
    /// A partner.
    Partner(Partner),
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner").field("id", &mask_client_id(&self.id)).finish_non_exhaustive()
    }
}

impl Login {
    /// Returns the hash by which the same login is recognised when it is read again.
    pub fn fingerprint(&self) -> CredentialsHash {
        match self {
            Login::Own(credentials) => credentials.fingerprint(),
            Login::Partner(partner) => CredentialsHash::of(&[&partner.id, partner.secret.expose_secret()]),
        }
    }

    /// Returns the account's client id, or the partner's id.
    pub fn id(&self) -> &str {
        match self {
            Login::Own(credentials) => &credentials.client_id,
            Login::Partner(partner) => &partner.id,
        }
    }
}

/// Returns the text message to send right after the order socket's upgrade.
pub fn login_message(login: &Login) -> SecretString {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Request<'a> {
        msg_code: u8,
        client_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Message<'a> {
        login_req: Request<'a>,
        user_type: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        secret: Option<&'a str>,
    }
    let message = match login {
        Login::Own(own) => Message {
            login_req: Request { msg_code: 42, client_id: &own.client_id, token: Some(own.token.expose_secret()) },
            user_type: "SELF",
            secret: None,
        },
        Login::Partner(partner) => Message {
            login_req: Request { msg_code: 42, client_id: &partner.id, token: None },
            user_type: "PARTNER",
            secret: Some(partner.secret.expose_secret()),
        },
    };
    // Serializing strings and a number cannot fail.
    SecretString::from(serde_json::to_string(&message).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_byte_for_byte_what_the_protocol_says() {
        let own = Credentials { client_id: "1000000001".into(), token: SecretString::from("eyJ.a.b") };
        assert_eq!(
            login_message(&Login::Own(own)).expose_secret(),
            r#"{"LoginReq":{"MsgCode":42,"ClientId":"1000000001","Token":"eyJ.a.b"},"UserType":"SELF"}"#
        );
        let partner = Login::Partner(Partner { id: "p\"1".into(), secret: SecretString::from("s3") });
        assert_eq!(
            login_message(&partner).expose_secret(),
            r#"{"LoginReq":{"MsgCode":42,"ClientId":"p\"1"},"UserType":"PARTNER","Secret":"s3"}"#
        );
        assert_eq!(format!("{partner:?}"), r#"Partner(Partner { id: "***", .. })"#);
    }
}
