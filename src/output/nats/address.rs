//! Parses where messages go: a server, and a subject with placeholders for each record's fields.

use super::connection::NatsMessage;
use crate::model::Micros;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;

const DEFAULT: &str = "dhan.{type}.{segment}.{security_id}";
const PORT: u16 = 4222;

/// Holds a server and a subject, as `-o` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsAddress {
    /// `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub server: String,
    /// The subject of each record.
    pub subject: Subject,
}

impl NatsAddress {
    /// Parses `nats://HOST[:PORT][/SUBJECT]`.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead. A password is not repeated.
    pub fn parse(typed: &str) -> Result<NatsAddress, String> {
        let (scheme, rest) = typed.split_once("://").unwrap_or_default();
        let (authority, subject) = rest.split_once('/').unwrap_or((rest, ""));
        let scheme = scheme.to_ascii_lowercase();
        if authority.contains('@') {
            return Err(format!(
                "--output {scheme}://…: a name or password does not belong into an address, which everybody can read: write \
                 --nats-creds FILE"
            ));
        }
        let shown = crate::console::untrusted(typed);
        let wrong = |why: &str| format!("--output {shown:?}: {why}; write nats://HOST:{PORT}/{DEFAULT}");
        // Parsed like an http address, which checks the host and allows IPv6 in brackets.
        let url = url::Url::parse(&format!("http://{authority}")).map_err(|_| wrong("it names no server"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no server"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("there is something behind the server that is no subject"));
        }
        let port = if authority.ends_with(":80") { 80 } else { url.port().unwrap_or(PORT) };
        let subject = Subject::parse(if subject.is_empty() { DEFAULT } else { subject }).map_err(|why| wrong(&why))?;
        Ok(NatsAddress { server: format!("{scheme}://{host}:{port}"), subject })
    }
}

impl fmt::Display for NatsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, self.subject.text)
    }
}

/// A subject with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Type,
    Segment,
    SecurityId,
    Symbol,
}

/// Holds the fields of a record that a subject uses.
#[derive(Debug, Default, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    segment: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    security_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    symbol: Option<Cow<'a, str>>,
    #[serde(rename = "recv_us", default)]
    recv: Option<Micros>,
    #[serde(borrow, rename = "recv", default)]
    recv_text: Option<Cow<'a, str>>,
}

impl Subject {
    fn parse(text: &str) -> Result<Subject, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('{') {
                let (name, after) = after.split_once('}').ok_or("a { has no }")?;
                parts.push(match name {
                    "type" => Part::Type,
                    "segment" => Part::Segment,
                    "security_id" => Part::SecurityId,
                    "symbol" => Part::Symbol,
                    _ => return Err(format!("{{{name}}} is none of {{type}} {{segment}} {{security_id}} {{symbol}}")),
                });
                rest = after;
            } else {
                let end = rest.find('{').unwrap_or(rest.len());
                parts.push(Part::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        let subject = Subject { text: text.to_owned(), parts };
        let filled = subject.fill(&Fields::default());
        if filled.split('.').any(str::is_empty) {
            return Err("a subject has words between single dots".to_owned());
        }
        let literal = |c: char| subject.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(c)));
        if filled.contains(|c: char| c.is_whitespace() || c.is_control()) || literal('*') || literal('>') {
            return Err("a subject holds no white space, no * and no >".to_owned());
        }
        if filled.starts_with('$') {
            return Err("subjects that begin with $ are the server's own".to_owned());
        }
        Ok(subject)
    }

    /// Returns the subject filter of a stream for it: the words before the first placeholder, and `>`.
    pub fn stream_subject(&self) -> String {
        let fixed: String =
            self.text.split('.').take_while(|word| !word.contains('{')).map(|word| format!("{word}.")).collect();
        if self.text.contains('{') { format!("{fixed}>") } else { self.text.clone() }
    }

    /// Returns the subject of the `end` record, which every run publishes.
    pub fn of_end(&self) -> String {
        self.fill(&Fields { kind: Some(Cow::Borrowed("end")), ..Fields::default() })
    }

    /// Returns the message for a record, a line of NDJSON without its line end.
    pub fn message(&self, line: &[u8], run: u64) -> NatsMessage {
        let fields: Fields<'_> = serde_json::from_slice(line).unwrap_or_default();
        let time = match (&fields.recv_text, fields.recv) {
            (Some(recv), _) => recv.to_string(),
            (None, Some(recv)) => recv.get().to_string(),
            (None, None) => String::new(),
        };
        NatsMessage { subject: self.fill(&fields), id: format!("{run:016x}-{time}"), payload: line.to_vec().into() }
    }

    fn fill(&self, fields: &Fields<'_>) -> String {
        let mut subject = String::with_capacity(self.text.len() + 16);
        for part in &self.parts {
            let value = match part {
                Part::Text(text) => {
                    subject.push_str(text);
                    continue;
                }
                Part::Type => &fields.kind,
                Part::Segment => &fields.segment,
                Part::SecurityId => &fields.security_id,
                Part::Symbol => &fields.symbol,
            };
            match value.as_deref().filter(|value| !value.is_empty()) {
                Some(value) => subject.extend(value.chars().map(|c| if is_word(c) { c } else { '_' })),
                None => subject.push('_'),
            }
        }
        subject
    }
}

