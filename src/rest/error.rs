//! Words the errors of REST calls without the client's own text.

use crate::model::exit::Exit;
use serde::Deserialize;
use std::time::Duration;

/// Says why a call has no result. Safe to print: it holds neither the token nor a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The token is invalid or expired: 401 or 403 with an error code of Dhan's, or a code that means it.
    #[error("the access token is invalid or expired (HTTP {status}{})", code.as_ref().map(|c| format!(", {c}")).unwrap_or_default())]
    TokenDead {
        /// The HTTP status.
        status: u16,
        /// Dhan's code, for example `DH-901`.
        code: Option<String>,
    },
    /// Too many calls (429).
    #[error("too many calls (HTTP 429)")]
    TooMany {
        /// The delay that `Retry-After` names.
        retry_after: Option<Duration>,
    },
    /// Any other refusal, redirects included.
    #[error("HTTP {status}{}", code.as_ref().map(|c| format!(" ({c})")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Dhan's code, if there is one.
        code: Option<String>,
    },
    /// The server could not be reached, or the connection failed.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The call took longer than ten seconds.
    #[error("no answer within 10 s")]
    Timeout,
    /// The body is larger than 16 MiB.
    #[error("the answer is larger than 16 MiB")]
    TooLarge,
    /// The answer has another form than expected.
    #[error("the answer is not what it should be")]
    Nonsense,
    /// The credentials cannot be sent in a header.
    #[error("the credentials hold characters that cannot be sent")]
    BadCredentials,
}

impl RestError {
    /// Returns the exit code of a command that ends with the error.
    pub fn exit(&self) -> Exit {
        match self {
            RestError::TokenDead { .. } | RestError::BadCredentials => Exit::Credentials,
            RestError::TooMany { .. } => Exit::Refused,
            RestError::Refused { status, .. } if *status < 500 => Exit::Refused,
            RestError::TooLarge | RestError::Nonsense => Exit::Protocol,
            RestError::Refused { .. } | RestError::Unreachable | RestError::Timeout => Exit::Network,
        }
    }

    /// Translates the HTTP client's error, whose text holds the address and is dropped.
    pub(super) fn translate(error: &reqwest::Error) -> RestError {
        if error.is_timeout() { RestError::Timeout } else { RestError::Unreachable }
    }

    /// Returns the meaning of an error answer.
    pub(super) fn refused(status: u16, retry_after: Option<Duration>, body: &[u8]) -> RestError {
        let code = error_code(body);
        match (status, code.as_deref()) {
            (429, _) | (_, Some("DH-904")) => RestError::TooMany { retry_after },
            // DH-906 is also the code of a bad order, but for a GET it can only mean the token. Without Dhan's own
            // code the answer may come from a firewall or a portal, and proves nothing.
            (401 | 403, Some(_)) | (400, Some("DH-901" | "DH-906")) => RestError::TokenDead { status, code },
            _ => RestError::Refused { status, code },
        }
    }
}

/// Returns `errorCode` if it looks like one of Dhan's; nothing else of a body is kept.
fn error_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "errorCode")]
        code: String,
    }
    let code = serde_json::from_slice::<Answer>(body).ok()?.code;
    let digits = code.strip_prefix("DH-")?;
    (!digits.is_empty() && digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}

pub(super) fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let header = |name| response.headers().get(name)?.to_str().ok();
    let date = header("date").and_then(crate::net::parse_http_date);
    crate::net::parse_retry_after(header("retry-after")?, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_token_is_told_from_other_refusals() {
        let refused = |status, body: &str| RestError::refused(status, None, body.as_bytes());
        let dead = |status, code: Option<&str>| RestError::TokenDead { status, code: code.map(str::to_owned) };
        let code = |code: &str| format!(r#"{{"errorType":"x","errorCode":"{code}","errorMessage":"secret"}}"#);
        assert_eq!(refused(401, &code("DH-901")), dead(401, Some("DH-901")));
        assert_eq!(refused(400, &code("DH-906")), dead(400, Some("DH-906")));
        assert_eq!(refused(401, "<html>"), RestError::Refused { status: 401, code: None }, "nobody knows whose answer");
        assert_eq!(refused(400, &code("DH-905")), RestError::Refused { status: 400, code: Some("DH-905".into()) });
        assert_eq!(refused(429, ""), RestError::TooMany { retry_after: None });
        assert_eq!(refused(302, ""), RestError::Refused { status: 302, code: None });
        assert_eq!(refused(500, &code("eyJ0eXAi")), RestError::Refused { status: 500, code: None });
    }
}
