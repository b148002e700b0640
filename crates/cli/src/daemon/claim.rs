//! Whose the state is: of one crontab, and of one daemon at a time. A daemon removes from it what its crontab
//! doesn't have; with the state of another that would be everything.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use punctual::StoreError;
use punctual::core::JobStore;

use super::{DaemonError, state};

/// The key of the note that names the crontab.
const CRONTAB: &str = "crontab";

/// Keeps other daemons from the state for as long as the answer lives, by a lock on a file next to it: SQLite
/// has locks of its own on the state itself.
///
/// # Errors
///
/// When another daemon has it, or the file can't be made.
pub(super) fn lock(state: &Path) -> Result<File, DaemonError> {
    let unusable = |source: io::Error| DaemonError::StateFile { file: state.to_owned(), source };
    // One lock, by whatever names the state is called.
    let mut name = state.canonicalize().map_err(unusable)?.into_os_string();
    name.push(".lock");
    let lock = state::open(name.as_ref()).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DaemonError::InUse(state.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Whose a state is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The crontab's that has claimed it.
    Ours,
    /// Another crontab's: its path.
    Another(String),
    /// None's, but there are jobs in it.
    Unknown,
}

/// Makes the state that of `crontab`, an absolute path, unless it is somebody else's: it must be new, or have been
/// its before, or that of `moved_from`. A crontab is the same under the same name, and under other names for
/// the same file.
///
/// # Errors
///
/// What the store says.
pub(super) async fn claim(
    store: &impl JobStore,
    crontab: &Path,
    moved_from: Option<&Path>,
) -> Result<Owner, StoreError> {
    let metadata = store.metadata().await?;
    match metadata.get(CRONTAB).map(str::to_owned) {
        Some(path) => {
            let noted = Path::new(&path);
            if Some(noted) != moved_from && !is_same(noted, crontab) {
                return Ok(Owner::Another(path));
            }
        }
        None if store.list(None, 1).await?.records.is_empty() => {}
        None => return Ok(Owner::Unknown),
    }
    store.set_metadata(CRONTAB, &crontab.to_string_lossy()).await?;
    Ok(Owner::Ours)
}

fn is_same(noted: &Path, crontab: &Path) -> bool {
    let target = |path: &Path| path.canonicalize().ok();
    noted.as_os_str() == &*crontab.to_string_lossy()
        || target(noted).is_some_and(|noted| target(crontab) == Some(noted))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use punctual::MemoryJobStore;

    use super::*;

    #[tokio::test]
    async fn a_state_is_that_of_its_first_crontab_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let [tab, link, other] = ["tab", "link", "other"].map(|name| folder.path().join(name));
        fs::write(&tab, "").unwrap();
        fs::write(&other, "").unwrap();
        symlink(&tab, &link).unwrap();
        let another = |path: &Path| Owner::Another(path.to_string_lossy().into_owned());
        let store = MemoryJobStore::new();
        let claim = async |crontab, from| claim(&store, crontab, from).await.unwrap();

        assert_eq!(claim(&tab, None).await, Owner::Ours);
        assert_eq!(claim(&other, None).await, another(&tab));
        assert_eq!(claim(&link, None).await, Owner::Ours);
        fs::remove_file(&link).unwrap();
        symlink(&other, &link).unwrap();
        assert_eq!(claim(&link, None).await, Owner::Ours, "a link to the next version");
        assert_eq!(claim(&tab, None).await, another(&link));

        assert_eq!(claim(&tab, Some(&tab)).await, another(&link), "it was another's");
        for _ in 0..2 {
            assert_eq!(claim(&tab, Some(&link)).await, Owner::Ours);
        }
    }

    #[test]
    fn a_state_has_one_daemon_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let [state, link] = ["state", "link"].map(|name| folder.path().join(name));
        fs::write(&state, "").unwrap();
        symlink(&state, &link).unwrap();
        let held = lock(&state).unwrap();
        assert!(matches!(lock(&link), Err(DaemonError::InUse(file)) if file == link));
        drop(held);
        // A process that another test is just starting has what this one had open, until it has become its program.
        let is_free = || {
            std::thread::yield_now();
            lock(&link).is_ok()
        };
        assert!((0..1_000_000).any(|_| is_free()));
    }
}
