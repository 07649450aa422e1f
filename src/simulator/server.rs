//! Starts and stops a simulator; grants or refuses its clients' requests.

use super::config::{Fault, SimConfig};
use super::connection::ClientConnection;
use super::depth::DepthService;
use super::feed::FeedService;
use super::orders::OrderService;
use super::probe::Probe;
use super::rest;
use super::rng::Rng;
#[cfg(feature = "testing")]
use super::script::Fate;
use super::service::{Service, Sourced};
use super::state::{Broker, Cut};
use crate::model::Stream;
use crate::protocol::depth::Levels;
use crate::server::{ClientStream, Request, Response, http, listener, route, websocket_config};
use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A simulated broker.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// Starts serving in tasks of the present runtime. Fails if the address cannot be listened on.
    pub async fn start(config: SimConfig) -> io::Result<SimHandle> {
        let listener = TcpListener::bind(config.listen).await?;
        let broker = Arc::new(Broker::new(config, listener.local_addr()?));
        let (serving, counting) = (broker.clone(), broker.clone());
        let task = tokio::spawn(listener::listen(
            listener,
            broker.config.tls(),
            move || counting.observer.accepted(),
            move |stream, request, behind| client(stream, request, behind, serving.clone()),
        ));
        Ok(SimHandle { probe: Probe(broker), engine: Engine::Task(task) })
    }
}

/// A running simulator; dropping it ends every connection and frees the port. It is also a [`Probe`].
pub struct SimHandle {
    probe: Probe,
    engine: Engine,
}

enum Engine {
    Task(JoinHandle<()>),
    Thread { stop: Option<oneshot::Sender<()>>, thread: Option<thread::JoinHandle<()>> },
}

impl SimHandle {
    /// Starts serving on a thread and runtime of its own, for callers that block.
    pub fn start_in_thread(config: SimConfig) -> io::Result<SimHandle> {
        let (started, starting) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("simulator".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            runtime.block_on(async {
                match Simulator::start(config).await {
                    Ok(handle) => {
                        if started.send(Ok(handle.probe.clone())).is_ok() {
                            let _ = stopped.await;
                        }
                    }
                    Err(error) => drop(started.send(Err(error))),
                }
            });
        })?;
        let probe = starting.recv().map_err(|_| io::Error::other("the simulator's thread died"))??;
        Ok(SimHandle { probe, engine: Engine::Thread { stop: Some(stop), thread: Some(thread) } })
    }

    /// Returns a view of it that may outlive the handle.
    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// Stops serving.
    pub fn stop(self) {}
}

impl Deref for SimHandle {
    type Target = Probe;

    fn deref(&self) -> &Probe {
        &self.probe
    }
}

