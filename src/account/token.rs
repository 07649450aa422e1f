//! Who makes the account's token: one process at a time, and not more often than Dhan allows.

use super::Account;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};

const LOCK: &str = "token-lock";
const STATE: &str = "token.json";

/// What is known of the account's token on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenState {
    /// When a new one was asked for last, µs since the epoch.
    pub last_try_us: Option<i64>,
    /// Whether one was asked for and its answer has not been dealt with: the one at hand may be dead.
    pub is_open: bool,
}

/// The right to make the account's token, until dropped or the process dies.
#[derive(Debug)]
pub struct TokenTurn {
    /// Keeps the lock.
    _file: File,
}

impl Account {
    /// Takes the turn; `None` while another process has it.
    ///
    /// # Errors
    /// Why the account's folder cannot be used: without it nobody knows of other processes' tries.
    pub fn take_token_turn(&self) -> Result<Option<TokenTurn>, String> {
        let Some(store) = &self.store else { return Err(self.take_warnings().join("; ")) };
        let file = store.file(LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(TokenTurn { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error.to_string()),
        }
    }

    /// Returns what is known; damage reads as nothing.
    pub fn token_state(&self) -> TokenState {
        self.store.as_ref().and_then(|store| store.read(STATE).ok()).unwrap_or_default()
    }

    /// Keeps what is known. Only for who has the turn.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn set_token_state(&self, _turn: &TokenTurn, state: TokenState) -> Result<(), String> {
        match &self.store {
            Some(store) => store.update(STATE, |kept: &mut TokenState| *kept = state),
            None => Err("the account has no folder".to_owned()),
        }
    }
}
