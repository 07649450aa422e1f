//! Interprets Dhan's answers when a token is made or renewed. Refusals come as HTTP 200 too.

use serde::Deserialize;
use std::fmt;

/// Names a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Make a new token, with PIN and TOTP.
    Mint,
    /// Renew the present token.
    Renew,
}

/// Holds a token from an answer.
pub(super) struct NewToken {
    pub token: secrecy::SecretString,
    /// Its expiry in IST, as the server writes it.
    pub expiry: Option<String>,
}

/// Says why there is no token. The words are the server's, not yet masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A token was made, or requested, less than two minutes ago.
    TooSoon(String),
    /// PIN, TOTP or token were refused.
    Credentials(String),
    /// The request itself was refused: 400, 404, a redirect.
    Request(String),
    /// The server or the network failed: whether a token was made is unknown.
    Unreachable(String),
    /// The certificate cannot be trusted.
    Untrusted(String),
    /// The request never left this host, so another attempt is no second one.
    NotSent(String),
    /// Another server than Dhan's answered.
    Foreign(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooSoon(words)
            | Refusal::Credentials(words)
            | Refusal::Request(words)
            | Refusal::Unreachable(words)
            | Refusal::Untrusted(words)
            | Refusal::NotSent(words)
            | Refusal::Foreign(words) => f.write_str(words),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: Option<serde_json::Value>,
    message: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    access_token: Option<String>,
    expiry_time: Option<String>,
}

/// Interprets an answer by its status and its body.
pub(super) fn judge(call: Call, status: u16, body: &[u8]) -> Result<NewToken, Refusal> {
    if (300..400).contains(&status) {
        return Err(Refusal::Request(format!("it redirects (HTTP {status}), which is never followed")));
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Err(no_answer(status, body));
    };
    let failed =
        answer.status.as_ref().and_then(serde_json::Value::as_str).is_some_and(|s| s.eq_ignore_ascii_case("error"))
            || answer.error_code.is_some();
    if let (200..300, false, Some(token)) = (status, failed, answer.access_token) {
        return Ok(NewToken { token: token.into(), expiry: answer.expiry_time });
    }
    let code = answer.error_code.as_deref().unwrap_or_default();
    let words = answer.message.or(answer.error_message).filter(|words| !words.trim().is_empty());
    let text = match (&words, code) {
        (Some(words), "") => format!("{words:?}"),
        (Some(words), code) => format!("{words:?} ({code})"),
        (None, "") => format!("HTTP {status}"),
        (None, code) => code.to_owned(),
    };
    let lower = words.unwrap_or_default().to_ascii_lowercase();
    let is_soon = lower.contains("2 minutes") || lower.contains("two minutes");
    Err(match status {
        _ if call == Call::Mint && is_soon => Refusal::TooSoon(text),
        429 => Refusal::TooSoon(text),
        _ if call == Call::Renew && code == "DH-905" => Refusal::Credentials(text),
        500.. => Refusal::Unreachable(format!("{text} (HTTP {status})")),
        401 | 403 => Refusal::Credentials(text),
        _ if matches!(code, "DH-901" | "DH-906") => Refusal::Credentials(text),
        400.. => Refusal::Request(format!("{text} (HTTP {status})")),
        _ if failed => Refusal::Credentials(text),
        _ => Refusal::Foreign("its answer holds no accessToken".to_owned()),
    })
}

fn no_answer(status: u16, body: &[u8]) -> Refusal {
    let start = body.trim_ascii_start();
    let what = if start.starts_with(b"<") { "a web page" } else { "something else than Dhan's JSON" };
    match status {
        500.. => Refusal::Unreachable(format!("it has a fault (HTTP {status})")),
        429 => Refusal::TooSoon("HTTP 429".to_owned()),
        400 | 404 => Refusal::Request(format!("it answers HTTP {status} with {what}; is the address right?")),
        _ => Refusal::Foreign(format!(
            "it answers with {what} (HTTP {status}): a firewall or a login page of the network may stand in between, or the \
             address is another server's"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_token_is_taken_and_every_refusal_is_told_apart() {
        let good = br#"{"dhanClientId":"1","accessToken":"t.o.k","expiryTime":"2026-11-30T08:45:00"}"#;
        for call in [Call::Mint, Call::Renew] {
            let made = judge(call, 200, good).unwrap_or_else(|refusal| panic!("{refusal}"));
            assert_eq!((made.token.expose_secret(), made.expiry.as_deref()), ("t.o.k", Some("2026-11-30T08:45:00")));
        }
        let error = |words: &str| format!(r#"{{"status":"error","message":"{words}"}}"#);
        let code = |code: &str| format!(r#"{{"errorType":"x","errorCode":"{code}","errorMessage":"no"}}"#);
        let both = r#"{"status":"error","message":"no","accessToken":"t"}"#.to_owned();
        for (call, status, body, kind) in [
            (Call::Mint, 200, error("Token can be generated once every 2 minutes."), "TooSoon"),
            (Call::Mint, 200, error("Invalid Pin"), "Credentials"),
            (Call::Mint, 200, error("Invalid TOTP"), "Credentials"),
            (Call::Mint, 200, both, "Credentials"),
            (Call::Mint, 200, "{}".to_owned(), "Foreign"),
            (Call::Mint, 200, "<html>".to_owned(), "Foreign"),
            (Call::Mint, 403, "<html>".to_owned(), "Foreign"),
            (Call::Mint, 200, String::new(), "Foreign"),
            (Call::Mint, 502, "<html>".to_owned(), "Unreachable"),
            (Call::Mint, 404, "<html>".to_owned(), "Request"),
            (Call::Mint, 302, String::new(), "Request"),
            (Call::Mint, 429, String::new(), "TooSoon"),
            (Call::Mint, 401, code("DH-901"), "Credentials"),
            (Call::Mint, 400, code("DH-905"), "Request"),
            (Call::Renew, 500, code("DH-905"), "Credentials"),
            (Call::Renew, 400, code("DH-906"), "Credentials"),
            (Call::Renew, 500, code("DH-908"), "Unreachable"),
        ] {
            let Err(refusal) = judge(call, status, body.as_bytes()) else { panic!("{body} is a token") };
            assert!(format!("{refusal:?}").starts_with(kind), "{status} {body}: {refusal:?}");
        }
    }
}
