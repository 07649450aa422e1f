//! Reads the head of an HTTP/1.1 response with limits, for an upgrade and for CONNECT.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Limit in bytes of a response head.
pub(super) const HEAD_LIMIT: usize = 64 << 10;
/// Limit of header lines.
const LINES_LIMIT: usize = 124;

/// Says why no head could be read.
#[derive(Debug)]
pub enum HeadError {
    /// The peer closed the connection first.
    Eof,
    /// The socket failed.
    Io(std::io::Error),
    /// The head has more than 64 KiB or 124 lines.
    TooLarge,
    /// The answer is not HTTP.
    NotHttp,
}

/// Holds a response's status and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Names in lower case, values trimmed and converted to UTF-8. Untrusted text.
    headers: Vec<(String, String)>,
}

impl Head {
    /// Returns the first value of a header; `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Returns whether a header's comma-separated tokens contain `token`, in any case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.headers
            .iter()
            .filter(|(n, _)| n == name)
            .any(|(_, v)| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
    }
}

/// Reads a response's head; returns it with the bytes behind it.
///
/// # Errors
/// Says why there is no head.
pub async fn read_head<S: AsyncRead + Unpin + ?Sized>(stream: &mut S) -> Result<(Head, Vec<u8>), HeadError> {
    let mut bytes: Vec<u8> = Vec::with_capacity(1024);
    // Offset from which the blank line is searched next, so that a server that sends single bytes does not cause
    // repeated parsing.
    let mut looked = 0;
    loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).await.map_err(HeadError::Io)?;
        if n == 0 {
            return Err(HeadError::Eof);
        }
        bytes.extend_from_slice(&piece[..n]);
        // An answer that is not HTTP is refused at once, not after 64 KiB.
        let start = b"HTTP/1.";
        if !bytes.iter().zip(start).all(|(a, b)| a == b) {
            return Err(HeadError::NotHttp);
        }
        if let Some(end) = memchr::memmem::find(&bytes[looked..], b"\r\n\r\n") {
            let end = looked + end + 4;
            if end > HEAD_LIMIT {
                return Err(HeadError::TooLarge);
            }
            let early = bytes.split_off(end);
            return parse(&bytes).map(|head| (head, early));
        }
        if bytes.len() > HEAD_LIMIT {
            return Err(HeadError::TooLarge);
        }
        looked = bytes.len().saturating_sub(3);
    }
}

fn parse(bytes: &[u8]) -> Result<Head, HeadError> {
    let mut lines = [httparse::EMPTY_HEADER; LINES_LIMIT];
    let mut response = httparse::Response::new(&mut lines);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        _ => return Err(HeadError::NotHttp),
    }
    let headers = response
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), String::from_utf8_lossy(h.value).trim().to_owned()))
        .collect();
    Ok(Head { status: response.code.ok_or(HeadError::NotHttp)?, headers })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Result<(Head, Vec<u8>), HeadError> {
        read_head(&mut &*bytes).await
    }

    #[tokio::test]
    async fn what_comes_behind_the_head_is_kept_for_the_websocket() {
        let (head, early) = read(b"HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: a, Upgrade\r\n\r\n\x82\x00")
            .await
            .expect("a head");
        assert_eq!((head.status, early.as_slice()), (101, b"\x82\x00".as_slice()));
        assert!(head.has_token("connection", "upgrade") && head.has_token("upgrade", "websocket"));
        assert_eq!(head.get("nothing"), None);
    }

    #[tokio::test]
    async fn huge_heads_and_other_protocols_are_refused() {
        let mut huge = b"HTTP/1.1 101 x\r\nA: ".to_vec();
        huge.resize(70_000, b'a');
        assert!(matches!(read(&huge).await, Err(HeadError::TooLarge)));
        let lines = format!("HTTP/1.1 200 x\r\n{}\r\n", "a: b\r\n".repeat(125));
        assert!(matches!(read(lines.as_bytes()).await, Err(HeadError::TooLarge)));
        assert!(matches!(read(b"SSH-2.0-OpenSSH\r\n").await, Err(HeadError::NotHttp)));
        assert!(matches!(read(b"HTTP/1.1 abc\r\n\r\n").await, Err(HeadError::NotHttp)));
        assert!(matches!(read(b"HTTP/1.1 200 OK\r\n").await, Err(HeadError::Eof)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let mut head = b"HTTP/1.1 ".to_vec();
            head.extend_from_slice(&bytes);
            head.extend_from_slice(b"\r\n\r\n");
            let _ = runtime.block_on(read(&head));
            let _ = runtime.block_on(read(&bytes));
        }
    }
}
