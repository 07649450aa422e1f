//! Implements the part of HTTP/1.1 that a server of the broker's protocols needs: one request head and one answer,
//! then the connection ends or is upgraded.

use super::client_stream::ClientStream;
use std::fmt::Write as _;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Limit in bytes of a request head.
const HEAD_LIMIT: usize = 64 * 1024;

/// Holds a request without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method: `GET`, `HEAD`, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query as it came, without `?`; empty if there was none.
    pub query: String,
    /// Header names as they came, with their values.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Returns a header's value by its name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns a percent-decoded value of the query.
    pub fn query_value(&self, key: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes()).find(|(k, _)| k == key).map(|(_, v)| v.into_owned())
    }

    /// Returns whether the request asks for a websocket.
    pub fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }
}

/// Reads one request head. Returns it with the bytes behind it, or `None` if the client left or sent no HTTP.
pub(crate) async fn read_request(stream: &mut ClientStream) -> io::Result<Option<(Request, Vec<u8>)>> {
    let mut bytes = Vec::with_capacity(1024);
    let end = loop {
        if let Some(at) = memchr::memmem::find(&bytes, b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > HEAD_LIMIT || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let behind = bytes.split_off(end + 4);
    Ok(parse(&String::from_utf8_lossy(&bytes[..end])).map(|request| (request, behind)))
}

/// Reads the body of a request, of which `behind` came with its head: what `Content-Length` says, up to a limit.
pub(crate) async fn read_body(
    stream: &mut ClientStream,
    request: &Request,
    behind: Vec<u8>,
    limit: usize,
) -> io::Result<Vec<u8>> {
    let length = request.header("content-length").and_then(|length| length.trim().parse().ok()).unwrap_or(0).min(limit);
    let mut body = behind;
    while body.len() < length && stream.read_buf(&mut body).await? > 0 {}
    body.truncate(length);
    Ok(body)
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    Some(Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers })
}

/// Holds an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers besides `Content-Length` and `Connection`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates an answer without headers and body.
    pub fn status(status: u16) -> Response {
        Response { status, ..Response::default() }
    }

    /// Returns the answer with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Response {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Creates a JSON answer.
    pub fn json(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
            .header("Content-Type", "application/json")
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Simulated",
    }
}

/// Returns the current time in the form of the `Date` header.
fn date() -> String {
    let now = crate::clock::timestamp(crate::clock::now());
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
}

/// Writes an answer and closes the connection in an orderly way.
pub(crate) async fn respond(stream: &mut ClientStream, response: &Response, with_body: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    if !response.headers.iter().any(|(name, _)| name == "Date") {
        let _ = write!(head, "Date: {}\r\n", date());
    }
    for (name, value) in &response.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\nConnection: close\r\n\r\n", response.body.len());
    stream.write_all(head.as_bytes()).await?;
    if with_body {
        stream.write_all(&response.body).await?;
    }
    stream.flush().await?;
    stream.shutdown().await
}

/// Accepts an upgrade to a websocket.
pub(crate) async fn accept_upgrade(stream: &mut ClientStream, key: &str) -> io::Result<()> {
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 {}\r\nDate: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        reason(101),
        date()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_head_is_taken_apart() {
        let head = "GET /feed?version=2&token=a%2Bb&clientId=1 HTTP/1.1\r\nHost: x\r\nupgrade: WebSocket";
        let request = parse(head).unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/feed"));
        assert_eq!(request.query_value("token").as_deref(), Some("a+b"));
        assert_eq!(request.query_value("authType"), None);
        assert!(request.is_upgrade());
        assert_eq!(parse("nonsense"), None);
        assert_eq!(parse("GET / SPDY/3"), None);
    }
}