/// Returns whether a character is allowed in a word of a subject.
fn is_word(c: char) -> bool {
    !(c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_server_and_a_subject() {
        for (typed, shown) in [
            ("nats://a", "nats://a:4222/dhan.{type}.{segment}.{security_id}"),
            ("nats://a:80/x.{symbol}", "nats://a:80/x.{symbol}"),
            ("TLS://a.example:4223/", "tls://a.example:4223/dhan.{type}.{segment}.{security_id}"),
            ("nats://[::1]:1/x", "nats://[::1]:1/x"),
        ] {
            assert_eq!(NatsAddress::parse(typed).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_be_an_address_is_said_and_no_password_is_repeated() {
        for (typed, why) in [
            ("nats://", "no server"),
            ("nats:///x", "no server"),
            ("nats://a/x y", "no white space"),
            ("nats://a/x.>", "no >"),
            ("nats://a/x..y", "single dots"),
            ("nats://a/{kind}", "{type}"),
            ("nats://a/{type", "no }"),
            ("nats://a/$JS.API", "server's own"),
            ("nats://me:hunter2@a/x", "--nats-creds"),
        ] {
            let error = NatsAddress::parse(typed).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{typed}: {error}");
        }
    }

    #[test]
    fn a_record_fills_its_subject_and_what_cannot_stand_in_it_or_is_missing_is_an_underscore() {
        let subject = Subject::parse("dhan.{type}.{segment}.{symbol}").unwrap();
        let message = |line: &str| subject.message(line.as_bytes(), 1);
        let of = message(
            r#"{"type":"ticker","segment":"NSE_EQ","security_id":"1","symbol":"A.B *>C","ltp":1.0,"recv_us":7}"#,
        );
        assert_eq!((of.subject.as_str(), of.id.as_str()), ("dhan.ticker.NSE_EQ.A_B___C", "0000000000000001-7"));
        let of = message(r#"{"type":"gap","feed":"market","recv":"2026-06-10T15:30:00.000001+05:30"}"#);
        assert_eq!(of.subject, "dhan.gap._._");
        assert!(of.id.ends_with("-2026-06-10T15:30:00.000001+05:30"));
        assert_eq!(message("no json").subject, "dhan._._._");
    }

    #[test]
    fn a_stream_takes_everything_below_the_fixed_words() {
        for (subject, taken) in [("dhan.{type}.x", "dhan.>"), ("a.b.x{type}", "a.b.>"), ("{type}", ">"), ("a.b", "a.b")]
        {
            assert_eq!(Subject::parse(subject).unwrap().stream_subject(), taken);
        }
        assert_eq!(Subject::parse(DEFAULT).unwrap().of_end(), "dhan.end._._");
    }
}
