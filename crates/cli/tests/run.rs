//! Tests of the `punctual run` command, with real signals.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The timeout for a line of the log.
const TIMEOUT: Duration = Duration::from_secs(120);

struct Daemon {
    process: Child,
    log: Receiver<String>,
}

impl Daemon {
    fn start(folder: &TempDir, crontab: &str, options: &[&str]) -> Self {
        fs::write(folder.path().join("tab"), crontab).unwrap();
        let state = ["tab", "--state", "state.sqlite"];
        Self::run(folder, &[&state, options].concat())
    }

    fn run(folder: &TempDir, options: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_punctual"))
            .args(["run", "--zone", "UTC"])
            .args(options)
            .current_dir(folder)
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (sender, log) = channel();
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { process, log }
    }

    /// Reads the log up to a line that contains the text. Returns the rest of this line.
    fn wait_for(&mut self, text: &str) -> String {
        let mut read = String::new();
        while let Ok(line) = self.log.recv_timeout(TIMEOUT) {
            if let Some((_, rest)) = line.split_once(text) {
                return rest.to_owned();
            }
            read += &(line + "\n");
        }
        panic!("{text:?} is not in the log:\n{read}");
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        kill(pid, signal).unwrap();
    }

    /// Waits for the exit of a daemon that fails to start. Returns its log.
    fn startup_error(self) -> String {
        let (status, log) = self.end();
        assert_eq!(status.code(), Some(1), "{log}");
        log
    }

    /// Waits for the exit. Returns the status and the rest of the log.
    fn end(mut self) -> (ExitStatus, String) {
        let rest: Vec<_> = self.log.iter().collect();
        (self.process.wait().unwrap(), rest.join("\n"))
    }
}

#[test]
fn a_shutdown_waits_for_commands_and_then_terminates_them() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let folder = TempDir::new().unwrap();
        let crontab = "@reboot trap 'echo bye; exit 5' TERM; sleep 1000 & echo ready; wait\n";
        let mut daemon = Daemon::start(&folder, crontab, &["--shutdown-timeout", "0.1"]);
        daemon.wait_for("stdout: ready");
        daemon.signal(signal);
        let (status, log) = daemon.end();
        assert!(status.success(), "{status}");
        assert!(log.contains("stdout: bye"), "{log}");
        assert!(
            log.contains("failed: terminated by the shutdown: exit status 5; the command: trap "),
            "{log}"
        );
    }
}

#[test]
fn a_second_signal_kills_all_commands() {
    let folder = TempDir::new().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // All processes of the command have the FIFO open for writing and ignore SIGTERM.
    let crontab =
        format!("@reboot trap '' TERM; exec 3> {}; sleep 100; echo ended >&3\n", fifo.display());
    let mut daemon = Daemon::start(&folder, &crontab, &["--shutdown-timeout", "1000"]);
    let mut held = fs::File::open(&fifo).unwrap();
    daemon.signal(Signal::SIGTERM);
    daemon.wait_for("shutting down");
    daemon.signal(Signal::SIGTERM);
    let (status, log) = daemon.end();
    assert!(status.success(), "{status}");
    assert!(log.contains("received a second stop signal"), "{log}");
    let mut written = String::new();
    held.read_to_string(&mut written).unwrap();
    assert_eq!(written, "", "the whole process group was killed");
}

#[test]
fn a_hangup_reloads_the_file() {
    let folder = TempDir::new().unwrap();
    let crontab = "@reboot echo once\n@yearly echo gone\n@monthly true\n";
    let mut daemon = Daemon::start(&folder, crontab, &[]);
    daemon.wait_for("tab: 2 entries, 1 at the start");
    daemon.wait_for("succeeded");
    fs::write(folder.path().join("tab"), "@reboot echo once\nbroken").unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_for("the crontab was not reloaded; its previous entries remain: tab:2:1: ");
    fs::write(folder.path().join("tab"), "@reboot echo once\n@monthly true\n").unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_for("job removed: its entry is no longer in the crontab: echo gone");
    daemon.wait_for("tab reloaded: 1 entries");
    daemon.signal(Signal::SIGTERM);
    let (status, log) = daemon.end();
    assert!(status.success() && !log.contains("once"), "{status}\n{log}");
}

#[test]
fn the_daemon_restarts_after_it_was_killed() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let mut daemon = Daemon::start(&folder, "@reboot echo up\n@yearly true\n", &[]);
        daemon.wait_for("tab: 1 entries, 1 at the start");
        daemon.wait_for("stdout: up");
        daemon.signal(Signal::SIGKILL);
        assert_eq!(daemon.end().0.signal(), Some(9));
    }
    let state = fs::metadata(folder.path().join("state.sqlite")).unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o600, "commands can contain secrets");
}

#[test]
fn all_errors_of_a_crontab_are_reported() {
    let folder = TempDir::new().unwrap();
    let daemon = Daemon::start(&folder, "60 * * * * a\n@reboot echo up\n@never b\n", &[]);
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(1));
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].starts_with("punctual: tab:1:1: minute \"60\": "), "{log}");
    assert!(lines[1].starts_with("tab:3:1: \"@never\": "), "{log}");
}

#[test]
fn a_state_file_has_one_crontab_and_one_daemon() {
    let folder = TempDir::new().unwrap();
    let started = |mut daemon: Daemon, log: &str| {
        daemon.wait_for(log);
        daemon
    };
    let stop = |daemon: Daemon| {
        daemon.signal(Signal::SIGTERM);
        let (status, log) = daemon.end();
        assert!(status.success() && !log.contains("removed"), "{status}\n{log}");
    };
    let tab = "@yearly true\n@monthly true\n";
    let daemon = started(Daemon::start(&folder, tab, &[]), "tab: 2 entries");
    assert_eq!(
        Daemon::start(&folder, tab, &[]).startup_error(),
        "punctual: the state file state.sqlite is in use by another punctual process"
    );
    stop(daemon);

    fs::rename(folder.path().join("tab"), folder.path().join("other")).unwrap();
    let other = ["other", "--state", "state.sqlite"];
    let log = Daemon::run(&folder, &other).startup_error();
    let path = |name: &str| folder.path().canonicalize().unwrap().join(name).display().to_string();
    assert!(log.contains("state.sqlite belongs to another crontab"), "{log}");
    assert!(log.contains(&path("other")), "{log}");
    let hint = log.rsplit_once(" add ").unwrap().1;
    assert_eq!(hint, format!("--moved-from {}", path("tab")));
    let hint: Vec<_> = hint.split(' ').collect();
    let moved = Daemon::run(&folder, &[&other, &*hint].concat());
    stop(started(moved, "other: 2 entries"));
    stop(started(Daemon::run(&folder, &other), "other: 2 entries"));
}

#[test]
fn an_unusable_state_file_is_an_error() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("tab"), "").unwrap();
    fs::write(folder.path().join("text"), "no database, but quite a lot of text ".repeat(100))
        .unwrap();
    for state in ["missing/state", "text"] {
        let log = Daemon::run(&folder, &["tab", "--state", state]).startup_error();
        let beginning = format!("punctual: the state file {state} can't be used: ");
        assert!(log.starts_with(&beginning) && !log.contains("--state"), "{log}");
    }
}
