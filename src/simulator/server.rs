//! The listener: who asks for what, and what becomes of it.

use super::config::{BadToken, Depth200Path, Fault, SimConfig};
use super::connection::{Connection, refusal, websocket_config};
use super::depth::Depth;
use super::feed::Feed;
use super::http::{self, Request, Response};
use super::orders::Orders;
use super::probe::Probe;
use super::rest;
use super::rng::Rng;
use super::service::{Service, Sourced};
use super::state::{Broker, Cut, Upgrade};
use super::stream::ClientStream;
use crate::model::Stream;
use crate::protocol::depth::Levels;
use std::collections::VecDeque;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A broker in a box.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// Starts serving, as tasks of the runtime that this is called on. Fails where the address cannot be listened on.
    pub async fn start(config: SimConfig) -> io::Result<SimHandle> {
        let listener = TcpListener::bind(config.listen).await?;
        let broker = Arc::new(Broker::new(config, listener.local_addr()?));
        let task = tokio::spawn(listen(listener, broker.clone()));
        Ok(SimHandle { probe: Probe(broker), engine: Engine::Task(task) })
    }
}

/// A running simulator; dropping it ends every connection and frees the port. It is a [`Probe`] too.
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

    /// A view of it that may outlive the handle.
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

async fn listen(listener: TcpListener, broker: Arc<Broker>) {
    let mut clients = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => {
                broker.state().tcp_accepted += 1;
                clients.spawn(client(tcp, broker.clone()));
            }
            // Out of file descriptors, most likely: give others time to go.
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
        while clients.try_join_next().is_some() {}
    }
}

/// A client, from its first byte. Errors are the client's going away.
async fn client(tcp: TcpStream, broker: Arc<Broker>) {
    let _ = tcp.set_nodelay(true);
    let mut stream = match &broker.config.tls {
        None => ClientStream::Plain(tcp),
        Some(tls) => match TlsAcceptor::from(tls.clone()).accept(tcp).await {
            Ok(tls) => ClientStream::Tls(Box::new(tls)),
            Err(_) => return,
        },
    };
    let Ok(Some((request, behind))) = http::read_request(&mut stream).await else { return };
    if request.is_upgrade() {
        upgrade(stream, request, behind, broker).await;
    } else {
        let response = rest::answer(&request, &broker);
        broker.state().http.push(request.clone());
        let _ = http::respond(&mut stream, &response, request.method != "HEAD").await;
    }
}

/// Which socket a request means.
fn kind_of(request: &Request) -> Option<Stream> {
    match request.path.as_str() {
        "/feed" => Some(Stream::Market),
        "/twentydepth" => Some(Stream::DEPTH_20),
        "/twohundreddepth" => Some(Stream::DEPTH_200),
        "/orders" => Some(Stream::Orders),
        // Two of the broker's hosts serve their root; here they are one, and only the market feed has a version.
        "/" | "" if request.query_value("version").is_some() => Some(Stream::Market),
        "/" | "" => Some(Stream::DEPTH_200),
        _ => None,
    }
}

async fn upgrade(mut stream: ClientStream, request: Request, behind: Vec<u8>, broker: Arc<Broker>) {
    broker.state().upgrades.push((std::time::Instant::now(), request.clone()));
    let Some(kind) = kind_of(&request) else {
        return drop(http::respond(&mut stream, &Response::status(404), true).await);
    };
    let refused_status = broker.config.faults.iter().find_map(|fault| match fault {
        Fault::Http(status) => Some(*status),
        _ => None,
    });
    if let Some(status) = refused_status {
        return drop(http::respond(&mut stream, &Response::status(status), true).await);
    }
    let mut reset_at_once = false;
    match broker.next_upgrade() {
        Upgrade::Accept => {}
        Upgrade::Answer(response) => return drop(http::respond(&mut stream, &response, true).await),
        Upgrade::AcceptThenReset => reset_at_once = true,
        Upgrade::Reset => return stream.reset_on_drop(),
        Upgrade::Silence => return std::future::pending().await,
        Upgrade::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            return drop(stream.shutdown().await);
        }
    }
    // The order socket has its token in the login.
    let is_refused = kind != Stream::Orders && !broker.is_token_good(request.query_value("token").as_deref());
    if let (true, BadToken::Http(status)) = (is_refused, broker.config.bad_token) {
        return drop(http::respond(&mut stream, &Response::status(status), true).await);
    }
    let Some(key) = request.header("sec-websocket-key").map(str::to_owned) else {
        return drop(http::respond(&mut stream, &Response::status(400), true).await);
    };
    if http::accept_upgrade(&mut stream, &key).await.is_err() {
        return;
    }
    if reset_at_once {
        return stream.reset_on_drop();
    }
    let elsewhere = kind == Stream::DEPTH_200
        && match broker.config.depth_200_path {
            Depth200Path::Both => false,
            Depth200Path::Root => request.path == "/twohundreddepth",
            Depth200Path::Neither => true,
        };
    let refusal = match (elsewhere, is_refused) {
        (true, _) => Some(Cut::Reset),
        (_, true) => Some(refusal(broker.config.bad_token)),
        _ => None,
    };
    serve(stream, kind, request, behind, refusal, broker).await;
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
    let (id, commands) = broker.open(kind, request);
    if kind != Stream::Orders {
        broker.claim(id, client_id);
    }
    let service: Box<dyn Service> = match (&broker.config.source, kind) {
        (Some(source), kind) => Box::new(Sourced::new(source.clone(), kind)),
        (None, Stream::Market) => Box::new(Feed::new(broker.clone(), id)),
        (None, Stream::DEPTH_20) => Box::new(Depth::new(broker.clone(), id, Levels::Twenty)),
        (None, Stream::DEPTH_200) => Box::new(Depth::new(broker.clone(), id, Levels::TwoHundred)),
        (None, Stream::Orders) => Box::new(Orders::new(broker.clone(), id)),
    };
    let config = Some(websocket_config());
    let socket = WebSocketStream::from_partially_read(stream, behind, Role::Server, config).await;
    let (muted, stalled) = {
        let state = broker.state();
        (state.muted || broker.config.faults.contains(&Fault::Mute), state.stalled)
    };
    let noise = Rng::mixed(&[broker.config.seed, 9, u64::from(kind.index())]);
    let connection = Connection {
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
