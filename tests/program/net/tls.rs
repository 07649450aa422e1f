//! A07, A08, S09: trusted and untrusted certificates; no HTTP is sent to untrusted servers.

use crate::net::authority::Authority;
use crate::net::support::*;
use crate::support::Home;
use dhan::testing::model::Micros;
use dhan::testing::net::tls::LazyTls;
use dhan::testing::net::{ConnectClass, ConnectError, Connector, Proxies, TlsKind};
use rcgen::{BasicConstraints, IsCa};
use std::net::SocketAddr;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Serves one TLS connection, and returns the number of bytes received in it.
fn serve(listener: tokio::net::TcpListener, acceptor: TlsAcceptor) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a caller");
        let Ok(mut stream) = acceptor.accept(socket).await else { return 0 };
        let mut piece = [0; 4096];
        stream.read(&mut piece).await.unwrap_or(0)
    })
}

async fn refused(connector: &Connector, acceptor: TlsAcceptor) -> ConnectError {
    let (listener, at) = listen().await;
    let server = serve(listener, acceptor);
    let error = connector.connect(&address(&format!("wss://localhost:{}/", at.port()))).await;
    let error = error.err().expect("no connection");
    assert_clean(&error);
    assert_eq!(server.await.expect("the server ran"), 0, "HTTP was sent to somebody who is not trusted");
    error
}

