//! Where the daemon remembers what has run.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use super::id::stable_hash;
use crate::account::Account;

/// The state file of a crontab when none is named: one for each crontab, since a daemon removes from it the
/// jobs that its crontab doesn't have. Its folder is made, for its owner only: commands and variables can be secrets.
///
/// # Errors
///
/// When the crontab is not there, or the folder can't be made.
pub(super) fn default_path(crontab: &Path, current: &Account) -> io::Result<PathBuf> {
    let folder = if current.uid.is_root() {
        PathBuf::from("/var/lib/punctual")
    } else {
        user_folder(env::var_os("XDG_STATE_HOME").map(PathBuf::from), &current.home)
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder.join(file_name(&crontab.canonicalize()?)))
}

/// Makes the file, if it is not there, for its owner only.
///
/// # Errors
///
/// When it can't be opened for writing.
pub(super) fn prepare(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(file).map(drop)
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
