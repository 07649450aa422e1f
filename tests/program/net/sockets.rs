//! Open connections: received messages, sent messages, and ends.

use crate::net::support::*;
use crate::support::PATIENCE;
use bytes::Bytes;
use dhan::testing::net::{Connection, Ended, Incoming};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn next(connection: &mut Connection) -> Incoming {
    tokio::time::timeout(PATIENCE, connection.next()).await.expect("something comes")
}

#[tokio::test]
async fn a_message_split_at_every_byte_survives_cancelled_reads() {
    let (mut connection, mut socket) = connected().await;
    let bytes = frame(2, b"0123456789");
    let mut received = Vec::new();
    for byte in bytes {
        socket.write_all(&[byte]).await.expect("sent");
        // Every read is cancelled; no byte of the message may be lost.
        if let Ok(message) = tokio::time::timeout(Duration::from_millis(5), connection.next()).await {
            received.push(message);
        }
    }
    if received.is_empty() {
        received.push(next(&mut connection).await);
    }
    assert_eq!(received, [Incoming::Binary(Bytes::from_static(b"0123456789"))]);
    assert_eq!(connection.poll_ready_now(), None);
}

#[tokio::test]
async fn every_message_that_is_ready_is_returned_without_waiting() {
    let (mut connection, mut socket) = connected().await;
    let burst = [frame(2, b"a"), frame(1, "é".as_bytes()), frame(10, b""), frame(2, b"b")].concat();
    socket.write_all(&burst).await.expect("sent");
    let mut got = vec![next(&mut connection).await];
    while got.len() < 4 {
        match connection.poll_ready_now() {
            Some(message) => got.push(message),
            None => got.push(next(&mut connection).await),
        }
    }
    let expected = [
        Incoming::Binary(Bytes::from_static(b"a")),
        Incoming::Text(Bytes::from_static("é".as_bytes())),
        Incoming::Pong,
        Incoming::Binary(Bytes::from_static(b"b")),
    ];
    assert_eq!(got, expected);
    assert_eq!(connection.poll_ready_now(), None);
}

#[tokio::test]
async fn messages_that_arrive_with_the_upgrade_response_are_kept() {
    let (listener, at) = listen().await;
    let server = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let (_, accept) = read_upgrade(&mut socket).await;
        let mut reply = format!(
            "HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        )
        .into_bytes();
        reply.extend_from_slice(&frame(2, b"early"));
        socket.write_all(&reply).await.expect("answered");
        socket
    };
    let (connector, address) = (connector(), address(&format!("ws://{at}/")));
    let (connection, _socket) = tokio::join!(connector.connect(&address), server);
    assert_eq!(next(&mut connection.expect("connected")).await, Incoming::Binary(Bytes::from_static(b"early")));
}

#[tokio::test]
async fn a_pong_is_sent_before_the_ping_is_returned() {
    let (mut connection, mut socket) = connected().await;
    socket.write_all(&frame(9, b"beat")).await.expect("sent");
    assert_eq!(next(&mut connection).await, Incoming::Ping);
    // The connection is not polled again; the pong must have been sent.
    let mut pong = [0; 10];
    tokio::time::timeout(PATIENCE, socket.read_exact(&mut pong)).await.expect("in time").expect("a pong");
    assert_eq!(pong[..2], [0x8a, 0x80 | 4]);
    let unmasked: Vec<u8> = pong[6..].iter().zip(&pong[2..6]).map(|(b, m)| b ^ m).collect();
    assert_eq!(unmasked, b"beat");
}

