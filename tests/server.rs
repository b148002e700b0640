//! A database server of a test's own, which it may take down.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");

/// A server beside the one of the other tests, made by `scripts/services`; gone when dropped.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    folder: PathBuf,
    url: String,
    /// Ends the server when its input ends, however that comes: also when this process is killed.
    keeper: Child,
}

impl Server {
    /// Starts one, by the word of its backend. The server that the environment names is left alone.
    ///
    /// # Panics
    ///
    /// When it can't be started: the script has said why.
    #[must_use]
    pub fn start(name: &'static str) -> Self {
        Self::start_in(name, tempfile::tempdir().expect("a temporary folder").keep())
    }

    /// Starts one with its data in `folder`, which is gone in the end if nothing else is in it.
    ///
    /// # Panics
    ///
    /// When it can't be started: the script has said why.
    #[must_use]
    pub fn start_in(name: &'static str, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let keeper = Command::new("sh")
            .args(["-c", "cat; exec \"$0\" stop", SCRIPT])
            .env("PUNCTUAL_SERVICES_DIR", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C is not for it
            .spawn()
            .expect("a shell");
        let mut server = Self { name, folder, url: String::new(), keeper };
        let lines = server.script("start");
        let url = format!("export {}=", server.variable());
        server.url = lines.lines().find_map(|line| line.strip_prefix(&url)).expect("a URL").into();
        server
    }

    /// The word of its backend.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is; the same after [`up`](Self::up).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it has not been ended, nor crashed.
    ///
    /// # Panics
    ///
    /// When that can't be asked.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let output = self.command("status").output().expect("scripts/services");
        output.status.success()
    }

    /// Ends it at once, as a crash does. Its port and data stay.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn down(&self) {
        self.script("down");
    }

    /// Starts it again, at the same port and with its data; returns when it takes connections.
    ///
    /// # Panics
    ///
    /// When that fails.
    pub fn up(&self) {
        self.script("up");
    }

    fn variable(&self) -> String {
        format!("PUNCTUAL_TEST_{}_URL", self.name.to_uppercase())
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(SCRIPT);
        command.args([verb, self.name]).env("PUNCTUAL_SERVICES_DIR", &self.folder);
        command.env_remove(self.variable());
        command
    }

    fn script(&self, verb: &str) -> String {
        let output = self.command(verb).output().expect("scripts/services");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb} {}: {said}", self.name);
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let ended = self.keeper.wait();
        let failed = !ended.is_ok_and(|status| status.success());
        assert!(!failed || std::thread::panicking(), "{} doesn't stop", self.name);
    }
}
