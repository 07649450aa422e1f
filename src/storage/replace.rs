//! Replaces small files that others read while the program runs.

use super::names::folder;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Replaces the content of a file: a reader finds the old or the new one, whole.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    // A collector that reads the folder's files ignores this name.
    let mut file = tempfile::Builder::new().prefix(".dhan-").suffix(".tmp").tempfile_in(folder(path))?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