#[tokio::test]
async fn b08_to_b12_every_end_has_its_cause_and_is_returned_again() {
    let long = "x".repeat(123);
    let close = |code: u16, reason: &str| [&code.to_be_bytes()[..], reason.as_bytes()].concat();
    let closed = |code: u16, reason: &str| Ended::CloseFrame { code, reason: reason.to_owned() };
    let cases = [
        (frame(8, &close(1000, "")), closed(1000, "")),
        (frame(8, &close(1001, "going")), closed(1001, "going")),
        (frame(8, &close(1008, &long)), closed(1008, &long)),
        (frame(8, &close(1011, "a\u{1b}[31mb\u{202e}c\r\nd")), closed(1011, "abc  d")),
        (frame(8, &close(4000, &format!("bad {}", &SENTINEL[..80]))), closed(4000, "bad [redacted]")),
        (frame(8, &close(1008, "client 1000000001")), closed(1008, "client ******0001")),
        (frame(8, b""), closed(1005, "")),
        // Invalid codes are returned as received.
        (frame(8, &close(999, "")), closed(999, "")),
        (frame(8, &close(1005, "said")), closed(1005, "said")),
        (frame(8, &close(1014, &long)), closed(1014, &long)),
        (frame(8, &close(1016, "why")), closed(1016, "why")),
        (frame(8, &close(1002, "ours")), closed(1002, "ours")),
        (vec![0x83, 0], Ended::Protocol { detail: "an unknown opcode" }),
        (vec![0xc2, 0], Ended::Protocol { detail: "reserved bits are set (an extension nobody asked for)" }),
        (vec![0x82, 0x80, 1, 2, 3, 4], Ended::Protocol { detail: "a masked frame" }),
        (vec![0x80, 0], Ended::Protocol { detail: "a continuation of nothing" }),
        (frame(1, b"\xff\xfe"), Ended::Protocol { detail: "a text message that is not UTF-8" }),
        ([&[0x82, 127][..], &(5u64 << 20).to_be_bytes()].concat(), Ended::TooLarge),
        (vec![], Ended::Eof),
        (vec![0x82, 5, 1], Ended::Eof),
    ];
    for (bytes, ended) in cases {
        let (mut connection, mut socket) = connected().await;
        socket.write_all(&bytes).await.expect("sent");
        socket.shutdown().await.expect("shut down");
        for _ in 0..2 {
            let received = next(&mut connection).await;
            assert_eq!(received, Incoming::Closed(ended.clone()), "{bytes:?}");
            assert_text_clean(&format!("{received:?} {ended}"));
        }
        assert_eq!(connection.poll_ready_now(), None);
        assert_eq!(connection.send_text("x"), Err(ended));
    }
}

#[tokio::test]
async fn an_invalid_close_code_is_returned_as_received_even_in_pieces() {
    let close = frame(8, &[&999_u16.to_be_bytes()[..], &[b'x'; 123]].concat());
    for piece in [1, 2, 3, 7, 64, 500] {
        let (mut connection, mut socket) = connected().await;
        let bytes = [frame(2, &[0x88; 300]), close.clone()].concat();
        let sending = tokio::spawn(async move {
            for piece in bytes.chunks(piece) {
                socket.write_all(piece).await.expect("sent");
                tokio::task::yield_now().await;
            }
            socket
        });
        assert_eq!(next(&mut connection).await, Incoming::Binary(Bytes::from_static(&[0x88; 300])));
        let ended = Ended::CloseFrame { code: 999, reason: "x".repeat(123) };
        assert_eq!(next(&mut connection).await, Incoming::Closed(ended), "in pieces of {piece}");
        sending.await.expect("sent");
    }
}

#[tokio::test]
async fn a_protocol_violation_is_answered_with_a_close_frame() {
    let too_long = [&[0x82, 127][..], &(5_u64 << 20).to_be_bytes()].concat();
    for (bytes, code) in [(vec![0x83, 0], 1002_u16), (frame(1, b"\xff\xfe"), 1007), (too_long, 1009)] {
        let (mut connection, mut socket) = connected().await;
        // Unread data must not turn the close into a reset that overtakes the answer.
        socket.write_all(&[bytes, frame(2, &[7; 5_000])].concat()).await.expect("sent");
        assert!(matches!(next(&mut connection).await, Incoming::Closed(_)));
        drop(connection);
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).await.expect("an orderly end");
        let &[0x88, 0x82, ref mask @ .., high, low] = &heard[..] else { panic!("no close frame: {heard:?}") };
        let received = u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]);
        assert_eq!(received, code);
    }
}

