//! Observes what happens in a simulator: prints it with `-v` and `-vv`, and keeps it for tests.

use super::config::SimConfig;
#[cfg(feature = "testing")]
use super::market::lock;
#[cfg(feature = "testing")]
use super::record::{ReceivedRecord, TextSeen};
use crate::console::{Console, LogLevel, untrusted};
use crate::model::Stream;
use crate::redact::mask_client_id;
use crate::server::Request;
use crate::server::request;
use bytes::Bytes;
use serde_json::Value;
#[cfg(feature = "testing")]
use std::sync::{Mutex, MutexGuard};
use tokio_tungstenite::tungstenite::Message;

/// Receives every event of the simulator.
pub(crate) struct EventObserver {
    console: Option<Console>,
    #[cfg(feature = "testing")]
    record: Mutex<ReceivedRecord>,
    #[cfg(feature = "testing")]
    keeps_sent: bool,
}

impl EventObserver {
    pub fn new(config: &SimConfig) -> EventObserver {
        EventObserver {
            console: config.console.clone(),
            #[cfg(feature = "testing")]
            record: Mutex::default(),
            #[cfg(feature = "testing")]
            keeps_sent: config.record_sent,
        }
    }

    #[cfg(feature = "testing")]
    pub fn record(&self) -> MutexGuard<'_, ReceivedRecord> {
        lock(&self.record)
    }

    fn say(&self, level: LogLevel, words: impl FnOnce() -> String) {
        if let Some(console) = self.console.as_ref().filter(|console| console.shows(level)) {
            console.say(level, words());
        }
    }

    pub fn accepted(&self) {
        #[cfg(feature = "testing")]
        {
            self.record().tcp_accepted += 1;
        }
    }

    pub fn answered(&self, request: &Request, status: u16) {
        self.say(LogLevel::Debug, || format!("{} {}: {status}", untrusted(&request.method), untrusted(&request.path)));
        #[cfg(feature = "testing")]
        self.record().http.push(request.clone());
    }

    /// Records a request for a websocket, before it is answered.
    pub fn upgrade_asked(&self, request: &Request) {
        #[cfg(feature = "testing")]
        self.record().upgrades.push((std::time::Instant::now(), request.clone()));
        #[cfg(not(feature = "testing"))]
        let _ = request;
    }

    pub fn upgrade_refused(&self, request: &Request, status: u16) {
        self.say(LogLevel::Debug, || {
            let keys: Vec<_> =
                url::form_urlencoded::parse(request.query.as_bytes()).map(|(key, _)| untrusted(&key)).collect();
            let path = if request.path.is_empty() {
                "a request line without a path".to_owned()
            } else {
                untrusted(&request.path)
            };
            format!("websocket refused with {status}: {path}, keys: {}", keys.join(" "))
        });
    }

    pub fn opened(&self, id: usize, kind: Stream, request: &Request) {
        self.say(LogLevel::Debug, || {
            let agent = request.header("user-agent").map(|agent| format!(" by {}", untrusted(agent)));
            format!(
                "connection {id}: {} opened at {}{}",
                kind.socket_name(),
                untrusted(&request.path),
                agent.unwrap_or_default()
            )
        });
        #[cfg(feature = "testing")]
        self.record().opened(id, kind, request.clone());
    }

    pub fn claimed(&self, id: usize, client_id: Option<&str>) {
        self.say(LogLevel::Debug, || {
            format!("connection {id}: client {}", mask_client_id(&untrusted(client_id.unwrap_or_default())))
        });
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| seen.client_id = client_id.map(str::to_owned));
    }

    pub fn closed(&self, id: usize) {
        self.say(LogLevel::Debug, || format!("connection {id}: gone"));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| seen.closed = Some(std::time::Instant::now()));
    }

    pub fn text(&self, id: usize, kind: Stream, text: &str) {
        if let Some(request) = request::read(text) {
            self.say(LogLevel::Debug, || {
                let names: Vec<_> = request.instruments.iter().take(SHOWN).map(ToString::to_string).collect();
                let more = if request.named > SHOWN { " …" } else { "" };
                let action = request::action(request.code);
                format!("connection {id}: {action} {} instruments: {}{more}", request.named, names.join(" "))
            });
        }
        self.say(LogLevel::Trace, || format!("connection {id} <- {}", without_secrets(text)));
        #[cfg(feature = "testing")]
        {
            let mut record = self.record();
            if record.texts.len() < KEPT {
                record.texts.push(TextSeen {
                    connection: id,
                    kind,
                    at: std::time::Instant::now(),
                    text: text.to_owned(),
                });
            }
        }
        #[cfg(not(feature = "testing"))]
        let _ = kind;
    }

    pub fn binary(&self, id: usize, bytes: &Bytes) {
        self.say(LogLevel::Trace, || format!("connection {id} <- {} bytes of binary", bytes.len()));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| {
            if seen.binary_received.len() < 1_000 {
                seen.binary_received.push(bytes.clone());
            }
        });
    }

    pub fn pinged(&self, id: usize) {
        self.say(LogLevel::Trace, || format!("connection {id} <- ping"));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| seen.pings_received += 1);
    }

    pub fn ponged(&self, id: usize) {
        self.say(LogLevel::Trace, || format!("connection {id} <- pong"));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| seen.pongs_received += 1);
    }

    pub fn ping_sent(&self, id: usize) {
        self.say(LogLevel::Trace, || format!("connection {id} -> ping"));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| seen.pings_sent += 1);
    }

    pub fn sent(&self, id: usize, message: &Message, packets: u64) {
        self.say(LogLevel::Trace, || match message {
            Message::Text(text) => format!("connection {id} -> {}", untrusted(text)),
            message => format!("connection {id} -> {packets} packets, {} bytes", message.len()),
        });
        #[cfg(feature = "testing")]
        {
            let mut record = self.record();
            if self.keeps_sent
                && let Some(sent) = record.sent.get_mut(id)
            {
                sent.push(message.clone().into_data());
            }
            record.change(id, |seen| {
                seen.messages_sent += 1;
                seen.packets_sent += packets;
            });
        }
    }

    pub fn client_closed(&self, id: usize, code: u16) {
        self.say(LogLevel::Debug, || format!("connection {id}: the client closes with {code}"));
        #[cfg(feature = "testing")]
        self.record().change(id, |seen| _ = seen.client_close.get_or_insert(code));
    }
}

