//! Stores the account's small JSON files in its folder, and changes them under a lock.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// Permissions of the folder: only its owner may read it.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Limit in bytes of a state file; a longer one holds something else.
const LONGEST: u64 = 64 * 1024;
/// Number of tries for a lock. A change takes microseconds; a process that was stopped during one is not waited for.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(4);

/// Holds an account's folder.
#[derive(Debug)]
pub(super) struct AccountFolder {
    folder: PathBuf,
    /// The first damage found that did not prevent the work.
    damage: Mutex<Option<String>>,
}

impl AccountFolder {
    /// Opens the folder of a client id below `state_dir`, and creates it if needed. The error is for people.
    pub(super) fn open(state_dir: &Path, client_id: &str) -> Result<AccountFolder, String> {
        make_folder(state_dir)?;
        let salt = salt(&state_dir.join("salt"))?;
        let mut name = String::new();
        for byte in Sha256::new().chain_update(salt).chain_update(client_id).finalize().iter().take(10) {
            let _ = write!(name, "{byte:02x}");
        }
        let folder = state_dir.join(name);
        make_folder(&folder)?;
        Ok(AccountFolder { folder, damage: Mutex::default() })
    }

    /// Returns the path of the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens a file of the folder for reading and writing, and creates it if needed. Never follows a link.
    pub(super) fn file(&self, name: &str) -> Result<File, String> {
        let path = self.folder.join(name);
        open(&path).map_err(|error| trouble(&path, &error))
    }

    /// Returns the content of a file, or the default if it is missing or damaged (damage is recorded).
    pub(super) fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, String> {
        let path = self.folder.join(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(trouble(&path, &error)),
            Ok(_) => {}
        }
        // The shared lock prevents reading half a change; without it, half a change reads as damage.
        let file = self.file(name)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock_shared() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                _ => break,
            }
        }
        self.parse(&path, &file)
    }

    /// Changes a file under its lock.
    pub(super) fn update<T: DeserializeOwned + Serialize + Default, R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, String> {
        let path = self.folder.join(name);
        let file = self.file(name)?;
        lock(&file).map_err(|error| trouble(&path, &error))?;
        let mut value: T = self.parse(&path, &file)?;
        let result = change(&mut value);
        let text = serde_json::to_vec(&value).map_err(|error| format!("{}: {error}", path.display()))?;
        // Written in place: after a rename, other processes would lock a file that is gone. A write torn by a crash
        // is damage, and the file then starts empty.
        let written = file.write_all_at(&text, 0).and_then(|()| file.set_len(text.len() as u64));
        written.map_err(|error| trouble(&path, &error))?;
        Ok(result)
    }

    /// Takes the report of damage; returned once.
    pub(super) fn take_damage(&self) -> Option<String> {
        self.damage.lock().ok()?.take()
    }

    fn parse<T: DeserializeOwned + Default>(&self, path: &Path, file: &File) -> Result<T, String> {
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).map_err(|error| trouble(path, &error))?;
        if bytes.is_empty() {
            return Ok(T::default());
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            if let Ok(mut damage) = self.damage.lock() {
                damage.get_or_insert_with(|| format!("{}: damaged, and reset", path.display()));
            }
            T::default()
        }))
    }
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process keeps it locked"))
}

fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    Ok(file)
}

fn make_folder(path: &Path) -> Result<(), String> {
    let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
    made.and_then(|()| {
        let mode = fs::metadata(path)?.permissions().mode();
        // Permissions are only narrowed, and only if needed: a folder on a read-only disk may be fine.
        if mode & 0o077 != 0 { fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE)) } else { Ok(()) }
    })
    .map_err(|error| trouble(path, &error))
}

/// Returns random bytes of this host, so that the folder's name does not reveal the client id.
fn salt(path: &Path) -> Result<[u8; 16], String> {
    let read = || -> io::Result<[u8; 16]> {
        let mut salt = [0; 16];
        open(path)?.read_exact(&mut salt)?;
        Ok(salt)
    };
    if let Ok(salt) = read() {
        return Ok(salt);
    }
    let make = || -> io::Result<[u8; 16]> {
        let file = open(path)?;
        lock(&file)?;
        // Another process may have created it first.
        if let Ok(salt) = read() {
            return Ok(salt);
        }
        let mut salt = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut salt)?;
        (&file).write_all(&salt)?;
        Ok(salt)
    };
    make().map_err(|error| trouble(path, &error))
}

fn trouble(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
