//! Runs `scripts/services` in a temporary folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");

/// A temporary folder, and the user that runs the script.
pub(crate) struct ServicesScript {
    folder: TempDir,
    script: PathBuf,
    /// Whether the script runs as an unprivileged user although the test runs as root.
    unprivileged: bool,
}

impl ServicesScript {
    /// Runs the script as the current user.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), script: SCRIPT.into(), unprivileged: false }
    }

    /// Runs the script as an unprivileged user, who may be unable to read this checkout, in a folder with an unusual
    /// name.
    pub(crate) fn as_unprivileged_user() -> Self {
        let folder = tempfile::Builder::new().prefix("it's a ").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(folder.path().join("scripts")).unwrap();
        let copy = folder.path().join("scripts/services");
        // A separate process copies the file: a descriptor that is open for writing here could be inherited by a
        // program that another test starts, and Linux refuses to execute a file that is open for writing.
        assert!(Command::new("cp").arg(SCRIPT).arg(&copy).status().unwrap().success());
        let me = Command::new("id").arg("-u").output().unwrap();
        Self { folder, script: copy, unprivileged: me.stdout == b"0\n" }
    }

    /// Returns the folder of the servers.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("services")
    }

    /// The umask keeps new files private.
    fn command(&self) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$@\"", "sh"]);
        command.arg(if self.unprivileged { "setpriv" } else { "env" });
        if self.unprivileged {
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
        }
        command.arg(&self.script).current_dir(&self.folder);
        command.env("PUNCTUAL_SERVICES_DIR", self.folder());
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PUNCTUAL_TEST_") {
                command.env_remove(variable);
            }
        }
        command
    }

    /// Runs the script with these arguments and environment variables.
    pub(crate) fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command().args(words).envs(variables.iter().copied()).output().unwrap()
    }

    /// Starts a server and interrupts the script; returns its exit code.
    pub(crate) fn interrupt_start(&self, name: &str, variables: &[(&str, &str)]) -> Option<i32> {
        let mut command = self.command();
        command.args(["start", name]).envs(variables.iter().copied());
        let mut script = command.spawn().unwrap();
        let id = self.folder().join(name).join("id");
        while !id.exists() && script.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        assert!(Command::new("kill").arg(script.id().to_string()).status().unwrap().success());
        script.wait().unwrap().code()
    }

    /// Runs the script, which must succeed; returns its output.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        printed(self.run_with(words, &[]))
    }

    /// Returns the names of all servers that the script supports.
    pub(crate) fn names(&self) -> Vec<String> {
        let status = String::from_utf8(self.run_with(&["status"], &[]).stdout).unwrap();
        status.lines().map(|line| line.split(':').next().unwrap().to_owned()).collect()
    }

    /// Runs the script twice concurrently.
    pub(crate) fn run_concurrently(&self, words: [impl AsRef<str>; 2]) -> [String; 2] {
        let start = |words: &str| {
            let mut command = self.command();
            command.args(words.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        words
            .map(|words| start(words.as_ref()))
            .map(|script| printed(script.wait_with_output().unwrap()))
    }

    /// Returns the status of one server and the exit code of the script.
    pub(crate) fn status(&self, name: &str) -> (i32, String) {
        let output = self.run_with(&["status", name], &[]);
        let line = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), line.trim_end().into())
    }

    /// Returns the process id of a server's main process.
    pub(crate) fn id(&self, name: &str) -> u32 {
        let id = fs::read_to_string(self.folder().join(name).join("id")).unwrap();
        id.trim_end().parse().unwrap()
    }

    /// Kills only a server's main process; returns after it has exited.
    pub(crate) fn kill(&self, name: &str) -> u32 {
        let id = self.id(name);
        assert!(Command::new("kill").args(["-9", &id.to_string()]).status().unwrap().success());
        while self.processes().contains(&id) {
            std::thread::yield_now();
        }
        id
    }

    /// Returns all processes that refer to this folder in their arguments, working folders or open files.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let folder = self.folder();
        let has_to_do = |process: &Path| {
            let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            let links = open.map(|file| file.path()).chain([process.join("cwd")]);
            let called = fs::read(process.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&called).contains(folder.to_str().unwrap())
                || links.flat_map(fs::read_link).any(|target| target.starts_with(&folder))
        };
        let all = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse::<u32>().ok()?;
            Some((id, entry.path()))
        });
        all.filter(|(_, process)| has_to_do(process)).map(|(id, _)| id).collect()
    }

    /// Panics if anything is left.
    pub(crate) fn assert_removed(&self) {
        assert_eq!(self.processes(), [0; 0]);
        assert!(!self.folder().exists());
    }

    /// Returns a `PATH` on which the program `name` is this script.
    pub(crate) fn programs_with(&self, name: &str, script: &str) -> String {
        let folder = self.folder.path().join("programs");
        fs::create_dir(&folder).unwrap();
        // A separate process writes the file, for the reason given above.
        let mut write = Command::new("sh");
        write.args(["-c", r#"printf %s "$1" > "$0" && chmod 755 "$0""#]);
        assert!(write.arg(folder.join(name)).arg(script).status().unwrap().success());
        format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
    }

    /// Returns a `PATH` with all programs except this one.
    pub(crate) fn programs_without(&self, missing: &str) -> String {
        let folder = self.folder.path().join("programs");
        fs::create_dir(&folder).unwrap();
        for program in fs::read_dir("/usr/bin").unwrap().flatten() {
            if program.file_name() != missing {
                symlink(program.path(), folder.join(program.file_name())).unwrap();
            }
        }
        folder.to_str().unwrap().into()
    }
}

impl Drop for ServicesScript {
    /// Also stops the servers when a test fails.
    fn drop(&mut self) {
        let _ = self.run_with(&["stop"], &[]);
    }
}

fn printed(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the URL in these lines of shell code.
pub(crate) fn url(name: &str, lines: &str) -> String {
    let print = format!("{lines}\nprintf %s \"$PUNCTUAL_TEST_{}_URL\"", name.to_uppercase());
    let output = Command::new("sh").arg("-c").arg(print).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
