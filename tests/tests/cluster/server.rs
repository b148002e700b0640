//! A database server of a test's own, which it may take down.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Made and ended by `scripts/services`.
pub(crate) struct Server {
    /// As the script calls it.
    name: &'static str,
    /// Its own, so that other tests keep theirs.
    folder: TempDir,
}

impl Server {
    /// Starts one, which is gone when it is dropped; with the URL that it is at.
    pub(crate) fn start(name: &'static str) -> (Self, String) {
        let server = Self { name, folder: tempfile::tempdir().expect("a folder") };
        let variable = format!("PUNCTUAL_TEST_{}_URL", name.to_uppercase());
        let lines = server.script("start");
        let line = lines.lines().find_map(|line| line.strip_prefix(&format!("export {variable}=")));
        let url = line.unwrap_or_else(|| panic!("no {variable} in {lines:?}")).to_owned();
        (server, url)
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn down(&self) {
        self.script("down");
    }

    /// Starts it again, where it was.
    pub(crate) fn up(&self) {
        self.script("up");
    }

    fn script(&self, verb: &str) -> String {
        let mut command =
            Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services"));
        command
            .args([verb, self.name])
            // A server that is given belongs to all, and to somebody else.
            .env_remove(format!("PUNCTUAL_TEST_{}_URL", self.name.to_uppercase()))
            .env("PUNCTUAL_SERVICES_DIR", self.folder.path())
            .stderr(Stdio::piped());
        let output = command.output().expect("scripts/services");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/services {verb} {}: {said}", self.name);
        String::from_utf8(output.stdout).expect("a text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("stop");
    }
}
