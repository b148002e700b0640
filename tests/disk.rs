//! A disk so small that it can be filled.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names a small disk that is there already, for machines where a test may not mount one.
const GIVEN: &str = "PUNCTUAL_TEST_SMALL_DISK";

/// Mounts a disk of that many megabytes at that place, goes on there, and unmounts it: where the mount is nobody else's,
/// it would go by itself.
const MOUNT: &str = r#"
    place=$2
    mount -t tmpfs -o "size=$1m,mode=1777" tmpfs "$place" || exit
    trap 'umount -l "$place" 2>/dev/null' EXIT
    shift 2
    "$@"
"#;

/// Does `work` in a folder on a small disk, in memory. `test` is the full name of the test that calls this.
///
/// The disk is mounted where only one process and its children see it: so this runs the test a second time,
/// as such a process, and nothing can be left mounted. Who is not root needs user namespaces for that, or gives
/// a disk by `PUNCTUAL_TEST_SMALL_DISK`.
///
/// # Panics
///
/// When `work` does, and when there can't be such a disk: it is no reason to leave the test out.
pub fn on_a_small_disk(test: &str, megabytes: u32, work: impl FnOnce(&Path)) {
    if let Some(disk) = std::env::var_os(GIVEN).map(PathBuf::from) {
        // One test at a time.
        let lock = File::create(disk.join("lock")).expect("a file on the small disk");
        lock.lock().expect("a lock on the small disk");
        let anybody = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(anybody).tempdir_in(&disk);
        return work(folder.expect("a folder on the small disk").path());
    }
    let place = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if is_in_chroot() {
        // There is no root whose mounts could be made this process's own.
        command.args(["--propagation", "unchanged"]);
    }
    let (user, group) = (id("-u"), id("-g"));
    if user != "0" {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["sh", "-c", MOUNT, "sh", &megabytes.to_string()]).arg(place.path());
    if user != "0" {
        // Back to who we are.
        command.args(["unshare", "--user", "--map-user", &user, "--map-group", &group]);
    }
    command.arg(std::env::current_exe().expect("this program")).args([test, "--exact"]);
    let output = command.env(GIVEN, place.path()).output().expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "on a disk of {megabytes} MB (if it can't be mounted, give one by {GIVEN}):\n{complained}{said}"
    );
}

/// Whether the root of this process is a folder where nothing is mounted.
fn is_in_chroot() -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The fifth field is where it is mounted.
    !mounts.lines().any(|mount| mount.split(' ').nth(4) == Some("/"))
}

fn id(which: &str) -> String {
    let output = Command::new("id").arg(which).output().expect("id");
    String::from_utf8(output.stdout).expect("a number").trim_end().into()
}

/// A file that takes all the room that there is; gone when dropped.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    file: File,
}

impl Ballast {
    /// Leaves so many bytes of the disk that this folder is on.
    ///
    /// # Panics
    ///
    /// When anything but the lack of room is in the way.
    #[must_use]
    pub fn that_leaves(bytes: u64, folder: &Path) -> Self {
        let path = folder.join("ballast");
        let file = File::create(&path).expect("a file");
        let mut ballast = Self { path, file };
        ballast.take_all();
        let length = ballast.file.metadata().expect("its length").len();
        ballast.file.set_len(length.saturating_sub(bytes)).expect("to make it shorter");
        ballast
    }

    /// Takes also what was left.
    ///
    /// # Panics
    ///
    /// When anything but the lack of room is in the way.
    pub fn take_all(&mut self) {
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

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
