//! A private database server of one test, which the test can stop and restart.
//!
//! If the server can't be started by `scripts/services` but is given by a variable, the test gets a database of its own on it,
//! and reaches it by a proxy, which is what stops and restarts.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::backend;
use crate::given_server::GivenServer;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");

/// A private server, started by `scripts/services`; stopped and removed when dropped.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    folder: PathBuf,
    url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Stops the server when its stdin is closed, which also happens when this process is killed.
    Started(Child),
    Given(GivenServer),
}

impl Server {
    /// Starts a private server of the backend with this keyword. The server that the environment names is not used.
    ///
    /// # Panics
    ///
    /// Panics if the server can't be started; the script has printed the reason.
    #[must_use]
    pub fn start(name: &'static str) -> Self {
        Self::start_in(name, tempfile::tempdir().expect("a temporary folder").keep())
    }

    /// Starts a private server with its data in `folder`, which is removed when the server is dropped, unless it
    /// contains other files.
    ///
    /// # Panics
    ///
    /// Panics if the server can't be started; the script has printed the reason.
    #[must_use]
    pub fn start_in(name: &'static str, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        if backend(name).needs_given_server() {
            let given = GivenServer::start(name);
            return Self { name, folder, url: given.url().to_owned(), kind: Kind::Given(given) };
        }
        let keeper = Command::new("sh")
            .args(["-c", "cat; exec \"$0\" stop", SCRIPT])
            .env("PUNCTUAL_SERVICES_DIR", &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // so that Ctrl-C does not reach it
            .spawn()
            .expect("a shell");
        let mut server = Self { name, folder, url: String::new(), kind: Kind::Started(keeper) };
        let lines = server.script("start");
        let url = format!("export {}=", server.variable());
        let line = lines.lines().find_map(|line| line.strip_prefix(&url)).expect("a URL");
        // The script escapes characters that are special in a shell.
        server.url = line.replace('\\', "");
        server
    }

    /// Returns the keyword of the backend.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the URL; it stays the same after [`up`](Self::up).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether the server is running, that is, has neither been stopped nor crashed.
    ///
    /// # Panics
    ///
    /// Panics if the status can't be determined.
    #[must_use]
    pub fn is_running(&self) -> bool {
        if let Kind::Given(given) = &self.kind {
            return given.is_running();
        }
        let output = self.command("status").output().expect("scripts/services");
        output.status.success()
    }

    /// Stops the server immediately, as a crash does. Its port and data are kept.
    ///
    /// # Panics
    ///
    /// Panics if that fails.
    pub fn down(&self) {
        match &self.kind {
            Kind::Started(_) => drop(self.script("down")),
            Kind::Given(given) => given.down(),
        }
    }

    /// Starts the server again, with the same port and data; returns when it accepts connections.
    ///
    /// # Panics
    ///
    /// Panics if that fails.
    pub fn up(&self) {
        match &self.kind {
            Kind::Started(_) => drop(self.script("up")),
            Kind::Given(given) => given.up(),
        }
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
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{verb} {}: {errors}", self.name);
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Kind::Started(keeper) = &mut self.kind else { return };
        drop(keeper.stdin.take());
        let ended = keeper.wait();
        let failed = !ended.is_ok_and(|status| status.success());
        assert!(!failed || std::thread::panicking(), "{} doesn't stop", self.name);
    }
}
