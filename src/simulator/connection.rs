//! Serves one websocket from its upgrade to its end: frames in both directions, pings, faults, and commands of tests.

use super::config::Fault;
use super::rng::Rng;
#[cfg(feature = "testing")]
use super::service::Flood;
use super::service::{Service, ServiceOutput};
use super::state::{Broker, ConnectionCommand, Cut};
use crate::model::Stream;
use crate::server::ClientStream;
use crate::server::packets::disconnect_packet;
use bytes::Bytes;
#[cfg(feature = "testing")]
use futures_util::FutureExt as _;
use futures_util::{SinkExt as _, StreamExt as _};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
#[cfg(feature = "testing")]
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Time limit of an orderly end.
const END_LIMIT: Duration = Duration::from_secs(2);
/// Delay of a reset, so that what was sent before it arrives.
const ARRIVAL: Duration = Duration::from_millis(20);

/// One websocket.
pub(crate) struct ClientConnection {
    pub broker: Arc<Broker>,
    pub id: usize,
    pub kind: Stream,
    pub socket: WebSocketStream<ClientStream>,
    pub commands: UnboundedReceiver<ConnectionCommand>,
    pub service: Box<dyn Service>,
    /// How the first request is answered if the client is refused.
    pub refusal: Option<Cut>,
    /// Commands that arrived during a write.
    pub waiting: VecDeque<ConnectionCommand>,
    pub noise: Rng,
    pub packets: u64,
    pub requests: usize,
    pub muted: bool,
    pub stalled: bool,
}

/// Says why the connection ends.
enum End {
    /// The server ends it.
    Cut(Cut),
    /// The client has left.
    ClientLeft,
}

impl ClientConnection {
    /// Serves the client until one of the two ends the connection.
    pub async fn run(mut self) {
        let end = self.serve().await;
        if let End::Cut(cut) = end {
            self.cut(cut).await;
        }
        self.broker.close(self.id);
    }

