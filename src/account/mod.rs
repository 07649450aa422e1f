//! Shares the state of an account between all processes on this host: places, connect budget, cool-offs.
//!
//! Each account has a folder below `$XDG_STATE_HOME/dhan` (else `~/.local/state/dhan`), named by a salted hash of the
//! client id. Places are files whose locks end with their holders; budget and cool-offs are small JSON files. State
//! that is damaged, dated in the future or not writable costs one warning and never blocks a run: it exists to be
//! polite to the server, not to keep users from their data.
//!
//! Only the folder is touched: time is passed in, and no wait for another process exceeds a fifth of a second.

pub mod budget;
pub mod cool_off;
pub mod place;
mod store;
pub mod token;

use crate::model::{Cause, CoolOffKind, Micros, Stream};
pub use budget::Bucket;
pub use cool_off::{CoolOff, CoolOffs};
pub use place::{Holder, NoPlace, SocketPlace};
pub use token::{TokenState, TokenTurn};

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::AccountFolder;

/// The shared state of one account, as one process sees it. Safe to share between threads; opening never fails.
#[derive(Debug)]
pub struct Account {
    store: Option<AccountFolder>,
    memory: Mutex<Memory>,
}

/// Holds what this process knows itself; it is used if the disk fails.
#[derive(Debug, Default)]
struct Memory {
    bucket: Bucket,
    cool_offs: CoolOffs,
    warned: bool,
    warnings: Vec<String>,
}

impl Account {
    /// Opens the account of a client id in `state_dir` (see [`state_dir`]). If the folder cannot be used, one warning
    /// says so and the state is private to this process.
    pub fn open(state_dir: Option<PathBuf>, client_id: &str) -> Account {
        let account = Account::in_memory();
        match state_dir.map(|dir| AccountFolder::open(&dir, client_id)) {
            Some(Ok(store)) => Account { store: Some(store), ..account },
            Some(Err(error)) => {
                account.lock().warn(&error);
                account
            }
            None => {
                account.lock().warn("neither XDG_STATE_HOME nor HOME is set");
                account
            }
        }
    }

    /// Creates state that is not shared: for `--demo`, and without an account.
    pub fn in_memory() -> Account {
        Account { store: None, memory: Mutex::default() }
    }

    /// Returns the folder of this account, if it has one.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.store.as_ref().map(AccountFolder::folder)
    }

    /// Takes one of the five places of a kind; it is freed when the [`SocketPlace`] is dropped or the process ends.
    /// `ignore_limit` (`--ignore-socket-limit`) takes part without being limited.
    pub fn take_place(
        &self,
        kind: Stream,
        instruments: usize,
        now: Micros,
        ignore_limit: bool,
    ) -> Result<SocketPlace, NoPlace> {
        place::take(self, kind, instruments, now, ignore_limit)
    }

    /// Takes an attempt to connect now from the budget.
    ///
    /// # Errors
    /// [`Cause::CoolingOff`] and [`Cause::Budget`] say how long to wait first.
    pub fn admit(&self, now: Micros) -> Result<(), Cause> {
        let mut memory = self.lock();
        if let Some((kind, cool_off)) = self.read_cool_offs(&mut memory).running(now) {
            return Err(Cause::CoolingOff { kind, step: cool_off.step, wait: cool_off.remaining(now) });
        }
        let mine = memory.bucket;
        let outcome = match &self.store {
            Some(store) => store.update("budget.json", |disk: &mut Bucket| {
                // This process also knows what the disk may have lost.
                disk.merge(mine, now);
                disk.take(now).map(|()| *disk)
            }),
            None => Err(String::new()),
        };
        let taken = match outcome {
            Ok(Ok(bucket)) => {
                memory.bucket = bucket;
                Ok(())
            }
            Ok(Err(wait)) => Err(wait),
            Err(error) => {
                memory.warn(&error);
                memory.bucket.take(now)
            }
        };
        taken.map_err(|wait| Cause::Budget { wait })
    }

    /// Returns an attempt to the budget: it did not reach the server, or its session ended in order.
    pub fn return_attempt(&self, now: Micros) {
        let mut memory = self.lock();
        memory.bucket.return_attempt(now);
        let mine = memory.bucket;
        if let Some(store) = &self.store {
            let written = store.update("budget.json", |disk: &mut Bucket| {
                disk.return_attempt(now);
                *disk
            });
            match written {
                // Other processes may have taken attempts that this one does not know of.
                Ok(disk) => memory.bucket = disk,
                Err(error) => {
                    memory.bucket = mine;
                    memory.warn(&error);
                }
            }
        }
    }

    /// Keeps the account from connecting until `now + wait`, in every process on this host. An 805 also makes all
    /// kinds of sockets one pool from now on.
    pub fn cool_off(&self, kind: CoolOffKind, step: u32, wait: Duration, now: Micros) {
        let mut memory = self.lock();
        let cool_off = CoolOff::new(now, wait, step);
        memory.cool_offs.start(kind, cool_off, now);
        if let Some(store) = &self.store {
            let written = store.update("cool-offs.json", |disk: &mut CoolOffs| disk.start(kind, cool_off, now));
            if let Err(error) = written {
                memory.warn(&error);
            }
        }
    }

    /// Returns the running cool-offs, for `dhan doctor`.
    pub fn cool_offs(&self, now: Micros) -> Vec<(CoolOffKind, CoolOff)> {
        let mut memory = self.lock();
        let all = self.read_cool_offs(&mut memory);
        CoolOffKind::ALL.into_iter().filter_map(|kind| Some((kind, all.of(kind, now)?))).collect()
    }

    /// Returns the present holders of places on this host, for `dhan doctor`.
    pub fn holders(&self) -> Vec<Holder> {
        self.store.as_ref().map(place::holders).unwrap_or_default()
    }

    /// Takes the warnings about the state; each is returned once.
    pub fn take_warnings(&self) -> Vec<String> {
        let damage = self.store.as_ref().and_then(AccountFolder::take_damage);
        let mut memory = self.lock();
        if let Some(damage) = damage {
            memory.warn(&damage);
        }
        std::mem::take(&mut memory.warnings)
    }

    fn read_cool_offs(&self, memory: &mut Memory) -> CoolOffs {
        let disk = match self.store.as_ref().map(|store| store.read("cool-offs.json")) {
            Some(Ok(disk)) => disk,
            Some(Err(error)) => {
                memory.warn(&error);
                CoolOffs::default()
            }
            None => CoolOffs::default(),
        };
        memory.cool_offs.merged(disk)
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn warn(&mut self, trouble: &str) {
        if !trouble.is_empty() && !self.warned {
            self.warned = true;
            self.warnings.push(format!(
                "the state shared between processes cannot be used ({trouble}): other runs of dhan on this host are not counted"
            ));
        }
    }
}
