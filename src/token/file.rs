//! Reads the token file and replaces it atomically. The old token stays until the new one is on the disk.

use crate::auth::{self, Claims, Environment};
use crate::model::{Exit, Failure};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// Bytes reserved on the disk before a token is requested; without room the new token would be lost.
const ROOM: usize = 4096;

/// Says what the file holds.
pub(super) enum StoredToken {
    /// There is no file.
    None,
    /// It holds no token; the words follow the file's name.
    Malformed(String),
    /// A token and its claims.
    Token(SecretString, Claims),
}

/// Holds the path of the token file.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Returns the named file, else `DHAN_TOKEN_FILE`, else the default one.
    ///
    /// # Errors
    /// Returns a usage error if there is no default, because neither XDG_CONFIG_HOME nor HOME is set.
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<TokenFile, Failure> {
        let named = named.map(Path::to_owned).or_else(|| environment.path("DHAN_TOKEN_FILE"));
        let path = named.or_else(|| auth::default_token_file(environment)).ok_or_else(|| {
            Failure::usage("where is the token to be kept? name its file with --token-file (HOME is not set)")
        })?;
        Ok(TokenFile { path })
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Exit 3 if it exists and cannot be read.
    pub(super) fn read(&self) -> Result<StoredToken, Failure> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(StoredToken::None),
            Ok(metadata) if !metadata.is_file() => {
                return Err(
                    self.trouble(Exit::Credentials, "is no regular file, so it cannot be replaced by a new token")
                );
            }
            _ => {}
        }
        let text = auth::read_file_now(&self.path).map_err(|words| self.trouble(Exit::Credentials, &words))?;
        Ok(match auth::checked_token(&text) {
            Err(words) => StoredToken::Malformed(words.to_owned()),
            Ok(token) => {
                let claims = auth::claims(&token).unwrap_or_default();
                StoredToken::Token(token, claims)
            }
        })
    }

    /// Reserves room beside the file for the next token, so that a folder without write permission, or a full disk,
    /// is found before the old token is given up.
    ///
    /// # Errors
    /// Exit 9.
    pub(super) fn prepare(&self) -> Result<Slot, Failure> {
        let failed = |what: &str, error: &io::Error| {
            self.trouble(Exit::Output, &format!("cannot be written ({what}): {}", crate::model::io_words(error)))
        };
        // A link is kept: the file that it points to is replaced.
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        if !folder(&target).exists() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder(&target));
            made.map_err(|e| failed("its folder", &e))?;
        }
        let beside = beside(&target);
        // Only a killed run leaves such a file, and it was checked before.
        let _ = fs::remove_file(&beside);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let file = made.map_err(|e| failed("a file beside it", &e))?;
        let beside = TempPath::try_from_path(beside).map_err(|e| failed("a file beside it", &e))?;
        let slot = Slot { file, beside, target };
        slot.file
            .write_all_at(&[b' '; ROOM], 0)
            .and_then(|()| slot.file.sync_all())
            .map_err(|e| failed("room on the disk", &e))?;
        Ok(slot)
    }

    /// Stores a token in the file.
    ///
    /// # Errors
    /// Exit 9.
    pub fn store(&self, token: &SecretString) -> Result<(), Failure> {
        self.prepare()?.write(token)
    }

    /// Finishes what a killed run began: a complete token beside the file replaces it, anything else is removed.
    /// Returns whether a token was put into place.
    ///
    /// # Errors
    /// Exit 9 if it cannot be put into place.
    pub(super) fn recover(&self) -> Result<bool, Failure> {
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let beside = beside(&target);
        let Ok(metadata) = fs::symlink_metadata(&beside) else { return Ok(false) };
        let is_ours = metadata.is_file() && metadata.uid() == rustix::process::geteuid().as_raw();
        let text = is_ours.then(|| auth::read_file_now(&beside).ok()).flatten();
        // The line end is written with the token; without it the token may be incomplete.
        let is_whole =
            text.is_some_and(|text| text.expose_secret().ends_with('\n') && auth::checked_token(&text).is_ok());
        if !is_whole {
            let _ = fs::remove_file(&beside);
            return Ok(false);
        }
        fs::rename(&beside, &target).map_err(|error| {
            self.trouble(Exit::Output, &format!("cannot be replaced: {}", crate::model::io_words(&error)))
        })?;
        Ok(true)
    }

    fn trouble(&self, exit: Exit, words: &str) -> Failure {
        Failure::new(exit, format!("the token file {:?} {words}", self.path))
    }
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.dhan-new"))
}

