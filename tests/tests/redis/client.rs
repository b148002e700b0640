//! The command-line client of the server.

use std::process::Command;

use punctual_tests::server::Server;

/// Executes a command and returns what it prints.
pub(crate) fn execute(server: &Server, command: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-e", "-u", server.url()]).args(command).output();
    let output = output.expect("the server's client");
    let printed = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {printed}{errors}");
    printed
}

/// Changes a setting of the server.
pub(crate) fn set(server: &Server, setting: &str, value: &str) {
    assert_eq!(execute(server, &["CONFIG", "SET", setting, value]), "OK");
}