impl Drop for SimHandle {
    fn drop(&mut self) {
        match &mut self.engine {
            // The task owns all others.
            Engine::Task(task) => task.abort(),
            Engine::Thread { stop, thread } => {
                drop(stop.take());
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
        }
    }
}

/// Serves one request, a websocket or plain HTTP. Errors mean that the client left.
async fn client(mut stream: ClientStream, request: Request, behind: Vec<u8>, broker: Arc<Broker>) {
    if request.is_upgrade() {
        upgrade(stream, request, behind, broker).await;
        return;
    }
    let body = timeout(ANSWER_TIME, http::read_body(&mut stream, &request, behind, BODY_LIMIT)).await;
    let Ok(Ok(body)) = body else { return };
    let response = rest::answer(&request, &body, &broker);
    broker.observer.answered(&request, response.status);
    let answering = http::respond(&mut stream, &response, request.method != "HEAD");
    let _ = timeout(ANSWER_TIME, answering).await;
}

/// Longest body of a request that is read, in bytes.
const BODY_LIMIT: usize = 64 << 10;
/// Time in which a client must send a request's body, and again in which it must read the answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// Grants or refuses a websocket.
async fn upgrade(mut stream: ClientStream, request: Request, behind: Vec<u8>, broker: Arc<Broker>) {
    broker.observer.upgrade_asked(&request);
    let faulty = broker.config.faults.iter().find_map(|fault| match fault {
        Fault::Http(status) => Some(*status),
        _ => None,
    });
    let routed = match (route(&request), faulty) {
        (Ok(_), Some(status)) => Err(status),
        (routed, _) => routed,
    };
    let kind = match routed {
        Ok(kind) => kind,
        Err(status) => return refuse(&mut stream, &request, status, &broker).await,
    };
    #[cfg(feature = "testing")]
    let (mut stream, reset_at_once) = match broker.scripted_upgrade(stream).await {
        Fate::GoOn(stream) => (stream, false),
        Fate::Reset(stream) => (stream, true),
        Fate::Answered => return,
    };
    // The order socket gets its token in the login.
    let is_refused = kind != Stream::Orders && !broker.is_token_good(request.query_value("token").as_deref());
    if let (true, Some(status)) = (is_refused, broker.config.refusal_status()) {
        return refuse(&mut stream, &request, status, &broker).await;
    }
    let Some(key) = request.header("sec-websocket-key").map(str::to_owned) else {
        return refuse(&mut stream, &request, 400, &broker).await;
    };
    if http::accept_upgrade(&mut stream, &key).await.is_err() {
        return;
    }
    #[cfg(feature = "testing")]
    if reset_at_once {
        return stream.reset_on_drop();
    }
    #[cfg(feature = "testing")]
    let stream = broker.config.deafened(kind, stream);
    let refusal = if kind == Stream::DEPTH_200 && !broker.config.has_200_levels(&request.path) {
        Some(Cut::Reset)
    } else {
        is_refused.then(|| broker.config.refusal())
    };
    serve(stream, kind, request, behind, refusal, broker).await;
}

async fn refuse(stream: &mut ClientStream, request: &Request, status: u16, broker: &Broker) {
    broker.observer.upgrade_refused(request, status);
    let _ = timeout(ANSWER_TIME, http::respond(stream, &Response::status(status), true)).await;
}

async fn serve(
    stream: ClientStream,
    kind: Stream,
    request: Request,
    behind: Vec<u8>,
    refusal: Option<Cut>,
    broker: Arc<Broker>,
) {
    let client_id = request.query_value("clientId");
    let (id, commands) = broker.open(kind, &request);
    if kind != Stream::Orders {
        broker.claim(id, client_id);
    }
    let service: Box<dyn Service> = match (&broker.config.source, kind) {
        (Some(source), kind) => Box::new(Sourced::new(source.clone(), kind)),
        (None, Stream::Market) => Box::new(FeedService::new(broker.clone(), id)),
        (None, Stream::DEPTH_20) => Box::new(DepthService::new(broker.clone(), id, Levels::Twenty)),
        (None, Stream::DEPTH_200) => Box::new(DepthService::new(broker.clone(), id, Levels::TwoHundred)),
        (None, Stream::Orders) => Box::new(OrderService::new(broker.clone(), id)),
    };
    let config = Some(websocket_config());
    let socket = WebSocketStream::from_partially_read(stream, behind, Role::Server, config).await;
    let muted = broker.config.faults.contains(&Fault::Mute);
    #[cfg(feature = "testing")]
    let (muted, stalled) = {
        let state = broker.state();
        (muted || state.script.muted, state.script.stalled)
    };
    #[cfg(not(feature = "testing"))]
    let stalled = false;
    let noise = Rng::mixed(&[broker.config.seed, 9, u64::from(kind.index())]);
    let connection = ClientConnection {
        broker,
        id,
        kind,
        socket,
        commands,
        service,
        refusal,
        waiting: VecDeque::new(),
        noise,
        packets: 0,
        requests: 0,
        muted,
        stalled,
    };
    connection.run().await;
}
