//! Admits connections: takes the account's places and connect budget before every attempt.

use crate::account::{Account, SocketPlace};
use crate::clock;
use crate::console::Console;
use crate::folders;
use crate::model::{Cause, Stream};
use std::collections::HashMap;

/// Admits a run's connections, as far as this host's state allows.
pub struct Admission {
    kind: Stream,
    ignore_limit: bool,
    /// Opened with the first client id that is used.
    account: Option<Account>,
    places: HashMap<u16, SocketPlace>,
}

impl Admission {
    /// Creates the admission of a run of a stream; `ignore_limit` is `--ignore-socket-limit`.
    pub fn new(feed: Stream, ignore_limit: bool) -> Admission {
        Admission { kind: feed, ignore_limit, account: None, places: HashMap::new() }
    }

    /// Takes a place for a connection (once) and an attempt from the budget.
    pub fn admit(&mut self, conn: u16, instruments: usize, client_id: &str, console: &Console) -> Result<(), Cause> {
        let account = self.account.get_or_insert_with(|| Account::open(folders::STATE.of_process(), client_id));
        let now = clock::now();
        if let Some(place) = self.places.get_mut(&conn) {
            place.set_instruments(instruments);
        } else {
            let place = account
                .take_place(self.kind, instruments, now, self.ignore_limit)
                .map_err(|none| Cause::NoPlace(none.to_string()))?;
            if let Some(warning) = place.warning() {
                console.warn(warning);
            }
            self.places.insert(conn, place);
        }
        let permit = account.admit(now);
        for warning in account.take_warnings() {
            console.warn(warning);
        }
        permit
    }

    /// Returns the account, once a client id was used.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}
