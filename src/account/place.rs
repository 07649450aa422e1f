//! Holds the places of an account: five sockets of a kind, each a file whose lock ends with its holder.

use super::Account;
use super::store::AccountFolder;
use crate::model::{Micros, Stream};
use crate::session::plan::SOCKETS_PER_KIND;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::Read;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

/// Describes the holder of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its stream.
    pub kind: Stream,
    /// Number of instruments it streams there.
    pub instruments: usize,
    /// Since when it holds the place.
    #[serde(rename = "since_us")]
    pub since: Micros,
}

/// Reports that no place is free.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NoPlace {
    /// The stream.
    pub kind: Stream,
    /// Whether all kinds count as one pool, because the server sent 805.
    pub one_pool: bool,
    /// The holders of the places.
    pub holders: Vec<Holder>,
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pids: Vec<_> = self.holders.iter().map(|holder| holder.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
        let sockets = if self.one_pool {
            "sockets of all kinds (the server counts them together)".to_owned()
        } else {
            format!("{} sockets", self.kind.socket_name())
        };
        write!(
            f,
            "no free place: this host already holds {SOCKETS_PER_KIND} {sockets}, and the server throws out the oldest for a sixth. \
             Held by pid {}. Stop one, or open another anyway with --ignore-socket-limit",
            if pids.is_empty() { "unknown".to_owned() } else { pids.join(", ") }
        )
    }
}

/// A place, held until dropped.
#[derive(Debug)]
pub struct SocketPlace {
    /// The locked file.
    file: Option<File>,
    holder: Holder,
    warning: Option<String>,
}

impl SocketPlace {
    /// Returns a warning if this host has more sockets of all kinds than the server may allow.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Records how many instruments are streamed now, for `dhan doctor`.
    pub fn set_instruments(&mut self, instruments: usize) {
        self.holder.instruments = instruments;
        self.describe();
    }

    /// Writes the description, which is only for people: if it cannot be written, the place is held all the same.
    fn describe(&self) {
        if let (Some(file), Ok(text)) = (&self.file, serde_json::to_vec(&self.holder)) {
            let _ = file.write_all_at(&text, 0).and_then(|()| file.set_len(text.len() as u64));
        }
    }
}

fn name(kind: Stream, number: usize) -> String {
    format!("place-{kind}-{number}")
}

/// State of a place: free (and now locked by us), held by a process, or unusable.
enum Seen {
    Free(File),
    Held(Option<Holder>),
    Broken(String),
}

fn look(store: &AccountFolder, kind: Stream, number: usize) -> Seen {
    let mut file = match store.file(&name(kind, number)) {
        Ok(file) => file,
        Err(error) => return Seen::Broken(error),
    };
    match file.try_lock() {
        Ok(()) => Seen::Free(file),
        Err(TryLockError::WouldBlock) => {
            let mut text = Vec::new();
            let _ = Read::by_ref(&mut file).take(4_096).read_to_end(&mut text);
            Seen::Held(serde_json::from_slice(&text).ok())
        }
        Err(TryLockError::Error(error)) => Seen::Broken(error.to_string()),
    }
}

/// Returns every holder of a place, of any kind.
pub(super) fn holders(store: &AccountFolder) -> Vec<Holder> {
    let mut found = Vec::new();
    for kind in Stream::ALL {
        for number in 1..=SOCKETS_PER_KIND {
            // A file is not created just to check it, and never stays locked.
            if store.folder().join(name(kind, number)).exists()
                && let Seen::Held(Some(holder)) = look(store, kind, number)
            {
                found.push(holder);
            }
        }
    }
    found
}

pub(super) fn take(
    account: &Account,
    kind: Stream,
    instruments: usize,
    now: Micros,
    ignore_limit: bool,
) -> Result<SocketPlace, NoPlace> {
    let holder = Holder { pid: std::process::id(), kind, instruments, since: now };
    let Some(store) = &account.store else {
        return Ok(SocketPlace { file: None, holder, warning: None });
    };
    let one_pool = account.read_cool_offs(&mut account.lock()).is_one_pool(now);
    let mut held = Vec::new();
    // A process that only checks a place locks it for a moment, so a taken place is checked twice.
    for attempt in 0..2 {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let others = holders(store);
        if one_pool && others.len() >= SOCKETS_PER_KIND {
            held = others;
            continue;
        }
        held.clear();
        for number in 1..=SOCKETS_PER_KIND {
            match look(store, kind, number) {
                Seen::Free(file) => {
                    let total = others.len() + 1;
                    let warning = (total > SOCKETS_PER_KIND).then(|| {
                        format!(
                            "{total} sockets of all kinds are open on this host; whether the server allows five of each kind or five in all is not certain"
                        )
                    });
                    let place = SocketPlace { file: Some(file), holder, warning };
                    place.describe();
                    return Ok(place);
                }
                Seen::Held(holder) => held.extend(holder),
                Seen::Broken(error) => {
                    account.lock().warn(&error);
                    return Ok(SocketPlace { file: None, holder, warning: None });
                }
            }
        }
    }
    if ignore_limit {
        return Ok(SocketPlace { file: None, holder, warning: None });
    }
    Err(NoPlace { kind, one_pool, holders: held })
}