#[tokio::test]
async fn b11_a_reset_is_returned_after_the_messages_before_it() {
    let (mut connection, mut socket) = connected().await;
    socket.write_all(&frame(2, b"last")).await.expect("sent");
    assert_eq!(next(&mut connection).await, Incoming::Binary(Bytes::from_static(b"last")));
    reset(socket);
    assert_eq!(next(&mut connection).await, Incoming::Closed(Ended::Reset));
}

#[tokio::test]
async fn sent_messages_are_complete_and_masked_including_the_login() {
    let (listener, at) = listen().await;
    let server = tokio::spawn(async move {
        use futures_util::StreamExt as _;
        let (socket, _) = listener.accept().await.expect("a caller");
        let mut socket = tokio_tungstenite::accept_async(socket).await.expect("a websocket");
        let mut got = Vec::new();
        while let Some(Ok(message)) = socket.next().await {
            got.push(message);
        }
        got
    });
    let mut connection = connector().connect(&address(&format!("ws://{at}/"))).await.expect("connected");
    connection.send_text("hello").expect("sent");
    let login = dhan::testing::auth::login_message(&dhan::testing::auth::Login::Own(credentials()));
    connection.send_secret(&login).expect("sent");
    connection.send_ping().expect("sent");
    connection.close().expect("sent");
    let Incoming::Pong = next(&mut connection).await else { panic!("the ping is answered") };
    assert_eq!(next(&mut connection).await, Incoming::Closed(Ended::CloseFrame { code: 1000, reason: String::new() }));
    drop(connection);
    let got = server.await.expect("the server ran");
    assert_eq!(got[0].to_text().expect("text"), "hello");
    assert!(got[1].to_text().expect("text").contains(SENTINEL));
    assert!(got[2].is_ping() && got[3].is_close() && got.len() == 4);
}

#[tokio::test]
async fn c10_a_server_that_does_not_read_blocks_neither_reading_nor_the_close() {
    let (mut connection, mut socket) = connected().await;
    let request = "x".repeat(100_000);
    let mut accepted = 0;
    let stuck = loop {
        match connection.send_text(&request) {
            Ok(()) => accepted += 1,
            Err(ended) => break ended,
        }
        assert!(accepted < 1000, "100 MB were accepted by a socket that nobody reads");
    };
    assert_eq!(stuck, Ended::WriteStuck);
    socket.write_all(&frame(2, b"still here")).await.expect("sent");
    assert_eq!(next(&mut connection).await, Incoming::Binary(Bytes::from_static(b"still here")));
    // A server that reads again gets complete messages: the rest is sent during the next read.
    let total = accepted * (request.len() + 14);
    let reader = async {
        let mut read = 0;
        let mut piece = vec![0; 1 << 16];
        while read < total {
            read += socket.read(&mut piece).await.expect("readable");
        }
        socket.write_all(&frame(2, b"all read")).await.expect("sent");
    };
    let (message, ()) =
        tokio::time::timeout(PATIENCE, async { tokio::join!(connection.next(), reader) }).await.expect("in time");
    assert_eq!(message, Incoming::Binary(Bytes::from_static(b"all read")));
}

#[tokio::test]
async fn half_a_frame_counts_as_traffic() {
    let (mut connection, mut socket) = connected().await;
    let before = connection.received_bytes();
    socket.write_all(&[0x82]).await.expect("sent");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while connection.received_bytes() == before {
        assert!(tokio::time::Instant::now() < deadline, "one byte never counted");
        let _ = tokio::time::timeout(Duration::from_millis(5), connection.next()).await;
    }
    assert_eq!(connection.received_bytes(), before + 1);
}
