//! Holds one connection to a NATS server, with a thread that serves it. It is not used again after an error.

use crate::console::untrusted;
use crate::storage::StopSignal;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, stream};
use async_nats::{ConnectOptions, Event};
use bytes::Bytes;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

/// Time limit of connecting.
const CONNECT: Duration = Duration::from_secs(5);
/// Time limit of an acknowledgement.
const ACK: Duration = Duration::from_secs(5);
/// Interval at which a wait checks whether the run must end.
const LOOK: Duration = Duration::from_millis(50);
/// Time for which a stream that is created here keeps messages.
const KEPT: Duration = Duration::from_hours(24);
/// Delay of the client's own reconnection, which must never happen.
const NEVER: Duration = Duration::from_hours(24);
/// Name of a stream that nobody has: a message for it is refused, which shows that publishing is allowed.
const NOBODYS: &str = "dhan-asks-whether-it-may-publish";

/// Holds the parameters of a connection.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub server: String,
    /// The stream that is created if it does not exist.
    pub stream: Option<String>,
    /// The file with the credentials.
    pub creds: Option<PathBuf>,
    /// Subject filter of a stream that is created here.
    pub stream_subject: String,
}

/// Holds a message as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsMessage {
    /// Its subject.
    pub subject: String,
    /// Id by which the server detects a duplicate.
    pub id: String,
    /// The record.
    pub payload: Bytes,
}

/// Says why nothing was acknowledged.
#[derive(Debug)]
pub enum NatsError {
    /// The server cannot be reached, or the connection was lost.
    Away(String),
    /// The server or the account refuses.
    Refused(String),
    /// The server does not take messages of this size.
    TooLarge(String),
    /// The run must end.
    Stopped,
}

impl fmt::Display for NatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NatsError::Away(why) | NatsError::Refused(why) | NatsError::TooLarge(why) => f.write_str(why),
            NatsError::Stopped => f.write_str("the run ends"),
        }
    }
}

/// Holds the first error that the connection reported.
#[derive(Default)]
struct Health {
    error: Mutex<Option<String>>,
    changed: Notify,
}

impl Health {
    fn spoil(&self, why: String) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    fn error(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn spoiled(&self) -> String {
        loop {
            if let Some(why) = self.error() {
                return why;
            }
            self.changed.notified().await;
        }
    }
}

/// A connection with its thread.
pub struct NatsConnection {
    handle: Handle,
    jetstream: jetstream::Context,
    health: Arc<Health>,
    /// Dropping it ends the thread and drops everything that the connection holds.
    _thread: oneshot::Sender<()>,
}

impl NatsConnection {
    /// Connects once.
    pub fn open(settings: &NatsSettings, stop: Option<&StopSignal>) -> Result<NatsConnection, NatsError> {
        let away = |why: String| NatsError::Away(why);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| away(format!("no runtime: {}", error.kind())))?;
        let handle = runtime.handle().clone();
        let (thread, ended) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("nats".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(ended);
                runtime.shutdown_background();
            })
            .map_err(|error| away(format!("a thread cannot be started: {}", error.kind())))?;
        let health = Arc::new(Health::default());
        let client = handle.block_on(until_stopped(stop, connect(settings, Arc::clone(&health))))??;
        // Connecting starts a task of its own.
        let entered = handle.enter();
        let mut jetstream = jetstream::new(client);
        drop(entered);
        jetstream.set_timeout(ACK);
        Ok(NatsConnection { handle, jetstream, health, _thread: thread })
    }

    /// Creates the stream if one is named and does not exist, and checks that publishing is allowed.
    pub fn prepare(&self, settings: &NatsSettings, subject: &str) -> Result<(), NatsError> {
        self.handle.block_on(async {
            if let Some(name) = &settings.stream {
                let config = stream::Config {
                    name: name.clone(),
                    subjects: vec![settings.stream_subject.clone()],
                    max_age: KEPT,
                    storage: stream::StorageType::File,
                    ..stream::Config::default()
                };
                self.healthy(None, self.jetstream.get_or_create_stream(config)).await?.map_err(|error| {
                    NatsError::Refused(format!("the stream {name:?} can neither be used nor made: {}", words(&error)))
                })?;
            }
            let message = PublishMessage::build().payload(Bytes::new()).expected_stream(NOBODYS);
            let answer = self.healthy(None, self.jetstream.send_publish(subject.to_owned(), message)).await?;
            let answer = match answer {
                Ok(acknowledged) => self.healthy(None, acknowledged).await?,
                Err(error) => Err(error),
            };
            match answer {
                // The server refused because the message is meant for another stream: so a stream takes the subject,
                // and it answers.
                Err(error) if is_other_stream(&error) => Ok(()),
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => Err(NatsError::Refused(format!(
                    "no stream takes {subject:?}: make one for {:?}, or let --nats-stream NAME make it",
                    settings.stream_subject
                ))),
                Err(error) => Err(publish_error(&error)),
                Ok(_) => Err(NatsError::Refused("the server took a message for a stream that is not there".to_owned())),
            }
        })
    }

    /// Publishes messages in order and waits until all are acknowledged.
    ///
    /// # Errors
    /// Returns the number of messages acknowledged, and the reason.
    pub fn publish(&self, messages: &[NatsMessage], stop: &StopSignal) -> Result<(), (usize, NatsError)> {
        self.handle.block_on(async {
            let mut waiting: Vec<PublishAckFuture> = Vec::with_capacity(messages.len());
            let mut failure = None;
            for NatsMessage { subject, id, payload } in messages {
                let message = PublishMessage::build().payload(payload.clone()).message_id(id);
                match self.healthy(Some(stop), self.jetstream.send_publish(subject.clone(), message)).await {
                    Ok(Ok(acknowledged)) => waiting.push(acknowledged),
                    Ok(Err(error)) => {
                        failure = Some(publish_error(&error));
                        break;
                    }
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
            for (count, acknowledged) in waiting.into_iter().enumerate() {
                match self.healthy(Some(stop), acknowledged).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return Err((count, publish_error(&error))),
                    // A lost acknowledgement is harmless: the message is published again and dropped as a duplicate.
                    Err(error) => return Err((count, failure.unwrap_or(error))),
                }
            }
            match failure {
                None => Ok(()),
                Some(error) => Err((messages.len(), error)),
            }
        })
    }

    /// Waits for `work` as long as the connection has no error and the run continues.
    async fn healthy<T>(&self, stop: Option<&StopSignal>, work: impl IntoFuture<Output = T>) -> Result<T, NatsError> {
        tokio::select! {
            biased;
            done = until_stopped(stop, work) => done,
            why = self.health.spoiled() => Err(NatsError::Away(why)),
        }
    }
}

