//! Looks names up in a way that can be abandoned.
//!
//! `getaddrinfo` blocks, for half a minute if the name server does not answer, and cannot be cancelled. tokio's own
//! look-up runs on a pool that the runtime waits for when it ends; a thread of our own can be abandoned, so that a
//! stop is never late. At most one look-up of a name runs at a time; retries join it.

use crate::model::cause::ConnectError;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;
type Answer = Result<Vec<IpAddr>, io::ErrorKind>;

/// Looks names up; cheap to clone, and clones share the running look-ups.
#[derive(Clone)]
pub struct Resolver {
    look_up: Arc<LookUp>,
    running: Arc<Mutex<HashMap<String, Shared<BoxFuture<'static, Answer>>>>>,
    loopback_only: bool,
}

impl Default for Resolver {
    fn default() -> Resolver {
        Resolver::new(|host| Ok((host, 0).to_socket_addrs()?.map(|a| a.ip()).collect()))
    }
}

impl Resolver {
    /// Returns this resolver for unencrypted addresses: a name that is not this host is an error.
    pub fn loopback_only(&self) -> Resolver {
        Resolver { loopback_only: true, ..self.clone() }
    }

    fn new(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Resolver {
        Resolver { look_up: Arc::new(look_up), running: Arc::default(), loopback_only: false }
    }

    /// Returns the addresses of a host, which may be a literal address (IPv6 with or without brackets).
    ///
    /// # Errors
    /// Fails if there is none. The host's name is not part of the error.
    pub async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            self.check(&[ip])?;
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let addresses = self.join_or_start(bare)?.await.map_err(io::Error::from)?;
        self.check(&addresses)?;
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    fn check(&self, addresses: &[IpAddr]) -> io::Result<()> {
        if self.loopback_only && !addresses.iter().all(IpAddr::is_loopback) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    fn join_or_start(&self, host: &str) -> io::Result<Shared<BoxFuture<'static, Answer>>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookup) = running.get(host) {
            return Ok(lookup.clone());
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        let lookup = told.map(|answer| answer.unwrap_or(Err(io::ErrorKind::Other))).boxed().shared();
        running.insert(host.to_owned(), lookup.clone());
        let all = Arc::clone(&self.running);
        let (name, look_up) = (host.to_owned(), Arc::clone(&self.look_up));
        let thread = std::thread::Builder::new().name("dns".into()).spawn(move || {
            let answer = look_up(&name).map_err(|error| error.kind());
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            let _ = tell.send(match answer {
                Ok(found) if found.is_empty() => Err(io::ErrorKind::NotFound),
                other => other,
            });
        });
        if let Err(error) = thread {
            running.remove(host);
            return Err(error);
        }
        Ok(lookup)
    }
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.lookup(name.as_str(), 0).await;
            let found = found.map_err(|error| ConnectError::look_up(name.as_str(), &error))?;
            let found: reqwest::dns::Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn literal_addresses_need_no_look_up() {
        let resolver = Resolver::default();
        assert_eq!(resolver.lookup("127.0.0.1", 7).await.expect("found"), ["127.0.0.1:7".parse().expect("one")]);
        assert_eq!(resolver.lookup("[::1]", 7).await.expect("found"), ["[::1]:7".parse().expect("one")]);
    }

    #[tokio::test]
    async fn a_finished_look_up_is_forgotten_so_that_the_next_attempt_asks_again() {
        let resolver = Resolver::default();
        let found = resolver.lookup("localhost", 9).await.expect("localhost is somewhere");
        assert!(found.iter().all(|a| a.ip().is_loopback() && a.port() == 9));
        assert!(resolver.running.lock().expect("lock").is_empty());
    }

    #[tokio::test]
    async fn the_http_client_is_given_the_reason_in_words() {
        use reqwest::dns::Resolve as _;
        let resolver = Resolver::new(|_| Err(io::Error::other("failed to look up")));
        let failure = resolver.resolve("images.example".parse().expect("a name")).await.err().expect("no address");
        let failure = failure.downcast::<ConnectError>().expect("its class is kept");
        assert_eq!(failure.to_string(), "images.example: the name cannot be resolved");
    }

    #[test]
    fn a02_a_look_up_that_hangs_runs_once_and_keeps_no_runtime_from_ending() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let started = Arc::new(AtomicUsize::new(0));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (count, held) = (Arc::clone(&started), Mutex::new(held));
        let resolver = Resolver::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            // Blocks until the test is over, when the sender is dropped.
            let _ = held.lock().unwrap_or_else(PoisonError::into_inner).recv();
            Err(io::ErrorKind::NotFound.into())
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            for _ in 0..5 {
                let limit = std::time::Duration::from_millis(5);
                assert!(tokio::time::timeout(limit, resolver.lookup("black.hole", 1)).await.is_err());
            }
        });
        // Would not return if the runtime waited for the look-up.
        drop(runtime);
        assert!(started.load(Ordering::Relaxed) <= 1, "impatient retries join the look-up that runs");
        drop(release);
    }
}