/// Room for a token beside the file that it will replace. Dropped without a token it leaves nothing.
pub(super) struct Slot {
    file: File,
    beside: TempPath,
    target: PathBuf,
}

impl Slot {
    /// Writes the token, syncs it, and renames it over the file.
    ///
    /// # Errors
    /// Exit 9; the old token is invalid by then, which the message says.
    pub(super) fn write(mut self, token: &SecretString) -> Result<(), Failure> {
        let line = SecretString::from(format!("{}\n", token.expose_secret()));
        let bytes = line.expose_secret().as_bytes();
        let written = self.file.set_len(0).and_then(|()| {
            (&self.file).write_all(bytes)?;
            self.file.sync_all()?;
            // From here on the next run can put it into place.
            self.beside.disable_cleanup(true);
            Ok(self.beside.persist(&self.target)?)
        });
        written.map_err(|error| {
            let why = crate::model::io_words(&error);
            let words = format!(
                "the new token could not be written to {:?}: {why}; the one in it is dead. Mend that and run this again",
                self.target
            );
            Failure::new(Exit::Output, words)
        })?;
        // The rename is durable once the folder is synced; if that fails, the token is in place all the same.
        let _ = File::open(folder(&self.target)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn at(path: PathBuf) -> TokenFile {
        TokenFile { path }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    fn text(file: &TokenFile) -> String {
        fs::read_to_string(&file.path).expect("text")
    }

    #[test]
    fn a_token_file_and_its_folder_are_made_for_their_owner_alone_and_replaced_whole() {
        let home = tempfile::tempdir().expect("a folder");
        let file = at(home.path().join("a/b/token"));
        file.prepare().and_then(|slot| slot.write(&"first".into())).expect("written");
        assert_eq!((text(&file), mode(&file.path), mode(&home.path().join("a"))), ("first\n".into(), 0o600, 0o700));
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o644)).expect("its mode");
        let inode = fs::metadata(&file.path).expect("there").ino();
        file.prepare().and_then(|slot| slot.write(&"second".into())).expect("written");
        assert_eq!((text(&file), mode(&file.path)), ("second\n".into(), 0o600));
        assert_ne!(fs::metadata(&file.path).expect("there").ino(), inode);
        drop(file.prepare().expect("room"));
        assert_eq!(
            (text(&file), fs::read_dir(home.path().join("a/b")).expect("a folder").count()),
            ("second\n".into(), 1)
        );
    }

    #[test]
    fn a_link_to_a_token_file_stays_a_link() {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("real"), "old\n").expect("written");
        std::os::unix::fs::symlink("real", home.path().join("token")).expect("linked");
        let file = at(home.path().join("token"));
        file.prepare().and_then(|slot| slot.write(&"new".into())).expect("written");
        assert!(fs::symlink_metadata(&file.path).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(home.path().join("real")).expect("text"), "new\n");
    }

    #[test]
    fn a_token_that_a_killed_run_left_beside_the_file_is_taken_only_when_it_is_whole() {
        let home = tempfile::tempdir().expect("a folder");
        let file = at(home.path().join("token"));
        for (left, taken) in [("new-token\n", true), ("new-tok", false), ("    ", false), ("", false)] {
            fs::write(&file.path, "old\n").expect("written");
            fs::write(home.path().join(".token.dhan-new"), left).expect("written");
            assert_eq!(file.recover().expect("healed"), taken, "{left:?}");
            assert_eq!(text(&file), if taken { "new-token\n" } else { "old\n" });
            assert!(!home.path().join(".token.dhan-new").exists());
        }
    }

    #[test]
    fn what_cannot_be_replaced_is_told_before_anything_is_asked_for() {
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(at(home.path().to_owned()).read().err().map(|f| f.exit), Some(Exit::Credentials));
        fs::write(home.path().join("file"), "").expect("written");
        assert_eq!(at(home.path().join("file/token")).prepare().err().map(|f| f.exit), Some(Exit::Output));
    }
}
