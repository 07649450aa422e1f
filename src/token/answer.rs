//! Interprets Dhan's answers when a token is made or renewed. Refusals come as HTTP 200 too.

use serde::Deserialize;

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

/// Says why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// A token was made, or requested, less than two minutes ago.
    TooSoon,
    /// PIN, TOTP or token were refused.
    Credentials,
    /// The request itself was refused: 400, 404, a redirect.
    Request,
    /// The server or the network failed: whether a token was made is unknown.
    Unreachable,
    /// The certificate cannot be trusted.
    Untrusted,
    /// The request never left this host, so another attempt is no second one.
    NotSent,
    /// Another server than Dhan's answered.
    Foreign,
}

/// Says why there is no token. The words are the server's, not yet masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub kind: RefusalKind,
    pub words: String,
}

impl RefusalKind {
    pub fn with(self, words: impl Into<String>) -> Refusal {
        Refusal { kind: self, words: words.into() }
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
        return Err(RefusalKind::Request.with(format!("it redirects (HTTP {status}), which is never followed")));
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
        _ if call == Call::Mint && is_soon => RefusalKind::TooSoon.with(text),
        429 => RefusalKind::TooSoon.with(text),
        _ if call == Call::Renew && code == "DH-905" => RefusalKind::Credentials.with(text),
        500.. => RefusalKind::Unreachable.with(format!("{text} (HTTP {status})")),
        401 | 403 => RefusalKind::Credentials.with(text),
        _ if matches!(code, "DH-901" | "DH-906") => RefusalKind::Credentials.with(text),
        400.. => RefusalKind::Request.with(format!("{text} (HTTP {status})")),
        _ if failed => RefusalKind::Credentials.with(text),
        _ => RefusalKind::Foreign.with("its answer holds no accessToken"),
    })
}

fn no_answer(status: u16, body: &[u8]) -> Refusal {
    let start = body.trim_ascii_start();
    let what = if start.starts_with(b"<") { "a web page" } else { "something else than Dhan's JSON" };
    match status {
        500.. => RefusalKind::Unreachable.with(format!("it has a fault (HTTP {status})")),
        429 => RefusalKind::TooSoon.with("HTTP 429"),
        400 | 404 => RefusalKind::Request.with(format!("it answers HTTP {status} with {what}; is the address right?")),
        _ => RefusalKind::Foreign.with(format!(
            "it answers with {what} (HTTP {status}): a firewall or a login page of the network may stand in between, or \
             the address is another server's"
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
            let made = judge(call, 200, good).unwrap_or_else(|refusal| panic!("{refusal:?}"));
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
            assert_eq!(format!("{:?}", refusal.kind), kind, "{status} {body}: {refusal:?}");
        }
    }
}
