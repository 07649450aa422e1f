//! What all processes of an account on this host share: places, connect budget, cool-offs.
//!
//! A folder per account below `$XDG_STATE_HOME/dhan` (else `~/.local/state/dhan`), named by a salted hash of the
//! client id. Places are files whose locks die with their holders; budget and cool-offs are small JSON files. Whatever
//! is damaged, dated in the future or cannot be written costs one warning and never blocks anybody: the state exists
//! to be polite to the server, not to keep a user from his data.
//!
//! The folder is the only thing touched here: the time is passed in, and nobody is waited for longer than a fifth of a second.

pub mod budget;
pub mod cool_off;
pub mod place;
mod store;
pub mod token;

use crate::model::Stream;
pub use budget::Bucket;
pub use cool_off::{CoolOff, CoolOffs};
pub use place::{Holder, NoPlace, Place};
pub use token::{TokenState, TokenTurn};

use crate::model::CoolOffKind;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::Store;

/// Whether the account may connect now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may; the attempt is taken from the budget.
    Go,
    /// The budget is used up for so long.
    Budget {
        /// Until an attempt is free.
        wait: Duration,
    },
    /// The account is cooling off for so long.
    CoolingOff {
        /// Why.
        kind: CoolOffKind,
        /// How often running, from 0.
        step: u32,
        /// Until it is over.
        wait: Duration,
    },
}

/// The shared state of one account, as one process sees it. Safe to share between threads; never fails to open.
#[derive(Debug)]
pub struct Account {
    store: Option<Store>,
    memory: Mutex<Memory>,
}

/// What this process knows by itself: it holds where the disk fails.
#[derive(Debug, Default)]
struct Memory {
    bucket: Bucket,
    cool_offs: CoolOffs,
    warned: bool,
    warnings: Vec<String>,
}

impl Account {
    /// The account of a client id, in `state_dir` (see [`state_dir`]). Where that cannot be used, one warning says
    /// so and the state is this process's own.
    pub fn open(state_dir: Option<PathBuf>, client_id: &str) -> Account {
        let account = Account::in_memory();
        match state_dir.map(|dir| Store::open(&dir, client_id)) {
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

    /// State that is shared with nobody: for `--demo`, and where there is no account.
    pub fn in_memory() -> Account {
        Account { store: None, memory: Mutex::default() }
    }

    /// The folder of this account, if it has one.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.store.as_ref().map(Store::folder)
    }

    /// Takes one of the five places of a kind; it is free again when the [`Place`] is dropped or the process dies.
    /// `ignore_limit` takes part without being counted out (`--ignore-socket-limit`).
    pub fn take_place(
        &self,
        kind: Stream,
        instruments: usize,
        now_us: i64,
        ignore_limit: bool,
    ) -> Result<Place, NoPlace> {
        place::take(self, kind, instruments, now_us, ignore_limit)
    }

    /// Asks to connect now; [`Admission::Go`] uses up an attempt of the budget. `now_us`: µs since the epoch.
    pub fn admit(&self, now_us: i64) -> Admission {
        let mut memory = self.lock();
        if let Some((kind, cool_off)) = self.read_cool_offs(&mut memory).running(now_us) {
            return Admission::CoolingOff { kind, step: cool_off.step, wait: cool_off.left(now_us) };
        }
        let mine = memory.bucket;
        let outcome = match &self.store {
            Some(store) => store.update("budget.json", |disk: &mut Bucket| {
                // What the disk forgot, this process remembers.
                disk.merge(mine, now_us);
                disk.take(now_us).map(|()| *disk)
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
                memory.bucket.take(now_us)
            }
        };
        match taken {
            Ok(()) => Admission::Go,
            Err(wait) => Admission::Budget { wait },
        }
    }

    /// Gives an attempt back to the budget: it did not reach the server, or its session ended as it should.
    pub fn give_back(&self, now_us: i64) {
        let mut memory = self.lock();
        memory.bucket.give_back(now_us);
        let mine = memory.bucket;
        if let Some(store) = &self.store {
            let written = store.update("budget.json", |disk: &mut Bucket| {
                disk.give_back(now_us);
                *disk
            });
            match written {
                // Other processes may have taken more than this one knows of.
                Ok(disk) => memory.bucket = disk,
                Err(error) => {
                    memory.bucket = mine;
                    memory.warn(&error);
                }
            }
        }
    }

    /// Keeps the account from connecting until `now_us + wait`, in every process on this host. An 805 also makes all
    /// kinds of sockets one pool from now on.
    pub fn cool_off(&self, kind: CoolOffKind, step: u32, wait: Duration, now_us: i64) {
        let mut memory = self.lock();
        let cool_off = CoolOff::new(now_us, wait, step);
        memory.cool_offs.start(kind, cool_off, now_us);
        if let Some(store) = &self.store {
            let written = store.update("cool-offs.json", |disk: &mut CoolOffs| disk.start(kind, cool_off, now_us));
            if let Err(error) = written {
                memory.warn(&error);
            }
        }
    }

    /// The cool-offs that run now, for `dhan doctor`.
    pub fn cool_offs(&self, now_us: i64) -> Vec<(CoolOffKind, CoolOff)> {
        let mut memory = self.lock();
        let all = self.read_cool_offs(&mut memory);
        CoolOffKind::ALL.into_iter().filter_map(|kind| Some((kind, all.of(kind, now_us)?))).collect()
    }

    /// Who holds places on this host now, for `dhan doctor`.
    pub fn holders(&self) -> Vec<Holder> {
        self.store.as_ref().map(place::holders).unwrap_or_default()
    }

    /// What is wrong with the state, said once a process.
    pub fn take_warnings(&self) -> Vec<String> {
        let damage = self.store.as_ref().and_then(Store::take_damage);
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
