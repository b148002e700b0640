//! Ownership of the state file: it belongs to one crontab and is used by one daemon at a time. A daemon deletes all
//! jobs that are not in its crontab, so with another crontab's state file it would delete every job.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use punctual::{JobStore, StoreError};

use super::{DaemonError, state};

/// The metadata key of the path of the crontab.
const CRONTAB: &str = "crontab";

/// Locks the state file until the returned file is dropped. The lock is on a file next to it, because SQLite has its
/// own locks on the state file itself.
///
/// # Errors
///
/// Returns an error if another daemon holds the lock, or the lock file can't be created.
pub(super) fn lock(state: &Path) -> Result<File, DaemonError> {
    let state_file_error =
        |source: io::Error| DaemonError::StateFile { file: state.to_owned(), source };
    // Links to the same state file must share one lock.
    let mut name = state.canonicalize().map_err(state_file_error)?.into_os_string();
    name.push(".lock");
    let lock = state::open(name.as_ref()).map_err(state_file_error)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DaemonError::InUse(state.to_owned())),
        Err(TryLockError::Error(source)) => Err(state_file_error(source)),
    }
}

/// The result of claiming a state file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClaimResult {
    /// It belongs to the crontab.
    Claimed,
    /// It belongs to another crontab, whose path is given.
    OwnedBy(String),
    /// It contains jobs, but belongs to no crontab.
    ForeignJobs,
}

/// Claims the state file for `crontab`, an absolute path. Succeeds if the state file is new, or belongs to `crontab` or
/// `moved_from`. Two paths are the same crontab if they are equal or refer to the same file.
///
/// # Errors
///
/// Returns the store's error.
pub(super) async fn claim(
    store: &impl JobStore,
    crontab: &Path,
    moved_from: Option<&Path>,
) -> Result<ClaimResult, StoreError> {
    let metadata = store.metadata().await?;
    match metadata.get(CRONTAB).map(str::to_owned) {
        Some(path) => {
            let recorded = Path::new(&path);
            if Some(recorded) != moved_from && !is_same(recorded, crontab) {
                return Ok(ClaimResult::OwnedBy(path));
            }
        }
        None if store.list(None, 1).await?.records.is_empty() => {}
        None => return Ok(ClaimResult::ForeignJobs),
    }
    store.set_metadata(CRONTAB, &crontab.to_string_lossy()).await?;
    Ok(ClaimResult::Claimed)
}

fn is_same(recorded: &Path, crontab: &Path) -> bool {
    let target = |path: &Path| path.canonicalize().ok();
    recorded.as_os_str() == &*crontab.to_string_lossy()
        || target(recorded).is_some_and(|recorded| target(crontab) == Some(recorded))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use punctual::MemoryJobStore;

    use super::*;

    #[tokio::test]
    async fn a_state_file_belongs_to_its_first_crontab_under_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let [tab, link, other] = ["tab", "link", "other"].map(|name| folder.path().join(name));
        fs::write(&tab, "").unwrap();
        fs::write(&other, "").unwrap();
        symlink(&tab, &link).unwrap();
        let another = |path: &Path| ClaimResult::OwnedBy(path.to_string_lossy().into_owned());
        let store = MemoryJobStore::new();
        let claim = async |crontab, from| claim(&store, crontab, from).await.unwrap();

        assert_eq!(claim(&tab, None).await, ClaimResult::Claimed);
        assert_eq!(claim(&other, None).await, another(&tab));
        assert_eq!(claim(&link, None).await, ClaimResult::Claimed);
        fs::remove_file(&link).unwrap();
        symlink(&other, &link).unwrap();
        assert_eq!(
            claim(&link, None).await,
            ClaimResult::Claimed,
            "a link whose target has changed"
        );
        assert_eq!(claim(&tab, None).await, another(&link));

        assert_eq!(claim(&tab, Some(&tab)).await, another(&link), "it belongs to another crontab");
        for _ in 0..2 {
            assert_eq!(claim(&tab, Some(&link)).await, ClaimResult::Claimed);
        }
    }

    #[test]
    fn a_state_file_has_one_daemon_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let [state, link] = ["state", "link"].map(|name| folder.path().join(name));
        fs::write(&state, "").unwrap();
        symlink(&state, &link).unwrap();
        let held = lock(&state).unwrap();
        assert!(matches!(lock(&link), Err(DaemonError::InUse(file)) if file == link));
        drop(held);
        // A process that another test is starting has inherited the lock until it executes its program.
        let is_free = || {
            std::thread::yield_now();
            lock(&link).is_ok()
        };
        assert!((0..1_000_000).any(|_| is_free()));
    }
}