async fn until_stopped<T>(stop: Option<&StopSignal>, work: impl IntoFuture<Output = T>) -> Result<T, NatsError> {
    let stopped = async {
        match stop {
            Some(stop) => {
                while !stop.is_stopped() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        done = work.into_future() => Ok(done),
        () = stopped => Err(NatsError::Stopped),
    }
}

async fn connect(settings: &NatsSettings, health: Arc<Health>) -> Result<async_nats::Client, NatsError> {
    let options = match &settings.creds {
        None => ConnectOptions::new(),
        Some(path) => {
            let refused = |why: String| NatsError::Refused(format!("--nats-creds {path:?} {why}"));
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| refused(format!("cannot be read: {}", crate::model::io_words(&error))))?;
            ConnectOptions::with_credentials(&text)
                .map_err(|_| refused("holds no credentials of NATS: name a file that nsc or nk makes".to_owned()))?
        }
    };
    let is_connected = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let was_connected = Arc::clone(&is_connected);
    let mut options = options
        .name("dhan")
        .connection_timeout(CONNECT)
        .ignore_discovered_servers()
        .reconnect_delay_callback(move |_| {
            if was_connected.load(std::sync::atomic::Ordering::Relaxed) { NEVER } else { Duration::ZERO }
        })
        .event_callback(move |event| {
            let why = match event {
                Event::Disconnected | Event::Closed => Some("the connection was lost".to_owned()),
                Event::ServerError(error) => Some(words(&error)),
                Event::ClientError(error) => Some(words(&error)),
                _ => None,
            };
            if let Some(why) = why {
                health.spoil(why);
            }
            std::future::ready(())
        });
    if settings.server.starts_with("tls://") {
        options = options.require_tls(true);
    }
    let client = match tokio::time::timeout(CONNECT, options.connect(settings.server.as_str())).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return Err(NatsError::Away(format!("cannot connect: {}", words(&error)))),
        Err(_) => return Err(NatsError::Away(format!("no connection within {} s", CONNECT.as_secs()))),
    };
    is_connected.store(true, std::sync::atomic::Ordering::Relaxed);
    Ok(client)
}

fn publish_error(error: &PublishError) -> NatsError {
    match error.kind() {
        PublishErrorKind::StreamNotFound => NatsError::Refused("no stream takes the messages".to_owned()),
        PublishErrorKind::TimedOut => NatsError::Away(format!("no acknowledgement within {} s", ACK.as_secs())),
        PublishErrorKind::BrokenPipe => NatsError::Away("the connection was lost".to_owned()),
        PublishErrorKind::MaxPayloadExceeded => NatsError::TooLarge(words(error)),
        _ => NatsError::Refused(words(error)),
    }
}

/// Returns whether a message was refused because it is meant for another stream.
fn is_other_stream(error: &PublishError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<jetstream::Error>());
    source.is_some_and(|error| error.error_code() == jetstream::ErrorCode::STREAM_NOT_MATCH)
}

/// Returns an error of the library in a form that is safe to show.
fn words(error: &dyn fmt::Display) -> String {
    untrusted(&error.to_string())
}
