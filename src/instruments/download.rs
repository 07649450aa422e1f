//! Makes one conditional request for the master: bounded in size and time, without redirects and credentials.

use super::index::Source;
use crate::console::Console;
use crate::model::exit::Failure;
use crate::net::tls::LazyTls;
use crate::net::{Resolver, http_client, no_connection};
use flate2::write::GzDecoder;
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{StatusCode, header};
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest silence of the server.
const SILENCE: Duration = Duration::from_secs(20);
/// Bytes a second below which a download is abandoned after [`SILENCE`]: the smallest master would exceed the time
/// limit.
const SLOWEST_PER_S: u64 = 16 << 10;
/// Limit in bytes of a header that is kept for the next request.
const MAX_VALIDATOR: usize = 512;

/// Describes a request.
#[derive(Debug, Clone, Copy)]
pub struct DownloadRequest<'a> {
    /// The address, checked by [`address`].
    pub url: &'a str,
    /// A PEM file of further roots (`--ca-file`).
    pub ca_file: Option<&'a Path>,
    /// Origin of the cached file; the server then sends only a newer one.
    pub known: Option<&'a Source>,
    /// Time limit in all.
    pub limit: Duration,
    /// Limit in bytes, compressed or not ([`super::index::build::MAX_CSV`]).
    pub most: u64,
}

/// Says what the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The cached file is up to date.
    NotModified,
    /// A file was sent and written.
    Sent(Source),
}

/// Says why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no connection: the host and the reason.
    #[error("no connection: {0}")]
    Connect(String),
    /// The server took too long.
    #[error("the server took too long")]
    TooSlow,
    /// The server sends too slowly.
    #[error("the server sends only {0} bytes a second")]
    Trickle(u64),
    /// The server refused.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// The server redirected.
    #[error("the server answered {0}, which is not followed; set DHAN_INSTRUMENTS_URL to where it moved")]
    Redirect(StatusCode),
    /// The connection broke.
    #[error("the download broke off after {0} bytes")]
    BrokeOff(u64),
    /// The compressed data cannot be read.
    #[error("the server's compressed file is damaged")]
    Compressed,
    /// The encoding was not requested.
    #[error("the server used an encoding that was not asked for")]
    Encoding,
    /// The file is larger than the limit.
    #[error("the file is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// The file cannot be written.
    #[error("it cannot be written: {0}")]
    Write(io::Error),
    /// TLS could not be set up.
    #[error("{0}")]
    Setup(String),
}

impl DownloadError {
    /// Returns whether another attempt may succeed.
    fn is_passing(&self) -> bool {
        match self {
            DownloadError::Connect(_) | DownloadError::BrokeOff(_) | DownloadError::Compressed => true,
            DownloadError::Status(status) => status.is_server_error(),
            _ => false,
        }
    }
}

/// Checks an address for the download of a master.
///
/// # Errors
/// Exit 2 if it is neither `https://` nor `http://` to this host.
pub fn address(url: &str) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::usage(format!("DHAN_INSTRUMENTS_URL {url:?} {why}")));
    let Ok(parsed) = url::Url::parse(url) else {
        return refused("is not an address: write https://HOST/PATH");
    };
    let loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => refused("is not encrypted: http:// is for this host only, write https://"),
        _ => refused("is not an address: write https://HOST/PATH"),
    }
}

/// A file that can be written from the start again.
pub trait Target: Write + Send {
    /// Discards what was written.
    ///
    /// # Errors
    /// Returns the operating system's error.
    fn restart(&mut self) -> io::Result<()>;
}

/// Requests the file and writes it. Temporary failures are retried from the start while there is time.
///
/// Blocks; runs a small runtime on a thread of its own, so that it may be called from anywhere.
///
/// # Errors
/// Says why there is no file.
pub fn fetch(
    request: DownloadRequest<'_>,
    target: &mut dyn Target,
    console: &Console,
) -> Result<Answer, DownloadError> {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| DownloadError::Setup(error.to_string()))?;
            runtime.block_on(attempts(request, target, console))
        });
        worker.join().unwrap_or_else(|_| Err(DownloadError::Setup("the download failed unexpectedly".to_owned())))
    })
}

