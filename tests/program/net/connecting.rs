//! Section A of the fault catalogue: connecting to the server.

use crate::net::support::*;
use crate::support::PATIENCE;
use dhan::testing::model::Micros;
use dhan::testing::net::{ConnectClass, ConnectError, ConnectPhase, Connector};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

async fn failure(connector: &Connector, url: &str) -> ConnectError {
    let result = tokio::time::timeout(PATIENCE, connector.connect(&address(url))).await.expect("an end");
    let error = result.err().expect("no connection");
    assert_clean(&error);
    error
}

async fn class_of(reply: impl Into<Vec<u8>>) -> ConnectClass {
    let (at, server) = answer_with(reply).await;
    let error = failure(&connector(), &format!("ws://{at}/feed?own=1")).await;
    let head = server.await.expect("the server ran");
    let target = format!("GET /feed?own=1&version=2&token={SENTINEL}&clientId=1000000001&authType=2 HTTP/1.1\r\n");
    assert!(head.starts_with(&target), "used as it stands, only the query added: {head}");
    assert!(head.contains(&format!("\r\nHost: {at}\r\n")));
    error.class
}

fn http(status: u16, retry_after: Option<u64>) -> ConnectClass {
    ConnectClass::Http { status, retry_after: retry_after.map(Duration::from_secs), redirect_host: None }
}

#[tokio::test]
async fn a01_a_name_that_does_not_exist_is_a_dns_failure_that_names_the_host() {
    let url = "wss://no-such-host.invalid/feed";
    let error = failure(&connector().with_limit(Duration::from_secs(15)), url).await;
    assert!(matches!(error.class, ConnectClass::Dns | ConnectClass::Timeout(ConnectPhase::Dns)), "{error:?}");
    assert!(error.detail.contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn a04_a_closed_port_is_connection_refused() {
    let at = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    assert_eq!(failure(&connector(), &format!("ws://{at}/")).await.class, ConnectClass::Refused);
}

#[tokio::test]
async fn a06_a_silent_server_times_out_in_the_phase_in_which_it_hangs() {
    let (listener, at) = listen().await;
    let silent = connector().with_limit(Duration::from_millis(200));
    for (scheme, phase) in [("wss", ConnectPhase::Tls), ("ws", ConnectPhase::Upgrade)] {
        let error = failure(&silent, &format!("{scheme}://{at}/")).await;
        // Without root certificates TLS fails before the client's first message.
        if !matches!(error.class, ConnectClass::Tls(dhan::testing::net::TlsKind::NoRoots)) {
            assert_eq!(error.class, ConnectClass::Timeout(phase));
        }
    }
    drop(listener);
}

#[tokio::test]
async fn a09_to_a15_every_http_status_is_reported_with_its_retry_after() {
    for status in [400, 401, 403, 404, 405, 410, 429, 500, 502, 503, 504] {
        // The body echoes the token.
        let reply = format!("HTTP/1.1 {status} no\r\nContent-Length: 90\r\nX-Echo: {SENTINEL}\r\n\r\n{SENTINEL}");
        assert_eq!(class_of(reply).await, http(status, None));
    }
    let date = "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\n";
    for (value, seconds) in [
        ("5", Some(5)),
        ("90", Some(90)),
        ("86400", Some(86_400)),
        ("Sun, 22 Nov 2026 10:01:30 GMT", Some(90)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
        ("soon", None),
        ("-3", None),
        ("", None),
    ] {
        for status in [429, 503] {
            let reply = format!("HTTP/1.1 {status} no\r\n{date}Retry-After: {value}\r\n\r\n");
            assert_eq!(class_of(reply).await, http(status, seconds), "{value:?}");
        }
    }
}

#[tokio::test]
async fn a16_a_redirect_is_never_followed_and_names_the_host_only() {
    let (elsewhere, target) = listen().await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("ws://{target}/steal?token={SENTINEL}");
        let reply = format!("HTTP/1.1 {status} there\r\nLocation: {location}\r\n\r\n");
        let ConnectClass::Http { status: reported, redirect_host, .. } = class_of(reply).await else {
            panic!("a status was answered")
        };
        assert_eq!((reported, redirect_host.as_deref()), (status, Some("127.0.0.1")));
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(nobody.is_err(), "somebody followed the redirect");
}

#[tokio::test]
async fn a17_and_a18_an_answer_that_is_no_websocket_upgrade_is_an_error() {
    assert_eq!(class_of("HTTP/1.1 200 OK\r\n\r\n<title>Log in</title>").await, http(200, None));
    for reply in [
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        "HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u{15}\u{3}\u{1}",
        "HTTP/1.1 boo\r\n\r\n",
    ] {
        assert_eq!(class_of(reply).await, ConnectClass::NotWebsocket, "{reply:?}");
    }
    assert_eq!(class_of("").await, ConnectClass::Reset(ConnectPhase::Upgrade));
}

#[tokio::test]
async fn a18_an_unrequested_extension_or_subprotocol_is_refused() {
    for header in ["Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"] {
        let (listener, at) = listen().await;
        let server = async {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let (_, accept) = read_upgrade(&mut socket).await;
            let reply = format!(
                "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
                 {header}\r\n\r\n"
            );
            socket.write_all(reply.as_bytes()).await.expect("answered");
        };
        let connector = connector();
        let url = format!("ws://{at}/");
        let (error, ()) = tokio::join!(failure(&connector, &url), server);
        assert_eq!(error.class, ConnectClass::NotWebsocket, "{header}");
    }
}

#[tokio::test]
async fn a19_response_heads_are_limited_in_size() {
    let mut huge = b"HTTP/1.1 101 x\r\nX: ".to_vec();
    huge.resize(1 << 20, b'a');
    assert_eq!(class_of(huge).await, ConnectClass::NotWebsocket);
    let lines = format!("HTTP/1.1 101 x\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    assert_eq!(class_of(lines).await, ConnectClass::NotWebsocket);

    let (listener, at) = listen().await;
    let dribble = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        for byte in b"HTTP/1.1 101 x\r\nX: ".iter().chain(std::iter::repeat(&b'a')) {
            if socket.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let error = failure(&connector().with_limit(limit), &format!("ws://{at}/")).await;
    assert_eq!(error.class, ConnectClass::Timeout(ConnectPhase::Upgrade));
    assert!(begun.elapsed() >= limit);
    dribble.await.expect("the server ends when we hang up");
}

#[tokio::test]
async fn a_reset_during_the_upgrade_is_reported_as_a_reset() {
    let (listener, at) = listen().await;
    let server = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        read_head(&mut socket).await;
        reset(socket);
    };
    let connector = connector();
    let url = format!("ws://{at}/");
    let (error, ()) = tokio::join!(failure(&connector, &url), server);
    assert_eq!(error.class, ConnectClass::Reset(ConnectPhase::Upgrade));
}

#[tokio::test]
async fn the_handshakes_details_are_kept_for_doctor() {
    let (connection, _socket) = connected().await;
    let report = connection.report();
    assert_eq!(report.server_date, Some(Micros::from_secs(1_795_341_600)));
    assert!(report.peer.is_some_and(|p| p.ip().is_loopback()));
    assert_eq!((report.tls, report.proxy), (None, None));
    assert!(connection.received_bytes() > 100);
}
