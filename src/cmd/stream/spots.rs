//! Keeps the last prices that chains followed, so that `--dry-run --chain` can show the options around them.

use crate::chain::OptionChain;
use crate::clock;
use crate::console::Console;
use crate::folders;
use crate::model::{InstrumentKey, Micros};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Limit in bytes of the file, far beyond all instruments that have options.
const LONGEST: u64 = 1 << 20;

/// Holds the last price that a run saw of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct LastSpot {
    /// The price in rupees.
    price: f64,
    /// Time at which the run ended.
    run_end_us: Micros,
}

/// Holds the last prices by instrument, as `SEGMENT:ID`.
#[derive(Debug, Default)]
pub(super) struct LastSpots(BTreeMap<String, LastSpot>);

impl LastSpots {
    /// Reads the last prices of earlier runs. A file that is missing or damaged has none.
    pub fn read() -> LastSpots {
        LastSpots(path().and_then(|path| read(&path)).unwrap_or_default())
    }

    /// Returns the spot in rupees around which a dry run shows a chain: the typed one, else the last that is known.
    /// Says which one it is, or that there is none.
    pub fn for_dry_run(&self, chain: &OptionChain, console: &Console) -> Option<f64> {
        let request = chain.definition();
        if request.spot.is_some() {
            return request.spot;
        }
        let (key, _) = chain.spot()?;
        let last = self.0.get(&key.to_string());
        match last {
            Some(LastSpot { price, run_end_us }) => console.info(format!(
                "chain {request}: shown around {price}, the last price of {key} in a run that ended {}; write \
                 spot=PRICE for another",
                clock::ist_civil(*run_end_us).strftime("%Y-%m-%d %H:%M:%S IST")
            )),
            None => console.info(format!(
                "chain {request}: its options depend on the spot, and no run has seen one; write spot=PRICE to see \
                 those around a price"
            )),
        }
        last.map(|last| last.price)
    }

    /// Saves the last prices of a run beside those of earlier ones. A failure loses no data and is ignored.
    pub fn save(seen: impl IntoIterator<Item = (InstrumentKey, f64)>) {
        let run_end_us = clock::now();
        let mut seen =
            seen.into_iter().map(|(key, price)| (key.to_string(), LastSpot { price, run_end_us })).peekable();
        if let (Some(path), Some(_)) = (path(), seen.peek()) {
            let mut all = read(&path).unwrap_or_default();
            all.extend(seen);
            let _ = write(&path, &all);
        }
    }
}

fn path() -> Option<PathBuf> {
    Some(folders::STATE.of_process()?.join("spots.json"))
}

fn read(path: &Path) -> Option<BTreeMap<String, LastSpot>> {
    let is_readable = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= LONGEST);
    is_readable.then(|| serde_json::from_slice(&std::fs::read(path).ok()?).ok())?
}

fn write(path: &Path, all: &BTreeMap<String, LastSpot>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    crate::storage::replace(path, &serde_json::to_vec(all)?, 0o600)
}
