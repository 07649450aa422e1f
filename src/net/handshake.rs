//! Makes the websocket upgrade (RFC 6455 §4) without the websocket crate, so that the address with its token does not
//! leave this program.

use super::http1::{self, Head, HeadError};
use super::tcp::DynStream;
use crate::auth::Address;
use crate::model::Micros;
use crate::model::cause::{ConnectClass, ConnectError, ConnectPhase};
use secrecy::ExposeSecret as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Reports how a connection was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandshakeReport {
    /// Duration of the name look-up.
    pub dns: Duration,
    /// Duration of the TCP connection.
    pub tcp: Duration,
    /// Duration of the proxy's tunnel, if there is one.
    pub proxy: Option<Duration>,
    /// Duration of the TLS handshake, if there is one.
    pub tls: Option<Duration>,
    /// Duration of the upgrade.
    pub upgrade: Duration,
    /// The address that answered (the proxy's, if there is one).
    pub peer: Option<SocketAddr>,
    /// The server's clock from `Date`, to the second.
    pub server_date: Option<Micros>,
}

/// Sends the upgrade request and checks the answer; returns the bytes behind its head and the server's `Date`.
pub(super) async fn upgrade(
    stream: &mut DynStream,
    address: &Address,
) -> Result<(Vec<u8>, Option<Micros>), ConnectError> {
    let host = address.authority();
    let key = generate_key();
    // Without TLS the server is on this host and may be a relay, which reports its gaps to clients that request it.
    let relay = if address.is_tls() { String::new() } else { format!("{}: 1\r\n", crate::protocol::relay::HEADER) };
    // The buffer holds the token and is wiped when it is dropped.
    let request = secrecy::SecretString::from(format!(
        "GET {} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Version: 13\r\nUser-Agent: dhan/{}\r\n{relay}\r\n",
        address.target().expose_secret(),
        env!("CARGO_PKG_VERSION"),
    ));
    let failed = |error: &std::io::Error| ConnectError::io(ConnectPhase::Upgrade, host, error);
    stream.write_all(request.expose_secret().as_bytes()).await.map_err(|e| failed(&e))?;
    stream.flush().await.map_err(|e| failed(&e))?;
    let nonsense = |words: &str| ConnectError::new(ConnectClass::NotWebsocket, format!("{host}: {words}"));
    let (head, early) = match http1::read_head(stream.as_mut()).await {
        Ok(answer) => answer,
        Err(HeadError::Io(error)) => {
            return Err(super::tls::translate(host, &error).unwrap_or_else(|| failed(&error)));
        }
        Err(HeadError::Eof) => {
            let class = ConnectClass::Reset(ConnectPhase::Upgrade);
            return Err(ConnectError::new(class, format!("{host}: closed the connection during the upgrade")));
        }
        Err(HeadError::TooLarge) => return Err(nonsense("the answer's head is larger than 64 KiB or 124 lines")),
        Err(HeadError::NotHttp) => return Err(nonsense("the answer is not HTTP")),
    };
    let server_date = head.get("date").and_then(parse_http_date);
    if head.status != 101 {
        return Err(refusal(host, &head, server_date));
    }
    if !head.has_token("upgrade", "websocket") || !head.has_token("connection", "upgrade") {
        return Err(nonsense("101, but not to a websocket"));
    }
    if head.get("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err(nonsense("the answer is not to our question (Sec-WebSocket-Accept)"));
    }
    if head.get("sec-websocket-extensions").is_some_and(|v| !v.is_empty()) {
        return Err(nonsense("it uses an extension that nobody asked for"));
    }
    if head.get("sec-websocket-protocol").is_some_and(|v| !v.is_empty()) {
        return Err(nonsense("it uses a subprotocol that nobody asked for"));
    }
    Ok((early, server_date))
}

fn refusal(host: &str, head: &Head, server_date: Option<Micros>) -> ConnectError {
    let status = head.status;
    let retry_after = head.get("retry-after").and_then(|v| parse_retry_after(v, server_date));
    let redirect_host = (300..400).contains(&status).then(|| head.get("location").map(|l| location_host(host, l)));
    let redirect_host = redirect_host.flatten();
    let words = match (status, &redirect_host, retry_after) {
        (300..=399, Some(target), _) => {
            format!("redirects to {target} ({status}); redirects are never followed, since the token would go there")
        }
        (429, _, Some(wait)) => format!("too many attempts (HTTP 429); it asks to wait {} s", wait.as_secs()),
        (429, _, None) => "too many attempts (HTTP 429)".to_owned(),
        (300..=399, None, _) => format!("redirects (HTTP {status}); redirects are never followed"),
        (400 | 404, ..) => format!("it refuses the request (HTTP {status}); is the address right?"),
        (401 | 403, ..) => {
            format!("it refuses the access token or the client id (HTTP {status}); make a new token on web.dhan.co")
        }
        (200..=299, ..) => format!("answered HTTP {status} instead of a websocket (a login page of the network?)"),
        _ => format!("answered HTTP {status}"),
    };
    ConnectError::new(ConnectClass::Http { status, retry_after, redirect_host }, format!("{host}: {words}"))
}

/// Returns only the host of a `Location`; the rest may repeat our query.
fn location_host(own: &str, location: &str) -> String {
    let host = match url::Url::parse(location) {
        Ok(url) => url.host_str().unwrap_or("another address").to_owned(),
        // A relative address: the same host.
        Err(_) if !location.starts_with("//") => own.to_owned(),
        Err(_) => url::Url::parse(&format!("https:{location}"))
            .ok()
            .and_then(|u| u.host_str().map(str::to_owned))
            .unwrap_or_else(|| "another address".to_owned()),
    };
    let mut host = crate::console::untrusted(&host);
    host.truncate(host.floor_char_boundary(253));
    host
}

/// Parses `Retry-After`: seconds, or a date (compared with the server's clock if known, else with ours).
pub fn parse_retry_after(value: &str, server_date: Option<Micros>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number beyond u64 counts as very long; the caller has its own limit.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let until = parse_http_date(value)?;
    let now = server_date.unwrap_or_else(crate::clock::now);
    Some(until.since(now))
}

/// Parses `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(value: &str) -> Option<Micros> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    parser.parse_timestamp(value.trim()).ok().map(|t| Micros::new(t.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_every_form_and_nonsense_is_none() {
        let at = parse_http_date("Sun, 22 Nov 2026 10:00:00 GMT").expect("a date");
        let wait = |text| parse_retry_after(text, Some(at)).map(|d| d.as_secs());
        assert_eq!(wait("5"), Some(5));
        assert_eq!(wait(" 86400 "), Some(86_400));
        assert_eq!(wait("Sun, 22 Nov 2026 10:01:30 GMT"), Some(90));
        assert_eq!(wait("Sun, 22 Nov 2026 09:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999999999999999"), Some(u64::from(u32::MAX)));
        for nonsense in ["", "soon", "-5", "1.5", "60s"] {
            assert_eq!(wait(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn of_a_location_only_the_host_is_kept() {
        let cases = [
            ("https://evil.example/steal?token=SECRET", "evil.example"),
            ("//evil.example/x?token=SECRET", "evil.example"),
            ("/login?token=SECRET", "dhan.example:443"),
            ("http://user:SECRET@evil.example/", "evil.example"),
            ("data:text/plain,SECRET", "another address"),
        ];
        for (location, host) in cases {
            assert_eq!(location_host("dhan.example:443", location), host);
        }
    }
}