fn kind(error: &ConnectError) -> TlsKind {
    match error.class {
        ConnectClass::Tls(kind) => kind,
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_certificate_authority_from_ca_file_is_trusted() {
    let authority = Authority::new();
    let (listener, at) = listen().await;
    let server = serve_over_tls(&authority, listener, b"inside");
    let connector = authority.connector(Proxies::none());
    let mut connection =
        connector.connect(&address(&format!("wss://localhost:{}/", at.port()))).await.expect("connected");
    assert_eq!(connection.next().await, dhan::testing::net::Incoming::Binary(b"inside"[..].to_vec().into()));
    assert!(connection.report().tls.is_some());
    let (head, stream) = server.await.expect("the server ran");
    assert!(head.contains(SENTINEL));
    drop(stream);
    assert_eq!(connection.next().await, dhan::testing::net::Incoming::Closed(dhan::testing::net::Ended::Eof));
}

#[tokio::test]
async fn a07_an_expired_certificate_is_reported_with_its_end_and_the_local_time() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("localhost", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let error = refused(&authority.connector(Proxies::none()), acceptor).await;
    assert_eq!(kind(&error), TlsKind::Expired { not_after: Some(Micros::from_secs(1_609_459_200)) });
    assert!(error.detail.contains("2021-01-01") && error.detail.contains("clock"), "{error}");
}

#[tokio::test]
async fn a07_wrong_host_unknown_authority_and_self_signed_are_different_errors() {
    let authority = Authority::new();
    let connector = authority.connector(Proxies::none());
    let error = refused(&connector, authority.acceptor("dhan.example", |_| {})).await;
    assert_eq!(kind(&error), TlsKind::WrongHost);
    let error = refused(&connector, Authority::new().acceptor("localhost", |_| {})).await;
    assert_eq!(kind(&error), TlsKind::UnknownCa);
    let error = refused(
        &connector,
        authority.acceptor("localhost", |params| {
            params.not_before = rcgen::date_time_ymd(2100, 1, 1);
            params.not_after = rcgen::date_time_ymd(2101, 1, 1);
        }),
    )
    .await;
    assert_eq!(kind(&error), TlsKind::NotYetValid);
    assert!([TlsKind::WrongHost, TlsKind::UnknownCa].iter().all(|k| k.is_trust()) && !TlsKind::Protocol.is_trust());
}

#[tokio::test]
async fn a07_a_server_that_uses_a_ca_certificate_is_a_plain_error() {
    let authority = Authority::new();
    let own = authority.acceptor("localhost", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let error = refused(&authority.connector(Proxies::none()), own).await;
    assert_eq!(kind(&error), TlsKind::OtherCertificate);
    let words = error.to_string();
    assert!(words.contains("that of an authority, not of a server"), "{words}");
    assert!(!words.contains("Error(") && !words.contains("CaUsed"), "{words}");
}

#[tokio::test]
async fn a08_a_server_without_tls_or_a_reset_is_no_certificate_error() {
    let authority = Authority::new();
    let connector = authority.connector(Proxies::none());
    let call = async |at: SocketAddr| {
        let error = connector.connect(&address(&format!("wss://127.0.0.1:{}/", at.port()))).await;
        let error = error.err().expect("no connection");
        assert_clean(&error);
        error
    };
    for reply in ["HTTP/1.1 400 plain\r\n\r\n", "\u{0}\u{1}garbage garbage"] {
        let (listener, at) = listen().await;
        let server = async {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let _ = socket.read(&mut [0; 4096]).await;
            socket.write_all(reply.as_bytes()).await.expect("answered");
            socket
        };
        let (error, _socket) = tokio::join!(call(at), server);
        assert_eq!(kind(&error), TlsKind::Protocol, "{reply:?}");
    }
    let (listener, at) = listen().await;
    let server = async {
        let (socket, _) = listener.accept().await.expect("a caller");
        assert!(socket.peek(&mut [0]).await.is_ok_and(|n| n == 1), "a hello");
        reset(socket);
    };
    let (error, ()) = tokio::join!(call(at), server);
    assert_eq!(error.class, ConnectClass::Reset(dhan::testing::net::ConnectPhase::Tls));
}

#[test]
fn an_invalid_ca_file_is_a_usage_error_at_the_start() {
    let empty = NamedTempFile::new().expect("a file");
    for path in [empty.path(), std::path::Path::new("/nonexistent/ca.pem"), std::path::Path::new("/")] {
        let failure = LazyTls::new(Some(path)).err().expect("refused");
        assert_eq!(failure.exit, dhan::testing::model::exit::Exit::Usage);
        assert!(failure.message.contains(path.to_str().expect("text")), "{failure}");
    }
}

/// Runs the program in a home of its own, and returns its exit code and stderr.
async fn run(args: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut home = Home::new();
    environment.iter().for_each(|(name, value)| home.set(name, value));
    home.set("DHAN_ACCESS_TOKEN", SENTINEL);
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let done = tokio::task::spawn_blocking(move || home.run(&args.iter().map(String::as_str).collect::<Vec<_>>()));
    let done = done.await.expect("no panic");
    (done.status.code(), done.err)
}

#[tokio::test]
async fn the_masters_download_uses_ca_file_and_its_errors_name_the_proxy() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("localhost", |_| {});
    let (listener, at) = listen().await;
    let server = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("a caller");
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    let url = format!("https://localhost:{}/master.csv", at.port());
    let pem = authority.pem.path().to_str().expect("a name");
    let master = ("DHAN_INSTRUMENTS_URL", url.as_str());
    let (code, messages) = run(&["feed", "RELIANCE", "--ca-file", pem], &[master]).await;
    assert!(code == Some(11) && messages.contains("410 Gone"), "{code:?} {messages}");
    let (code, messages) = run(&["feed", "RELIANCE"], &[master]).await;
    assert!(code == Some(11) && messages.contains("unknown issuer"), "{code:?} {messages}");
    server.abort();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let proxy = format!("http://user:hunter22@{closed}");
    let (code, messages) = run(&["instruments", "sync"], &[master, ("HTTPS_PROXY", &proxy)]).await;
    assert!(
        code == Some(11) && messages.contains(&format!("the proxy {closed} for localhost:{}", at.port())),
        "{messages}"
    );
    assert!(messages.contains("refused") && !messages.contains("hunter22"), "{messages}");
    let (code, messages) = run(&["instruments", "sync"], &[master]).await;
    assert!(code == Some(11) && messages.contains("connection refused"), "{messages}");
}
