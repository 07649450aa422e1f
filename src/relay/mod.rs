//! One account's sockets for all programs of this host: Dhan's own protocols served again, from one login.
//!
//! Everything runs on one thread. A [`stream`](crate::stream) run for each of Dhan's streams holds the account's sockets and
//! shows every frame to the hub as it comes; the hub knows who wants what, and puts packets into the queues of clients.
//!
//! * `hub` – who wants what, in which mode; what upstream is asked for; limits; gaps.
//! * `fan_out` – frames of upstream on their way to the clients.
//! * `instrument` – one instrument: its watchers, its last packets.
//! * `narrow` – the quote and the ticker that Dhan would have sent instead of a full packet.
//! * `client` – one client's websocket; `queue` – what waits for it.
//! * `upstream` – the runs that hold the account's sockets.

mod client;
mod fan_out;
mod hub;
mod instrument;
mod narrow;
mod queue;
mod upstream;

pub use upstream::{Open, Opened};

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

/// What a relay needs.
pub struct Relay {
    /// The listening socket.
    pub listener: TcpListener,
    /// Opens the run of a stream.
    pub open: Open,
    /// The secret that clients must bring instead of any token.
    pub client_token: Option<secrecy::SecretString>,
    /// What lines of `--control` say: instruments of the market feed to hold, and to hold no longer.
    pub control: mpsc::UnboundedReceiver<Change>,
    /// What stderr says.
    pub console: Console,
}

/// A connection whose request was read, on its way to the relay's own tasks. Dropping `done` frees its place.
struct Arrived {
    stream: ClientStream,
    request: Request,
    behind: Vec<u8>,
    _done: oneshot::Sender<()>,
}

/// How long upstream runs get to say goodbye.
const GOODBYE: Duration = Duration::from_millis(1_900);

/// Returns the environment that points `dhan` and others at a relay.
pub fn environment(addr: SocketAddr) -> Vec<(&'static str, String)> {
    address::stream_variables(|stream| format!("ws://{addr}{}", path(stream)))
}

/// Serves until `stop` resolves, a control line ends it, or the account cannot be used. Call it within a `LocalSet`.
///
/// # Errors
/// Why the account's sockets could not be held, where nothing else could be served instead.
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
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    result
}
