//! Accepts connections: a bounded number, each with bounded time for the head of its request.

use super::client_stream::ClientStream;
use super::http::{self, Request};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Time that a client has for TLS and the head of its request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Number of descriptors that are reserved for files and for serving connected clients.
const RESERVED: u64 = 32;
/// Maximum number of connections at one time, if the system allows that many.
const CONNECTIONS: u64 = 4_096;

/// Returns the maximum number of connections at one time.
fn most_connections() -> usize {
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(CONNECTIONS);
    usize::try_from(descriptors.saturating_sub(RESERVED).clamp(8, CONNECTIONS)).unwrap_or(8)
}

/// Says why an address cannot be listened on, and what to write instead.
pub(crate) fn cannot_listen(listen: SocketAddr, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; choose another port, or port 0 for a free one",
        io::ErrorKind::PermissionDenied => "that port is reserved; choose one above 1023, or port 0 for a free one",
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address; 127.0.0.1 always works",
        _ => "the system refuses",
    };
    format!("cannot listen on {listen}: {why}")
}

/// Accepts connections until dropped. It calls `accepted` for each, and `serve` for those that send a request head in
/// time.
///
/// Clients that send no head cannot keep others out: beyond a quarter of the connections, the one that has been
/// without a head for longest is closed.
pub(crate) async fn listen<Served>(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    accepted: impl Fn(),
    serve: impl Fn(ClientStream, Request, Vec<u8>) -> Served + Clone + Send + 'static,
) where
    Served: Future<Output = ()> + Send + 'static,
{
    let most = most_connections();
    let headless = Headless::new((most / 4).max(2));
    let mut clients = JoinSet::new();
    let mut number = 0;
    loop {
        let connection = listener.accept().await;
        if clients.len() >= most {
            // Connections that were just closed count until they are polled.
            yield_now().await;
        }
        while clients.try_join_next().is_some() {}
        match connection {
            Ok((tcp, _)) if clients.len() >= most => refuse(&tcp),
            Ok((tcp, _)) => {
                accepted();
                number += 1;
                let (serve, tls, waiting) = (serve.clone(), tls.clone(), headless.clone());
                let mut list = headless.lock();
                let client = clients.spawn(async move {
                    let head = timeout(HEAD_TIME, head(tcp, tls)).await;
                    waiting.remove(number);
                    if let Ok(Some((stream, request, behind))) = head {
                        serve(stream, request, behind).await;
                    }
                });
                list.push_back((number, client));
                headless.trim(&mut list);
            }
            // Most likely the process is out of descriptors.
            Err(_) => {
                if let Some((_, oldest)) = headless.lock().pop_front() {
                    oldest.abort();
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Reads the head of a client's request.
async fn head(tcp: TcpStream, tls: Option<Arc<rustls::ServerConfig>>) -> Option<(ClientStream, Request, Vec<u8>)> {
    let _ = tcp.set_nodelay(true);
    let mut stream = match tls {
        None => ClientStream::Plain(tcp),
        Some(tls) => ClientStream::Tls(Box::new(TlsAcceptor::from(tls).accept(tcp).await.ok()?)),
    };
    let (request, behind) = http::read_request(&mut stream).await.ok()??;
    Some((stream, request, behind))
}

/// Answers a connection beyond the limit, if that is possible without waiting.
fn refuse(tcp: &TcpStream) {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _: io::Result<usize> = tcp.try_write(answer);
}

/// Holds the connections that have sent no head yet, the oldest first.
#[derive(Clone)]
struct Headless {
    list: Arc<Mutex<VecDeque<(u64, AbortHandle)>>>,
    most: usize,
}

impl Headless {
    fn new(most: usize) -> Headless {
        Headless { list: Arc::default(), most }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, AbortHandle)>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, number: u64) {
        self.lock().retain(|(other, _)| *other != number);
    }

    fn trim(&self, list: &mut VecDeque<(u64, AbortHandle)>) {
        while list.len() > self.most
            && let Some((_, oldest)) = list.pop_front()
        {
            oldest.abort();
        }
    }
}