async fn attempts(
    request: DownloadRequest<'_>,
    target: &mut dyn Target,
    console: &Console,
) -> Result<Answer, DownloadError> {
    let started = Instant::now();
    let setup = |failure: Failure| DownloadError::Setup(failure.message);
    let tls = LazyTls::new(request.ca_file).map_err(setup)?;
    let is_encrypted = !request.url.starts_with("http:");
    let limits = |builder: reqwest::ClientBuilder| builder.read_timeout(SILENCE);
    let client = http_client(&tls, &Resolver::default(), is_encrypted, limits).map_err(setup)?;
    let mut delay = Duration::from_millis(250);
    for attempt in 1.. {
        let remaining = request.limit.saturating_sub(started.elapsed());
        let answer = match tokio::time::timeout(remaining, once(&client, request, target, console)).await {
            Ok(answer) => answer,
            Err(_) => Err(DownloadError::TooSlow),
        };
        match answer {
            Err(error) if error.is_passing() && attempt < 3 && started.elapsed() + delay < request.limit => {
                console.debug(format_args!("instrument master: {error}; trying again"));
                tokio::time::sleep(delay).await;
                delay *= 4;
            }
            answer => return answer,
        }
    }
    Err(DownloadError::TooSlow)
}

/// Returns the server's host for messages; an address may hold a user name and a password.
fn host(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str()).unwrap_or("the server");
    match parsed.as_ref().and_then(url::Url::port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

async fn once(
    client: &reqwest::Client,
    request: DownloadRequest<'_>,
    target: &mut dyn Target,
    console: &Console,
) -> Result<Answer, DownloadError> {
    let mut get = client.get(request.url).header(ACCEPT_ENCODING, "gzip");
    if let Some(known) = request.known {
        // If both validators are known, the server must use only the tag.
        if let Some(etag) = &known.etag {
            get = get.header(IF_NONE_MATCH, etag);
        }
        if let Some(modified) = &known.modified {
            get = get.header(IF_MODIFIED_SINCE, modified);
        }
    }
    let response = get.send().await.map_err(|error| translated(&error, request.url))?;
    let status = response.status();
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if request.known.is_some() => return Ok(Answer::NotModified),
        _ if status.is_redirection() => return Err(DownloadError::Redirect(status)),
        _ => return Err(DownloadError::Status(status)),
    }
    let text = |name: header::HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
    };
    let source = Source { url: request.url.to_owned(), etag: text(ETAG), modified: text(LAST_MODIFIED) };
    let gzip = match text(CONTENT_ENCODING).as_deref().map(str::trim) {
        None | Some("" | "identity") => false,
        Some("gzip" | "x-gzip") => true,
        Some(_) => return Err(DownloadError::Encoding),
    };
    let length = text(CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > request.most) {
        return Err(DownloadError::TooLarge(request.most));
    }
    target.restart().map_err(DownloadError::Write)?;
    let bar = Bar::new(length, console);
    let bounded = Bounded { target, most: request.most, remaining: request.most, failed: None };
    let mut sink = if gzip { Sink::Gzip(Box::new(GzDecoder::new(bounded))) } else { Sink::Plain(bounded) };
    let mut body = response.bytes_stream();
    let (started, mut received) = (Instant::now(), 0u64);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            if error.is_timeout() { DownloadError::TooSlow } else { DownloadError::BrokeOff(received) }
        })?;
        received += chunk.len() as u64;
        sink.write(&chunk)?;
        bar.position(received);
        let seconds = started.elapsed().as_secs();
        if seconds >= SILENCE.as_secs() && received / seconds < SLOWEST_PER_S {
            return Err(DownloadError::Trickle(received / seconds));
        }
    }
    if length.is_some_and(|length| received < length) {
        return Err(DownloadError::BrokeOff(received));
    }
    sink.finish()?;
    Ok(Answer::Sent(source))
}

/// Translates the HTTP client's error, whose text holds the whole address.
fn translated(error: &reqwest::Error, url: &str) -> DownloadError {
    if error.is_connect() {
        DownloadError::Connect(no_connection(error, &host(url), !url.starts_with("http:")))
    } else if error.is_timeout() {
        DownloadError::TooSlow
    } else {
        DownloadError::BrokeOff(0)
    }
}

