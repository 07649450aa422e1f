//! Shares one account's sockets among all programs of this host: it serves Dhan's own protocols from one login.
//!
//! Everything runs on one thread. A [`stream`](crate::stream) run for each of Dhan's streams holds the account's
//! sockets and passes every frame to the hub; the hub knows the subscriptions, and puts packets into the queues of
//! clients.
//!
//! * `hub` – the clients' and the upstream subscriptions; limits; gaps.
//! * `fan_out` – distributes upstream frames to the clients.
//! * `instrument` – one instrument: its watchers, its last packets.
//! * `narrow` – cuts the quote and the ticker out of a full packet.
//! * `client` – one client's websocket; `queue` – the data that waits for it.
//! * `upstream` – the runs that hold the account's sockets.

mod client;
mod fan_out;
mod hub;
mod instrument;
mod narrow;
mod queue;
mod upstream;

pub use upstream::{Open, OpenedRun};

use crate::console::Console;
use crate::model::exit::{Exit, Failure};
use crate::server::{ClientStream, Request, address, listener, path};
use crate::stream::Change;
use hub::Hub;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// Holds what a relay needs.
pub struct Relay {
    /// The listening socket.
    pub listener: TcpListener,
    /// Creates the run of a stream.
    pub open: Open,
    /// The token that clients must send.
    pub client_token: Option<secrecy::SecretString>,
    /// Changes from `--control`: instruments of the market feed to hold and to release.
    pub control: mpsc::UnboundedReceiver<Change>,
    /// The printer.
    pub console: Console,
}

/// A connection whose request was read, on its way to the relay's tasks. Dropping `done` frees its place.
struct Arrived {
    stream: ClientStream,
    request: Request,
    behind: Vec<u8>,
    _done: oneshot::Sender<()>,
}

/// Time that upstream runs have for their orderly end.
const END_LIMIT: Duration = Duration::from_millis(1_900);

/// Returns the environment variables that point programs at a relay.
pub fn environment(addr: SocketAddr) -> Vec<(&'static str, String)> {
    address::stream_variables(|stream| format!("ws://{addr}{}", path(stream)))
}

/// Serves until `stop` resolves, a control line ends it, or the account cannot be used. Call it within a `LocalSet`.
///
/// # Errors
/// Says why the account's sockets could not be held, if nothing else could be served.
pub async fn serve(relay: Relay, stop: impl Future<Output = ()>) -> Result<Exit, Failure> {
    let Relay { listener, open, client_token, mut control, console } = relay;
    let (arrive, mut arrived) = mpsc::unbounded_channel::<Arrived>();
    let accepting = tokio::spawn(listener::listen(
        listener,
        None,
        || {},
        move |stream, request, behind| {
            let (done, finished) = oneshot::channel();
            let _ = arrive.send(Arrived { stream, request, behind, _done: done });
            async move { drop(finished.await) }
        },
    ));
    let (say, mut ended) = mpsc::unbounded_channel();
    let hub = Hub::new(open, client_token, console, say);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut stop = std::pin::pin!(stop);
    let mut is_signal = false;
    let result = loop {
        tokio::select! {
            () = &mut stop => {
                is_signal = true;
                break Ok(Exit::Done);
            }
            Some(control) = control.recv() => match control {
                Change::Subscribe(added) => hub.hold(&added.into_iter().map(|(one, _)| one).collect::<Vec<_>>()),
                Change::Unsubscribe(removed) => hub.release(&removed),
                Change::List => hub.list(),
                Change::Quit => break Ok(Exit::Done),
            },
            Some(arrived) = arrived.recv() => {
                tokio::task::spawn_local(client::serve(Rc::clone(&hub), arrived));
            }
            Some((stream, result)) = ended.recv() => if let Some(failure) = hub.upstream_ended(stream, result) {
                break Err(failure);
            },
            _ = seconds.tick() => hub.second(Instant::now()),
        }
    };
    accepting.abort();
    hub.stop(is_signal);
    let goodbye = async {
        while hub.has_upstream() {
            match ended.recv().await {
                Some((stream, result)) => drop(hub.upstream_ended(stream, result)),
                None => break,
            }
        }
    };
    let _ = tokio::time::timeout(END_LIMIT, goodbye).await;
    result
}
