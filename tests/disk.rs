//! A file system that is small enough to be filled.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The path of an existing small file system, for machines where a test has no permission to mount one.
const GIVEN: &str = "PUNCTUAL_TEST_SMALL_DISK";

/// Mounts a tmpfs of `$1` megabytes at `$2`, runs the remaining arguments as a command, and unmounts the tmpfs. In a
/// private mount namespace the tmpfs disappears with the namespace anyway.
const MOUNT: &str = r#"
    place=$2
    mount -t tmpfs -o "size=$1m,mode=1777" tmpfs "$place" || exit
    trap 'umount -l "$place" 2>/dev/null' EXIT
    shift 2
    "$@"
"#;

/// Calls `work` with a folder on a small tmpfs. `test` is the full name of the calling test.
///
/// The tmpfs is mounted in a private mount namespace: this function runs the test a second time in that namespace, so
/// the mount can't outlive the test. Without root privileges this needs user namespaces; where they are not available,
/// `PUNCTUAL_TEST_SMALL_DISK` names an existing small file system.
///
/// # Panics
///
/// Panics if `work` does, or if there is no small file system; the test is not skipped.
pub fn on_a_small_disk(test: &str, megabytes: u32, work: impl FnOnce(&Path)) {
    if let Some(disk) = std::env::var_os(GIVEN).map(PathBuf::from) {
        // Tests share the file system, so they run one at a time.
        let lock = File::create(disk.join("lock")).expect("a file on the small file system");
        lock.lock().expect("a lock on the small file system");
        let permissions = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(permissions).tempdir_in(&disk);
        return work(folder.expect("a folder on the small file system").path());
    }
    let mount_point = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if is_in_chroot() {
        // In a chroot `/` is no mount point, so its propagation can't be changed.
        command.args(["--propagation", "unchanged"]);
    }
    let (user, group) = (id("-u"), id("-g"));
    if user != "0" {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["sh", "-c", MOUNT, "sh", &megabytes.to_string()]).arg(mount_point.path());
    if user != "0" {
        // Maps root back to the original user.
        command.args(["unshare", "--user", "--map-user", &user, "--map-group", &group]);
    }
    command.arg(std::env::current_exe().expect("this program")).args([test, "--exact"]);
    let output = command.env(GIVEN, mount_point.path()).output().expect("unshare");
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "on a file system of {megabytes} MB (if it can't be mounted, set {GIVEN}):\n{errors}{printed}"
    );
}

/// Returns whether the root folder of this process is not a mount point.
fn is_in_chroot() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The fifth field is the mount point.
    !mounts.lines().any(|mount| mount.split(' ').nth(4) == Some("/"))
}

fn id(which: &str) -> String {
    let output = Command::new("id").arg(which).output().expect("id");
    String::from_utf8(output.stdout).expect("a number").trim_end().into()
}

/// A file that occupies free space of a file system; removed when dropped.
#[derive(Debug)]
pub struct DiskFiller {
    path: PathBuf,
    file: File,
}

impl DiskFiller {
    /// Fills the file system of `folder` until `bytes` bytes are free.
    ///
    /// # Panics
    ///
    /// Panics on any error other than a full file system.
    #[must_use]
    pub fn leaving_free(bytes: u64, folder: &Path) -> Self {
        let path = folder.join("filler");
        let file = File::create(&path).expect("a file");
        let mut filler = Self { path, file };
        filler.fill();
        let length = filler.file.metadata().expect("its length").len();
        filler.file.set_len(length.saturating_sub(bytes)).expect("to make it shorter");
        filler
    }

    /// Fills the remaining free space too.
    ///
    /// # Panics
    ///
    /// Panics on any error other than a full file system.
    pub fn fill(&mut self) {
        for piece in [1 << 20, 1 << 12] {
            let zeros = vec![0; piece];
            let error = loop {
                if let Err(error) = self.file.write_all(&zeros) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }
}

impl Drop for DiskFiller {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