/// Number of a request's instruments that are named on stderr.
const SHOWN: usize = 5;
/// Number of texts that are kept for tests.
#[cfg(feature = "testing")]
const KEPT: usize = 200_000;

/// Returns a client's text for printing: the values of secrets masked, and nothing of it if it is no JSON.
fn without_secrets(text: &str) -> String {
    fn mask(value: &mut Value) {
        match value {
            Value::Object(members) => members.iter_mut().for_each(|(key, value)| {
                let key = key.to_ascii_lowercase();
                if ["token", "secret", "pin", "totp"].iter().any(|word| key.contains(word)) {
                    *value = Value::from("[redacted]");
                } else if let (true, Value::String(id)) = (key.contains("clientid"), &mut *value) {
                    *id = mask_client_id(id);
                } else {
                    mask(value);
                }
            }),
            Value::Array(elements) => elements.iter_mut().for_each(mask),
            _ => {}
        }
    }
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            mask(&mut value);
            untrusted(&value.to_string())
        }
        Err(_) => format!("{} bytes of text that is no JSON", text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_shown_without_its_token_and_noise_not_at_all() {
        let login =
            r#"{"LoginReq":{"MsgCode":42,"ClientId":"1000000001","Token":"abc.def"},"UserType":"SELF","Secret":"s3"}"#;
        let shown = without_secrets(login);
        assert!(shown.contains("******0001") && shown.contains("\"MsgCode\":42"), "{shown}");
        assert!(!shown.contains("abc.def") && !shown.contains("s3") && !shown.contains("1000000001"), "{shown}");
        assert_eq!(without_secrets("token=abc"), "9 bytes of text that is no JSON");
    }
}
