//! Connects TCP to any of a name's addresses, and counts the bytes that a stream receives.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Time without an answer after which the next address is tried in parallel (RFC 8305 §5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Time in milliseconds for which sent bytes may stay unacknowledged before the kernel ends the connection. Longer
/// than the session's liveness limits, which see more: this is for a process that is not polled.
const UNACKNOWLEDGED_LIMIT_MS: u32 = 30_000;

/// A byte stream of any kind: plain, TLS, or TLS through a TLS proxy.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A byte stream of any kind.
pub(super) type DynStream = Box<dyn ByteStream>;

/// Counts the bytes that a socket has received.
#[derive(Clone, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(super) fn received(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A socket that counts the bytes it receives.
pub(super) struct Counted {
    socket: TcpStream,
    counter: Counter,
}

impl Counted {
    pub(super) fn new(socket: TcpStream, counter: Counter) -> Counted {
        Counted { socket, counter }
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        let received = buf.filled().len().saturating_sub(before);
        self.counter.0.fetch_add(received as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

/// Connects to the first address that answers ("happy eyeballs"): address families alternate, and the next address is
/// tried when one fails or has not answered for 250 ms. The error is that of the last address.
pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = interleaved(addresses).into_iter();
    let mut running = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut start_next = true;
    loop {
        if start_next && let Some(address) = waiting.next() {
            running.push(TcpStream::connect(address));
        }
        if running.is_empty() {
            return Err(failure);
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(result) = running.next() => match result {
                Ok(socket) => {
                    tune(&socket);
                    return Ok(socket);
                }
                Err(error) => {
                    failure = error;
                    start_next = true;
                }
            },
            () = tokio::time::sleep(NEXT_ADDRESS_AFTER), if more => start_next = true,
        }
    }
}

/// Returns the addresses with alternating families, beginning with that of the first address.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|a| a.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(addresses.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    while mixed.len() < addresses.len() {
        mixed.extend(first.next());
        mixed.extend(second.next());
    }
    mixed
}

/// Sets options: small packets are sent at once, and the kernel detects a dead peer too. Sockets also work without
/// them.
fn tune(socket: &TcpStream) {
    use rustix::net::sockopt;
    let _ = socket.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(socket, true);
    #[cfg(target_os = "linux")]
    {
        let _ = sockopt::set_tcp_keepidle(socket, Duration::from_secs(15));
        let _ = sockopt::set_tcp_keepintvl(socket, Duration::from_secs(5));
        let _ = sockopt::set_tcp_keepcnt(socket, 3);
        let _ = sockopt::set_tcp_user_timeout(socket, UNACKNOWLEDGED_LIMIT_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_so_that_a_dead_one_costs_a_quarter_second_only() {
        let list = ["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "192.0.2.1:1"];
        let list: Vec<SocketAddr> = list.iter().map(|a| a.parse().expect("an address")).collect();
        assert_eq!(interleaved(&list), [list[0], list[3], list[1], list[2]]);
        assert_eq!(interleaved(&[]), []);
    }

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_the_one_that_listens() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let good = listener.local_addr().expect("an address");
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address");
        let socket = connect(&[closed, good]).await.expect("connected");
        assert_eq!(socket.peer_addr().expect("a peer"), good);
        assert_eq!(connect(&[closed]).await.expect_err("refused").kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[]).await.is_err());
    }
}
