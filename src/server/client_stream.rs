//! Provides a client's connection, with or without TLS, that can also be reset.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A client's connection.
pub(crate) enum ClientStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A connection whose pings are hidden from the server.
    #[cfg(feature = "testing")]
    Deaf(Box<(ClientStream, super::deaf::Deafness)>),
}

impl ClientStream {
    fn tcp(&self) -> &TcpStream {
        match self {
            ClientStream::Plain(tcp) => tcp,
            ClientStream::Tls(tls) => tls.get_ref().0,
            #[cfg(feature = "testing")]
            ClientStream::Deaf(deaf) => deaf.0.tcp(),
        }
    }

    /// Makes dropping the connection send a reset instead of an orderly close.
    pub fn reset_on_drop(&self) {
        // If the socket is gone already, there is nothing to reset.
        let _ = self.tcp().set_zero_linger();
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ClientStream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            ClientStream::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            #[cfg(feature = "testing")]
            ClientStream::Deaf(deaf) => {
                let before = buf.filled().len();
                let (stream, deafness) = deaf.as_mut();
                let read = Pin::new(stream).poll_read(cx, buf);
                deafness.filter(&mut buf.filled_mut()[before..]);
                read
            }
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            ClientStream::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            ClientStream::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
            #[cfg(feature = "testing")]
            ClientStream::Deaf(deaf) => Pin::new(&mut deaf.0).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ClientStream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            ClientStream::Tls(tls) => Pin::new(tls).poll_flush(cx),
            #[cfg(feature = "testing")]
            ClientStream::Deaf(deaf) => Pin::new(&mut deaf.0).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            ClientStream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            ClientStream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            #[cfg(feature = "testing")]
            ClientStream::Deaf(deaf) => Pin::new(&mut deaf.0).poll_shutdown(cx),
        }
    }
}