/// Writes a limited number of bytes.
struct Bounded<'a> {
    target: &'a mut dyn Target,
    most: u64,
    remaining: u64,
    failed: Option<DownloadError>,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let failed = match self.remaining.checked_sub(bytes.len() as u64) {
            None => DownloadError::TooLarge(self.most),
            Some(remaining) => match self.target.write_all(bytes) {
                Ok(()) => {
                    self.remaining = remaining;
                    return Ok(bytes.len());
                }
                Err(error) => DownloadError::Write(error),
            },
        };
        self.failed = Some(failed);
        Err(io::ErrorKind::Other.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

enum Sink<'a> {
    Plain(Bounded<'a>),
    Gzip(Box<GzDecoder<Bounded<'a>>>),
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        let (written, bounded) = match self {
            Sink::Plain(bounded) => (bounded.write_all(bytes), bounded),
            Sink::Gzip(decoder) => (decoder.write_all(bytes), decoder.get_mut()),
        };
        written.map_err(|_| bounded.failed.take().unwrap_or(DownloadError::Compressed))
    }

    fn finish(self) -> Result<(), DownloadError> {
        match self {
            Sink::Plain(mut bounded) => bounded.flush().map_err(DownloadError::Write),
            Sink::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                let failed = decoder.get_mut().failed.take();
                finished.map_err(|_| failed.unwrap_or(DownloadError::Compressed))?;
                decoder.get_mut().flush().map_err(DownloadError::Write)
            }
        }
    }
}

/// A progress bar, if stderr is a terminal.
struct Bar<'a>(Option<ProgressBar>, &'a Console);

impl<'a> Bar<'a> {
    fn new(length: Option<u64>, console: &'a Console) -> Bar<'a> {
        if !io::stderr().is_terminal() || !console.shows(crate::console::LogLevel::Info) {
            return Bar(None, console);
        }
        let bar = match length {
            Some(length) => ProgressBar::with_draw_target(Some(length), console.draw_target()),
            None => ProgressBar::with_draw_target(None, console.draw_target()),
        };
        let template = if length.is_some() {
            "instrument master {bar:30} {bytes}/{total_bytes} {bytes_per_sec}"
        } else {
            "instrument master {spinner} {bytes} {bytes_per_sec}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        console.set_status_line(Some(bar.clone()));
        Bar(Some(bar), console)
    }

    fn position(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(bytes);
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
            self.1.set_status_line(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Read as _;

    struct Memory(Vec<u8>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Target for Memory {
        fn restart(&mut self) -> io::Result<()> {
            self.0.clear();
            Ok(())
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 3 << 20]).unwrap();
        let body = encoder.finish().unwrap();
        assert!(body.len() < 10_000);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).unwrap();
                let _ = stream.write_all(&body);
            }
        });
        let get = |most| {
            let mut memory = Memory(Vec::new());
            let request =
                DownloadRequest { url: &url, ca_file: None, known: None, limit: Duration::from_secs(60), most };
            (fetch(request, &mut memory, &Console::default()), memory.0.len())
        };
        let (bounded, len) = get(1 << 20);
        assert!(matches!(bounded, Err(DownloadError::TooLarge(_))) && len <= 1 << 20, "{bounded:?} {len}");
        let (full, len) = get(3 << 20);
        assert!(full.is_ok() && len == 3 << 20, "{full:?} {len}");
        server.join().unwrap();
    }

    #[test]
    fn a_master_comes_encrypted_or_from_this_host() {
        for url in
            ["https://images.dhan.co/x.csv", "http://127.0.0.1:8080/master.csv", "http://localhost/x", "http://[::1]/x"]
        {
            assert_eq!(address(url), Ok(()), "{url}");
        }
        for url in ["http://images.dhan.co/x.csv", "ftp://x/y", "images.dhan.co", "", "file:///etc/passwd"] {
            let failure = address(url).unwrap_err();
            assert!(failure.message.contains("https://") && failure.exit == crate::model::exit::Exit::Usage, "{url}");
        }
    }

    #[test]
    fn a_message_never_shows_what_an_address_holds_beside_its_host() {
        assert_eq!(host("https://user:secret@example.org:8443/x?token=y"), "example.org:8443");
        assert_eq!(host("nonsense"), "the server");
    }
}
