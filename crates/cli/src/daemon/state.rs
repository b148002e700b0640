//! Where the daemon remembers what has run.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use super::DaemonError;
use super::id::stable_hash;
use crate::account::Account;

/// The state file of a crontab when none is named: one for each crontab, since a daemon removes from it the
/// jobs that its crontab doesn't have. It and its folder are made, for their owner only: commands and variables
/// can be secrets.
///
/// # Errors
///
/// When the crontab is not there, or the folder or the file can't be made.
pub(super) fn default_path(crontab: &Path, current: &Account) -> Result<PathBuf, DaemonError> {
    let file = path_of(crontab, current)?;
    let folder = file.parent().unwrap_or(&file);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(no_state(folder))?;
    open(&file).map_err(no_state(&file))?;
    Ok(file)
}

/// Where that file is, or would be.
///
/// # Errors
///
/// When the crontab is not there.
pub(crate) fn path_of(crontab: &Path, current: &Account) -> Result<PathBuf, DaemonError> {
    let folder = if current.uid.is_root() {
        PathBuf::from("/var/lib/punctual")
    } else {
        user_folder(env::var_os("XDG_STATE_HOME").map(PathBuf::from), &current.home)
    };
    let crontab = crontab.canonicalize().map_err(no_state(crontab))?;
    Ok(folder.join(file_name(&crontab)))
}

fn no_state(path: &Path) -> impl FnOnce(io::Error) -> DaemonError {
    let path = path.to_owned();
    |source| DaemonError::NoState { path, source }
}

/// Opens the file for writing, and makes it, if it is not there, for its owner only.
///
/// # Errors
///
/// When it can't be opened for writing.
pub(super) fn open(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(file)
}

/// By the XDG base directory specification: `XDG_STATE_HOME`, which must be absolute, else `~/.local/state`.
fn user_folder(state_home: Option<PathBuf>, home: &str) -> PathBuf {
    state_home
        .filter(|folder| folder.is_absolute())
        .unwrap_or_else(|| Path::new(home).join(".local/state"))
        .join("punctual")
}

/// A name that people recognize, and that no other path has.
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
    fn each_crontab_has_a_file_of_its_own() {
        let name = |path: &str| file_name(Path::new(path));
        let crontab = name("/etc/crontab");
        assert!(crontab.starts_with("etc-crontab-"), "{crontab}");
        assert_ne!(name("/a-b/c"), name("/a/b-c"));
        assert!(name(&format!("/{}", "long/".repeat(1_000))).len() < 100);
    }

    #[test]
    fn the_folder_follows_xdg() {
        for (state_home, expected) in [
            (None, "/home/ann/.local/state/punctual"),
            (Some("/state"), "/state/punctual"),
            (Some("relative"), "/home/ann/.local/state/punctual"),
        ] {
            let folder = user_folder(state_home.map(PathBuf::from), "/home/ann");
            assert_eq!(folder, Path::new(expected));
        }
    }
}
