//! Lets one process at a time make the account's token, and not more often than Dhan allows.

use super::Account;
use crate::model::Micros;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};

const LOCK: &str = "token-lock";
const STATE: &str = "token.json";

/// Holds what is known of the account's token on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenState {
    /// Time of the last request for a new token.
    #[serde(rename = "last_try_us")]
    pub last_try: Option<Micros>,
    /// Whether a request was made whose answer was not processed: the present token may be invalid.
    pub is_open: bool,
}

/// The permission to make the account's token, until dropped or the process ends.
#[derive(Debug)]
pub struct TokenTurn {
    /// The locked file.
    _file: File,
}

impl Account {
    /// Takes the permission; returns `None` while another process has it.
    ///
    /// # Errors
    /// Says why the account's folder cannot be used: without it the requests of other processes are unknown.
    pub fn take_token_turn(&self) -> Result<Option<TokenTurn>, String> {
        let Some(store) = &self.store else { return Err(self.take_warnings().join("; ")) };
        let file = store.file(LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(TokenTurn { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.to_string()),
        }
    }

    /// Returns the state; damage reads as the default.
    pub fn token_state(&self) -> TokenState {
        self.store.as_ref().and_then(|store| store.read(STATE).ok()).unwrap_or_default()
    }

    /// Stores the state. Only for the holder of the permission.
    ///
    /// # Errors
    /// Says why it cannot be stored.
    pub fn set_token_state(&self, _turn: &TokenTurn, state: TokenState) -> Result<(), String> {
        match &self.store {
            Some(store) => store.update(STATE, |kept: &mut TokenState| *kept = state),
            None => Err("the account has no folder".to_owned()),
        }
    }
}