    async fn serve(&mut self) -> End {
        let (ping_every, idle_limit) = (self.broker.config.ping_every(self.kind), self.broker.config.idle_limit());
        let far = || Instant::now() + Duration::from_secs(1_000_000);
        let mut ping_at = ping_every.map_or_else(far, |every| Instant::now() + every);
        let mut heard = Instant::now();
        loop {
            if let Some(command) = self.waiting.pop_front() {
                if let Some(end) = self.obey(command).await {
                    return end;
                }
                continue;
            }
            let stalled = self.stalled;
            let due = if self.muted || stalled { None } else { self.service.due() };
            let idle_at = idle_limit.map_or_else(far, |limit| heard + limit);
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.waiting.push_back(command),
                    None => return End::ClientLeft,
                },
                frame = self.socket.next(), if !stalled => {
                    heard = Instant::now();
                    let Some(Ok(frame)) = frame else { return End::ClientLeft };
                    if let Some(end) = self.handle_message(frame).await {
                        return end;
                    }
                }
                () = sleep_until(ping_at), if !stalled => {
                    ping_at = ping_every.map_or_else(far, |every| Instant::now() + every);
                    if self.write(Message::Ping(Bytes::from_static(b"dhan"))).await.is_err() {
                        return End::ClientLeft;
                    }
                    self.broker.observer.ping_sent(self.id);
                }
                () = sleep_until(idle_at), if !stalled => return End::Cut(Cut::Close(1001)),
                () = sleep_until(due.unwrap_or_else(far)), if due.is_some() => {
                    #[cfg(feature = "testing")]
                    if let Some(flood) = self.service.blast() {
                        if let Some(end) = self.flood(flood).await {
                            return end;
                        }
                        continue;
                    }
                    let mut out = Vec::new();
                    self.service.on_due(&mut out);
                    let begun = Instant::now();
                    if let Some(end) = self.deliver(out).await {
                        return end;
                    }
                    // While it writes to a slow reader it hears nothing, and sends no ping that could be answered.
                    heard += begun.elapsed();
                }
            }
        }
    }

    async fn handle_message(&mut self, frame: Message) -> Option<End> {
        match frame {
            Message::Text(text) => {
                self.broker.observer.text(self.id, self.kind, &text);
                self.handle_request(&text).await
            }
            Message::Binary(bytes) => {
                // The official client sends 83 bytes when it leaves; its version 1 sends a complete login.
                self.broker.observer.binary(self.id, &bytes);
                None
            }
            Message::Ping(_) => {
                self.broker.observer.pinged(self.id);
                // The pong is queued and must not wait for the next data.
                self.socket.flush().await.err().map(|_| End::ClientLeft)
            }
            Message::Pong(_) => {
                self.broker.observer.ponged(self.id);
                None
            }
            Message::Close(frame) => {
                self.client_closed(frame);
                None
            }
            Message::Frame(_) => None,
        }
    }

    async fn handle_request(&mut self, text: &str) -> Option<End> {
        self.requests += 1;
        let is_first = self.requests == 1;
        if let Some(cut) = self.refusal {
            return Some(End::Cut(cut));
        }
        #[cfg(feature = "testing")]
        if self.broker.is_reset_due(self.requests) {
            return Some(End::Cut(Cut::Reset));
        }
        let faults = if is_first { self.broker.config.faults.clone() } else { Vec::new() };
        for fault in &faults {
            match fault {
                Fault::Disconnect(reason) => return Some(End::Cut(Cut::Disconnect(*reason))),
                Fault::ResetAfter(0) => return Some(End::Cut(Cut::Reset)),
                _ => {}
            }
        }
        let mut out = Vec::new();
        self.service.on_text(text, &mut out);
        if self.muted {
            out.retain(|out| matches!(out, ServiceOutput::End(_)));
        }
        if let Some(end) = self.deliver(out).await {
            return Some(end);
        }
        for fault in &faults {
            match fault {
                Fault::Close(code) => return Some(End::Cut(Cut::Close(*code))),
                Fault::Stall => self.stalled = true,
                _ => {}
            }
        }
        None
    }

    async fn obey(&mut self, command: ConnectionCommand) -> Option<End> {
        match command {
            ConnectionCommand::Cut(cut) => Some(End::Cut(cut)),
            #[cfg(feature = "testing")]
            ConnectionCommand::Binary(bytes) => self.send(Message::Binary(bytes), 1).await,
            #[cfg(feature = "testing")]
            ConnectionCommand::Text(text) => self.send(Message::text(text), 1).await,
            #[cfg(feature = "testing")]
            ConnectionCommand::Mute(muted) => {
                self.muted = muted;
                None
            }
            #[cfg(feature = "testing")]
            ConnectionCommand::Stall(stalled) => {
                self.stalled = stalled;
                None
            }
            #[cfg(feature = "testing")]
            ConnectionCommand::Nudge => None,
        }
    }

    /// Sends the output of a service, with the faults applied.
    async fn deliver(&mut self, out: Vec<ServiceOutput>) -> Option<End> {
        for out in out {
            match out {
                ServiceOutput::End(cut) => return Some(End::Cut(cut)),
                ServiceOutput::Text(text) => {
                    if let Some(end) = self.apply_faults(Bytes::from(text), 1, true).await {
                        return Some(end);
                    }
                }
                ServiceOutput::Binary { bytes, packets } => {
                    if let Some(end) = self.apply_faults(bytes, packets, false).await {
                        return Some(end);
                    }
                }
            }
        }
        self.flush().await
    }

    /// Sends a message as the faults alter it.
    async fn apply_faults(&mut self, mut bytes: Bytes, mut packets: u64, is_text: bool) -> Option<End> {
        let broker = self.broker.clone();
        let mut reset = false;
        for fault in &broker.config.faults {
            match fault {
                Fault::ResetAfter(limit) if self.packets + packets >= *limit => {
                    packets = limit.saturating_sub(self.packets);
                    bytes.truncate(first_packets(self.kind, &bytes, packets));
                    reset = true;
                }
                Fault::Truncate if self.noise.one_in(8) => {
                    let cut = 1 + self.noise.below(7) as usize;
                    bytes.truncate(bytes.len().saturating_sub(cut).max(1));
                }
                Fault::Garbage if self.noise.one_in(8) => {
                    let noise = garbage(&mut self.noise, is_text);
                    if let Some(end) = self.feed(noise, is_text, 0).await {
                        return Some(end);
                    }
                }
                _ => {}
            }
        }
        if let Some(end) = self.feed(bytes, is_text, packets).await {
            return Some(end);
        }
        if reset {
            if let Some(end) = self.flush().await {
                return Some(end);
            }
            sleep(ARRIVAL).await;
            return Some(End::Cut(Cut::Reset));
        }
        None
    }

    async fn feed(&mut self, bytes: Bytes, is_text: bool, packets: u64) -> Option<End> {
        let message =
            if is_text { Message::text(String::from_utf8_lossy(&bytes).into_owned()) } else { Message::Binary(bytes) };
        self.remember(&message, packets);
        self.while_listening(async |socket| socket.feed(message).await).await
    }

    async fn send(&mut self, message: Message, packets: u64) -> Option<End> {
        self.remember(&message, packets);
        self.while_listening(async |socket| socket.send(message).await).await
    }

    async fn flush(&mut self) -> Option<End> {
        self.while_listening(async |socket| socket.flush().await).await
    }

    fn remember(&mut self, message: &Message, packets: u64) {
        self.packets += packets;
        self.broker.observer.sent(self.id, message, packets);
    }

    /// Writes while it handles commands, so that a client that does not read can still be disconnected.
    async fn while_listening(
        &mut self,
        write: impl AsyncFnOnce(&mut WebSocketStream<ClientStream>) -> Result<(), Error>,
    ) -> Option<End> {
        // A client that reads nothing answers no ping either.
        let limit = self.broker.config.idle_limit().unwrap_or(Duration::from_secs(1_000_000));
        let mut limit = std::pin::pin!(sleep(limit));
        let mut writing = std::pin::pin!(write(&mut self.socket));
        loop {
            tokio::select! {
                biased;
                result = &mut writing => return result.err().map(|_| End::ClientLeft),
                command = self.commands.recv() => match command {
                    None => return Some(End::ClientLeft),
                    Some(ConnectionCommand::Cut(cut @ Cut::Reset)) => return Some(End::Cut(cut)),
                    Some(command) => self.waiting.push_back(command),
                },
                () = &mut limit => return Some(End::Cut(Cut::Reset)),
            }
        }
    }

    async fn write(&mut self, message: Message) -> Result<(), Error> {
        self.socket.send(message).await
    }

    /// Writes prepared chunks directly, since the websocket library would cost more time than the client.
    #[cfg(feature = "testing")]
    async fn flood(&mut self, flood: Flood) -> Option<End> {
        let chunks = (0..flood.repeats)
            .map(|_| (&flood.chunk, flood.packets_per_chunk))
            .chain([(&flood.tail, flood.tail_packets)]);
        for (chunk, packets) in chunks.filter(|(chunk, _)| !chunk.is_empty()) {
            if let Some(end) = self.flush().await {
                return Some(end);
            }
            let end = self.while_listening(async |socket| Ok(socket.get_mut().write_all(chunk).await?)).await;
            if end.is_some() {
                return end;
            }
            self.packets += packets;
            self.broker.observer.record().change(self.id, |seen| seen.packets_sent += packets);
            while let Some(frame) = self.socket.next().now_or_never() {
                let Some(Ok(frame)) = frame else { return Some(End::ClientLeft) };
                if let Some(end) = self.handle_message(frame).await {
                    return Some(end);
                }
            }
            if let Some(command) = self.waiting.pop_front()
                && let Some(end) = self.obey(command).await
            {
                return Some(end);
            }
            tokio::task::yield_now().await;
        }
        None
    }

    async fn cut(&mut self, cut: Cut) {
        match cut {
            Cut::Reset => self.socket.get_ref().reset_on_drop(),
            #[cfg(feature = "testing")]
            Cut::Fin => {
                let _ = timeout(END_LIMIT, self.socket.get_mut().shutdown()).await;
                self.drain().await;
            }
            Cut::Close(code) => self.close_with(code).await,
            Cut::Disconnect(reason) => {
                let packet = disconnect_packet(self.kind, self.broker.config.disconnect_layout, reason);
                let _ = timeout(END_LIMIT, self.send(Message::Binary(packet.into()), 1)).await;
                self.close_with(1000).await;
            }
        }
    }

    async fn close_with(&mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        let _ = timeout(END_LIMIT, self.socket.close(Some(frame))).await;
        self.drain().await;
    }

    /// Reads until the client has ended its side too, because unread bytes would turn the end into a reset.
    async fn drain(&mut self) {
        let drained = async {
            while let Some(Ok(frame)) = self.socket.next().await {
                if let Message::Close(frame) = frame {
                    self.client_closed(frame);
                }
            }
        };
        let _ = timeout(END_LIMIT, drained).await;
    }

    fn client_closed(&self, frame: Option<CloseFrame>) {
        self.broker.observer.client_closed(self.id, frame.map_or(1005, |frame| u16::from(frame.code)));
    }
}

/// Returns the length in bytes of a message's first packets.
fn first_packets(kind: Stream, bytes: &[u8], packets: u64) -> usize {
    let length_at = match kind {
        Stream::Market => 1,
        Stream::DEPTH_20 | Stream::DEPTH_200 => 0,
        Stream::Orders => return if packets == 0 { 0 } else { bytes.len() },
    };
    let mut end = 0;
    for _ in 0..packets {
        let Some(&[low, high]) = bytes.get(end + length_at..).and_then(|rest| rest.first_chunk()) else { break };
        end += usize::from(u16::from_le_bytes([low, high]));
    }
    end.min(bytes.len())
}

/// Returns random bytes that are no disconnect packet by accident.
fn garbage(rng: &mut Rng, is_text: bool) -> Bytes {
    if is_text {
        return Bytes::from_static(b"<html>{\"Data\":");
    }
    let length = 1 + rng.below(200) as usize;
    let noise = (0..length).map(|_| rng.next() as u8).map(|byte| if byte == 50 { 51 } else { byte });
    noise.collect::<Vec<_>>().into()
}
