//! A21: a proxy gets host and port, and never the token.

use crate::net::authority::Authority;
use crate::net::support::*;
use dhan::testing::net::{ConnectClass, Incoming, Proxies};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

/// Starts a proxy for one tunnel, which returns the CONNECT head and every byte that the client sends.
async fn proxy() -> (SocketAddr, JoinHandle<(String, Vec<u8>)>) {
    let (listener, at) = listen().await;
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a caller");
        let head = read_head(&mut client).await;
        let target = head.split(' ').nth(1).expect("a target").replace("localhost", "127.0.0.1");
        let mut server = tokio::net::TcpStream::connect(target).await.expect("the server");
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.expect("answered");
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let mut sent = Vec::new();
        let up = async {
            let mut piece = [0; 4096];
            while let Ok(n) = from_client.read(&mut piece).await {
                if n == 0 {
                    break;
                }
                sent.extend_from_slice(&piece[..n]);
                to_server.write_all(&piece[..n]).await.expect("passed on");
            }
            let _ = to_server.shutdown().await;
        };
        let down = async {
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        };
        tokio::join!(up, down);
        (head, sent)
    });
    (at, task)
}

#[tokio::test]
async fn a21_the_tunnel_carries_tls_so_the_proxy_never_sees_the_token() {
    let authority = Authority::new();
    let (listener, at) = listen().await;
    let server = serve_over_tls(&authority, listener, b"through");
    let (proxy_at, proxy) = proxy().await;
    let connector = authority.connector(Proxies::all(&format!("http://user:pass@{proxy_at}"), ""));
    let url = format!("wss://localhost:{}/", at.port());
    let mut connection = connector.connect(&address(&url)).await.expect("connected");
    assert_eq!(connection.next().await, Incoming::Binary(b"through"[..].to_vec().into()));
    assert!(connection.report().proxy.is_some());
    assert!(server.await.expect("the server ran").0.contains(SENTINEL));
    drop(connection);
    let (head, sent) = proxy.await.expect("the proxy ran");
    assert!(head.starts_with(&format!("CONNECT localhost:{} HTTP/1.1\r\n", at.port())), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{head}");
    assert!(sent.len() > 500);
    assert_text_clean(&format!("{head}{}", String::from_utf8_lossy(&sent)));
}

#[tokio::test]
async fn no_proxy_and_loopback_addresses_bypass_the_proxy() {
    let (closed, _) = (std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("at"), ());
    let proxies = Proxies::all(&format!("http://{closed}"), "127.0.0.1");
    let authority = Authority::new();
    let (listener, at) = listen().await;
    let accepted = tokio::spawn(async move { listener.accept().await.is_ok() && listener.accept().await.is_ok() });
    let connector = authority.connector(proxies).with_limit(std::time::Duration::from_millis(200));
    for url in [format!("wss://{at}/"), format!("ws://localhost:{}/", at.port())] {
        let error = connector.connect(&address(&url)).await.err().expect("nobody answers");
        assert!(matches!(error.class, ConnectClass::Timeout(_) | ConnectClass::Reset(_)), "{error:?}");
    }
    assert!(accepted.await.expect("the server ran"));
}

#[tokio::test]
async fn a_refusal_of_a_proxy_is_reported_without_the_password() {
    for (status, words) in [(407, "user and password"), (502, "refuses a tunnel"), (403, "refuses a tunnel")] {
        let (at, server) = answer_with(format!("HTTP/1.1 {status} no\r\n\r\n")).await;
        let authority = Authority::new();
        let connector = authority.connector(Proxies::all(&format!("http://user:hunter22@{at}"), ""));
        let error = connector.connect(&address("wss://dhan.example/")).await.err().expect("refused");
        assert_eq!(error.class, ConnectClass::Proxy { status: Some(status) });
        assert!(error.detail.contains(words) && !format!("{error:?}").contains("hunter22"), "{error:?}");
        assert_clean(&error);
        let head = server.await.expect("the proxy ran");
        assert!(head.starts_with("CONNECT dhan.example:443 HTTP/1.1\r\nHost: dhan.example:443\r\n"), "{head}");
    }
}
