//! Heads of HTTP answers, however they arrive, and the headers that are understood.

use super::take::Take;
use dhan::testing::model::Micros;
use dhan::testing::net::{Head, HeadError, parse_http_date, parse_retry_after, read_head};
use futures_util::FutureExt as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes that arrive a few at a time.
struct Pieces<'a> {
    bytes: &'a [u8],
    at_a_time: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let count = self.at_a_time.min(out.remaining()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(count);
        out.put_slice(piece);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}

fn read(bytes: &[u8], at_a_time: usize) -> Result<(Head, usize), HeadError> {
    let mut pieces = Pieces { bytes, at_a_time };
    let (head, early) = read_head(&mut pieces).now_or_never().expect("memory never waits")?;
    let head_len = bytes.len() - pieces.bytes.len() - early.len();
    assert_eq!(early, bytes[head_len..head_len + early.len()], "what follows the head is kept");
    Ok((head, head_len))
}

/// The bytes as an answer and as the rest of one; as the values of headers.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    let at_a_time = usize::from(take.u8() % 64) + 1;
    let begun = [b"HTTP/1.1 ", take.0, b"\r\n\r\n"].concat();
    for bytes in [take.0, &begun] {
        match (read(bytes, usize::MAX), read(bytes, at_a_time)) {
            (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces, "how it arrives changes nothing"),
            (Err(_), Err(_)) => {}
            (whole, pieces) => panic!("{whole:?} at once, {pieces:?} in pieces of {at_a_time}"),
        }
    }
    let text = String::from_utf8_lossy(take.0);
    for line in text.lines().take(10) {
        let date = parse_http_date(line);
        let _ = parse_retry_after(line, date);
        let _ = parse_retry_after(line, Some(Micros::from_secs(1_781_065_200)));
    }
}
