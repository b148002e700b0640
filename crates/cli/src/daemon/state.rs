//! The state file of the daemon.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use super::DaemonError;
use super::id::stable_hash;
use crate::account::Account;

/// Creates the default state file of a crontab and returns its path. Each crontab has its own, because a daemon deletes
/// all jobs that are not in its crontab. The file and its directory are created and are accessible by their owner only,
/// because commands and variables can contain secrets.
///
/// # Errors
///
/// Returns an error if the crontab does not exist, or the directory or the file can't be created.
pub(super) fn create_default_file(
    crontab: &Path,
    current: &Account,
) -> Result<PathBuf, DaemonError> {
    let file = default_path(crontab, current)?;
    let directory = file.parent().unwrap_or(&file);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(state_path_error(directory))?;
    open(&file).map_err(state_path_error(&file))?;
    Ok(file)
}

/// The path of the default state file, which need not exist.
///
/// # Errors
///
/// Returns an error if the crontab does not exist.
pub(crate) fn default_path(crontab: &Path, current: &Account) -> Result<PathBuf, DaemonError> {
    let directory = if current.uid.is_root() {
        PathBuf::from("/var/lib/punctual")
    } else {
        user_directory(env::var_os("XDG_STATE_HOME").map(PathBuf::from), &current.home)
    };
    let crontab = crontab.canonicalize().map_err(state_path_error(crontab))?;
    Ok(directory.join(file_name(&crontab)))
}

fn state_path_error(path: &Path) -> impl FnOnce(io::Error) -> DaemonError {
    let path = path.to_owned();
    |source| DaemonError::NoStateFile { path, source }
}

/// Opens the file for writing. If it does not exist, creates it, accessible by its owner only.
///
/// # Errors
///
/// Returns an error if it can't be opened for writing.
pub(super) fn open(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(file)
}

/// The directory according to the XDG base directory specification: `XDG_STATE_HOME`, which must be absolute, else
/// `~/.local/state`.
fn user_directory(state_home: Option<PathBuf>, home: &str) -> PathBuf {
    state_home
        .filter(|directory| directory.is_absolute())
        .unwrap_or_else(|| Path::new(home).join(".local/state"))
        .join("punctual")
}

/// A readable file name that is unique for the path.
fn file_name(crontab: &Path) -> String {
    let path = crontab.to_string_lossy();
    let readable = path.trim_start_matches('/').replace('/', "-");
    let tail = readable.char_indices().rev().nth(59);
    let readable = &readable[tail.map_or(0, |(at, _)| at)..];
    format!("{readable}-{:016x}.sqlite", stable_hash([&*path]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crontab_has_its_own_file() {
        let name = |path: &str| file_name(Path::new(path));
        let crontab = name("/etc/crontab");
        assert!(crontab.starts_with("etc-crontab-"), "{crontab}");
        assert_ne!(name("/a-b/c"), name("/a/b-c"));
        assert!(name(&format!("/{}", "long/".repeat(1_000))).len() < 100);
    }

    #[test]
    fn the_directory_follows_xdg() {
        for (state_home, expected) in [
            (None, "/home/ann/.local/state/punctual"),
            (Some("/state"), "/state/punctual"),
            (Some("relative"), "/home/ann/.local/state/punctual"),
        ] {
            let directory = user_directory(state_home.map(PathBuf::from), "/home/ann");
            assert_eq!(directory, Path::new(expected));
        }
    }
}
