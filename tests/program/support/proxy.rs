//! A TCP proxy that breaks what passes through it, on command: for whatever speaks TCP, TLS included.
//!
//! It delays, throttles, splits, holds back (a black hole: connections stay open and nothing arrives), cuts after so
//! many bytes, resets (`SO_LINGER` 0: a bare RST) and half-closes. It runs on a thread of its own, holds at most
//! [`LINKS`] connections, and at most 16 KiB of each direction in memory.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// Connections at a time; more wait to be accepted.
pub const LINKS: usize = 64;
/// Bytes of a direction that are under way.
const PIECE: usize = 16 << 10;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A bare reset, to both sides.
    Reset,
    /// An orderly end, to both sides.
    Fin,
    /// The server's side towards the client ends; what the client sends still goes up.
    HalfClose,
}

/// What is done to what passes. The default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Manners {
    /// Every piece waits this long (in each direction).
    pub delay: Duration,
    /// Bytes a second, of each direction.
    pub rate: Option<u64>,
    /// Written in pieces of this many bytes, each in a segment of its own.
    pub split: Option<usize>,
    /// The connection ends so, once this many bytes have gone this way on it.
    pub cut_after: Option<(Way, u64, Cut)>,
    /// Nothing more goes up.
    pub hold_up: bool,
    /// Nothing more comes down.
    pub hold_down: bool,
}

impl Manners {
    /// Open connections on which nothing arrives any more.
    pub fn black_hole() -> Manners {
        Manners { hold_up: true, hold_down: true, ..Manners::default() }
    }
}

/// What a proxy has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Connections accepted.
    pub accepted: usize,
    /// Connections open.
    pub open: usize,
    /// Bytes that went up.
    pub up: u64,
    /// Bytes that came down.
    pub down: u64,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    seen: Mutex<Seen>,
    manners: watch::Sender<Manners>,
    /// Counts cuts that were ordered; the connections of before end so.
    cuts: watch::Sender<(u64, Option<Cut>)>,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running proxy; dropping it resets what is open and frees the port.
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Proxy {
    /// A proxy in front of a server.
    pub fn start(upstream: SocketAddr, manners: Manners) -> io::Result<Proxy> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            seen: Mutex::default(),
            manners: watch::Sender::new(manners),
            cuts: watch::Sender::new((0, None)),
        });
        let (stop, stopped) = oneshot::channel();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(listener, theirs) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Proxy { addr, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// An address with the upstream's host and port replaced by the proxy's.
    pub fn url(&self, of: &str) -> String {
        of.replace(&self.shared.upstream.to_string(), &self.addr.to_string())
    }

    /// Other manners from now on, on every connection.
    pub fn manners(&self, manners: Manners) {
        self.shared.manners.send_replace(manners);
    }

    /// Ends every connection that is open.
    pub fn cut(&self, cut: Cut) {
        self.shared.cuts.send_modify(|(count, how)| {
            *count += 1;
            *how = Some(cut);
        });
    }

    /// What has passed so far.
    pub fn seen(&self) -> Seen {
        *self.shared.seen()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut links = tokio::task::JoinSet::new();
    loop {
        while links.len() >= LINKS {
            links.join_next().await;
        }
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        {
            let mut seen = shared.seen();
            seen.accepted += 1;
            seen.open += 1;
        }
        let shared = Arc::clone(&shared);
        links.spawn(async move {
            if let Ok(server) = TcpStream::connect(shared.upstream).await {
                link(client, server, &shared).await;
            } else {
                reset(&client);
            }
            shared.seen().open -= 1;
        });
        while links.try_join_next().is_some() {}
    }
}

/// What is dropped next ends with a reset.
fn reset(socket: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
}

/// Carries one connection until one of the three ends it.
async fn link(mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut cuts = shared.cuts.subscribe();
    let mut half = false;
    loop {
        let cut = {
            let (mut from_client, mut to_client) = client.split();
            let (mut from_server, mut to_server) = server.split();
            let up = pump(Way::Up, &mut from_client, &mut to_server, shared);
            let down = async {
                if half {
                    // The client hears nothing any more, but the server must not be blocked by that.
                    let _ = tokio::io::copy(&mut from_server, &mut tokio::io::sink()).await;
                    return Some(Cut::Fin);
                }
                pump(Way::Down, &mut from_server, &mut to_client, shared).await
            };
            tokio::select! {
                cut = up => cut,
                cut = down => cut,
                _ = cuts.changed() => cuts.borrow_and_update().1,
            }
        };
        match cut {
            Some(Cut::HalfClose) if !half => {
                half = true;
                let _ = client.shutdown().await;
            }
            Some(Cut::Reset) => {
                reset(&client);
                reset(&server);
                return;
            }
            Some(Cut::Fin | Cut::HalfClose) | None => {
                let _ = tokio::join!(client.shutdown(), server.shutdown());
                return;
            }
        }
    }
}

/// Carries one direction; returns how the connection is to end, `None` for one that has ended by itself.
async fn pump(
    way: Way,
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    shared: &Shared,
) -> Option<Cut> {
    let mut manners = shared.manners.subscribe();
    let is_held = |m: &Manners| if way == Way::Up { m.hold_up } else { m.hold_down };
    let (mut passed, mut piece) = (0_u64, vec![0; PIECE]);
    loop {
        let _ = manners.wait_for(|m| !is_held(m)).await;
        let n = match from.read(&mut piece).await {
            Ok(0) => return None,
            Ok(n) => n,
            // What was reset on one side is reset on the other.
            Err(_) => return Some(Cut::Reset),
        };
        // What was read before the hole opened disappears into it too, until it closes.
        let now = *manners.wait_for(|m| !is_held(m)).await.ok()?;
        if !now.delay.is_zero() {
            tokio::time::sleep(now.delay).await;
        }
        let limit = now.cut_after.filter(|(which, ..)| *which == way);
        let goes = limit.map_or(n, |(_, most, _)| n.min(usize::try_from(most.saturating_sub(passed)).unwrap_or(n)));
        for part in piece[..goes].chunks(now.split.unwrap_or(PIECE).max(1)) {
            if to.write_all(part).await.is_err() {
                return Some(Cut::Reset);
            }
            if let Some(rate) = now.rate {
                tokio::time::sleep(Duration::from_secs_f64(part.len() as f64 / rate.max(1) as f64)).await;
            } else if now.split.is_some() {
                // A segment of its own: the other side gets a turn to read it.
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
        passed += goes as u64;
        {
            let mut seen = shared.seen();
            match way {
                Way::Up => seen.up += goes as u64,
                Way::Down => seen.down += goes as u64,
            }
        }
        if let Some((_, most, cut)) = limit
            && passed >= most
        {
            return Some(cut);
        }
    }
}
